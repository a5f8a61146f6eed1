import enum OCI.Base64

/// One signature line of a note (c2sp.org/signed-note, "Signatures").
package struct NoteSignature: Hashable, Sendable {
    /// The name of the key that is said to have signed.
    package let name: KeyName

    /// The identifier of that key.
    package let keyID: KeyID

    /// The signature, in the form that the key's type has.
    package let bytes: [UInt8]

    /// - Precondition: `bytes` is not empty, because a line cannot show that.
    init(name: KeyName, keyID: KeyID, bytes: [UInt8]) {
        self.name = name
        self.keyID = keyID
        self.bytes = bytes
    }

    /// The line with its newline: `— <name> <Base64 of key ID and signature>`.
    package var line: String { "— \(name) \(Base64.encode(keyID.bytes + bytes))\n" }

    /// Reads a line without its newline; `nil` when it is not a signature line.
    init?(line: ArraySlice<UInt8>) {
        let parts = line.split(separator: UInt8(ascii: " "), maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].elementsEqual("—".utf8), let name = KeyName(bytes: parts[1]),
            let decoded = Base64.decode(parts[2]), decoded.count > 4
        else { return nil }
        self.init(
            name: name, keyID: KeyID(UInt32(bigEndianBytes: decoded.prefix(4))), bytes: Array(decoded.dropFirst(4)))
    }

    /// Reads signature lines until the end: at least one, each ended by a newline.
    static func all(in bytes: ArraySlice<UInt8>) throws(NoteError) -> [NoteSignature] {
        var signatures: [NoteSignature] = []
        var reader = LineReader(bytes)
        while !reader.rest.isEmpty {
            guard signatures.count < SignedNote.mostSignatures else { throw .tooManySignatures }
            guard let line = reader.next(), let signature = NoteSignature(line: line) else { throw .malformedSignature }
            signatures.append(signature)
        }
        guard !signatures.isEmpty else { throw .noSignature }
        return signatures
    }
}
