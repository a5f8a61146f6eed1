import HTTPTypes
import Testing

@testable import HTTPWire

@Suite struct `Matching entity tags` {
    @Test(arguments: [
        "\"abc\"", "W/\"abc\"", "*", "\"x\", \"abc\"", "\"x\",W/\"abc\"", ",,\"abc\",", "\"a,b\", \"abc\"", "abc",
        "x, abc",
    ])
    func `finds a tag the client has`(_ field: String) throws {
        #expect(try #require(IfNoneMatch(field)).matches(EntityTag("abc")))
        #expect(try #require(IfNoneMatch(field)).matches(EntityTag("abc", isWeak: true)))
    }

    @Test(arguments: [
        "", "\"x\"", "\"ab\"", "\"abcd\"", "\"abc", "abc\"", "\"\"abc\"\"", "w/\"abc\"", "\"x,abc\"", "\"*\"",
        "\"x\"\"abc\"",
    ])
    func `does not find another`(_ field: String) throws {
        #expect(try !#require(IfNoneMatch(field)).matches(EntityTag("abc")))
    }

    @Test func `has no condition without a field`() {
        #expect(IfNoneMatch(nil) == nil)
    }

    @Test func `writes a tag in quotes and nothing that could break out of them`() {
        #expect(EntityTag("sha256:ab").text == "\"sha256:ab\"")
        #expect(EntityTag("ab", isWeak: true).text == "W/\"ab\"")
        #expect(EntityTag("!a\"\r\n b").text == "\"!ab\"")
    }

    @Test func `compares strongly for a range`() {
        let tag = EntityTag("abc")
        #expect(IfRange.allowsRange(nil, of: tag))
        #expect(IfRange.allowsRange("\"abc\"", of: tag))
        #expect(!IfRange.allowsRange("W/\"abc\"", of: tag))
        #expect(!IfRange.allowsRange("\"x\"", of: tag))
        #expect(!IfRange.allowsRange("\"abc\"", of: EntityTag("abc", isWeak: true)))
        #expect(!IfRange.allowsRange("Sun, 06 Nov 1994 08:49:37 GMT", of: tag))
        #expect(!IfRange.allowsRange("", of: tag))
    }
}

@Suite struct `Reading Accept fields` {
    private let manifest = "application/vnd.oci.image.manifest.v1+json"

    private func accept(_ lines: String...) -> Accept {
        var fields = HTTPFields()
        for line in lines { fields.append(HTTPField(name: .accept, value: line)) }
        return Accept(fields)
    }

    @Test func `takes everything when there is none`() {
        #expect(accept().isAbsent)
        #expect(accept().matches(manifest))
        #expect(!accept("").isAbsent)
        #expect(!accept("").matches(manifest))
    }

    @Test(arguments: [
        "application/vnd.oci.image.manifest.v1+json", "*/*", "application/*",
        "a/b, application/vnd.oci.image.manifest.v1+json",
        "APPLICATION/VND.OCI.IMAGE.MANIFEST.V1+JSON", "application/*;q=0.5", "a/b;q=0, */*", "*/*;q=0, application/*",
        "application/vnd.oci.image.manifest.v1+json;charset=utf-8;q=0.001", "*/* ; q=1", "a/b;x=\"q=0,\", */*",
        "application/vnd.oci.image.manifest.v1+json;q=0, application/vnd.oci.image.manifest.v1+json",
        "application/*;q=0, application/vnd.oci.image.manifest.v1+json", ";;, , */*", "*/*;q=", "*/*;q=00.1",
    ])
    func `finds a type that is named or covered`(_ line: String) {
        #expect(accept(line).matches(manifest))
        #expect(accept("text/html", line, "x/y").matches(manifest))
        #expect(accept(line).matches(manifest + "; charset=utf-8"))
    }

    @Test(arguments: [
        "", "text/html", "application/vnd.oci.image.manifest.v1", "application/vnd.oci.image.manifest.v1+json+x",
        "image/*", "*", "/*",
        "*/json", "application/vnd.oci.image.manifest.v1+json;q=0", "*/*;q=0", "*/*;Q=0.000",
        "application/*;q=0.0, */*",
        "application/vnd.oci.image.manifest.v1+json; q=0 , */*", "app/*", "application/", "applicationX*", "\"*/*\"",
    ])
    func `does not find one that is not, or is refused`(_ line: String) {
        #expect(!accept(line).matches(manifest))
    }

    @Test func `does not trap on a type that is none`() {
        for type in ["", "/", "*", ";", "a"] { _ = accept("*/*, a/*, a, ;q=0").matches(type) }
    }
}
