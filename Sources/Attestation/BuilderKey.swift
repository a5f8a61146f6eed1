import enum Crypto.Curve25519
import enum Crypto.P256
import enum Crypto.P384
import struct Crypto.SHA256
import enum CryptoExtras._RSA
import enum OCI.Base64

/// The name of a public key: the SHA-256 of its SubjectPublicKeyInfo in DER.
package struct KeyID: Hashable, Sendable {
    /// 64 lower-case hexadecimal characters.
    package let hex: String

    init(ofKey der: [UInt8]) {
        hex = SHA256.hash(data: der).map { ($0 < 0x10 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// Reads a name that somebody wrote, in a configuration for one; `nil` unless it is one.
    package init?(_ text: String) {
        guard text.utf8.count == 64, text.isLowercaseHex else { return nil }
        hex = text
    }
}

extension KeyID: CustomStringConvertible {
    /// The name as it is written everywhere.
    package var description: String { hex }
}

/// A public key whose owner may sign: of a builder, or of a person who approves.
///
/// ECDSA over P-256 or P-384, Ed25519, or RSA of 2048 bits or more. The encoding of a key is unique, so two keys with
/// different names are two keys: a quorum cannot be met by one key written in two ways.
package struct BuilderKey: Sendable {
    enum Algorithm: Sendable {
        case p256(P256.Signing.PublicKey)
        case p384(P384.Signing.PublicKey)
        case ed25519(Curve25519.Signing.PublicKey)
        case rsa(_RSA.Signing.PublicKey)
    }

    /// The name of the key.
    package let id: KeyID
    /// The key as SubjectPublicKeyInfo, DER.
    package let der: [UInt8]
    let algorithm: Algorithm

    /// Reads one `PUBLIC KEY` block (RFC 7468 §13), with nothing around it but white space.
    package init(pem: String) throws(BuilderKeyError) {
        try self.init(der: Self.der(ofPEM: pem))
    }

    /// Reads a SubjectPublicKeyInfo.
    package init(der: [UInt8]) throws(BuilderKeyError) {
        guard der.count <= Self.longest, let algorithm = Algorithm(der: der) else { throw .unsupported }
        guard algorithm.der == der else { throw .notCanonical }
        self.der = der
        self.algorithm = algorithm
        id = KeyID(ofKey: der)
    }

    /// RSA of 16,384 bits needs 2,086 bytes.
    private static let longest = 4096

    private static func der(ofPEM pem: String) throws(BuilderKeyError) -> [UInt8] {
        let lines = pem.utf8.split { $0 == 0x0A || $0 == 0x0D }.map { Self.trimmed($0) }.filter { !$0.isEmpty }
        guard let first = lines.first, first.hasPrefix("-----BEGIN ") else { throw .notPEM }
        guard first == "-----BEGIN PUBLIC KEY-----" else { throw .notPublicKey }
        guard lines.count > 2, lines.last == "-----END PUBLIC KEY-----",
            let der = Base64.decode(lines[1..<(lines.count - 1)].joined().utf8)
        else { throw .notPEM }
        return der
    }

    private static func trimmed(_ line: Substring.UTF8View) -> String {
        var line = line.drop { $0 == 0x20 || $0 == 0x09 }
        while let last = line.last, last == 0x20 || last == 0x09 { line = line.dropLast() }
        return String(decoding: line, as: UTF8.self)
    }
}

extension BuilderKey.Algorithm {
    fileprivate init?(der: [UInt8]) {
        if let key = Self.ed25519Key(der: der) {
            self = .ed25519(key)
        } else if let key = try? P256.Signing.PublicKey(derRepresentation: der) {
            self = .p256(key)
        } else if let key = try? P384.Signing.PublicKey(derRepresentation: der) {
            self = .p384(key)
        } else if let key = try? _RSA.Signing.PublicKey(derRepresentation: der) {
            self = .rsa(key)
        } else {
            return nil
        }
    }

    /// RFC 8410 §4: the algorithm identifier has no parameters, so what precedes the key is always the same.
    private static let ed25519Prefix: [UInt8] = [
        0x30, 0x2A, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, 0x21, 0x00,
    ]

    private static func ed25519Key(der: [UInt8]) -> Curve25519.Signing.PublicKey? {
        guard der.count == ed25519Prefix.count + 32, der.starts(with: ed25519Prefix) else { return nil }
        return try? Curve25519.Signing.PublicKey(rawRepresentation: der[ed25519Prefix.count...])
    }

    fileprivate var der: [UInt8] {
        switch self {
        case .p256(let key): Array(key.derRepresentation)
        case .p384(let key): Array(key.derRepresentation)
        case .ed25519(let key): Self.ed25519Prefix + key.rawRepresentation
        case .rsa(let key): Array(key.derRepresentation)
        }
    }
}

/// Why some text is not a key that we verify with. Carries nothing of the text: it might be a private key.
package enum BuilderKeyError: Error, Equatable {
    case notPEM
    case notPublicKey
    case unsupported
    case notCanonical
}

extension BuilderKeyError: CustomStringConvertible {
    /// One sentence, safe to show and to log.
    package var description: String {
        switch self {
        case .notPEM: "this is not one PEM block with a public key"
        case .notPublicKey: "the PEM block is not a PUBLIC KEY"
        case .unsupported: "the key must be ECDSA P-256 or P-384, Ed25519, or RSA of 2048 bits or more"
        case .notCanonical: "the key is not in its one canonical encoding; write it again with openssl pkey -pubin"
        }
    }
}
