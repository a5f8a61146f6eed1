import OCI

import struct Crypto.SHA256
import struct Crypto.SHA384
import struct Crypto.SHA512

/// An entry of kind `hashedrekord`: that a key has signed something with this hash (Rekor v2, hashedrekord.proto).
///
/// Every value has a valid signature by its own key. That says nothing of whose key it is.
package struct HashedRekord: Equatable, Sendable {
    /// The key that signed, as the client sent it.
    package enum Verifier: Equatable, Sendable {
        /// A SubjectPublicKeyInfo, DER.
        case publicKey([UInt8])
        /// A certificate, DER. Nothing but its key was looked at, its validity for one was not.
        case certificate([UInt8])
    }

    /// The hash of what was signed; how long it is, `keyDetails` says.
    package let digest: [UInt8]
    /// The signature over what has that hash.
    package let signature: [UInt8]
    /// The key.
    package let verifier: Verifier
    /// The algorithms of the signature.
    package let keyDetails: KeyDetails

    /// The kind of the entry, as the entry and `kindVersion` name it.
    package static let kind = "hashedrekord"
    /// The version of the kind.
    package static let version = "0.0.2"
    /// Bytes of an entry: what an entry bundle of a log can hold.
    package static let longest = 65_535

    init(
        digest: [UInt8], signature: [UInt8], verifier: Verifier, keyDetails: KeyDetails
    ) throws(HashedRekordError) {
        self.digest = digest
        self.signature = signature
        self.verifier = verifier
        self.keyDetails = keyDetails
        try check()
    }

    private func check() throws(HashedRekordError) {
        guard digest.count == keyDetails.digestLength else {
            throw .wrongDigestLength(expected: keyDetails.digestLength, found: digest.count)
        }
        guard let key = SigningKey(der: try verifier.publicKey(), keyDetails) else { throw .keyDetailsDoNotFit }
        guard key.isValid(signature, forDigest: digest) else { throw .invalidSignature }
        let count = entry.count
        guard count <= Self.longest else { throw .tooLong(count) }
    }

    /// The canonical JSON that is logged: the bytes of the leaf (RFC 8785).
    package var entry: [UInt8] {
        let signature: JSONValue = ["content": .string(Base64.encode(signature)), "verifier": verifierJSON]
        let entry: JSONValue = [
            "apiVersion": .string(Self.version), "kind": .string(Self.kind),
            "spec": [
                "hashedRekordV002": [
                    "data": [
                        "algorithm": .string(keyDetails.hashName), "digest": .string(Base64.encode(digest)),
                    ],
                    "signature": signature,
                ]
            ],
        ]
        return entry.canonical()
    }

    private var verifierJSON: JSONValue {
        let (member, bytes) =
            switch verifier {
            case .publicKey(let der): ("publicKey", der)
            case .certificate(let der): ("x509Certificate", der)
            }
        let keyDetails: JSONValue = .string(keyDetails.rawValue)
        return .object(["keyDetails": keyDetails, member: ["rawBytes": .string(Base64.encode(bytes))]])
    }
}

extension HashedRekord {
    /// The entry for an envelope that this key has signed, as a verifier of Sigstore bundles computes it again from the
    /// bundle: the digest is that of the pre-authentication encoding.
    ///
    /// `nil` when such an entry cannot be: for Ed25519, for RSA-PSS and unusual lengths of RSA keys, when P-384 signed a
    /// SHA-256, and when the key has not signed.
    package init?(envelope: Envelope, publicKey: BuilderKey) {
        guard let details = KeyDetails(publicKey) else { return nil }
        let digest = details.hash(envelope.preAuthenticationEncoding)
        for signature in envelope.signatures {
            let verifier = Verifier.publicKey(publicKey.der)
            let entry = try? HashedRekord(
                digest: digest, signature: signature.bytes, verifier: verifier, keyDetails: details)
            guard let entry else { continue }
            self = entry
            return
        }
        return nil
    }

    /// Whether it is the entry of one of the envelope's signatures.
    package func isAbout(_ envelope: Envelope) -> Bool {
        envelope.signatures.contains { $0.bytes == signature }
            && keyDetails.hash(envelope.preAuthenticationEncoding) == digest
    }
}

extension HashedRekord.Verifier {
    /// The SubjectPublicKeyInfo, DER, taken out of the certificate if there is one.
    package func publicKey() throws(HashedRekordError) -> [UInt8] {
        switch self {
        case .publicKey(let der): return der
        case .certificate(let der):
            guard let key = subjectPublicKeyInfo(ofCertificate: der) else { throw .malformedCertificate }
            return key
        }
    }
}

/// Why something is not an entry of kind `hashedrekord`.
package enum HashedRekordError: Error, Equatable {
    case malformed(AttestationError)
    case dsseRequest
    case ed25519
    case unsupportedKeyDetails(String)
    case wrongDigestLength(expected: Int, found: Int)
    case wrongHash(expected: String)
    case malformedCertificate
    case keyDetailsDoNotFit
    case invalidSignature
    case notCanonical
    case tooLong(Int)
}

extension HashedRekordError: CustomStringConvertible {
    /// One sentence, safe to show and to log whatever the document was.
    package var description: String {
        switch self {
        case .malformed(let error): "\(error)"
        case .dsseRequest:
            "dsseRequestV002 is not supported; send a hashedRekordRequestV002 with the hash of the envelope's "
                + "pre-authentication encoding"
        case .ed25519:
            "Ed25519 signs the content and not its hash, and Ed25519ph is not supported; use ECDSA or RSA"
        case .unsupportedKeyDetails(let name):
            "keyDetails \(name.quoted(limit: 48)) is not supported; use one of "
                + HashedRekord.KeyDetails.allCases.map(\.rawValue).joined(separator: ", ")
        case .wrongDigestLength(let expected, let found):
            "the digest must have \(expected) bytes for these keyDetails, not \(found)"
        case .wrongHash(let expected): "the algorithm of the data must be \(expected) for these keyDetails"
        case .malformedCertificate: "x509Certificate.rawBytes is not an X.509 certificate"
        case .keyDetailsDoNotFit: "the key is not a public key of the kind that keyDetails names"
        case .invalidSignature: "the signature is not valid for this digest and this key"
        case .notCanonical: "the entry is not in its one canonical spelling (RFC 8785)"
        case .tooLong(let count): "an entry has at most \(HashedRekord.longest) bytes, this one has \(count)"
        }
    }
}
