/// What somebody sends who hopes that two servers in a row disagree about where a request ends.
///
/// Each is followed on the same connection by a request of its own, the marker. Bodies are `hello`, sent as a blob with the digest of
/// that, so a server that read anything else answers otherwise.
struct SmugglingCase: Sendable, CustomStringConvertible {
    /// What a server that is right about it does.
    enum Verdict: Equatable, Sendable {
        /// It answers so many requests, goes on, and answers the marker.
        case requests(Int)
        /// It answers so many, and closes because the last of them does not let it go on.
        case last(Int)
        /// It answers so many requests in front, refuses the next, and closes.
        case refused(after: Int)
    }

    let name: String
    let verdict: Verdict
    let text: String

    var description: String { name }

    private init(_ name: String, _ verdict: Verdict, _ text: String) {
        self.name = name
        self.verdict = verdict
        self.text = text
    }

    private static let digest = "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
    private static let path = "/v2/a/blobs/uploads/?digest=\(digest)"
    private static let smuggled = "GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n"
    /// Chunks of `hello`.
    private static let chunks = "5\r\nhello\r\n0\r\n\r\n"

    /// A push of a blob with these fields, each with its own end of line.
    private static func post(_ fields: String, _ body: String, version: String = "HTTP/1.1") -> String {
        "POST \(path) \(version)\r\nHost: x\r\nContent-Type: application/octet-stream\r\n\(fields)\r\n\(body)"
    }

    private static func chunked(_ body: String) -> String { post("Transfer-Encoding: chunked\r\n", body) }

    private static func get(_ fields: String, line: String = "GET /v2/ HTTP/1.1", host: String = "Host: x\r\n")
        -> String
    {
        "\(line)\r\n\(host)\(fields)\r\n"
    }

    /// Every case by its group.
    static let all = lengths + codings + both + chunkSizes + trailers + lines + targets + versions + pipelines
}

extension SmugglingCase {
    private static let lengths = [
        SmugglingCase("a length", .requests(1), post("Content-Length: 5\r\n", "hello")),
        SmugglingCase("a length with space around it", .requests(1), post("Content-Length: \t 5 \r\n", "hello")),
        SmugglingCase("a length with zeros in front", .requests(1), post("Content-Length: 0005\r\n", "hello")),
        SmugglingCase(
            "two lengths, different", .refused(after: 0), post("Content-Length: 5\r\nContent-Length: 0\r\n", "hello")),
        SmugglingCase(
            "two lengths, equal", .refused(after: 0), post("Content-Length: 5\r\nContent-Length: 5\r\n", "hello")),
        SmugglingCase("a list of lengths, equal", .refused(after: 0), post("Content-Length: 5, 5\r\n", "hello")),
        SmugglingCase("a list of lengths, different", .refused(after: 0), post("Content-Length: 5, 0\r\n", "hello")),
        SmugglingCase("a length with a plus", .refused(after: 0), post("Content-Length: +5\r\n", "hello")),
        SmugglingCase("a length with a minus", .refused(after: 0), post("Content-Length: -5\r\n", "hello")),
        SmugglingCase("a length in hexadecimal", .refused(after: 0), post("Content-Length: 0x5\r\n", "hello")),
        SmugglingCase("a length with a fraction", .refused(after: 0), post("Content-Length: 5.0\r\n", "hello")),
        SmugglingCase("a length in two words", .refused(after: 0), post("Content-Length: 5 0\r\n", "hello")),
        SmugglingCase("a length of nothing", .refused(after: 0), post("Content-Length: \r\n", "hello")),
        SmugglingCase("a length with NUL", .refused(after: 0), post("Content-Length: 5\0\r\n", "hello")),
        SmugglingCase(
            "a length past 2^64", .refused(after: 0), post("Content-Length: 18446744073709551621\r\n", "hello")),
        SmugglingCase(
            "a length and an underscore", .requests(1), post("Content-Length: 5\r\nContent_Length: 0\r\n", "hello")),
        SmugglingCase("a GET with a body", .requests(1), get("Content-Length: \(smuggled.utf8.count)\r\n") + smuggled),
    ]

    private static let codings = [
        SmugglingCase("chunked", .requests(1), chunked(chunks)),
        SmugglingCase("chunked in capitals", .requests(1), post("TRANSFER-ENCODING: CHUNKED\r\n", chunks)),
        SmugglingCase("chunked after a tab", .requests(1), post("Transfer-Encoding:\tchunked\r\n", chunks)),
        SmugglingCase(
            "chunked twice in a list", .refused(after: 0), post("Transfer-Encoding: chunked, chunked\r\n", chunks)),
        SmugglingCase(
            "chunked twice", .refused(after: 0),
            post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", chunks)),
        SmugglingCase(
            "chunked and identity", .refused(after: 0), post("Transfer-Encoding: chunked, identity\r\n", chunks)),
        SmugglingCase(
            "identity", .refused(after: 0), post("Transfer-Encoding: identity\r\nContent-Length: 5\r\n", "hello")),
        SmugglingCase(
            "chunked, then another field with identity", .refused(after: 0),
            post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", chunks)),
        SmugglingCase("gzip and chunked", .refused(after: 0), post("Transfer-Encoding: gzip, chunked\r\n", chunks)),
        SmugglingCase("xchunked", .refused(after: 0), post("Transfer-Encoding: xchunked\r\n", chunks)),
        SmugglingCase("chunked in quotes", .refused(after: 0), post("Transfer-Encoding: \"chunked\"\r\n", chunks)),
        SmugglingCase(
            "chunked with a parameter", .refused(after: 0), post("Transfer-Encoding: chunked;q=1\r\n", chunks)),
        SmugglingCase(
            "chunked after a vertical tab", .refused(after: 0), post("Transfer-Encoding: \u{B}chunked\r\n", chunks)),
        SmugglingCase("chunked with NUL", .refused(after: 0), post("Transfer-Encoding: chunked\0\r\n", chunks)),
        SmugglingCase("chunked after a comma", .refused(after: 0), post("Transfer-Encoding: ,chunked\r\n", chunks)),
        SmugglingCase(
            "chunked on a folded line", .refused(after: 0), post("Transfer-Encoding:\r\n chunked\r\n", chunks)),
        SmugglingCase(
            "chunked behind a space before the colon", .refused(after: 0),
            post("Transfer-Encoding : chunked\r\n", chunks)),
        SmugglingCase("no coding at all", .refused(after: 0), post("Transfer-Encoding: \r\n", chunks)),
    ]

    /// With the body that whoever obeys the length reads, and the one that whoever obeys the coding reads.
    private static let both = [
        SmugglingCase(
            "a length and chunked", .refused(after: 0),
            post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n\(smuggled)")),
        SmugglingCase(
            "chunked and a length", .refused(after: 0),
            post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n\(smuggled)")),
        SmugglingCase(
            "a length and chunked behind a space before the colon", .refused(after: 0),
            post("Content-Length: 5\r\nTransfer-Encoding : chunked\r\n", "0\r\n\r\n\(smuggled)")),
        SmugglingCase(
            "a length and chunked behind a vertical tab", .refused(after: 0),
            post("Content-Length: 5\r\nTransfer-Encoding\u{B}: chunked\r\n", "0\r\n\r\n\(smuggled)")),
        SmugglingCase(
            "a length and a coding nobody knows", .refused(after: 0),
            post("Content-Length: 5\r\nTransfer-Encoding: cow\r\n", "hello")),
        SmugglingCase(
            "a length and an underscore for chunked", .requests(1),
            post("Content-Length: 5\r\nTransfer_Encoding: chunked\r\n", "hello")),
        SmugglingCase(
            "a length and chunked behind a bare CR", .refused(after: 0),
            post("Content-Length: 5\r\nX: y\rTransfer-Encoding: chunked\r\n", "hello")),
        SmugglingCase(
            "a length and chunked behind a bare LF", .refused(after: 0),
            post("Content-Length: 5\r\nX: y\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n\(smuggled)")),
    ]

    private static let chunkSizes = [
        SmugglingCase("a chunk with an extension", .requests(1), chunked("5;a=b;c\r\nhello\r\n0;d\r\n\r\n")),
        SmugglingCase(
            "a chunk with an extension in quotes", .requests(1), chunked("5;a=\"b;c\"\r\nhello\r\n0\r\n\r\n")),
        SmugglingCase("a chunk with zeros in front", .requests(1), chunked("0005\r\nhello\r\n000\r\n\r\n")),
        SmugglingCase("a chunk with space before its extension", .requests(1), chunked("5 ;a\r\nhello\r\n0\r\n\r\n")),
        SmugglingCase("a chunk size with space behind it", .refused(after: 0), chunked("5 \r\nhello\r\n0\r\n\r\n")),
        SmugglingCase("a chunk size with space before it", .refused(after: 0), chunked(" 5\r\nhello\r\n0\r\n\r\n")),
        SmugglingCase("a chunk size with a plus", .refused(after: 0), chunked("+5\r\nhello\r\n0\r\n\r\n")),
        SmugglingCase("a chunk size with a minus", .refused(after: 0), chunked("-5\r\nhello\r\n0\r\n\r\n")),
        SmugglingCase("a chunk size with 0x", .refused(after: 0), chunked("0x5\r\nhello\r\n0\r\n\r\n")),
        SmugglingCase("a chunk size that is not hexadecimal", .refused(after: 0), chunked("5g\r\nhello\r\n0\r\n\r\n")),
        SmugglingCase("a chunk size with an underscore", .refused(after: 0), chunked("0_5\r\nhello\r\n0\r\n\r\n")),
        SmugglingCase("a chunk size past 2^64", .refused(after: 0), chunked("10000000000000005\r\nhello\r\n0\r\n\r\n")),
        SmugglingCase("a chunk size past 2^63", .refused(after: 0), chunked("8000000000000005\r\nhello\r\n0\r\n\r\n")),
        SmugglingCase("a chunk without a size", .refused(after: 0), chunked("\r\nhello\r\n0\r\n\r\n")),
        SmugglingCase("a chunk size that ends with LF", .refused(after: 0), chunked("5\nhello\r\n0\r\n\r\n")),
        SmugglingCase("a chunk size that ends with CR", .refused(after: 0), chunked("5\rhello\r\n0\r\n\r\n")),
        SmugglingCase("an extension that ends with LF", .refused(after: 0), chunked("5;a\nhello\r\n0\r\n\r\n")),
        SmugglingCase("an extension with a bare CR", .refused(after: 0), chunked("5;a\rb\r\nhello\r\n0\r\n\r\n")),
        SmugglingCase("an extension with NUL", .refused(after: 0), chunked("5;a\0\r\nhello\r\n0\r\n\r\n")),
        SmugglingCase("chunk data that ends with LF", .refused(after: 0), chunked("5\r\nhello\n0\r\n\r\n")),
        SmugglingCase("chunk data without an end", .refused(after: 0), chunked("5\r\nhello0\r\n\r\n")),
        SmugglingCase(
            "chunk data that is longer than its size", .refused(after: 0), chunked("5\r\nhello!\r\n0\r\n\r\n")),
        SmugglingCase("a last chunk that ends with LF", .refused(after: 0), chunked("5\r\nhello\r\n0\n\n")),
        SmugglingCase("a last line that ends with LF", .refused(after: 0), chunked("5\r\nhello\r\n0\r\n\n")),
    ]

    private static let trailers = [
        SmugglingCase("trailers", .requests(1), chunked("5\r\nhello\r\n0\r\nA: b\r\n\r\n")),
        SmugglingCase("trailers with a length", .requests(1), chunked("5\r\nhello\r\n0\r\nContent-Length: 50\r\n\r\n")),
        SmugglingCase(
            "trailers with a coding", .requests(1), chunked("5\r\nhello\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n")),
        SmugglingCase("trailers that are a request", .refused(after: 0), chunked("5\r\nhello\r\n0\r\n\(smuggled)")),
        SmugglingCase("trailers that end with LF", .refused(after: 0), chunked("5\r\nhello\r\n0\r\nA: b\n\r\n")),
        SmugglingCase(
            "trailers with a space before the colon", .refused(after: 0), chunked("5\r\nhello\r\n0\r\nA : b\r\n\r\n")),
        SmugglingCase(
            "trailers on a folded line", .refused(after: 0), chunked("5\r\nhello\r\n0\r\nA: b\r\n c\r\n\r\n")),
        SmugglingCase("trailers without a colon", .refused(after: 0), chunked("5\r\nhello\r\n0\r\nA\r\n\r\n")),
    ]

    private static let lines = [
        SmugglingCase("lines that end with LF", .refused(after: 0), "GET /v2/ HTTP/1.1\nHost: x\n\n"),
        SmugglingCase("lines that end with CR", .refused(after: 0), "GET /v2/ HTTP/1.1\rHost: x\r\r\n\r\n"),
        SmugglingCase("a head that ends with LF", .refused(after: 0), "GET /v2/ HTTP/1.1\r\nHost: x\r\n\n"),
        SmugglingCase(
            "a head that ends with CR CR LF", .refused(after: 0), "GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\r\n\r\n"),
        SmugglingCase("a folded line", .refused(after: 0), get("X: a\r\n b\r\n")),
        SmugglingCase("a folded first line", .refused(after: 0), "GET /v2/ HTTP/1.1\r\n X: a\r\nHost: x\r\n\r\n"),
        SmugglingCase("a space before the colon", .refused(after: 0), get("X : a\r\n")),
        SmugglingCase("a field without a name", .refused(after: 0), get(": a\r\n")),
        SmugglingCase("a field without a colon", .refused(after: 0), get("X\r\n")),
        SmugglingCase("NUL in a name", .refused(after: 0), get("X\0Y: a\r\n")),
        SmugglingCase("NUL in a value", .refused(after: 0), get("X: a\0b\r\n")),
        SmugglingCase("a bare CR in a value", .refused(after: 0), get("X: a\rb\r\n")),
        SmugglingCase("an empty line in front", .requests(1), "\r\n" + get("")),
        SmugglingCase(
            "a hop by hop length", .requests(1), post("Connection: content-length\r\nContent-Length: 5\r\n", "hello")),
    ]

    private static let targets = [
        SmugglingCase("a whole address, and another host", .requests(1), get("", line: "GET http://y/v2/ HTTP/1.1")),
        SmugglingCase("a whole address with a user", .refused(after: 0), get("", line: "GET http://x@y/v2/ HTTP/1.1")),
        SmugglingCase("no host", .refused(after: 0), get("", host: "")),
        SmugglingCase("two hosts", .refused(after: 0), get("Host: y\r\n")),
        SmugglingCase("two hosts, equal", .refused(after: 0), get("Host: x\r\n")),
        SmugglingCase("a host with a path", .refused(after: 0), get("", host: "Host: x/v2\r\n")),
        SmugglingCase("a list of hosts", .refused(after: 0), get("", host: "Host: x, y\r\n")),
        SmugglingCase("a space in the target", .refused(after: 0), get("", line: "GET /v2/ a HTTP/1.1")),
        SmugglingCase("a tab for a space", .refused(after: 0), get("", line: "GET\t/v2/\tHTTP/1.1")),
        SmugglingCase("two spaces", .refused(after: 0), get("", line: "GET  /v2/ HTTP/1.1")),
        SmugglingCase("NUL in the target", .refused(after: 0), get("", line: "GET /v2/\0 HTTP/1.1")),
        SmugglingCase("a fragment", .refused(after: 0), get("", line: "GET /v2/#a HTTP/1.1")),
        SmugglingCase("an escaped line end", .refused(after: 0), get("", line: "GET /v2/%0d%0aHost:y HTTP/1.1")),
        SmugglingCase("a way up", .refused(after: 0), get("", line: "GET /v2/../v2/ HTTP/1.1")),
    ]

    private static let versions = [
        SmugglingCase("HTTP/1.0", .last(1), "GET /v2/ HTTP/1.0\r\n\r\n"),
        SmugglingCase("HTTP/1.0 that goes on", .requests(1), "GET /v2/ HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
        SmugglingCase(
            "HTTP/1.0 with chunked", .refused(after: 0),
            post("Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n", chunks, version: "HTTP/1.0")),
        SmugglingCase(
            "HTTP/1.0 with a length and chunked", .refused(after: 0),
            post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n\(smuggled)", version: "HTTP/1.0")),
        SmugglingCase("HTTP/0.9", .refused(after: 0), "GET /v2/\r\n"),
        SmugglingCase("HTTP/1.2", .refused(after: 0), get("", line: "GET /v2/ HTTP/1.2")),
        SmugglingCase("HTTP/2 in its own words", .refused(after: 0), "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        SmugglingCase(
            "an upgrade to HTTP/2", .requests(1),
            get("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n")),
        SmugglingCase("http in small letters", .refused(after: 0), get("", line: "GET /v2/ http/1.1")),
        SmugglingCase("a version with zeros", .refused(after: 0), get("", line: "GET /v2/ HTTP/01.1")),
        SmugglingCase("a version with a space behind it", .refused(after: 0), get("", line: "GET /v2/ HTTP/1.1 ")),
    ]

    private static let pipelines = [
        SmugglingCase("two requests at once", .requests(2), get("") + smuggled),
        SmugglingCase("a request behind an empty body", .requests(2), post("Content-Length: 0\r\n", smuggled)),
        SmugglingCase("a request behind a body", .requests(2), post("Content-Length: 5\r\n", "hello" + smuggled)),
        SmugglingCase("a request behind chunks", .requests(2), chunked(chunks + smuggled)),
        SmugglingCase(
            "a request in a body", .requests(1), post("Content-Length: \(smuggled.utf8.count)\r\n", smuggled)),
        SmugglingCase(
            "a request in a chunk", .requests(1),
            chunked("\(String(smuggled.utf8.count, radix: 16))\r\n\(smuggled)\r\n0\r\n\r\n")),
        SmugglingCase(
            "a request, then an attack", .refused(after: 1),
            get("") + post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n\(smuggled)")),
        SmugglingCase("a request behind a last one", .last(1), get("Connection: close\r\n") + smuggled),
    ]
}
