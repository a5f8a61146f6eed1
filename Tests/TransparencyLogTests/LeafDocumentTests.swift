import OCI
import Testing
import TransparencyLog

@Suite struct `A leaf` {
    private func digest(_ byte: UInt8, _ algorithm: Digest.Algorithm = .sha256) -> Digest {
        Digest(algorithm: algorithm, hash: Array(repeating: byte, count: algorithm.byteCount))
    }

    private func leaf(_ kind: LeafDocument.Kind = .build) throws -> LeafDocument {
        let nonce = try #require(Nonce(bytes: Array(0xF0...0xFF)))
        return LeafDocument(kind: kind, origin: Vectors.origin, time: "2026-01-01T00:02:15Z", nonce: nonce)
    }

    @Test func `with little to say is short`() throws {
        let expected =
            #"{"kind":"pull-batch","nonce":"8PHy8_T19vf4-fr7_P3-_w","origin":"registry.example.com","#
            + #""time":"2026-01-01T00:02:15Z","v":"waybill.ledger/v1"}"#
        #expect(try String(decoding: leaf(.pullBatch).entry(), as: UTF8.self) == expected)
    }

    @Test func `with everything has its members in canonical order`() throws {
        var leaf = try leaf()
        leaf.repository = .name(try RepositoryName(parsing: "team/app"))
        leaf.subject = digest(0xAA, .sha512)
        leaf.actor = digest(1)
        leaf.builder = "https://ci.example.com/runners/hosted@v1"
        leaf.revision = "gitCommit:7fd1a60b01f91b314f59955a4e4d4e80d8edf11d"
        leaf.predicateType = "https://slsa.dev/provenance/v1"
        leaf.envelope = digest(2)
        leaf.statement = digest(3)
        leaf.labels = digest(4)
        leaf.previousCheckpoint = digest(5)
        leaf.additional = ["tag": "é\n", "index": 7]
        let entry = try leaf.entry()
        let json = try JSONValue(parsing: entry)
        #expect(json.canonical() == entry)
        #expect(
            json.object?.members.map(\.key) == [
                "actorSha256", "builder", "envelopeSha256", "index", "kind", "labelsSha256", "nonce", "origin",
                "predicateType", "prevCheckpointSha256", "repository", "revision", "statementSha256", "subjectDigest",
                "tag", "time", "v",
            ])
        #expect(
            json["subjectDigest"]?.string == "\(digest(0xAA, .sha512))" && json["actorSha256"]?.string == digest(1).hex)
        #expect(json["envelopeSha256"]?.string == digest(2).hex && json["statementSha256"]?.string == digest(3).hex)
        #expect(json["labelsSha256"]?.string == digest(4).hex && json["prevCheckpointSha256"]?.string == digest(5).hex)
        #expect(json["repository"] == "team/app" && json["tag"] == "é\n" && json["index"] == 7)
    }

    @Test func `may name its repository by a hash`() throws {
        var leaf = try leaf(.push)
        leaf.repository = .hash(digest(9))
        let json = try JSONValue(parsing: leaf.entry())
        #expect(json["repositorySha256"]?.string == digest(9).hex && json["repository"] == nil)
    }

    @Test func `has the bytes that the known one has`() throws {
        let known = try JSONValue(parsing: bytes(Vectors.entry598))
        #expect(known.canonical() == bytes(Vectors.entry598))
    }

    @Test func `fits into an entry bundle`() throws {
        var leaf = try leaf()
        leaf.builder = ""
        let room = EntryBundle.longestEntry - (try leaf.entry().count)
        leaf.builder = String(repeating: "b", count: room)
        #expect(try EntryBundle([leaf.entry()]).entries[0].count == 65_535)
        leaf.builder = String(repeating: "b", count: room + 1)
        #expect(throws: LeafError.tooLong(65_536)) { try leaf.entry() }
    }

    @Test(arguments: ["v", "kind", "time", "nonce", "repository", "repositorySha256", "actorSha256", "subjectDigest"])
    func `says nothing twice`(_ member: String) throws {
        var leaf = try leaf()
        leaf.additional[member] = "x"
        #expect(throws: LeafError.memberTwice(member)) { try leaf.entry() }
    }

    @Test func `commits by SHA-256 only`() throws {
        var leaf = try leaf()
        leaf.statement = digest(1, .sha512)
        #expect(throws: LeafError.notSHA256("statementSha256")) { try leaf.entry() }
    }
}

@Suite struct `A salted hash` {
    @Test func `is that of salt and value`() throws {
        let salt = try #require(Salt(bytes: Array(0..<16)))
        // printf '\x00\x01…\x0f' and "ci:team/app", through sha256sum.
        #expect(
            salt.hash(of: "ci:team/app".utf8).hex == "2fdba174e4cdfab2bdf9d8fd87930086bf575f729ff0f2f04a25881a631f75a0")
        #expect(salt.hash(of: [UInt8]()) != salt.hash(of: [0]))
    }

    @Test(arguments: [0, 15, 17, 32])
    func `has a salt of 16 bytes, as an entry has a nonce`(_ count: Int) {
        let bytes = [UInt8](repeating: 1, count: count)
        #expect(Salt(bytes: bytes) == nil && Nonce(bytes: bytes) == nil)
    }
}
