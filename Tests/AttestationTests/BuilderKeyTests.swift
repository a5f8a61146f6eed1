import Attestation
import Testing

@Suite struct `A builder's key` {
    @Test(arguments: [
        (Vector.builderKey, Vector.builderKeyID),
        (OpenSSL.ed25519Key, "aeb688051e6576b290e108813b74b710e8f967037c578a131aba2364e0f0518b"),
        (OpenSSL.p384Key, "e3c7ecc101e8093caf59bc0833b5925a5ee8b836fb8ec0790ccd3ed6496c6bf8"),
        (OpenSSL.rsaKey, "a8b06a2c7fd729605354aaf67a3b45e696552e9af783a1734c1afa36780baea9"),
    ])
    func `is named by the hash of its DER form`(_ pem: String, _ id: String) throws {
        let key = try BuilderKey(pem: pem)
        #expect(key.id.description == id)
        #expect(key.id == KeyID(id))
        #expect(sha256(key.der) == id)
    }

    @Test func `may have other line breaks and white space around it`() throws {
        let lines = Vector.builderKey.split(separator: "\n")
        let text = "\r\n  \n" + lines.joined(separator: " \r\n\t") + "\r\n\n"
        #expect(try BuilderKey(pem: text).id.hex == Vector.builderKeyID)
    }

    @Test(arguments: [
        "", "no key", "-----BEGIN PUBLIC KEY-----", "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----",
        "-----BEGIN PUBLIC KEY-----\n*\n-----END PUBLIC KEY-----",
        Vector.builderKey + "\n" + OpenSSL.ed25519Key, "comment\n" + Vector.builderKey,
    ])
    func `is refused when the text is not one PEM block`(_ text: String) {
        #expect(throws: BuilderKeyError.notPEM) { try BuilderKey(pem: text) }
    }

    @Test(arguments: ["PRIVATE KEY", "EC PRIVATE KEY", "CERTIFICATE", "RSA PUBLIC KEY"])
    func `is refused when the block is something else, without showing it`(_ label: String) throws {
        let text = "-----BEGIN \(label)-----\nc2VjcmV0\n-----END \(label)-----"
        let error = try #require(throws: BuilderKeyError.self) { try BuilderKey(pem: text) }
        #expect(error == .notPublicKey)
        #expect(!"\(error)".contains("c2VjcmV0"))
    }

    @Test(arguments: [OpenSSL.rsa1024Key, OpenSSL.p521Key])
    func `is refused when it is too weak or of a kind we do not verify`(_ pem: String) {
        #expect(throws: BuilderKeyError.unsupported) { try BuilderKey(pem: pem) }
    }

    @Test func `has one encoding, so that it cannot count twice in a quorum`() throws {
        #expect(throws: BuilderKeyError.self) { try BuilderKey(pem: OpenSSL.p384CompressedKey) }
        let der = try BuilderKey(pem: Vector.builderKey).der
        #expect(throws: BuilderKeyError.self) { try BuilderKey(der: der + [0]) }
    }

    @Test(arguments: [Vector.builderKey, OpenSSL.p384Key, OpenSSL.ed25519Key, OpenSSL.rsaKey])
    func `never traps, whatever part of it is missing or changed`(_ pem: String) throws {
        let der = try BuilderKey(pem: pem).der
        for index in der.indices {
            _ = try? BuilderKey(der: Array(der[..<index]))
            for change in [0x01, 0x80, 0xFF] as [UInt8] {
                var changed = der
                changed[index] ^= change
                guard let key = try? BuilderKey(der: changed) else { continue }
                #expect(key.der == changed)
            }
        }
    }

    @Test(arguments: ["", hex("A"), hex("a", 63), hex("a", 65), hex("g")])
    func `has a name of 64 hexadecimal digits`(_ text: String) {
        #expect(KeyID(text) == nil)
    }
}

@Suite struct `A policy for builders` {
    private let alice = KeyID(hex("a"))
    private let bob = KeyID(hex("b"))

    @Test func `lets a key speak for its own builders only`() throws {
        let (alice, bob) = (try #require(alice), try #require(bob))
        let policy = BuilderPolicy([
            (alice, try #require(.init("https://ci.example.com/hosted@v1"))),
            (bob, try #require(.init("https://github.com/team/workflows/*"))),
        ])
        let byAlice = Verification.valid(keyids: [alice])
        let byBob = Verification.valid(keyids: [bob])
        #expect(policy.builderAllowed("https://ci.example.com/hosted@v1", signedBy: byAlice))
        #expect(!policy.builderAllowed("https://ci.example.com/hosted@v1", signedBy: byBob))
        #expect(!policy.builderAllowed("https://ci.example.com/hosted@v10", signedBy: byAlice))
        #expect(policy.builderAllowed("https://github.com/team/workflows/x@refs/tags/v1", signedBy: byBob))
        #expect(!policy.builderAllowed("https://github.com/team/workflow", signedBy: byBob))
        #expect(policy.builderAllowed("https://github.com/team/workflows/", signedBy: .valid(keyids: [alice, bob])))
    }

    @Test(arguments: [Verification.untrusted, .invalid, .unsigned])
    func `allows nothing that no trusted key signed`(_ verification: Verification) throws {
        let policy = BuilderPolicy([(try #require(alice), try #require(.init("x")))])
        #expect(!policy.builderAllowed("x", signedBy: verification))
    }

    @Test func `allows no record without a builder`() throws {
        let alice = try #require(alice)
        let policy = BuilderPolicy([(alice, try #require(.init("h*")))])
        #expect(!policy.builderAllowed(nil, signedBy: .valid(keyids: [alice])))
        #expect(!policy.builderAllowed("", signedBy: .valid(keyids: [alice])))
    }

    @Test(arguments: ["", "*"])
    func `has no way to allow every builder`(_ pattern: String) {
        #expect(BuilderPolicy.BuilderPattern(pattern) == nil)
    }

    @Test func `compares bytes, not what looks alike`() throws {
        let pattern = try #require(BuilderPolicy.BuilderPattern("https://é.example/"))
        #expect(!pattern.matches("https://e\u{301}.example/"))
        #expect(pattern.matches("https://é.example/"))
        #expect(try #require(BuilderPolicy.BuilderPattern("a*b")).matches("a*b"))
    }
}
