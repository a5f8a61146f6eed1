import OCI
import Testing

@Suite struct `Parsing a repository name` {
    @Test(arguments: [
        "a", "0", "library/ubuntu", "a/b/c/d", "a.b", "a_b", "a__b", "a-b", "a---------b", "a.b_c__d-e/f--g",
        "blobs/uploads", "manifests/tags/list", "v2", String(repeating: "a", count: 255),
    ])
    func `accepts what the specification allows`(_ text: String) throws {
        #expect(try RepositoryName(parsing: text).description == text)
    }

    @Test(arguments: [
        "", "/", "a/", "/a", "a//b", "A", "a/B", "-a", "a-", ".a", "a.", "_a", "a_", "a..b", "a___b", "a._b", "a-_b",
        "a-.b", "a_-b", "../etc", "a/../b", "a/./b", "a b", "a\n", "a\0", "é", "a\u{301}", "a:b", "a@b", "a%2fb",
        "a\\b",
        "a?b", "ａ", "а", "a/-", String(repeating: "-", count: 100_000),
    ])
    func `rejects everything else, in a presentable sentence`(_ text: String) throws {
        let error = try #require(throws: NameError.self) { try RepositoryName(parsing: text) }
        #expect(isPresentable(error.description))
    }

    @Test func `rejects the 256th character`() {
        #expect(throws: NameError.repositoryTooLong(256)) {
            try RepositoryName(parsing: String(repeating: "a", count: 256))
        }
    }
}

@Suite struct `Parsing a tag` {
    @Test(arguments: [
        "latest", "1.2.3", "_", "A-b.C_9", "0", "sha256-" + Fixture.hexA, "a..", "a--",
        String(repeating: "t", count: 128),
    ])
    func `accepts what the specification allows`(_ text: String) throws {
        #expect(try Tag(parsing: text).description == text)
    }

    @Test(arguments: ["", ".a", "-a", "a/b", "a:b", "a b", "a\n", "é", "a\u{301}", "a+b", "a\0", "..", "%61", "a@b"])
    func `rejects everything else, in a presentable sentence`(_ text: String) throws {
        let error = try #require(throws: NameError.self) { try Tag(parsing: text) }
        #expect(error == .malformedTag(text))
        #expect(isPresentable(error.description))
    }

    @Test func `rejects the 129th character`() {
        #expect(throws: NameError.tagTooLong(129)) { try Tag(parsing: String(repeating: "a", count: 129)) }
    }

    @Test func `sorts like Go, by bytes`() throws {
        let tags = try ["b", "a", "_", "B", "1", "a-", "a.", "a"].map { try Tag(parsing: $0) }
        #expect(tags.sorted().map(\.rawValue) == ["1", "B", "_", "a", "a", "a-", "a.", "b"])
    }
}

@Suite struct `Parsing a reference` {
    @Test func `tells tags from digests`() throws {
        #expect(try Reference(parsing: "latest") == .tag(Tag(parsing: "latest")))
        #expect(try Reference(parsing: Fixture.digestA) == .digest(Digest(parsing: Fixture.digestA)))
        #expect(try Reference(parsing: Fixture.digestA).description == Fixture.digestA)
    }

    @Test func `never takes text with a colon for a tag`() {
        #expect(throws: ReferenceError.digest(.unsupportedAlgorithm("latest"))) { try Reference(parsing: "latest:1") }
        #expect(throws: ReferenceError.digest(.malformedHash(.sha256, ""))) { try Reference(parsing: "sha256:") }
    }

    @Test func `takes text without a colon for a tag only`() {
        #expect(throws: ReferenceError.tag(.malformedTag(""))) { try Reference(parsing: "") }
        #expect(throws: ReferenceError.tag(.malformedTag("-x"))) { try Reference(parsing: "-x") }
    }
}
