/// A text and signatures over it (c2sp.org/signed-note).
///
/// Well formed, and no more than that: the text means nothing until `verify` has found a signature by a trusted key.
package struct SignedNote: Hashable, Sendable {
    /// Bytes of a note. 16 signatures of the largest kind known, which a verifier must accept, take 100 KiB.
    package static let longest = 256 * 1024

    /// Signatures on a note. A verifier must accept 16.
    package static let mostSignatures = 64

    /// What is signed: lines of UTF-8, each ended by a newline.
    package let text: [UInt8]

    /// The signatures, in the order of the note. At least one.
    package let signatures: [NoteSignature]

    /// Puts a note together.
    package init(text: [UInt8], signatures: [NoteSignature]) throws(NoteError) {
        guard text.last == .newline, Self.mayBeText(text) else { throw .malformedText }
        guard !signatures.isEmpty else { throw .noSignature }
        guard signatures.count <= Self.mostSignatures else { throw .tooManySignatures }
        self.text = text
        self.signatures = signatures
        guard bytes.count <= Self.longest else { throw .tooLong }
    }

    /// Reads a note. There is one spelling of each, so `bytes` gives back what was read.
    package init(parsing bytes: [UInt8]) throws(NoteError) {
        guard bytes.count <= Self.longest else { throw .tooLong }
        // The last empty line separates: the text may have empty lines as well.
        guard let end = bytes.indices.last(where: { $0 > 0 && bytes[$0] == .newline && bytes[$0 - 1] == .newline })
        else { throw .noSignature }
        guard Self.mayBeText(bytes[..<end]) else { throw .malformedText }
        text = Array(bytes[..<end])
        signatures = try NoteSignature.all(in: bytes[(end + 1)...])
    }

    private static func mayBeText(_ bytes: some Collection<UInt8>) -> Bool {
        bytes.allSatisfy { $0 >= 0x20 || $0 == .newline } && String(utf8: bytes) != nil
    }

    /// The note as it is stored and sent.
    package var bytes: [UInt8] { text + [.newline] + signatures.flatMap { $0.line.utf8 } }

    /// Checks the signatures by these keys, and returns them.
    ///
    /// Lines by other keys are ignored. A key is known by name and ID together, so a line with only one of them is by
    /// another key. All lines by a known key have to be valid, also when there are several.
    ///
    /// - Throws: `.invalidSignature` when one is not, and `.noKnownSignature` when there are none.
    package func verify(by keys: [VerifierKey]) throws(NoteError) -> [VerifiedSignature] {
        var verified: [VerifiedSignature] = []
        for signature in signatures {
            let known = keys.filter { $0.isNamed(by: signature) }
            guard !known.isEmpty else { continue }
            guard let valid = known.lazy.compactMap({ $0.verified(signature, of: text) }).first else {
                throw .invalidSignature(signature.name, signature.keyID)
            }
            verified.append(valid)
        }
        guard !verified.isEmpty else { throw .noKnownSignature }
        return verified
    }
}

/// Why something is not a signed note, or not one to trust.
package enum NoteError: Error, Equatable {
    case tooLong
    case malformedText
    case malformedSignature
    case noSignature
    case tooManySignatures
    case noKnownSignature
    case invalidSignature(KeyName, KeyID)
}

extension NoteError: CustomStringConvertible {
    /// One sentence.
    package var description: String {
        switch self {
        case .tooLong: "a signed note has at most \(SignedNote.longest) bytes"
        case .malformedText: "the text of a note is UTF-8 in lines, without control characters, and ends with a newline"
        case .malformedSignature: "a signature line is a dash, the name of a key and Base64 of its ID and the signature"
        case .noSignature: "a note ends with an empty line and at least one signature"
        case .tooManySignatures: "a note has at most \(SignedNote.mostSignatures) signatures"
        case .noKnownSignature: "the note has no signature by a known key"
        case .invalidSignature(let name, let id): "the signature by \(name)+\(id) is not valid"
        }
    }
}
