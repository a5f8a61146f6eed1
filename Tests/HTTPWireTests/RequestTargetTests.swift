import HTTPTypes
import Testing

@testable import HTTPWire

/// The target of a request with this text, through the parser.
private func target(_ text: String, method: String = "GET") throws -> RequestTarget {
    try head("\(method) \(text) HTTP/1.1\r\nHost: a\r\n\r\n").target
}

private func rejectionOfTarget(_ text: String, method: String = "GET") -> Rejection? {
    rejection("\(method) \(text) HTTP/1.1\r\nHost: a\r\n\r\n")
}

@Suite struct `Parsing a request target` {
    @Test(
        arguments: [
            ("/", [], true), ("/v2", ["v2"], false), ("/v2/", ["v2"], true),
            ("/v2/a/b-c_d.e~f/tags/list", ["v2", "a", "b-c_d.e~f", "tags", "list"], false),
            ("/blobs/sha256:ab", ["blobs", "sha256:ab"], false), ("/sha256%3Aab", ["sha256:ab"], false),
            ("/k%C3%A4se", ["käse"], false), ("/a%20b", ["a b"], false), ("/a+b", ["a+b"], false),
            ("/...", ["..."], false),
            ("/.a/..b", [".a", "..b"], false), ("/%252e", ["%2e"], false), ("/!$&'()*+,;=:@", ["!$&'()*+,;=:@"], false),
        ] as [(String, [String], Bool)])
    func `decodes the segments of a path`(_ text: String, _ segments: [String], _ hasTrailingSlash: Bool) throws {
        let target = try target(text)
        #expect(target.path == text)
        #expect(target.segments == segments)
        #expect(target.hasTrailingSlash == hasTrailingSlash)
        #expect(try RequestTarget(parsing: text) == target)
    }

    @Test(arguments: ["/%", "/%4", "/%zz", "/a%2", "/%%41", "/%4g", "/%-1", "/% 41".replacing(" ", with: "+")])
    func `refuses a broken escape`(_ text: String) {
        #expect(rejectionOfTarget(text) == .invalidEscape)
        #expect(rejectionOfTarget("/a?x=\(text.dropFirst())") == .invalidEscape)
        #expect(throws: Rejection.invalidEscape) { try RequestTarget(parsing: text) }
    }

    @Test(arguments: ["%00", "%0a", "%0D", "%7f", "%1F", "%09"])
    func `refuses an escaped control character`(_ escape: String) {
        #expect(rejectionOfTarget("/a\(escape)b") == .controlInTarget)
        #expect(rejectionOfTarget("/a?x=a\(escape)b") == .controlInTarget)
    }

    @Test(arguments: ["%2f", "%2F", "%5c", "%5C"])
    func `refuses an escaped slash or backslash in a path`(_ escape: String) throws {
        #expect(rejectionOfTarget("/a\(escape)b") == .escapedSeparator)
        #expect(try target("/a?x=\(escape)").queryItems.first("x")?.utf8.count == 1)
    }

    @Test(arguments: ["%ff", "%c3", "%c0%af", "%ed%a0%80", "%c3/%a4"])
    func `refuses what does not decode to UTF-8`(_ escape: String) {
        #expect(rejectionOfTarget("/a\(escape)b") == .targetNotUTF8)
        #expect(rejectionOfTarget("/a?x=\(escape)") == .targetNotUTF8)
    }

    @Test(arguments: ["/.", "/..", "/../", "/a/./b", "/a/../b", "/%2e", "/%2E%2e/etc", "/.%2e", "/a/.."])
    func `refuses dot segments, escaped or not`(_ text: String) {
        #expect(rejectionOfTarget(text) == .dotSegment)
    }

    @Test(arguments: ["//", "//a", "/a//b", "/a//", "///", "http://h//a"])
    func `refuses an empty segment inside the path`(_ text: String) {
        #expect(rejectionOfTarget(text) == .emptySegment)
    }

    @Test(arguments: [
        "/a#b", "/a\\b", "/a\"b", "/a<b", "/a>b", "/a^b", "/a`b", "/a{b}", "/a|b", "/ä", "/a[b]", "/a\tb", "/a\u{7F}",
    ])
    func `refuses a character that must be escaped in a path`(_ text: String) {
        #expect(rejectionOfTarget(text) == .invalidTargetCharacter)
    }

    @Test func `reduces an absolute target to its path`() throws {
        let absolute = try target("http://R.example:80/v2/a?n=1")
        #expect(absolute.path == "/v2/a")
        #expect(absolute.query == "n=1")
        #expect(absolute.authority == "R.example:80")
        #expect(try target("HTTPS://r.example").path == "/")
        #expect(try target("HTTPS://r.example").hasTrailingSlash)
        #expect(try target("http://r.example?n=1").path == "/")
        #expect(try target("http://r.example?n=1").query == "n=1")
    }

    @Test(arguments: [
        "http://", "http:///a", "http://u@h/", "http://u:p@h/", "http://h:x/", "http://a b/".replacing(" ", with: "\\"),
    ])
    func `refuses an absolute target with a bad host`(_ text: String) {
        #expect(rejectionOfTarget(text)?.status == 400)
    }

    @Test(arguments: ["a.example:443", "v2/", "ftp://h/", "*x", "?a", "h", "http:/a", "http:", ":", "http:a/b", "#"])
    func `refuses other forms of target`(_ text: String) {
        #expect(rejectionOfTarget(text) == .unsupportedTargetForm)
    }

    @Test func `accepts the asterisk for OPTIONS only`() throws {
        let target = try target("*", method: "OPTIONS")
        #expect(target.path == "*")
        #expect(target.segments.isEmpty)
        #expect(rejectionOfTarget("*") == .asteriskWithoutOptions)
    }
}

@Suite struct `Reading a query` {
    private func items(_ query: String) throws -> [String] {
        try target("/a?\(query)").queryItems.map { "\($0.name)=\($0.value)" }
    }

    @Test(
        arguments: [
            ("", []), ("n=1", ["n=1"]), ("n=1&last=b", ["n=1", "last=b"]), ("tag=a&tag=b", ["tag=a", "tag=b"]),
            ("n", ["n="]), ("n=", ["n="]), ("=1", ["=1"]), ("a=b=c", ["a=b=c"]), ("&&a=1&", ["a=1"]), ("=", ["="]),
            ("digest=sha256%3Aab", ["digest=sha256:ab"]), ("%6e=%31", ["n=1"]), ("k=%C3%A4", ["k=ä"]),
            ("artifactType=application/vnd.x+json", ["artifactType=application/vnd.x+json"]),
            ("q=a%2Bb%26c%3Dd", ["q=a+b&c=d"]), ("q=a?b/c", ["q=a?b/c"]), ("f[]={a|b}", ["f[]={a|b}"]),
        ] as [(String, [String])])
    func `decodes the items in order`(_ query: String, _ expected: [String]) throws {
        #expect(try items(query) == expected)
    }

    @Test func `finds the first and all of a name`() throws {
        let items = try target("/a?tag=x&n=5&tag=y&N=6").queryItems
        #expect(items.first("n") == "5")
        #expect(items.first("m") == nil)
        #expect(items.all("tag") == ["x", "y"])
        #expect(items.all("m").isEmpty)
    }

    @Test func `has no items without a query`() throws {
        #expect(try target("/a").query == nil)
        #expect(try Array(target("/a").queryItems).isEmpty)
        #expect(try target("/a?").query == "")
    }

    @Test(arguments: ["a=\"b\"", "a=<b>", "a#b", "a=\\", "a=ä", "a=\u{7F}"])
    func `refuses a character that must be escaped`(_ query: String) {
        #expect(rejectionOfTarget("/a?\(query)") == .invalidTargetCharacter)
    }

    @Test func `says 414 to more than 128 items`() throws {
        let most = Array(repeating: "tag=v", count: 128).joined(separator: "&")
        #expect(try items(most).count == 128)
        #expect(rejectionOfTarget("/a?\(most)&tag=v") == .tooManyQueryItems)
        #expect(rejectionOfTarget("/a?" + String(repeating: "&", count: 129)) == .tooManyQueryItems)
    }
}
