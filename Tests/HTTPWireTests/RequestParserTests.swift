import HTTPTypes
import Testing

@testable import HTTPWire

@Suite struct `Parsing a request head` {
    @Test func `reads method, target, version and fields`() throws {
        let head = try head(
            "PUT /v2/a/manifests/v1?tag=x HTTP/1.1\r\nHost: r.example:5000\r\nX-A:  b c\t\r\nx-a:\r\n\r\n")
        #expect(head.method == .put)
        #expect(head.target.segments == ["v2", "a", "manifests", "v1"])
        #expect(head.target.query == "tag=x")
        #expect(head.version == .http11)
        #expect(head.host == "r.example:5000")
        let name = try #require(HTTPField.Name("X-A"))
        #expect(head.fields[values: name] == ["b c", ""])
        #expect(head.framing == BodyFraming.none)
        #expect(head.persists)
        #expect(!head.expectsContinue)
    }

    @Test(arguments: ["\r\n", "\r\n\r\n"])
    func `tolerates two empty lines before the request line`(_ lines: String) throws {
        #expect(try head(lines + get()).target.path == "/v2/")
    }

    @Test func `refuses a third empty line before the request line`() {
        #expect(rejection("\r\n\r\n\r\n" + get()) == .tooManyEmptyLines)
    }

    @Test func `is idle until the first byte of a head and after the last`() {
        #expect(Reading.everyWay("").isIdle)
        #expect(Reading.everyWay("\r\n").isIdle)
        #expect(!Reading.everyWay("G").isIdle)
        #expect(!Reading.everyWay("GET / HTTP/1.1\r\n").isIdle)
        #expect(Reading.everyWay(get()).isIdle)
    }

    @Test(arguments: [
        "GET / HTTP/1.1\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n\n",
        "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nX: 1\nY: 2\r\n\r\n",
    ])
    func `refuses LF without CR anywhere in the head`(_ text: String) {
        #expect(rejection(text) == .bareLineFeed)
    }

    @Test(arguments: [
        "GET /\r HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: 1\rY: 2\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nX\r: 1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n\rX: a\r\n\r\n",
    ])
    func `refuses CR without LF anywhere in the head`(_ text: String) {
        #expect(rejection(text) == .bareCarriageReturn)
    }

    @Test(arguments: ["GET", "get", "PROPFIND", "M-SEARCH", "!#$%&'*+-.^_`|~09", String(repeating: "A", count: 32)])
    func `delivers any token as the method`(_ method: String) throws {
        #expect(try head("\(method) / HTTP/1.1\r\nHost: a\r\n\r\n").method.rawValue == method)
    }

    @Test(arguments: ["G(T", "G\u{0}T", "GÉT", "G:T", "\"GET\"", "", " GET", "\tGET", "G\tT"])
    func `refuses a method that is not a token`(_ method: String) {
        #expect(rejection("\(method) / HTTP/1.1\r\nHost: a\r\n\r\n")?.status == 400)
    }

    @Test func `says 501 to a method of more than 32 bytes and to CONNECT`() {
        #expect(rejection(String(repeating: "A", count: 33) + " / HTTP/1.1\r\n\r\n") == .methodTooLong)
        #expect(rejection("CONNECT a.example:443 HTTP/1.1\r\nHost: a\r\n\r\n") == .methodNotImplemented)
    }

    @Test(arguments: [
        "GET  / HTTP/1.1", "GET /  HTTP/1.1", "GET / HTTP/1.1 ", "GET\t/\tHTTP/1.1", "GET / x HTTP/1.1", "GET /", "GET",
        "GET / ", "GET HTTP/1.1", " ", "GET / HTTP/1.1 x", "GET / HTTP/1.1\t",
    ])
    func `refuses a request line without exactly one space between its parts`(_ line: String) {
        #expect(rejection(line + "\r\nHost: a\r\n\r\n")?.status == 400)
    }

    @Test(arguments: ["HTTP/2.0", "HTTP/1.2", "HTTP/0.9", "HTTP/9.9", "HTTP/3.1"])
    func `says 505 to a version other than 1_0 and 1_1`(_ version: String) {
        #expect(rejection("GET / \(version)\r\nHost: a\r\n\r\n") == .versionNotSupported)
    }

    @Test func `says 505 to the preface of HTTP 2`() {
        #expect(rejection("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") == .versionNotSupported)
    }

    @Test(arguments: [
        "http/1.1", "HTTP/1", "HTTP/11", "HTTP/1.10", "HTTP/a.b", "HTTPS/1.1", "HTTP 1.1", "XTTP/1.1", "HTTP/1,1",
    ])
    func `refuses what is not a version`(_ version: String) {
        #expect(rejection("GET / \(version)\r\nHost: a\r\n\r\n")?.status == 400)
    }

    @Test func `reads pipelined requests one by one`() {
        let reading = Reading.everyWay(get() + get("X: 1") + "\r\n" + get("X: 2"))
        #expect(reading.heads.count == 3)
        #expect(reading.rejection == nil)
    }

    @Test func `leaves the body to the caller`() throws {
        let reading = Reading.everyWay("POST /v2/ HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello")
        #expect(reading.heads.first?.framing == .length(5))
        #expect(reading.body == Array("hello".utf8))
    }

    @Test func `gives the same rejection ever after`() {
        var parser = RequestParser(limits: HeadLimits())
        let bad = Array("BAD\r\n".utf8)
        let good = Array(get().utf8)
        #expect(parser.receive(bad.span).action == .reject(.malformedRequestLine))
        #expect(parser.receive(good.span).action == .reject(.malformedRequestLine))
        #expect(!parser.isIdle)
    }

    @Test(arguments: [
        get("A: 1", "B: 2"), "\r\n" + get("Connection: close", version: "1.0"),
        "POST /a?b=c HTTP/1.1\r\nHost: [::1]:5000\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n",
    ])
    func `never delivers a head that was cut off`(_ text: String) {
        let bytes = Array(text.utf8)
        for count in 0..<bytes.count {
            let reading = Reading(of: [Array(bytes[..<count])])
            #expect(reading.heads.isEmpty && reading.rejection == nil, "after \(count) bytes")
        }
        #expect(Reading(of: [bytes]).heads.count == 1)
    }
}

@Suite struct `Limiting a request head` {
    @Test func `says 414 to a request line that is too long`() {
        var limits = HeadLimits()
        limits.requestLine = 64
        let fitting = "GET /" + String(repeating: "a", count: 64 - 5 - 11) + " HTTP/1.1\r\n"
        #expect(fitting.utf8.count == 64)
        #expect(rejection(fitting + "Host: a\r\n\r\n", limits: limits) == nil)
        #expect(rejection("GET /a" + fitting.dropFirst(5) + "Host: a\r\n\r\n", limits: limits) == .requestLineTooLong)
    }

    @Test func `says 431 to a head that is too large`() {
        var limits = HeadLimits()
        let request = get("X: 1")
        limits.head = request.utf8.count
        #expect(rejection(request, limits: limits) == nil)
        limits.head -= 1
        #expect(rejection(request, limits: limits) == .headTooLarge)
    }

    @Test func `counts anew for each request of a connection`() {
        var limits = HeadLimits()
        limits.head = get().utf8.count
        limits.fields = 1
        #expect(Reading.everyWay(get() + get() + "\r\n" + get(), limits: limits).heads.count == 3)
    }

    @Test func `says 431 to more fields than allowed`() {
        let allowed = (1..<100).map { "X: \($0)\r\n" }.joined()
        #expect(rejection("GET / HTTP/1.1\r\nHost: a\r\n\(allowed)\r\n") == nil)
        #expect(rejection("GET / HTTP/1.1\r\nHost: a\r\n\(allowed)X: 100\r\n\r\n") == .tooManyFields)
    }

    @Test func `answers ten thousand fields`() {
        let request = "GET / HTTP/1.1\r\nHost: a\r\n" + String(repeating: "X:\r\n", count: 10_000) + "\r\n"
        #expect(rejection(request) == .tooManyFields)
        var limits = HeadLimits()
        limits.fields = .max
        #expect(rejection(request, limits: limits) == .headTooLarge)
    }

    @Test func `never reaches the field count at which HTTPFields stops the process`() {
        var limits = HeadLimits()
        limits.head = .max
        limits.fields = .max
        let request = "GET / HTTP/1.1\r\nHost: a\r\n" + String(repeating: "X:\r\n", count: 70_000) + "\r\n"
        #expect(Reading(of: [Array(request.utf8)], limits: limits).rejection == .tooManyFields)
    }

    @Test func `does not trap on limits that make no sense`() {
        var limits = HeadLimits()
        limits.head = -1
        limits.fields = -1
        limits.requestLine = .min
        #expect(rejection(get(), limits: limits) == .requestLineTooLong)
    }

    @Test(arguments: ["", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nX: "])
    func `answers a mebibyte without a line end`(_ beginning: String) {
        let status = rejection(beginning + String(repeating: "a", count: 1 << 20))?.status
        #expect(status == (beginning.isEmpty ? 414 : 431))
    }

    @Test func `answers a mebibyte of zeros`() {
        let reading = Reading.everyWay([UInt8](repeating: 0, count: 1 << 20))
        #expect(reading.rejection == .requestLineTooLong)
    }
}

@Suite struct `Deciding about the connection` {
    @Test(arguments: [
        (get(), true), (get("Connection: close"), false), (get("connection: Close"), false),
        (get("Connection: keep-alive, CLOSE"), false), (get("Connection: x", "Connection: close"), false),
        (get("Connection: upgrade,,"), true), (get("Connection: closed"), true), (get("Connection: \"close\""), true),
        (get(version: "1.0"), false), (get("Connection: Keep-Alive", version: "1.0"), true),
        (get("Connection: keep-alive, close", version: "1.0"), false),
    ])
    func `keeps it as RFC 9112 §9_3 says`(_ request: String, _ persists: Bool) throws {
        #expect(try head(request).persists == persists)
    }

    @Test(arguments: ["Content-Length: 3", "Transfer-Encoding: chunked"])
    func `offers to continue when there is a body to wait for`(_ framing: String) throws {
        #expect(try head(get("Expect: 100-Continue", framing)).expectsContinue)
        #expect(try !head(get(framing)).expectsContinue)
    }

    @Test func `offers nothing without a body or to HTTP 1_0`() throws {
        #expect(try !head(get("Expect: 100-continue")).expectsContinue)
        #expect(try !head(get("Expect: 100-continue", "Content-Length: 0")).expectsContinue)
        #expect(try !head(get("Expect: 100-continue", "Content-Length: 3", version: "1.0")).expectsContinue)
    }

    @Test(arguments: ["200-ok", "", "100-continue, 100-continue", "100-continue;a"])
    func `says 417 to any other expectation`(_ expectation: String) {
        #expect(rejection(get("Expect: \(expectation)")) == .unknownExpectation)
    }
}
