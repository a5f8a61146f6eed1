/// A file in an archive: its name, its size, and a description of its content, which is fetched by whoever writes it.
package struct TarEntry<Content: Sendable>: Sendable {
    /// The path in the archive, with `/` between its parts.
    package let name: String
    /// Bytes in the content.
    package let size: Int64
    /// What the content is.
    package let content: Content

    /// Describes a file.
    package init(name: String, size: Int64, content: Content) {
        self.name = name
        self.size = size
        self.content = content
    }
}

extension TarEntry: Equatable where Content: Equatable {}

/// Why files do not make an archive.
package enum TarError: Error, Equatable {
    /// The name is empty, absolute, holds a zero or leads out of the folder.
    case invalidName(String)
    case duplicateName(String)
    case negativeSize(name: String, size: Int64)
    /// The sizes add up to more than 2^63-1 bytes.
    case tooLarge
}

/// A tar archive, without its content: what comes in which order, and how long it is.
///
/// The same entries give the same bytes, whenever and wherever they are written.
package struct TarArchive<Content: Sendable>: Sendable, Sequence {
    /// What is written next.
    package enum Piece: Sendable {
        /// Headers and what fills up blocks.
        case bytes([UInt8])
        /// The content of an entry, all of it.
        case content(TarEntry<Content>)
    }

    /// The files, in their order.
    package let entries: [TarEntry<Content>]
    /// Bytes in the whole archive.
    package let length: Int64

    /// Checks that the entries can be in one archive.
    package init(_ entries: [TarEntry<Content>]) throws(TarError) {
        var names: Set<[UInt8]> = []
        var length = Int64(TarHeader.archiveEnd.count)
        for entry in entries {
            guard Self.isValid(entry.name) else { throw .invalidName(entry.name) }
            guard names.insert(Array(entry.name.utf8)).inserted else { throw .duplicateName(entry.name) }
            guard entry.size >= 0 else { throw .negativeSize(name: entry.name, size: entry.size) }
            let frame = Int64(
                TarHeader.bytes(name: entry.name, size: entry.size).count + TarHeader.paddingCount(after: entry.size))
            for part in [frame, entry.size] {
                let (sum, isTooLarge) = length.addingReportingOverflow(part)
                guard !isTooLarge else { throw .tooLarge }
                length = sum
            }
        }
        self.entries = entries
        self.length = length
    }

    private static func isValid(_ name: String) -> Bool {
        let parts = name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        return !name.utf8.contains(0)
            && parts.allSatisfy { !$0.isEmpty && !$0.elementsEqual(".".utf8) && !$0.elementsEqual("..".utf8) }
    }

    /// The pieces, made one after the other: together they have `length` bytes.
    package func makeIterator() -> Iterator { Iterator(entries: entries[...]) }

    /// Makes one piece at a time.
    package struct Iterator: IteratorProtocol, Sendable {
        private enum Step {
            case header
            case content(TarEntry<Content>)
            case ended
        }

        private var entries: ArraySlice<TarEntry<Content>>
        private var step = Step.header
        /// The size of the file that the next header follows.
        private var written: Int64 = 0

        init(entries: ArraySlice<TarEntry<Content>>) {
            self.entries = entries
        }

        /// The next piece; nil when the archive is complete.
        package mutating func next() -> Piece? {
            switch step {
            case .ended: return nil
            case .content(let entry):
                step = .header
                written = entry.size
                return .content(entry)
            case .header:
                let padding = TarHeader.padding(after: written)
                written = 0
                guard let entry = entries.popFirst() else {
                    step = .ended
                    return .bytes(padding + TarHeader.archiveEnd)
                }
                if entry.size > 0 { step = .content(entry) }
                return .bytes(padding + TarHeader.bytes(name: entry.name, size: entry.size))
            }
        }
    }
}
