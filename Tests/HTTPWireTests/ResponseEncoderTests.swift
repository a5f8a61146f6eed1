import HTTPTypes
import Testing

@testable import HTTPWire

private let date = "Sun, 06 Nov 1994 08:49:37 GMT"

private func encoded(
    _ status: HTTPResponse.Status, _ fields: HTTPFields = [:], body: BodyFraming? = nil, persists: Bool = true,
    version: HTTPVersion = .http11
) -> String {
    var bytes: [UInt8] = []
    let response = HTTPResponse(status: status, headerFields: fields)
    ResponseEncoder.encode(response, body: body, persists: persists, date: date, version: version, into: &bytes)
    return String(decoding: bytes, as: UTF8.self)
}

@Suite struct `Encoding a response head` {
    @Test func `writes status line, date, fields and framing`() throws {
        let name = try #require(HTTPField.Name("Docker-Content-Digest"))
        let fields: HTTPFields = [.contentType: "application/json", name: "sha256:ab"]
        #expect(
            encoded(.created, fields, body: .length(12))
                == "HTTP/1.1 201 Created\r\nDate: \(date)\r\nContent-Type: application/json\r\n"
                + "Docker-Content-Digest: sha256:ab\r\nContent-Length: 12\r\n\r\n")
    }

    @Test func `appends behind what is there already`() {
        var bytes = Array("before".utf8)
        ResponseEncoder.encode(HTTPResponse(status: .ok), body: nil, persists: true, date: date, into: &bytes)
        #expect(bytes.starts(with: Array("beforeHTTP/1.1 200 OK\r\n".utf8)))
    }

    @Test(arguments: [
        (200, "OK"), (206, "Partial Content"), (404, "Not Found"), (416, "Range Not Satisfiable"),
        (507, "Insufficient Storage"),
        (299, ""), (999, ""), (7, ""),
    ])
    func `finds the phrase of a status that has none`(_ code: Int, _ phrase: String) {
        let padded = String(repeating: "0", count: 3 - String(code).count) + String(code)
        #expect(encoded(HTTPResponse.Status(code: code)).hasPrefix("HTTP/1.1 \(padded) \(phrase)\r\n"))
    }

    @Test func `keeps the phrase that docker looks for`() {
        let full = HTTPResponse.Status(code: 507, reasonPhrase: "no space left on device")
        #expect(encoded(full).hasPrefix("HTTP/1.1 507 no space left on device\r\n"))
    }

    @Test(
        arguments: [
            (BodyFraming.none, "Content-Length: 0\r\n"), (.length(0), "Content-Length: 0\r\n"),
            (.length(.max), "Content-Length: 9223372036854775807\r\n"), (.chunked, "Transfer-Encoding: chunked\r\n"),
            (nil, ""),
        ] as [(BodyFraming?, String)])
    func `frames the body as told, never as the fields say`(_ framing: BodyFraming?, _ lines: String) {
        let fields: HTTPFields = [
            .contentLength: "99", .transferEncoding: "gzip", .connection: "upgrade", .date: "never", .server: "w",
        ]
        #expect(encoded(.ok, fields, body: framing) == "HTTP/1.1 200 OK\r\nDate: \(date)\r\nServer: w\r\n\(lines)\r\n")
    }

    @Test(arguments: [100, 103, 204])
    func `never says a length where RFC 9110 §8_6 forbids one`(_ code: Int) {
        for framing in [BodyFraming.none, .length(5), .chunked] {
            let text = encoded(HTTPResponse.Status(code: code), body: framing)
            #expect(!text.contains("Content-Length") && !text.contains("Transfer-Encoding"))
        }
    }

    @Test func `says what happens to the connection`() {
        #expect(!encoded(.ok).contains("Connection"))
        #expect(encoded(.ok, persists: false).contains("\r\nConnection: close\r\n"))
        #expect(encoded(.ok, version: .http10).contains("\r\nConnection: keep-alive\r\n"))
        #expect(!encoded(.ok, body: .chunked, version: .http10).contains("chunked"))
    }

    @Test(arguments: ["a\r\nSet-Cookie: b", "a\nb", "a\rb", "a\u{0}b", "\r\n\r\n<html>", "a\u{7F}\u{1B}[0m"])
    func `lets no value begin a new line`(_ value: String) throws {
        let name = try #require(HTTPField.Name("X"))
        var fields = HTTPFields()
        fields.append(HTTPField(name: name, value: value))
        fields.append(HTTPField(name: name, lenientValue: Array(value.utf8)))
        let status = HTTPResponse.Status(code: 200, reasonPhrase: value)
        var bytes: [UInt8] = []
        ResponseEncoder.encode(
            HTTPResponse(status: status, headerFields: fields), body: .length(1), persists: false, date: value,
            into: &bytes)
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\r\n", omittingEmptySubsequences: false)
        #expect(lines.count == 8)
        #expect(lines.allSatisfy { !$0.utf8.contains { $0.isControl && $0 != .tab } })
    }

    @Test func `keeps a value that is not ASCII`() throws {
        let name = try #require(HTTPField.Name("Warning"))
        #expect(encoded(.ok, [name: "299 - \"käse\""]).contains("Warning: 299 - \"käse\"\r\n"))
    }

    @Test func `frames chunks so that the decoder gets them back`() {
        var bytes: [UInt8] = []
        ResponseEncoder.appendChunk(Array("hello".utf8), into: &bytes)
        ResponseEncoder.appendChunk([], into: &bytes)
        ResponseEncoder.appendChunkHead(count: 300, into: &bytes)
        bytes += [UInt8](repeating: 0x78, count: 300) + ResponseEncoder.chunkEnd + ResponseEncoder.lastChunk
        var decoder = ChunkedDecoder()
        var offset = 0
        #expect(decoder.next(bytes.span, from: &offset) == .body(3..<8))
        #expect(decoder.next(bytes.span, from: &offset) == .body(15..<315))
        #expect(decoder.next(bytes.span, from: &offset) == .end)
        #expect(offset == bytes.count)
    }

    @Test func `has the interim answer ready`() {
        #expect(String(decoding: ResponseEncoder.continue100, as: UTF8.self) == "HTTP/1.1 100 Continue\r\n\r\n")
    }
}

@Suite struct `Writing a Link field` {
    @Test(
        arguments: [
            ("/v2/a/tags/list", [("n", "10"), ("last", "v1")], "</v2/a/tags/list?n=10&last=v1>; rel=\"next\""),
            ("/a", [], "</a>; rel=\"next\""), ("/a%20b", [("q", "a b")], "</a%20b?q=a%20b>; rel=\"next\""),
            ("/a", [("t", "application/vnd.x+json")], "</a?t=application%2Fvnd.x%2Bjson>; rel=\"next\""),
            ("/a>\r\n", [("<", "\"ä\r\n&=#")], "</a%3E%0D%0A?%3C=%22%C3%A4%0D%0A%26%3D%23>; rel=\"next\""),
        ] as [(String, [(name: String, value: String)], String)])
    func `escapes whatever could end the reference`(
        _ path: String, _ query: [(name: String, value: String)], _ expected: String
    ) {
        #expect(LinkHeader.next(path: path, query: query) == expected)
    }

    @Test func `leads back to the same items`() throws {
        let items = [(name: "last", value: "a+b&c=d%/ü ?"), (name: "n", value: "5")]
        let link = LinkHeader.next(path: "/v2/a/tags/list", query: items)
        let reference = link.dropFirst().prefix { $0 != ">" }
        let back = try RequestTarget(parsing: String(reference)).queryItems
        #expect(back.map(\.name) == items.map(\.name))
        #expect(back.map(\.value) == items.map(\.value))
    }
}
