import enum Crypto.Curve25519
import enum OCI.Base64

/// A public key that checks the signatures of a log or of a witness (c2sp.org/signed-note, "Verifier keys").
package struct VerifierKey: Hashable, Sendable {
    /// Whose key it is. A log's name is the origin of its checkpoints.
    package let name: KeyName

    /// What it checks.
    package let type: SignatureType

    /// The Ed25519 public key, 32 bytes (RFC 8032 §5.1.5).
    package let publicKey: [UInt8]

    /// The identifier by which signatures name the key.
    package let id: KeyID

    /// A key from its parts.
    ///
    /// - Throws: `.wrongKeyLength`.
    package init(name: KeyName, type: SignatureType, publicKey: [UInt8]) throws(KeyError) {
        guard publicKey.count == 32 else { throw .wrongKeyLength(publicKey.count) }
        self.name = name
        self.type = type
        self.publicKey = publicKey
        id = KeyID(name: name, type: type, publicKey: publicKey)
    }

    /// Reads `<name>+<key ID>+<Base64 of type and public key>`. The ID must be the one that the rest implies.
    package init(parsing text: some StringProtocol) throws(KeyError) {
        try self.init(parsing: Array(text.utf8)[...])
    }

    init(parsing bytes: ArraySlice<UInt8>) throws(KeyError) {
        // Two cuts only: Base64 has plus signs of its own.
        let parts = bytes.split(separator: UInt8(ascii: "+"), maxSplits: 2, omittingEmptySubsequences: false)
        guard let name = KeyName(bytes: parts[0]) else { throw .malformedName }
        guard parts.count == 3, let id = [UInt8](hex: parts[1]), id.count == 4 else { throw .malformedKeyID }
        guard let key = Base64.decode(parts[2]), let code = key.first else { throw .malformedKey }
        guard let type = SignatureType(rawValue: code) else { throw .unsupportedType(code) }
        try self.init(name: name, type: type, publicKey: Array(key.dropFirst()))
        let found = KeyID(UInt32(bigEndianBytes: id))
        guard found == self.id else { throw .wrongKeyID(expected: self.id, found: found) }
    }

    /// The identifier of a log in Sigstore's formats: all 32 bytes of the hash of which `id` is the beginning.
    package var logID: [UInt8] { KeyID.hash(name: name, type: type, publicKey: publicKey) }

    /// Whether the signature line names this key.
    func isNamed(by signature: NoteSignature) -> Bool {
        signature.keyID == id && signature.name == name
    }

    /// What the signature says about the text; `nil` when it is not a valid signature by this key.
    func verified(_ signature: NoteSignature, of text: [UInt8]) -> VerifiedSignature? {
        switch type {
        case .ed25519:
            guard isValid(signature.bytes, for: text) else { return nil }
            return VerifiedSignature(key: self, signature: signature, time: nil)
        case .cosignature:
            guard let cosignature = Cosignature(signature.bytes),
                isValid(cosignature.signature, for: Cosignature.message(text, time: cosignature.time))
            else { return nil }
            return VerifiedSignature(key: self, signature: signature, time: cosignature.time)
        }
    }

    private func isValid(_ signature: [UInt8], for message: [UInt8]) -> Bool {
        guard signature.count == 64, let key = try? Curve25519.Signing.PublicKey(rawRepresentation: publicKey) else {
            return false
        }
        return key.isValidSignature(signature, for: message)
    }
}

extension VerifierKey: CustomStringConvertible {
    /// The key as it is written in policies.
    package var description: String { "\(name)+\(id)+\(Base64.encode([type.rawValue] + publicKey))" }
}

/// A signature that has been checked.
package struct VerifiedSignature: Hashable, Sendable {
    /// The key that made it.
    package let key: VerifierKey
    /// The line it was read from.
    package let signature: NoteSignature
    /// When a witness says that it signed, in seconds since 1970; a log's own signature has no time.
    package let time: Int64?
}

/// The structure that a witness signs and sends (c2sp.org/tlog-cosignature, "Format", "Ed25519 signed message").
struct Cosignature {
    /// Seconds since 1970.
    let time: Int64
    /// The Ed25519 signature over `message`.
    let signature: [UInt8]

    init(time: Int64, signature: [UInt8]) {
        self.time = time
        self.signature = signature
    }

    /// Reads a `timestamped_signature`. A time past 2^63 - 1 is not allowed.
    init?(_ bytes: [UInt8]) {
        guard bytes.count == 72, let time = Int64(exactly: UInt64(bigEndianBytes: bytes.prefix(8))) else { return nil }
        self.init(time: time, signature: Array(bytes.dropFirst(8)))
    }

    /// The `timestamped_signature` as bytes.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.appendBigEndian(time)
        return bytes + signature
    }

    /// What is signed.
    static func message(_ text: [UInt8], time: Int64) -> [UInt8] {
        Array("cosignature/v1\ntime \(time)\n".utf8) + text
    }
}
