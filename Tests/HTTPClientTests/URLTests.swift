import HTTPClient
import Testing

@Suite struct `A URL to send to` {
    @Test(arguments: [
        "", "example.com", "//example.com", "/path", "ftp://example.com", "file:///etc/passwd", "gopher://a", "http://",
        "https:///", "http://exa mple.com", "http://example.com/\r\nX: y", "http://example.com\0.other.com",
        "http://é.example", "http://a:99999/", "http://\(String(repeating: "a", count: 2048))",
    ])
    func `is not any text`(_ text: String) {
        #expect(throws: HTTPClientError.malformedURL) { try OutboundURL(parsing: text) }
    }

    @Test(arguments: [
        ("http://example.com", "http://example.com/"), ("HTTPS://Example.com:8443/a/b", "https://Example.com:8443/a/b"),
        ("http://[::1]:5000/x", "http://[::1]:5000/x"),
        ("https://user:secret@example.com/a?token=secret#secret", "https://example.com/a"),
    ])
    func `is shown without what may be secret`(_ text: String, _ shown: String) throws {
        #expect(try OutboundURL(parsing: text).description == shown)
    }

    @Test func `is extended with one slash`() throws {
        for base in ["http://u:p@a.example/w1", "http://u:p@a.example/w1/"] {
            let url = try OutboundURL(parsing: base).appending("add-checkpoint")
            #expect(url == (try OutboundURL(parsing: "http://u:p@a.example/w1/add-checkpoint")))
            #expect(url.description == "http://a.example/w1/add-checkpoint")
        }
        #expect(try OutboundURL(parsing: "http://a.example").appending("b").description == "http://a.example/b")
        #expect(throws: HTTPClientError.malformedURL) { try OutboundURL(parsing: "http://a/?q").appending("b") }
        #expect(throws: HTTPClientError.malformedURL) { try OutboundURL(parsing: "http://a/#f").appending("b") }
        #expect(throws: HTTPClientError.malformedURL) { try OutboundURL(parsing: "http://a/").appending("b?c") }
    }

    @Test func `never shows its secrets in an error`() async throws {
        do throws(HTTPClientError) {
            _ = try await makeClient().get("http://user:secret@127.0.0.1:1/?token=secret")
        } catch {
            #expect(!"\(error)".contains("secret"))
        }
    }
}
