import SwiftASN1

import protocol Crypto.HashFunction
import enum Crypto.P256
import enum Crypto.P384
import enum Crypto.P521
import struct Crypto.SHA256
import struct Crypto.SHA384
import struct Crypto.SHA512
import enum CryptoExtras._RSA

extension HashedRekord {
    /// The algorithms of a signature, by the names of sigstore_common.proto, `PublicKeyDetails`: those of them that Rekor
    /// v2 takes, without Ed25519ph.
    package enum KeyDetails: String, Sendable, CaseIterable {
        case ecdsaP256 = "PKIX_ECDSA_P256_SHA_256"
        case ecdsaP384 = "PKIX_ECDSA_P384_SHA_384"
        case ecdsaP521 = "PKIX_ECDSA_P521_SHA_512"
        case rsa2048 = "PKIX_RSA_PKCS1V15_2048_SHA256"
        case rsa3072 = "PKIX_RSA_PKCS1V15_3072_SHA256"
        case rsa4096 = "PKIX_RSA_PKCS1V15_4096_SHA256"
    }
}

extension HashedRekord.KeyDetails {
    /// The details for a key that is trusted; `nil` when a log takes no signature by it.
    init?(_ key: BuilderKey) {
        switch key.algorithm {
        case .p256: self = .ecdsaP256
        case .p384: self = .ecdsaP384
        case .ed25519: return nil
        case .rsa(let key): self.init(modulus: key.keySizeInBits)
        }
    }

    private init?(modulus bits: Int) {
        guard let details = Self.allCases.first(where: { $0.modulus == bits }) else { return nil }
        self = details
    }

    /// Bits of the modulus of an RSA key.
    fileprivate var modulus: Int? {
        switch self {
        case .ecdsaP256, .ecdsaP384, .ecdsaP521: nil
        case .rsa2048: 2048
        case .rsa3072: 3072
        case .rsa4096: 4096
        }
    }

    /// The hash function, by the name of sigstore_common.proto, `HashAlgorithm`.
    package var hashName: String {
        switch self {
        case .ecdsaP256, .rsa2048, .rsa3072, .rsa4096: "SHA2_256"
        case .ecdsaP384: "SHA2_384"
        case .ecdsaP521: "SHA2_512"
        }
    }

    /// Bytes of its hashes.
    var digestLength: Int {
        switch self {
        case .ecdsaP256, .rsa2048, .rsa3072, .rsa4096: 32
        case .ecdsaP384: 48
        case .ecdsaP521: 64
        }
    }

    func hash(_ message: [UInt8]) -> [UInt8] {
        switch self {
        case .ecdsaP256, .rsa2048, .rsa3072, .rsa4096: Array(SHA256.hash(data: message))
        case .ecdsaP384: Array(SHA384.hash(data: message))
        case .ecdsaP521: Array(SHA512.hash(data: message))
        }
    }
}

/// A key of the kind that its details say.
enum SigningKey {
    case p256(P256.Signing.PublicKey)
    case p384(P384.Signing.PublicKey)
    case p521(P521.Signing.PublicKey)
    case rsa(_RSA.Signing.PublicKey)

    /// RSA of 4,096 bits needs 550 bytes.
    private static let longest = 1024

    init?(der: [UInt8], _ details: HashedRekord.KeyDetails) {
        guard der.count <= Self.longest else { return nil }
        do {
            switch details {
            case .ecdsaP256: self = .p256(try P256.Signing.PublicKey(derRepresentation: der))
            case .ecdsaP384: self = .p384(try P384.Signing.PublicKey(derRepresentation: der))
            case .ecdsaP521: self = .p521(try P521.Signing.PublicKey(derRepresentation: der))
            case .rsa2048, .rsa3072, .rsa4096:
                let key = try _RSA.Signing.PublicKey(derRepresentation: der)
                guard key.keySizeInBits == details.modulus else { return nil }
                self = .rsa(key)
            }
        } catch {
            return nil
        }
    }

    /// ECDSA signatures are ASN.1 DER, those of RSA PKCS #1 v1.5.
    func isValid(_ signature: [UInt8], forDigest digest: [UInt8]) -> Bool {
        switch self {
        case .p256(let key):
            guard let digest = wrapped(digest, as: SHA256.self),
                let signature = try? P256.Signing.ECDSASignature(derRepresentation: signature)
            else { return false }
            return key.isValidSignature(signature, for: digest)
        case .p384(let key):
            guard let digest = wrapped(digest, as: SHA384.self),
                let signature = try? P384.Signing.ECDSASignature(derRepresentation: signature)
            else { return false }
            return key.isValidSignature(signature, for: digest)
        case .p521(let key):
            guard let digest = wrapped(digest, as: SHA512.self),
                let signature = try? P521.Signing.ECDSASignature(derRepresentation: signature)
            else { return false }
            return key.isValidSignature(signature, for: digest)
        case .rsa(let key):
            guard let digest = wrapped(digest, as: SHA256.self) else { return false }
            let signature = _RSA.Signing.RSASignature(rawRepresentation: signature)
            return key.isValidSignature(signature, for: digest, padding: .insecurePKCS1v1_5)
        }
    }
}

/// A hash that somebody else computed, as the type that swift-crypto verifies signatures over: it makes values of that
/// type by hashing only, and takes no other type for RSA. `nil` unless the type is the bytes of a hash and nothing else.
private func wrapped<Function: HashFunction>(_ hash: [UInt8], as function: Function.Type) -> Function.Digest? {
    guard hash.count == Function.Digest.byteCount, MemoryLayout<Function.Digest>.size == hash.count else { return nil }
    var digest = Function().finalize()
    unsafe withUnsafeMutableBytes(of: &digest) { bytes in
        for (index, byte) in hash.enumerated() { unsafe bytes[index] = byte }
    }
    return digest.elementsEqual(hash) ? digest : nil
}

/// The SubjectPublicKeyInfo of a certificate (RFC 5280 §4.1), DER; `nil` when it is not one.
func subjectPublicKeyInfo(ofCertificate der: [UInt8]) -> [UInt8]? {
    let parts = (try? DER.parse(der))?.children ?? []
    guard parts.count == 3 else { return nil }
    // TBSCertificate: version, which is tagged, serial number, signature, issuer, validity, subject, key.
    let version = ASN1Identifier(tagWithNumber: 0, tagClass: .contextSpecific)
    let members = Array(parts[0].children.drop { $0.identifier == version }.prefix(6))
    guard members.count == 6, members[0].identifier == .integer, members[5].identifier == .sequence else { return nil }
    return Array(members[5].encodedBytes)
}

extension ASN1Node {
    fileprivate var children: [ASN1Node] {
        if case .constructed(let nodes) = content { Array(nodes) } else { [] }
    }
}
