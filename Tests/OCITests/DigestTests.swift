import OCI
import Testing

@Suite struct `Parsing a digest` {
    @Test(arguments: [
        "sha256:" + String(repeating: "0f", count: 32), "sha512:" + String(repeating: "9e", count: 64),
    ])
    func `accepts what it prints`(_ text: String) throws {
        #expect(try Digest(parsing: text).description == text)
    }

    @Test func `reads the hash`() throws {
        let digest = try Digest(parsing: "sha256:" + String(repeating: "0f", count: 31) + "a0")
        #expect(digest.algorithm == .sha256)
        #expect(digest.hash == Array(repeating: 0x0F, count: 31) + [0xA0])
        #expect(digest.hex.hasSuffix("0fa0"))
    }

    @Test(arguments: [
        "sha256", "sha256:", "sha256:ABC", "md5:00", ":", "", "::", "sha256::", " sha256:", "SHA256:" + Fixture.hexA,
        "sha256:" + String(repeating: "A", count: 64), "sha256:" + String(repeating: "a", count: 63),
        "sha256:" + String(repeating: "a", count: 65), "sha256:" + String(repeating: "a", count: 128),
        "sha512:" + String(repeating: "a", count: 64), "sha256:" + String(repeating: "g", count: 64),
        "sha256:" + String(repeating: "é", count: 32), "sha256:" + String(repeating: "ａ", count: 64),
        "blake3:" + Fixture.hexA, "sha256-" + Fixture.hexA, Fixture.digestA + "\n", Fixture.digestA + "\0",
        "sha256:\u{301}" + Fixture.hexA,
        String(repeating: "a", count: 1_000_000),
    ])
    func `rejects text that is not algorithm colon hash, in a presentable sentence`(_ text: String) throws {
        let error = try #require(throws: DigestError.self) { try Digest(parsing: text) }
        #expect(isPresentable(error.description))
    }

    @Test(arguments: ["a", "\u{301}\u{323}", ":"])
    func `rejects very long text at once`(_ text: String) throws {
        let long = "s" + String(repeating: text, count: 500_000)
        for text in [long, long + ":00", "sha256:" + long] {
            let error = try #require(throws: DigestError.self) { try Digest(parsing: text) }
            #expect(isPresentable(error.description))
        }
    }

    @Test func `says what is wrong`() {
        #expect(throws: DigestError.missingSeparator("x\n")) { try Digest(parsing: "x\n") }
        #expect(throws: DigestError.unsupportedAlgorithm("md5")) { try Digest(parsing: "md5:00") }
        #expect(throws: DigestError.malformedHash(.sha256, "0A")) { try Digest(parsing: "sha256:0A") }
        #expect(
            DigestError.missingSeparator("x\n\"é").description
                == #""x\u{a}\"\u{e9}" is not a digest: it has no ':' between algorithm and hash"#)
    }

    @Test func `takes part of a longer text`() throws {
        let path = "/v2/a/blobs/" + Fixture.digestA
        #expect(try Digest(parsing: path.dropFirst(12)).description == Fixture.digestA)
    }
}

@Suite struct `A digest` {
    @Test(arguments: Digest.Algorithm.allCases)
    func `survives storage`(_ algorithm: Digest.Algorithm) {
        let digest = Digest(algorithm: algorithm, hash: Array(repeating: 7, count: algorithm.byteCount))
        #expect(digest.encoded.count == algorithm.byteCount + 1)
        #expect(Digest(encoded: digest.encoded) == digest)
        #expect(digest.hex.count == algorithm.hexLength)
    }

    @Test(arguments: [[], [1], [0] + zeros(32), [3] + zeros(32), [1] + zeros(31), [1] + zeros(64), [2] + zeros(32)])
    func `is not made from other stored bytes`(_ bytes: [UInt8]) {
        #expect(Digest(encoded: bytes) == nil)
    }

    @Test func `sorts as its text does`() throws {
        let texts = [Fixture.digestB, "sha512:" + String(repeating: "0", count: 128), Fixture.digestA]
        let digests = try texts.map { try Digest(parsing: $0) }
        #expect(digests.sorted().map(\.description) == texts.sorted())
    }

    @Test(arguments: [("sha256", 64), ("sha512", 128)])
    func `has the referrers tag of the specification`(_ algorithm: String, _ length: Int) throws {
        let digest = try Digest(parsing: "\(algorithm):" + String(repeating: "a", count: length))
        #expect(digest.referrersTag.rawValue == "\(algorithm)-\(Fixture.hexA)")
        #expect(try Tag(parsing: digest.referrersTag.rawValue) == digest.referrersTag)
    }
}

private func zeros(_ count: Int) -> [UInt8] { Array(repeating: 0, count: count) }
