import Attestation
import OCI
import Testing

import enum Crypto.Curve25519
import enum Crypto.P384
import struct Crypto.SHA384
import enum CryptoExtras._RSA

@Suite struct `Verifying an envelope` {
    @Test func `accepts what another program signed`() throws {
        let key = try BuilderKey(pem: Vector.builderKey)
        let envelope = try Envelope(parsing: bytes(Vector.envelope))
        let verification = SignatureVerifier(keys: [key]).verify(envelope)
        #expect(verification == .valid(keyids: [key.id]))
        #expect(verification.keyids.map(\.hex) == [Vector.builderKeyID])
    }

    @Test func `accepts raw ECDSA signatures only when told to`() throws {
        let key = try BuilderKey(pem: Vector.specificationKey)
        let envelope = try Envelope(parsing: bytes(Vector.specificationEnvelope))
        #expect(SignatureVerifier(keys: [key]).verify(envelope) == .untrusted)
        #expect(SignatureVerifier(keys: [key], acceptsRawECDSA: true).verify(envelope) == .valid(keyids: [key.id]))
    }

    @Test(arguments: [
        (OpenSSL.ed25519Key, OpenSSL.ed25519), (OpenSSL.p384Key, OpenSSL.p384WithSHA384),
        (OpenSSL.p384Key, OpenSSL.p384WithSHA256), (OpenSSL.rsaKey, OpenSSL.rsaPKCS1WithSHA256),
        (OpenSSL.rsaKey, OpenSSL.rsaPKCS1WithSHA384), (OpenSSL.rsaKey, OpenSSL.rsaPSSWithSHA256),
        (OpenSSL.rsaKey, OpenSSL.rsaPSSWithSHA512),
    ])
    func `accepts every kind of key, as OpenSSL signs`(_ pem: String, _ signature: String) throws {
        let key = try BuilderKey(pem: pem)
        let everyKey = try [Vector.builderKey, OpenSSL.ed25519Key, OpenSSL.p384Key, OpenSSL.rsaKey].map {
            try BuilderKey(pem: $0)
        }
        #expect(
            SignatureVerifier(keys: everyKey).verify(try specificationEnvelope(signature)) == .valid(keyids: [key.id]))
    }

    @Test(arguments: [OpenSSL.rsaPKCS1WithSHA1, OpenSSL.rsaPSSLongestSalt])
    func `refuses RSA with SHA-1 or with a salt longer than the hash`(_ signature: String) throws {
        let key = try BuilderKey(pem: OpenSSL.rsaKey)
        #expect(SignatureVerifier(keys: [key]).verify(try specificationEnvelope(signature)) == .untrusted)
    }

    @Test func `accepts keys made here, of each kind`() throws {
        let message = bytes("DSSEv1 1 x 1 y")
        let ed25519 = Curve25519.Signing.PrivateKey()
        let p384 = P384.Signing.PrivateKey()
        let rsa = try _RSA.Signing.PrivateKey(keySize: .bits2048)
        let prefix: [UInt8] = [0x30, 0x2A, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, 0x21, 0x00]
        let signed: [(BuilderKey, [UInt8])] = [
            (
                try BuilderKey(der: prefix + ed25519.publicKey.rawRepresentation),
                Array(try ed25519.signature(for: message))
            ),
            (
                try BuilderKey(pem: p384.publicKey.pemRepresentation),
                Array(try p384.signature(for: message).derRepresentation)
            ),
            (
                try BuilderKey(pem: rsa.publicKey.pemRepresentation),
                Array(try rsa.signature(for: SHA384.hash(data: message), padding: .PSS).rawRepresentation)
            ),
        ]
        for (key, signature) in signed {
            let signatures = [Envelope.Signature(keyid: key.id.hex, bytes: signature)]
            let verifier = SignatureVerifier(keys: [key])
            #expect(verifier.verify(message, signedBy: signatures) == .valid(keyids: [key.id]))
            #expect(verifier.verify(message + [0], signedBy: signatures) == .invalid)
        }
    }

    @Test func `finds the key by trying, whatever the hint says`() throws {
        let (signer, other) = (TestSigner(), TestSigner())
        let unsigned = try envelope("{}")
        let keys = [try other.publicKey, try signer.publicKey]
        for hint in ["", "nonsense", try other.publicKey.id.hex] {
            let signature = try signer.signature(over: unsigned, keyid: hint)
            let envelope = Envelope(
                payload: unsigned.payload, payloadType: unsigned.payloadType, signatures: [signature])
            #expect(SignatureVerifier(keys: keys).verify(envelope) == .valid(keyids: [try signer.publicKey.id]))
        }
    }

    @Test func `tells unsigned from untrusted from invalid`() throws {
        let (trusted, stranger) = (TestSigner(), TestSigner())
        let verifier = SignatureVerifier(keys: [try trusted.publicKey])
        #expect(verifier.verify(try envelope("{}")) == .unsigned)
        #expect(verifier.verify(try envelope("{}", signedBy: [stranger])) == .untrusted)
        let good = try envelope("{}", signedBy: [trusted])
        #expect(verifier.verify(good) == .valid(keyids: [try trusted.publicKey.id]))
        let changed = Envelope(payload: bytes("{ }"), payloadType: good.payloadType, signatures: good.signatures)
        #expect(verifier.verify(changed) == .invalid)
        #expect(SignatureVerifier(keys: []).verify(good) == .untrusted)
    }

    @Test func `binds the type of the payload`() throws {
        let signer = TestSigner()
        let good = try envelope("{}", type: "application/x", signedBy: [signer])
        let changed = Envelope(payload: good.payload, payloadType: "application/y", signatures: good.signatures)
        #expect(SignatureVerifier(keys: [try signer.publicKey]).verify(changed) == .invalid)
    }

    @Test func `is not fooled by a boundary that moves between type and payload`() throws {
        let signer = TestSigner()
        let good = try envelope("1 x", type: "a", signedBy: [signer])
        let moved = Envelope(payload: bytes("x"), payloadType: "a 3 1", signatures: good.signatures)
        #expect(SignatureVerifier(keys: [try signer.publicKey]).verify(moved) == .invalid)
    }
}

@Suite struct `A quorum` {
    private let signers = [TestSigner(), TestSigner(), TestSigner()]

    @Test func `is met by as many different keys as are needed`() throws {
        let verifier = SignatureVerifier(keys: try signers.map { try $0.publicKey }, threshold: 2)
        let both = try envelope("{}", signedBy: [signers[2], signers[0]])
        #expect(verifier.verify(both) == .valid(keyids: [try signers[0].publicKey.id, try signers[2].publicKey.id]))
    }

    @Test func `is not met by one key that signs twice`() throws {
        let verifier = SignatureVerifier(keys: try signers.map { try $0.publicKey }, threshold: 2)
        #expect(verifier.verify(try envelope("{}", signedBy: [signers[0], signers[0]])) == .untrusted)
    }

    @Test func `is not met by one key that is configured twice`() throws {
        let key = try signers[0].publicKey
        let verifier = SignatureVerifier(keys: [key, key], threshold: 2)
        #expect(verifier.verify(try envelope("{}", signedBy: [signers[0], signers[0]])) == .untrusted)
    }

    @Test func `skips signatures that are worth nothing`() throws {
        let good = try envelope("{}", signedBy: [signers[0], signers[1]])
        let junk = [Envelope.Signature(bytes: []), .init(keyid: try signers[2].publicKey.id.hex, bytes: [1, 2, 3])]
        let envelope = Envelope(
            payload: good.payload, payloadType: good.payloadType, signatures: junk + good.signatures)
        let keys = try signers.map { try $0.publicKey }
        #expect(SignatureVerifier(keys: keys, threshold: 2).verify(envelope).keyids.count == 2)
        #expect(SignatureVerifier(keys: keys, threshold: 3).verify(envelope) == .invalid)
    }

    @Test(arguments: [0, -1, Int.min])
    func `needs at least one key`(_ threshold: Int) throws {
        let verifier = SignatureVerifier(keys: try signers.map { try $0.publicKey }, threshold: threshold)
        #expect(verifier.verify(try envelope("{}")) == .unsigned)
        #expect(verifier.verify(try envelope("{}", signedBy: [TestSigner()])) == .untrusted)
    }
}

@Suite struct `A signature that was tampered with` {
    @Test func `is never valid and never traps`() throws {
        let keys = try [Vector.builderKey, OpenSSL.p384Key, OpenSSL.ed25519Key, OpenSSL.rsaKey].map {
            try BuilderKey(pem: $0)
        }
        let verifier = SignatureVerifier(keys: keys, acceptsRawECDSA: true)
        let good = try Envelope(parsing: bytes(Vector.envelope))
        let signature = try #require(good.signatures.first?.bytes)
        for index in signature.indices {
            var changed = signature
            changed[index] ^= 0x01
            for candidate in [Array(signature[..<index]), changed] {
                let envelope = Envelope(
                    payload: good.payload, payloadType: good.payloadType, signatures: [.init(bytes: candidate)])
                #expect(verifier.verify(envelope) == .untrusted)
            }
        }
    }

    @Test(arguments: [0, 1, 63, 64, 65, 96, 255, 256, 257, 5000])
    func `of any length is refused`(_ length: Int) throws {
        let keys = try [Vector.builderKey, OpenSSL.p384Key, OpenSSL.ed25519Key, OpenSSL.rsaKey].map {
            try BuilderKey(pem: $0)
        }
        for byte in [0x00, 0x30, 0xFF] as [UInt8] {
            let signature = Envelope.Signature(bytes: Array(repeating: byte, count: length))
            let envelope = Envelope(payload: [1], payloadType: "x", signatures: [signature])
            #expect(SignatureVerifier(keys: keys, acceptsRawECDSA: true).verify(envelope) == .untrusted)
        }
    }
}

/// The envelope of the DSSE specification with another signature.
private func specificationEnvelope(_ signature: String) throws -> Envelope {
    let text = #"{"payload":"aGVsbG8gd29ybGQ=","payloadType":"http://example.com/HelloWorld","#
    return try Envelope(parsing: bytes(text + #""signatures":[{"sig":"\#(signature)"}]}"#))
}
