import Attestation
import OCI
import Testing

import enum Crypto.P256
import enum Crypto.P384
import enum Crypto.P521
import struct Crypto.SHA256
import struct Crypto.SHA384
import struct Crypto.SHA512
import enum CryptoExtras._RSA

@Suite struct `An entry of kind hashedrekord` {
    private let message = bytes(Vector.specificationEncoding)

    /// A request, in which members can be replaced.
    private func request(
        _ digest: [UInt8], _ signature: [UInt8], key: [UInt8], details: String, member: String = "publicKey"
    ) -> [UInt8] {
        bytes(
            """
            {"hashedRekordRequestV002": {"digest": "\(base64(digest))", "signature": {"content": "\(base64(signature))",
             "verifier": {"\(member)": {"rawBytes": "\(base64(key))"}, "keyDetails": "\(details)"}}}}
            """)
    }

    private func refusal(_ request: [UInt8]) -> HashedRekordError? {
        do {
            _ = try HashedRekord(parsingRequest: request)
            return nil
        } catch {
            #expect(isPresentable("\(error)"), "\(error)")
            return error
        }
    }

    @Test func `of an envelope is, byte for byte, that of another implementation`() throws {
        let envelope = try Envelope(parsing: bytes(Vector.envelope))
        let key = try BuilderKey(pem: Vector.builderKey)
        let entry = try #require(HashedRekord(envelope: envelope, publicKey: key))
        #expect(String(decoding: entry.entry, as: UTF8.self) == Vector.hashedRekord)
        #expect(entry.isAbout(envelope))
        #expect(entry.keyDetails == .ecdsaP256 && entry.verifier == .publicKey(key.der))
        #expect(try HashedRekord(parsingEntry: entry.entry) == entry)
    }

    @Test func `of a request is the same`() throws {
        let envelope = try Envelope(parsing: bytes(Vector.envelope))
        let key = try BuilderKey(pem: Vector.builderKey)
        let digest = Array(SHA256.hash(data: envelope.preAuthenticationEncoding))
        let request = request(
            digest, envelope.signatures[0].bytes, key: key.der, details: "PKIX_ECDSA_P256_SHA_256")
        #expect(try HashedRekord(parsingRequest: request).entry == bytes(Vector.hashedRekord))
        let snakeCase = String(decoding: request, as: UTF8.self)
            .replacing("hashedRekordRequestV002", with: "hashed_rekord_request_v002")
            .replacing("publicKey", with: "public_key").replacing("rawBytes", with: "raw_bytes")
            .replacing("keyDetails", with: "key_details").replacing("/", with: "_").replacing("+", with: "-")
        #expect(try HashedRekord(parsingRequest: bytes(snakeCase)).entry == bytes(Vector.hashedRekord))
    }

    @Test func `takes the key out of a certificate, and keeps the certificate`() throws {
        let certificate = try #require(Base64.decode(Vector.certificate.utf8))
        let signature = try #require(Base64.decode(Vector.certificateSignature.utf8))
        let request = request(
            Array(SHA256.hash(data: message)), signature, key: certificate, details: "PKIX_ECDSA_P256_SHA_256",
            member: "x509Certificate")
        let entry = try HashedRekord(parsingRequest: request)
        #expect(entry.verifier == .certificate(certificate))
        #expect(try base64(entry.verifier.publicKey()) == Vector.certificateKey)
        #expect(text(try JSONValue(parsing: entry.entry)).contains(#""x509Certificate":{"rawBytes":"MIIBiTCC"#))
        #expect(try HashedRekord(parsingEntry: entry.entry) == entry)
    }

    @Test func `gives an error or a key, whatever byte of a certificate is changed or missing`() throws {
        let certificate = try #require(Base64.decode(Vector.certificate.utf8))
        let key = try HashedRekord.Verifier.certificate(certificate).publicKey()
        for index in certificate.indices {
            #expect(throws: HashedRekordError.malformedCertificate) {
                try HashedRekord.Verifier.certificate(Array(certificate[..<index])).publicKey()
            }
            var changed = certificate
            changed[index] ^= 0x41
            if let found = try? HashedRekord.Verifier.certificate(changed).publicKey() {
                #expect(found.count <= certificate.count)
            }
        }
        #expect(throws: HashedRekordError.malformedCertificate) {
            try HashedRekord.Verifier.certificate(key).publicKey()
        }
    }

    @Test func `is made with every algorithm that a log takes`() throws {
        let p256 = P256.Signing.PrivateKey()
        let p384 = P384.Signing.PrivateKey()
        let p521 = P521.Signing.PrivateKey()
        var signed: [(key: [UInt8], signature: [UInt8], details: HashedRekord.KeyDetails)] = [
            (
                Array(p256.publicKey.derRepresentation), Array(try p256.signature(for: message).derRepresentation),
                .ecdsaP256
            ),
            (
                Array(p384.publicKey.derRepresentation), Array(try p384.signature(for: message).derRepresentation),
                .ecdsaP384
            ),
            (
                Array(p521.publicKey.derRepresentation), Array(try p521.signature(for: message).derRepresentation),
                .ecdsaP521
            ),
        ]
        let sizes: [(_RSA.Signing.KeySize, HashedRekord.KeyDetails)] = [
            (.bits2048, .rsa2048), (.bits3072, .rsa3072), (.bits4096, .rsa4096),
        ]
        for (size, details) in sizes {
            let key = try _RSA.Signing.PrivateKey(keySize: size)
            let signature = try key.signature(for: SHA256.hash(data: message), padding: .insecurePKCS1v1_5)
            signed.append((Array(key.publicKey.derRepresentation), Array(signature.rawRepresentation), details))
        }
        for (key, signature, details) in signed {
            let digest = hash(message, for: details)
            let right = request(digest, signature, key: key, details: details.rawValue)
            let entry = try HashedRekord(parsingRequest: right)
            #expect(entry.keyDetails == details && entry.digest == digest && entry.signature == signature)
            let other = request(hash(bytes("other"), for: details), signature, key: key, details: details.rawValue)
            #expect(refusal(other) == .invalidSignature)
            for wrong in HashedRekord.KeyDetails.allCases where wrong != details {
                let request = request(hash(message, for: wrong), signature, key: key, details: wrong.rawValue)
                #expect(refusal(request) == .keyDetailsDoNotFit, "\(details) as \(wrong)")
            }
            #expect(refusal(request([], signature, key: key, details: details.rawValue)) != nil)
            #expect(refusal(request(digest, [], key: key, details: details.rawValue)) == .invalidSignature)
            let short = request(Array(digest.dropLast()), signature, key: key, details: details.rawValue)
            #expect(refusal(short) == .wrongDigestLength(expected: digest.count, found: digest.count - 1))
        }
    }

    private func hash(_ message: [UInt8], for details: HashedRekord.KeyDetails) -> [UInt8] {
        switch details {
        case .ecdsaP384: Array(SHA384.hash(data: message))
        case .ecdsaP521: Array(SHA512.hash(data: message))
        default: Array(SHA256.hash(data: message))
        }
    }

    @Test(arguments: [
        ("PKIX_ED25519", HashedRekordError.ed25519), ("PKIX_ED25519_PH", .ed25519),
        ("PKIX_RSA_PSS_2048_SHA256", .unsupportedKeyDetails("PKIX_RSA_PSS_2048_SHA256")),
        ("", .unsupportedKeyDetails("")), ("PKIX_ECDSA_P384_SHA_384", .wrongDigestLength(expected: 48, found: 32)),
        ("PKIX_RSA_PKCS1V15_2048_SHA256", .keyDetailsDoNotFit),
    ])
    func `is refused with a sentence`(_ details: String, _ error: HashedRekordError) throws {
        let key = try BuilderKey(pem: Vector.builderKey)
        #expect(refusal(request(Array(repeating: 0, count: 32), [1], key: key.der, details: details)) == error)
    }

    @Test(arguments: [
        (#"{"dsseRequestV002":{"envelope":{},"verifiers":[]}}"#, "hashedRekordRequestV002"),
        (#"{"dsse_request_v002":{}}"#, "hashedRekordRequestV002"),
        (#"{"dsse_request_v002":{},"hashedRekordRequestV002":{}}"#, "must not be beside"),
        (#"{"hashed_rekord_request_v002":{},"hashedRekordRequestV002":{}}"#, "must not be beside"),
        ("{}", "has no hashedRekordRequestV002"), ("[]", "must be a JSON object"), ("", "not JSON"),
        (#"{"hashedRekordRequestV002":{"digest":"AA=="}}"#, "has no hashedRekordRequestV002.signature"),
        (#"{"hashedRekordRequestV002":{"digest":"A"}}"#, "is not base64"),
        (
            #"{"hashedRekordRequestV002":{"digest":"","signature":{"content":"","verifier":{"publicKey":{},"x509Certificate":{}}}}}"#,
            "not both"
        ),
        (#"{"hashedRekordRequestV002":{"digest":"","signature":{"content":"","verifier":{}}}}"#, "not both"),
    ])
    func `is refused when the request is something else`(_ request: String, _ reason: String) throws {
        #expect("\(try #require(refusal(bytes(request))))".contains(reason))
    }

    @Test func `is not made for an envelope that a log cannot verify`() throws {
        let envelope = try Envelope(parsing: bytes(Vector.specificationEnvelope))
        #expect(HashedRekord(envelope: envelope, publicKey: try BuilderKey(pem: OpenSSL.ed25519Key)) == nil)
        #expect(HashedRekord(envelope: envelope, publicKey: try BuilderKey(pem: Vector.builderKey)) == nil)
        func signed(_ signature: String) throws -> Envelope {
            Envelope(
                payload: envelope.payload, payloadType: envelope.payloadType,
                signatures: [.init(bytes: try #require(Base64.decode(signature.utf8)))])
        }
        let p384 = try BuilderKey(pem: OpenSSL.p384Key)
        #expect(HashedRekord(envelope: try signed(OpenSSL.p384WithSHA384), publicKey: p384)?.keyDetails == .ecdsaP384)
        #expect(HashedRekord(envelope: try signed(OpenSSL.p384WithSHA256), publicKey: p384) == nil)
        let rsa = try BuilderKey(pem: OpenSSL.rsaKey)
        #expect(HashedRekord(envelope: try signed(OpenSSL.rsaPKCS1WithSHA256), publicKey: rsa)?.keyDetails == .rsa2048)
        #expect(HashedRekord(envelope: try signed(OpenSSL.rsaPSSWithSHA256), publicKey: rsa) == nil)
    }

    @Test func `in a log is canonical, and signed`() throws {
        let changes: [(String, String)] = [
            (#""0.0.2""#, #""0.0.1""#), (#""hashedrekord""#, #""dsse""#), ("SHA2_256", "SHA2_512"),
            ("{\"apiVersion", "{ \"apiVersion"), ("wqu+VBxw", "wqv+VBxw"), ("MEUCIEG", "MEUCIEH"), ("AERxw", "AERxx"),
            ("P256_SHA_256", "P384_SHA_384"), ("MFkw", "MFkx"), ("voU=\"", "voU=\",\"x\":1"),
        ]
        for (old, new) in changes {
            #expect(Vector.hashedRekord.contains(old), "\(old)")
            let changed = Vector.hashedRekord.replacing(old, with: new)
            #expect(throws: HashedRekordError.self, "\(new)") { try HashedRekord(parsingEntry: bytes(changed)) }
        }
    }

    @Test func `is about the envelope whose signature it has, and no other`() throws {
        let entry = try HashedRekord(parsingEntry: bytes(Vector.hashedRekord))
        let envelope = try Envelope(parsing: bytes(Vector.envelope))
        let other = Envelope(
            payload: envelope.payload + [0x20], payloadType: envelope.payloadType, signatures: envelope.signatures)
        #expect(!entry.isAbout(other))
        let resigned = Envelope(
            payload: envelope.payload, payloadType: envelope.payloadType, signatures: [.init(bytes: [1])])
        #expect(!entry.isAbout(resigned))
    }
}
