import OCI

import enum Crypto.Curve25519

/// The private key of a log.
package struct SignerKey: Sendable {
    /// The public half.
    package let verifier: VerifierKey

    /// The private half: 32 bytes, to be kept secret (RFC 8032 §5.1.5).
    package let seed: [UInt8]

    /// The key that grows from a seed.
    ///
    /// - Throws: `.wrongKeyLength`.
    package init(name: KeyName, seed: [UInt8]) throws(KeyError) {
        verifier = try VerifierKey(name: name, type: .ed25519, seed: seed)
        self.seed = seed
    }

    /// Reads `PRIVATE+KEY+<name>+<key ID>+<Base64 of type and seed>`, as Go's sumdb/note writes private keys. The ID must be
    /// the one that the rest implies.
    package init(parsing text: String) throws(KeyError) {
        let prefix = "PRIVATE+KEY+"
        guard text.utf8.starts(with: prefix.utf8) else { throw .malformedKey }
        let parts = text.utf8.dropFirst(prefix.utf8.count).split(
            separator: UInt8(ascii: "+"), maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, let name = KeyName(bytes: Array(parts[0])) else { throw .malformedName }
        guard let id = [UInt8](hex: Array(parts[1])), id.count == 4 else { throw .malformedKeyID }
        guard let key = Base64.decode(Array(parts[2])), let code = key.first else { throw .malformedKey }
        guard code == SignatureType.ed25519.rawValue else { throw .unsupportedType(code) }
        try self.init(name: name, seed: Array(key.dropFirst()))
        let found = KeyID(UInt32(bigEndianBytes: id))
        guard found == verifier.id else { throw .wrongKeyID(expected: verifier.id, found: found) }
    }

    /// The key as `init(parsing:)` reads it. A secret: for the key's own file and nothing else.
    package var text: String {
        "PRIVATE+KEY+\(verifier.name)+\(verifier.id)+\(Base64.encode([SignatureType.ed25519.rawValue] + seed))"
    }

    /// Signs the text of a note.
    func sign(_ text: [UInt8]) throws(KeyError) -> NoteSignature {
        NoteSignature(name: verifier.name, keyID: verifier.id, bytes: try ed25519(text, seed: seed))
    }
}

/// The private key of a witness.
package struct CosignerKey: Sendable {
    /// The public half.
    package let verifier: VerifierKey

    /// The private half: 32 bytes, to be kept secret (RFC 8032 §5.1.5).
    package let seed: [UInt8]

    /// The key that grows from a seed.
    ///
    /// - Throws: `.wrongKeyLength`.
    package init(name: KeyName, seed: [UInt8]) throws(KeyError) {
        verifier = try VerifierKey(name: name, type: .cosignature, seed: seed)
        self.seed = seed
    }

    /// Signs the text of a checkpoint, at a time in seconds since 1970.
    func sign(_ text: [UInt8], at time: Int64) throws(KeyError) -> NoteSignature {
        let signature = try ed25519(Cosignature.message(text, time: time), seed: seed)
        let cosignature = Cosignature(time: time, signature: signature)
        return NoteSignature(name: verifier.name, keyID: verifier.id, bytes: cosignature.bytes)
    }
}

extension VerifierKey {
    fileprivate init(name: KeyName, type: SignatureType, seed: [UInt8]) throws(KeyError) {
        guard let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: seed) else {
            throw .wrongKeyLength(seed.count)
        }
        try self.init(name: name, type: type, publicKey: Array(key.publicKey.rawRepresentation))
    }
}

private func ed25519(_ message: [UInt8], seed: [UInt8]) throws(KeyError) -> [UInt8] {
    do {
        return Array(try Curve25519.Signing.PrivateKey(rawRepresentation: seed).signature(for: message))
    } catch {
        throw .signingFailed
    }
}
