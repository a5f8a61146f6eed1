/// What a log says about its tree: how many leaves, and which root (c2sp.org/tlog-checkpoint).
package struct Checkpoint: Sendable {
    /// Which log this is about. Not empty, and without control characters.
    package let origin: String

    /// The number of leaves. Not negative.
    package let size: Int64

    /// The root of the tree of that size.
    package let root: TreeHash

    /// Further lines, which witnesses do not vouch for. A log had better have none.
    package let extensions: [String]

    /// A checkpoint from its parts.
    package init(
        origin: String, size: Int64, root: TreeHash, extensions: [String] = []
    ) throws(CheckpointError) {
        guard !origin.isEmpty, origin.utf8.isFreeOfControls else { throw .malformedOrigin }
        guard size >= 0 else { throw .malformedSize }
        // RFC 9162 §2.1.1: there is one empty tree only.
        guard size > 0 || root == .emptyRoot else { throw .wrongEmptyRoot }
        for line in extensions {
            guard !line.isEmpty, line.utf8.isFreeOfControls else { throw .malformedExtension }
        }
        self.origin = origin
        self.size = size
        self.root = root
        self.extensions = extensions
    }

    /// Reads the text of a note, which fills `text`.
    package init(parsing text: [UInt8]) throws(CheckpointError) {
        var reader = LineReader(text[...])
        guard let origin = reader.next().flatMap({ String(utf8: $0) }) else { throw .malformedOrigin }
        guard let size = reader.next().flatMap({ Int64(decimal: $0) }) else { throw .malformedSize }
        guard let root = reader.next().flatMap({ TreeHash(base64: $0) }) else { throw .malformedRoot }
        var extensions: [String] = []
        while !reader.rest.isEmpty {
            guard let line = reader.next().flatMap({ String(utf8: $0) }) else { throw .malformedExtension }
            extensions.append(line)
        }
        try self.init(origin: origin, size: size, root: root, extensions: extensions)
    }

    /// The checkpoint as text of a note.
    package var text: [UInt8] {
        Array(([origin, "\(size)", root.base64] + extensions).map { $0 + "\n" }.joined().utf8)
    }
}

extension Checkpoint: Hashable {
    /// Equal when the texts are the same bytes.
    package static func == (left: Checkpoint, right: Checkpoint) -> Bool { left.text == right.text }

    /// Hashes the text.
    package func hash(into hasher: inout Hasher) {
        hasher.combine(text)
    }
}

/// Why something is not a checkpoint.
package enum CheckpointError: Error, Equatable {
    case malformedNote(NoteError)
    case malformedOrigin
    case malformedSize
    case malformedRoot
    case malformedExtension
    case wrongEmptyRoot
}

extension CheckpointError: CustomStringConvertible {
    /// One sentence.
    package var description: String {
        switch self {
        case .malformedNote(let error): error.description
        case .malformedOrigin: "the first line of a checkpoint names the log, without control characters"
        case .malformedSize: "the second line of a checkpoint is the number of leaves, without superfluous zeros"
        case .malformedRoot: "the third line of a checkpoint is Base64 of the 32 bytes of a root"
        case .malformedExtension: "further lines of a checkpoint are not empty and have no control characters"
        case .wrongEmptyRoot: "the root of a tree without leaves is the hash of nothing"
        }
    }
}
