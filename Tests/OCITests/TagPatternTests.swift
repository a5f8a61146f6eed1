import OCI
import Testing

@Suite struct `A pattern of tags` {
    @Test(arguments: [
        ("v1", "v1"), ("*", "v1"), ("v*", "v"), ("v*", "v1.2.3"), ("*-rc", "v1-rc"), ("v*-rc*", "v1-rc"),
        ("v*.*.*", "v1.2.3"),
        ("**", "x"), ("a*a", "aa"), ("*a*", "bab"), ("V*_X", "V1_X"),
    ])
    func `matches`(_ pattern: String, _ tag: String) throws {
        #expect(try #require(TagPattern(parsing: pattern)).matches(try Tag(parsing: tag)))
    }

    @Test(arguments: [
        ("v1", "v10"), ("v1", "V1"), ("v*", "xv"), ("*-rc", "v1-rc2"), ("a*a", "a"), ("v*.*.*", "v1.2"),
        ("*ab*ab", "ab"),
    ])
    func `does not match`(_ pattern: String, _ tag: String) throws {
        #expect(try !(#require(TagPattern(parsing: pattern))).matches(try Tag(parsing: tag)))
    }

    @Test(arguments: ["", "a b", "a/b", "a:b", "\u{e9}", String(repeating: "a", count: 129)])
    func `is none when no tag could match it`(_ text: String) {
        #expect(TagPattern(parsing: text) == nil)
    }

    @Test func `takes no longer for hostile tags`() throws {
        let pattern = try #require(TagPattern(parsing: String(repeating: "*a", count: 60) + "b"))
        #expect(!pattern.matches(try Tag(parsing: String(repeating: "a", count: 128))))
    }
}

@Suite struct `A tag that belongs to a digest` {
    private static let hex = String(repeating: "0a", count: 32)

    @Test(arguments: [
        "sha256-\(hex)", "sha256-\(hex).sig", "sha256-\(hex).att", "sha512-\(hex)",
    ])
    func `is known by its form`(_ tag: String) throws {
        #expect(try Tag(parsing: tag).belongsToDigest)
    }

    @Test(arguments: [
        "v1", "sha256", "sha256-", "sha256-abc", "sha1-\(hex)", "sha256-\(hex.dropLast())G", "x-sha256-\(hex)",
    ])
    func `is no other`(_ tag: String) throws {
        #expect(try !Tag(parsing: tag).belongsToDigest)
    }
}
