import HTTPTypes
import Testing

@testable import HTTPWire

@Suite struct `Parsing a field line` {
    @Test(arguments: ["Content-Length 5", "X", "X\u{0}"])
    func `refuses a line without a colon`(_ line: String) {
        #expect(rejection(get(line))?.status == 400)
    }

    @Test(arguments: ["Content-Length : 5", "X\t: 1", "X : 1", "Transfer-Encoding : chunked"])
    func `refuses whitespace before the colon`(_ line: String) {
        #expect(rejection(get(line)) == .whitespaceBeforeColon)
    }

    @Test(arguments: [" folded", "\tfolded", " X: 1", " "])
    func `refuses a folded line, also as the first one`(_ line: String) {
        #expect(rejection(get("X: 1", line)) == .foldedLine)
        #expect(rejection("GET / HTTP/1.1\r\n\(line)\r\nHost: a\r\n\r\n") == .foldedLine)
    }

    @Test func `refuses an empty name`() {
        #expect(rejection(get(": value")) == .emptyFieldName)
        #expect(rejection(get(":")) == .emptyFieldName)
    }

    @Test(arguments: ["X(a): 1", "X\u{7F}: 1", "X\u{0}: 1", "Ünicode: 1", "X\u{1}: 1", "a/b: 1", "\"x\": 1", "a=b: 1"])
    func `refuses a name that is not a token`(_ line: String) {
        #expect(rejection(get(line)) == .invalidFieldName)
    }

    @Test func `refuses every control character in a value but the tab`() throws {
        for byte in UInt8(0)...255 where byte < 0x20 || byte == 0x7F {
            let request = Array("GET / HTTP/1.1\r\nHost: a\r\nX: a".utf8) + [byte] + Array("b\r\n\r\n".utf8)
            let reading = Reading.everyWay(request)
            switch byte {
            case .tab: #expect(reading.heads.first?.fields.last?.value == "a\tb")
            case .lineFeed: #expect(reading.rejection == .bareLineFeed)
            case .carriageReturn: #expect(reading.rejection == .bareCarriageReturn)
            default: #expect(reading.rejection == .controlInValue, "byte \(byte)")
            }
        }
    }

    @Test(arguments: ["käse", "日本語", "a\u{80}b", "😀", ":::", "a: b", "\"q\\\"\""])
    func `keeps a value that is UTF-8 as it is`(_ value: String) throws {
        let field = try #require(try head(get("X: \(value)")).fields.last)
        #expect(Array(field.value.utf8) == Array(value.utf8))
    }

    @Test(
        arguments: [[0xFF], [0xC3], [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80], [0x80]] as [[UInt8]])
    func `refuses a value that is not UTF-8`(_ value: [UInt8]) {
        let request = Array("GET / HTTP/1.1\r\nHost: a\r\nX: a".utf8) + value + Array("b\r\n\r\n".utf8)
        #expect(Reading.everyWay(request).rejection == .valueNotUTF8)
    }

    @Test func `keeps the order and the repetitions of fields`() throws {
        let accept = ["application/a", "application/b", "*/*"]
        let head = try head(get(accept.map { "Accept: \($0)" }.joined(separator: "\r\n")))
        #expect(head.fields[values: .accept] == accept)
    }
}

@Suite struct `Checking the host` {
    @Test(arguments: [
        "a", "r.example", "r.example:5000", "a_b-c.d", "127.0.0.1", "[::1]", "[::1]:5000", "A:", "a:65535",
    ])
    func `accepts a name or an address with an optional port`(_ host: String) throws {
        #expect(try head("GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n").host == host)
    }

    @Test(arguments: [
        "", "a b", "a/b", "user@a", "a:b", "a:123456", ":80", "[::1", "::1", "[]", "[g]", "a,b", "a:80:80", "[::1]x",
        "ä",
        "a?b", "a#b", "a\\b", "http://a", "<a>", "\"a\"", "a%2fb", "a\tb",
    ])
    func `refuses anything else`(_ host: String) {
        #expect(rejection("GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n") == .invalidHost)
    }

    @Test func `refuses a name longer than the DNS allows`() {
        #expect(rejection("GET / HTTP/1.1\r\nHost: \(String(repeating: "a", count: 300))\r\n\r\n") == .invalidHost)
    }

    @Test func `demands exactly one in HTTP 1_1`() {
        #expect(rejection("GET / HTTP/1.1\r\n\r\n") == .missingHost)
        #expect(rejection("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n") == .repeatedHost)
        #expect(rejection("GET / HTTP/1.1\r\nHost: a\r\nhOST: b\r\n\r\n") == .repeatedHost)
        #expect(rejection("GET http://a/ HTTP/1.1\r\n\r\n") == .missingHost)
    }

    @Test func `does without one in HTTP 1_0`() throws {
        #expect(try head("GET / HTTP/1.0\r\n\r\n").host == nil)
        #expect(rejection("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n") == .repeatedHost)
    }

    @Test func `is overruled by that of an absolute target`() throws {
        let head = try head("GET http://b.example:80/v2/ HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(head.host == "b.example:80")
        #expect(head.target.path == "/v2/")
    }
}

@Suite struct `Framing the body of a request` {
    @Test(
        arguments: [
            ("0", 0), ("5", 5), ("007", 7), ("9223372036854775807", Int64.max), (" 5\t", 5),
            (String(repeating: "0", count: 500) + "5", 5),
        ] as [(String, Int64)])
    func `reads a length of digits`(_ value: String, _ length: Int64) throws {
        #expect(try head(get("Content-Length:\(value)")).framing == .length(length))
    }

    @Test(arguments: [
        "", "+5", "-5", "5,5", "5, 5", "0x5", "5 5", "5.0", "٥", "9223372036854775808", "99999999999999999999", "5;a",
        "\"5\"",
        "1e3", ",5", "5,",
    ])
    func `refuses any other length`(_ value: String) {
        #expect(rejection(get("Content-Length: \(value)")) == .invalidContentLength)
    }

    @Test(arguments: ["5", "6"])
    func `refuses a second length even when it is equal`(_ second: String) {
        #expect(rejection(get("Content-Length: 5", "content-length: \(second)")) == .repeatedContentLength)
    }

    @Test(arguments: ["chunked", "Chunked", "CHUNKED", " \tchunked \t"])
    func `knows the chunked coding in any case`(_ coding: String) throws {
        #expect(try head(get("Transfer-Encoding:\(coding)")).framing == .chunked)
    }

    @Test(arguments: [
        "", "identity", "gzip", "gzip, chunked", "chunked, chunked", "chunked,", ",chunked", "chunked;q=1",
        "\"chunked\"", "xchunked",
        "chunked gzip", "ch\u{A0}unked",
    ])
    func `says 501 to any other coding`(_ coding: String) {
        #expect(rejection(get("Transfer-Encoding: \(coding)")) == .unknownTransferCoding)
    }

    @Test func `says 501 to a second coding`() {
        #expect(
            rejection(get("Transfer-Encoding: chunked", "Transfer-Encoding: chunked")) == .unknownTransferCoding)
    }

    @Test(arguments: [
        get("Content-Length: 5", "Transfer-Encoding: chunked"), get("Transfer-Encoding: chunked", "Content-Length: 0"),
    ])
    func `refuses a length together with a coding`(_ request: String) {
        #expect(rejection(request) == .ambiguousFraming)
    }

    @Test func `refuses a coding in HTTP 1_0`() {
        #expect(rejection(get("Transfer-Encoding: chunked", version: "1.0")) == .chunkedInHTTP10)
    }
}
