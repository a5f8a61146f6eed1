import HTTPTypes
import HTTPWire

/// How the client learns where a stream ends (RFC 9112 §6.3).
enum StreamFraming: Equatable {
    case length(Int64)
    case chunks
    /// A client of HTTP/1.0 does not know chunks: the content ends when the connection does.
    case connectionEnd
}

/// What exactly is sent for a response to a request: the rules of RFC 9110 that need no socket.
struct ResponsePlan {
    enum Part: Equatable {
        case bytes([UInt8])
        /// Bytes of the response's file; in the end there is none unless it has one.
        case slice(Range<Int64>)

        var count: Int64 {
            switch self {
            case .bytes(let bytes): Int64(bytes.count)
            case .slice(let range): range.upperBound - range.lowerBound
            }
        }
    }

    var head: HTTPResponse
    /// nil where a length must not be stated (204, 304) or is not known.
    var framing: BodyFraming?
    var parts: [Part] = []
    /// Set when the response's stream is to be sent; nil also when there is one that nobody may ask for a piece.
    var stream: StreamFraming?

    init(_ response: Response, to request: RequestHead, limits: ServingLimits, problem: ProblemWriter) {
        head = HTTPResponse(status: response.status, headerFields: response.fields)
        if let etag = response.etag { head.headerFields[.eTag] = etag.text }
        let isRead = request.method == .get || request.method == .head
        if isRead, response.status == .ok, Self.isUnchanged(request, response) {
            head.status = .notModified
            head.headerFields[.contentType] = nil
            return
        }
        guard response.status.code >= 200, response.status.code != 204, response.status.code != 304 else { return }
        if let size = Self.rangedSize(response.body), response.status == .ok, isRead {
            head.headerFields[.acceptRanges] = "bytes"
            // RFC 9110 §14.2: Range is defined for GET only.
            if request.method == .get {
                selectRanges(of: size, etag: response.etag, request, limits: limits, problem: problem)
                if case .rangedBytes(let bytes) = response.body { cutSlices(from: bytes) }
                return
            }
        }
        framing = response.body.count.map { .length($0) }
        guard request.method != .head else { return }
        switch response.body {
        case .none, .absent: break
        case .bytes(let bytes), .rangedBytes(let bytes): parts = [.bytes(bytes)]
        case .file(let file): parts = [.slice(0..<file.size)]
        case .stream(let stream): frame(stream, for: request.version)
        }
    }

    private mutating func frame(_ body: BodyStream, for version: HTTPVersion) {
        switch (body.length, version) {
        case (let length?, _): stream = .length(length)
        case (nil, .http10): stream = .connectionEnd
        case (nil, .http11):
            framing = .chunked
            stream = .chunks
        }
    }

    /// RFC 9110 §13.1.2. Only an answer that names its version can be recognised.
    private static func isUnchanged(_ request: RequestHead, _ response: Response) -> Bool {
        guard let etag = response.etag, let condition = IfNoneMatch(request.fields[.ifNoneMatch]) else { return false }
        return condition.matches(etag)
    }

    /// Bytes of content of which ranges may be asked for; nil for any other.
    private static func rangedSize(_ body: ResponseBody) -> Int64? {
        switch body {
        case .file(let file): file.size
        case .rangedBytes(let bytes): Int64(bytes.count)
        case .none, .bytes, .absent, .stream: nil
        }
    }

    private mutating func cutSlices(from bytes: [UInt8]) {
        parts = parts.map { part in
            guard case .slice(let range) = part else { return part }
            return .bytes(
                range.count == bytes.count ? bytes : Array(bytes[Int(range.lowerBound)..<Int(range.upperBound)]))
        }
    }

    private mutating func selectRanges(
        of size: Int64, etag: EntityTag?, _ request: RequestHead, limits: ServingLimits, problem: ProblemWriter
    ) {
        switch Self.ranges(request, size: size, etag: etag, limit: limits.ranges) {
        case .whole:
            framing = .length(size)
            parts = [.slice(0..<size)]
        case .ranges(let ranges) where ranges.count == 1:
            let range = ranges[0]
            head.status = .partialContent
            head.headerFields[.contentRange] = ContentRange.text(range, size: size)
            framing = .length(range.upperBound - range.lowerBound + 1)
            parts = [.slice(range.lowerBound..<range.upperBound + 1)]
        case .ranges(let ranges):
            selectSeveral(ranges, size: size)
        case .unsatisfiable:
            let answer = problem(416, "the range is outside the \(size) bytes of the content", request.target.path)
            head = HTTPResponse(status: answer.status, headerFields: answer.fields)
            head.headerFields[.contentRange] = ContentRange.unsatisfiedText(size: size)
            let text = answer.body.inMemory
            framing = .length(Int64(text.count))
            parts = [.bytes(text)]
        }
    }

    /// RFC 9110 §15.3.7.2: several ranges make a multipart body.
    private mutating func selectSeveral(_ ranges: [ClosedRange<Int64>], size: Int64) {
        let multipart = MultipartByteRanges(
            contentType: head.headerFields[.contentType] ?? "application/octet-stream", size: size, ranges: ranges,
            boundary: Self.boundary())
        head.status = .partialContent
        head.headerFields[.contentType] = multipart.contentType
        framing = .length(multipart.contentLength)
        for part in multipart.parts {
            parts.append(.bytes(part.head))
            parts.append(.slice(part.range.lowerBound..<part.range.upperBound + 1))
        }
        parts.append(.bytes(multipart.closing))
    }

    /// Random, so that no content can contain it on purpose.
    private static func boundary() -> String {
        String(UInt64.random(in: .min ... .max), radix: 36) + String(UInt64.random(in: .min ... .max), radix: 36)
    }

    /// RFC 9110 §13.1.5: with `If-Range`, ranges count only when the content is still the one that is named.
    private static func ranges(_ request: RequestHead, size: Int64, etag: EntityTag?, limit: Int) -> RangeRequest {
        // Content that names no version is never the one that the client means.
        let condition = request.fields[.ifRange]
        guard etag.map({ IfRange.allowsRange(condition, of: $0) }) ?? (condition == nil) else { return .whole }
        return RangeRequest.parse(request.fields[.range], size: size, limit: limit)
    }
}
