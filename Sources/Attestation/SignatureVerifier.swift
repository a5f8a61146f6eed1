import enum Crypto.P256
import enum Crypto.P384
import struct Crypto.SHA256
import struct Crypto.SHA384
import struct Crypto.SHA512
import enum CryptoExtras._RSA

/// What the signatures of some content are worth.
package enum Verification: Equatable, Sendable {
    /// As many trusted keys as are needed have signed: these, in the order in which they are configured.
    case valid(keyids: [KeyID])
    /// It is signed, but not by enough trusted keys. It may be what it says; nobody we know vouches for it.
    case untrusted
    /// A signature claims a trusted key and is not that key's: the content was changed, or the claim is false.
    case invalid
    /// There is no signature.
    case unsigned
}

extension Verification {
    /// The keys that vouch for the content; none unless it is valid.
    package var keyids: [KeyID] {
        if case .valid(let keyids) = self { keyids } else { [] }
    }
}

/// Checks signatures against the keys that are trusted.
package struct SignatureVerifier: Sendable {
    private let keys: [BuilderKey]
    private let threshold: Int
    private let acceptsRawECDSA: Bool

    /// Trusts `keys`, and wants signatures of at least `threshold` of them (DSSE protocol.md, "Multi-signature
    /// Verification"). A threshold below 1 counts as 1.
    ///
    /// ECDSA signatures are ASN.1 DER, as cosign and in-toto write them. With `acceptsRawECDSA` they may also be r‖s, as
    /// in the test vector of the DSSE specification.
    package init(keys: [BuilderKey], threshold: Int = 1, acceptsRawECDSA: Bool = false) {
        var seen: Set<KeyID> = []
        self.keys = keys.filter { seen.insert($0.id).inserted }
        self.threshold = max(threshold, 1)
        self.acceptsRawECDSA = acceptsRawECDSA
    }

    /// Verifies the envelope's signatures over its pre-authentication encoding.
    ///
    /// What is verified is that these keys signed the payload and its type. What the payload says, and about what, is
    /// for the caller to look at, in `envelope.payload` and nowhere else.
    package func verify(_ envelope: Envelope) -> Verification {
        guard !envelope.signatures.isEmpty else { return .unsigned }
        return verify(envelope.preAuthenticationEncoding, signedBy: envelope.signatures)
    }

    /// Verifies a bundle with the trusted keys alone: its hint, certificates and log entries count for nothing here.
    package func verify(_ bundle: SigstoreBundle) -> Verification {
        verify(bundle.envelope)
    }

    /// Verifies signatures over the bytes themselves.
    package func verify(_ message: [UInt8], signedBy signatures: [Envelope.Signature]) -> Verification {
        guard !signatures.isEmpty else { return .unsigned }
        let message = SignedMessage(message)
        var accepted: [KeyID] = []
        for key in keys where signatures.contains(where: { verify($0.bytes, of: message, by: key) }) {
            accepted.append(key.id)
            if accepted.count >= threshold { return .valid(keyids: accepted) }
        }
        return claimsInVain(signatures, accepted) ? .invalid : .untrusted
    }

    /// Whether a signature names a trusted key that did not make it. The name decides only which failure this is.
    private func claimsInVain(_ signatures: [Envelope.Signature], _ accepted: [KeyID]) -> Bool {
        signatures.contains { signature in
            guard let claimed = KeyID(signature.keyid), !accepted.contains(claimed) else { return false }
            return keys.contains { $0.id == claimed }
        }
    }

    private func verify(_ signature: [UInt8], of message: SignedMessage, by key: BuilderKey) -> Bool {
        switch key.algorithm {
        case .p256(let key): isValid(signature, of: message, by: key)
        case .p384(let key): isValid(signature, of: message, by: key)
        case .ed25519(let key): signature.count == 64 && key.isValidSignature(signature, for: message.bytes)
        case .rsa(let key): message.isSigned(signature, by: key)
        }
    }
}

// ECDSA.
extension SignatureVerifier {
    private func isValid(_ bytes: [UInt8], of message: SignedMessage, by key: P256.Signing.PublicKey) -> Bool {
        if let signature = try? P256.Signing.ECDSASignature(derRepresentation: bytes),
            key.isValidSignature(signature, for: message.sha256)
        {
            return true
        }
        guard acceptsRawECDSA, let signature = try? P256.Signing.ECDSASignature(rawRepresentation: bytes) else {
            return false
        }
        return key.isValidSignature(signature, for: message.sha256)
    }

    /// With SHA-384, and with SHA-256, which cosign used for every curve until version 3.
    private func isValid(_ bytes: [UInt8], of message: SignedMessage, by key: P384.Signing.PublicKey) -> Bool {
        if let signature = try? P384.Signing.ECDSASignature(derRepresentation: bytes),
            message.isSigned(signature, by: key)
        {
            return true
        }
        guard acceptsRawECDSA, let signature = try? P384.Signing.ECDSASignature(rawRepresentation: bytes) else {
            return false
        }
        return message.isSigned(signature, by: key)
    }
}

/// A message with its hashes, which are computed once however many keys and signatures there are.
private struct SignedMessage {
    let bytes: [UInt8]
    let sha256: SHA256.Digest
    let sha384: SHA384.Digest
    let sha512: SHA512.Digest

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        sha256 = SHA256.hash(data: bytes)
        sha384 = SHA384.hash(data: bytes)
        sha512 = SHA512.hash(data: bytes)
    }

    func isSigned(_ signature: P384.Signing.ECDSASignature, by key: P384.Signing.PublicKey) -> Bool {
        key.isValidSignature(signature, for: sha384) || key.isValidSignature(signature, for: sha256)
    }

    /// PSS with a salt as long as the hash, or PKCS #1 v1.5, with any of the three hashes (RFC 8017 §8): nothing in a
    /// DSSE envelope says which.
    func isSigned(_ signature: [UInt8], by key: _RSA.Signing.PublicKey) -> Bool {
        let signature = _RSA.Signing.RSASignature(rawRepresentation: signature)
        return [_RSA.Signing.Padding.PSS, .insecurePKCS1v1_5].contains { padding in
            key.isValidSignature(signature, for: sha256, padding: padding)
                || key.isValidSignature(signature, for: sha384, padding: padding)
                || key.isValidSignature(signature, for: sha512, padding: padding)
        }
    }
}
