import HTTPTypes
import HTTPWire
import LinuxIO
import Testing

@testable import HTTPServing

@Suite struct `Planning an answer` {
    static let etag = EntityTag("sha256:abc")

    func plan(
        _ response: Response, to method: HTTPRequest.Method = .get, _ fields: HTTPFields = [:],
        version: HTTPVersion = .http11
    ) throws -> ResponsePlan {
        let head = RequestHead(
            method: method, target: try RequestTarget(parsing: "/content"), fields: fields, version: version)
        return ResponsePlan(response, to: head, limits: ServingLimits(), problem: problem)
    }

    /// A file of which only the size matters: nothing here may open it.
    func file(_ size: Int64, etag: EntityTag? = Self.etag) -> Response {
        let stored = StoredFile(size: size) { () throws(SystemError) in throw SystemError(code: 2, call: "open") }
        return Response(.ok, [.contentType: "application/octet-stream"], etag: etag, body: .file(stored))
    }

    // MARK: - Whole answers

    @Test func `states the length of bytes and sends them`() throws {
        let plan = try plan(.text("hello"))
        #expect(plan.framing == .length(5))
        #expect(plan.parts == [.bytes(Array("hello".utf8))])
        #expect(plan.head.status == .ok)
    }

    @Test func `states length 0 when there is no body`() throws {
        let plan = try plan(Response(.accepted))
        #expect(plan.framing == .length(0))
        #expect(plan.parts == [])
    }

    @Test func `sends a whole file and offers ranges`() throws {
        let plan = try plan(file(100))
        #expect(plan.framing == .length(100))
        #expect(plan.parts == [.slice(0..<100)])
        #expect(plan.head.headerFields[.acceptRanges] == "bytes")
        #expect(plan.head.headerFields[.eTag] == "\"sha256:abc\"")
    }

    @Test func `states the length for HEAD and sends nothing`() throws {
        for response in [.text("hello"), file(5), Response(.ok, body: .absent(count: 5))] {
            let plan = try plan(response, to: .head)
            #expect(plan.framing == .length(5))
            #expect(plan.parts == [])
        }
        #expect(try plan(file(5), to: .head).head.headerFields[.acceptRanges] == "bytes")
    }

    @Test(arguments: [204, 304])
    func `states no length and sends nothing where the status forbids it`(_ code: Int) throws {
        let plan = try plan(Response(HTTPResponse.Status(code: code), body: .bytes([1, 2, 3])))
        #expect(plan.framing == nil)
        #expect(plan.parts == [])
    }

    @Test func `neither offers nor selects ranges of anything but a file that is there`() throws {
        let range: HTTPFields = [.range: "bytes=0-1"]
        #expect(try plan(.text("hello"), to: .get, range).parts == [.bytes(Array("hello".utf8))])
        #expect(try plan(.text("hello"), to: .get, range).head.headerFields[.acceptRanges] == nil)
        var missing = file(100)
        missing.status = .notFound
        #expect(try plan(missing, to: .get, range).parts == [.slice(0..<100)])
        #expect(try plan(file(100), to: .post, range).parts == [.slice(0..<100)])
    }

    // MARK: - Streams

    /// A stream of which nothing here may ask for a piece.
    func stream(_ length: Int64?) -> Response {
        let body = BodyStream(length: length) { throw StreamError.longer(than: 0) }
        return Response(.ok, [.contentType: "application/x-tar"], etag: Self.etag, body: .stream(body))
    }

    @Test(arguments: [HTTPVersion.http10, .http11])
    func `states the length of a stream that has one`(_ version: HTTPVersion) throws {
        let plan = try plan(stream(1000), version: version)
        #expect(plan.framing == .length(1000))
        #expect(plan.stream == .length(1000))
        #expect(plan.parts == [])
    }

    @Test func `sends a stream without a length in chunks`() throws {
        let plan = try plan(stream(nil))
        #expect(plan.framing == .chunked)
        #expect(plan.stream == .chunks)
    }

    @Test func `ends the connection behind a stream without a length when the client knows no chunks`() throws {
        let plan = try plan(stream(nil), version: .http10)
        #expect(plan.framing == nil)
        #expect(plan.stream == .connectionEnd)
    }

    @Test(arguments: [nil, 1000] as [Int64?])
    func `asks no stream for HEAD, and says its length if it has one`(_ length: Int64?) throws {
        let plan = try plan(stream(length), to: .head)
        #expect(plan.framing == length.map { .length($0) })
        #expect(plan.stream == nil)
        #expect(plan.head.status == .ok)
    }

    @Test(arguments: [HTTPRequest.Method.get, .head])
    func `asks no stream when the client has the content`(_ method: HTTPRequest.Method) throws {
        let plan = try plan(stream(1000), to: method, [.ifNoneMatch: Self.etag.text])
        #expect(plan.head.status == .notModified)
        #expect(plan.framing == nil)
        #expect(plan.stream == nil)
    }

    @Test(arguments: [204, 304])
    func `asks no stream where the status forbids content`(_ code: Int) throws {
        var response = stream(1000)
        response.status = HTTPResponse.Status(code: code)
        let plan = try plan(response)
        #expect(plan.framing == nil)
        #expect(plan.stream == nil)
    }

    @Test func `neither offers nor selects ranges of a stream`() throws {
        let plan = try plan(stream(1000), to: .get, [.range: "bytes=0-1"])
        #expect(plan.head.status == .ok)
        #expect(plan.head.headerFields[.acceptRanges] == nil)
        #expect(plan.stream == .length(1000))
    }

    // MARK: - Content that the client has

    @Test(arguments: [
        "\"sha256:abc\"", "W/\"sha256:abc\"", "*", "\"x\", \"sha256:abc\"", "\"x\",W/\"sha256:abc\" , \"y\"",
        "sha256:abc",
    ])
    func `answers 304 without content when the client has it`(_ condition: String) throws {
        for method in [HTTPRequest.Method.get, .head] {
            for response in [file(100), Response(.ok, [.contentType: "a/b"], etag: Self.etag, body: .bytes([1]))] {
                let plan = try plan(response, to: method, [.ifNoneMatch: condition])
                #expect(plan.head.status == .notModified)
                #expect(plan.head.headerFields[.eTag] == "\"sha256:abc\"")
                #expect(plan.head.headerFields[.contentType] == nil)
                #expect(plan.framing == nil)
                #expect(plan.parts == [])
            }
        }
    }

    @Test(arguments: ["\"sha256:other\"", "\"x\", \"y\"", "", "\"sha256:ab\"", "\"SHA256:ABC\""])
    func `sends the content when the client has another`(_ condition: String) throws {
        #expect(try plan(file(100), to: .get, [.ifNoneMatch: condition]).head.status == .ok)
    }

    @Test func `recognises a weak version`() throws {
        let response = Response(.ok, etag: EntityTag("1", isWeak: true), body: .bytes([1]))
        let plan = try plan(response, to: .get, [.ifNoneMatch: "\"1\""])
        #expect(plan.head.status == .notModified)
        #expect(plan.head.headerFields[.eTag] == "W/\"1\"")
    }

    @Test func `compares only what was found, read and named`() throws {
        let fields: HTTPFields = [.ifNoneMatch: "*"]
        #expect(try plan(file(100), to: .put, fields).head.status == .ok)
        #expect(try plan(file(100, etag: nil), to: .get, fields).head.status == .ok)
        var missing = file(100)
        missing.status = .notFound
        #expect(try plan(missing, to: .get, fields).head.status == .notFound)
    }

    @Test func `prefers 304 to a range`() throws {
        let plan = try plan(file(100), to: .get, [.ifNoneMatch: "*", .range: "bytes=500-"])
        #expect(plan.head.status == .notModified)
    }

    // MARK: - Ranges

    @Test(
        arguments: [
            ("bytes=0-0", 0..<1, "bytes 0-0/100"), ("bytes=10-", 10..<100, "bytes 10-99/100"),
            ("bytes=-5", 95..<100, "bytes 95-99/100"), ("bytes=90-1000", 90..<100, "bytes 90-99/100"),
            ("bytes=-1000", 0..<100, "bytes 0-99/100"), ("bytes=0-", 0..<100, "bytes 0-99/100"),
        ] as [(String, Range<Int64>, String)])
    func `sends one range as it is`(_ field: String, _ range: Range<Int64>, _ stated: String) throws {
        let plan = try plan(file(100), to: .get, [.range: field])
        #expect(plan.head.status == .partialContent)
        #expect(plan.head.headerFields[.contentRange] == stated)
        #expect(plan.head.headerFields[.contentType] == "application/octet-stream")
        #expect(plan.framing == .length(range.upperBound - range.lowerBound))
        #expect(plan.parts == [.slice(range)])
    }

    @Test(arguments: [("bytes=100-", Int64(100)), ("bytes=-0", 100), ("bytes=0-", 0), ("bytes=-1", 0)])
    func `answers 416 with the size when nothing of the range exists`(_ field: String, _ size: Int64) throws {
        let plan = try plan(file(size), to: .get, [.range: field])
        #expect(plan.head.status.code == 416)
        #expect(plan.head.headerFields[.contentRange] == "bytes */\(size)")
        #expect(plan.head.headerFields[.contentType] == "application/problem+json")
        #expect(plan.head.headerFields[.eTag] == nil)
        let text = "the range is outside the \(size) bytes of the content"
        let body = "{\"status\":416,\"reason\":\"\(text)\",\"path\":\"/content\"}"
        #expect(plan.parts == [.bytes(Array(body.utf8))])
        #expect(plan.framing == .length(Int64(body.utf8.count)))
    }

    @Test(arguments: [
        "bytes=a-b", "lines=0-5", "bytes=" + (0..<17).map { "\($0 * 2)-\($0 * 2)" }.joined(separator: ","),
    ])
    func `sends everything when the range is malformed, of another unit, or too many`(_ field: String) throws {
        let plan = try plan(file(100), to: .get, [.range: field])
        #expect(plan.head.status == .ok)
        #expect(plan.head.headerFields[.contentRange] == nil)
        #expect(plan.parts == [.slice(0..<100)])
    }

    @Test func `ignores a range for HEAD`() throws {
        let plan = try plan(file(100), to: .head, [.range: "bytes=0-1"])
        #expect(plan.head.status == .ok)
        #expect(plan.framing == .length(100))
    }

    @Test func `sends an empty file whole`() throws {
        let plan = try plan(file(0))
        #expect(plan.framing == .length(0))
        #expect(plan.parts == [.slice(0..<0)])
    }

    @Test(
        arguments: [
            ("\"sha256:abc\"", true), ("\"sha256:other\"", false), ("W/\"sha256:abc\"", false),
            ("Sun, 06 Nov 1994 08:49:37 GMT", false), ("*", false),
        ])
    func `sends a range only of the content that If-Range names`(_ condition: String, _ allows: Bool) throws {
        let plan = try plan(file(100), to: .get, [.range: "bytes=0-1", .ifRange: condition])
        #expect(plan.head.status == (allows ? .partialContent : .ok))
        #expect(plan.parts == [.slice(allows ? 0..<2 : 0..<100)])
    }

    @Test(arguments: ["\"\"", "", "\"sha256:abc\""])
    func `sends everything for If-Range when the content has no version`(_ condition: String) throws {
        let plan = try plan(file(100, etag: nil), to: .get, [.range: "bytes=0-1", .ifRange: condition])
        #expect(plan.head.status == .ok)
    }

    @Test func `sends several ranges as parts, byte for byte`() throws {
        let plan = try plan(file(100), to: .get, [.range: "bytes=50-59, 0-4, -1"])
        #expect(plan.head.status == .partialContent)
        #expect(plan.head.headerFields[.contentRange] == nil)
        let type = try #require(plan.head.headerFields[.contentType])
        let prefix = "multipart/byteranges; boundary="
        #expect(type.hasPrefix(prefix))
        let boundary = type.dropFirst(prefix.count)
        #expect(boundary.utf8.count > 10 && boundary.utf8.count <= 70)
        func head(_ range: String, _ lead: String = "\r\n") -> ResponsePlan.Part {
            let type = "Content-Type: application/octet-stream"
            return .bytes(Array("\(lead)--\(boundary)\r\n\(type)\r\nContent-Range: bytes \(range)/100\r\n\r\n".utf8))
        }
        #expect(
            plan.parts == [
                head("50-59", ""), .slice(50..<60), head("0-4"), .slice(0..<5), head("99-99"), .slice(99..<100),
                .bytes(Array("\r\n--\(boundary)--\r\n".utf8)),
            ])
        #expect(plan.framing == .length(plan.parts.reduce(0) { $0 + $1.count }))
    }

    @Test func `takes ranges of content in memory from there`() throws {
        let bytes = (0..<100).map { UInt8($0) }
        let response = Response(.ok, etag: EntityTag("sha256:abc"), body: .rangedBytes(bytes))
        let whole = try plan(response)
        #expect(whole.parts == [.bytes(bytes)])
        #expect(whole.head.headerFields[.acceptRanges] == "bytes")
        let one = try plan(response, to: .get, [.range: "bytes=10-19"])
        #expect(one.head.status == .partialContent)
        #expect(one.head.headerFields[.contentRange] == "bytes 10-19/100")
        #expect(one.parts == [.bytes(Array(bytes[10..<20]))])
        let several = try plan(response, to: .get, [.range: "bytes=10-19,-1"])
        #expect(several.parts.count == 5)
        #expect(several.parts[1] == .bytes(Array(bytes[10..<20])))
        #expect(several.parts[3] == .bytes([99]))
        #expect(several.framing == .length(several.parts.reduce(0) { $0 + $1.count }))
        #expect(try plan(response, to: .get, [.range: "bytes=100-"]).head.status == .rangeNotSatisfiable)
        #expect(try plan(response, to: .head).parts == [])
        #expect(try plan(response, to: .head).head.headerFields[.acceptRanges] == "bytes")
        #expect(try plan(response, to: .post, [.range: "bytes=0-1"]).parts == [.bytes(bytes)])
    }

    @Test func `uses another boundary each time`() throws {
        let fields: HTTPFields = [.range: "bytes=0-1,5-6"]
        let types = try (0..<10).map { _ in try plan(file(100), to: .get, fields).head.headerFields[.contentType] }
        #expect(Set(types).count == 10)
    }
}
