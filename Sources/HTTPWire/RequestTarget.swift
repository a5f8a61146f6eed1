package import HTTPTypes

/// What a request is about (RFC 9112 §3.2).
///
/// Every `RequestTarget` is well formed: escapes are valid, segments decode to UTF-8 without control characters, slashes
/// or backslashes, and no segment is empty, `.` or `..`. So no function that takes one checks it again.
package struct RequestTarget: Sendable, Hashable {
    /// The path as sent, with its escapes; `*` for `OPTIONS *`.
    package let path: String
    /// The query as sent, with its escapes, without the `?`.
    package let query: String?
    /// The decoded segments of the path. `/v2/` and `/v2` both have the one segment `v2`; `/` and `*` have none.
    package let segments: [String]
    /// Whether the path ends with a slash.
    package let hasTrailingSlash: Bool
    /// `host[:port]` of an absolute target; nil for a path.
    package let authority: String?

    /// The items of the query, decoded when they are read.
    package var queryItems: QueryItems { QueryItems(query: query) }

    /// Parses a target as it would stand in a request line.
    ///
    /// - Throws: the rejection a client would get for sending `text`.
    package init(parsing text: String, method: HTTPRequest.Method = .get) throws(Rejection) {
        let bytes = text.utf8.span
        try self.init(parsing: bytes, bytes.whole, method: method)
    }

    init(parsing bytes: Span<UInt8>, _ range: Range<Int>, method: HTTPRequest.Method) throws(Rejection) {
        guard !range.isEmpty else { throw .malformedRequestLine }
        switch bytes[range.lowerBound] {
        case UInt8(ascii: "/"):
            try self.init(bytes, path: range, authority: nil)
        case UInt8(ascii: "*") where range.count == 1:
            guard method == .options else { throw .asteriskWithoutOptions }
            self.init(path: "*", query: nil, segments: [], hasTrailingSlash: false, authority: nil)
        default:
            let authority = try Self.authority(bytes, range)
            guard let host = bytes.text(authority) else { throw .invalidHost }
            try self.init(bytes, path: authority.upperBound..<range.upperBound, authority: host)
        }
    }

    private init(path: String, query: String?, segments: [String], hasTrailingSlash: Bool, authority: String?) {
        self.path = path
        self.query = query
        self.segments = segments
        self.hasTrailingSlash = hasTrailingSlash
        self.authority = authority
    }

    /// From the path and query in `range`, whose path is empty at most after an authority.
    private init(_ bytes: Span<UInt8>, path range: Range<Int>, authority: String?) throws(Rejection) {
        let pathEnd = bytes.firstIndex(of: UInt8(ascii: "?"), in: range) ?? range.upperBound
        let pathRange = range.lowerBound..<pathEnd
        let segments = try Self.segments(bytes, pathRange)
        guard let path = pathRange.isEmpty ? "/" : bytes.text(pathRange) else { throw .invalidTargetCharacter }
        let query = pathEnd < range.upperBound ? try QueryItems.check(bytes, (pathEnd + 1)..<range.upperBound) : nil
        self.init(
            path: path, query: query, segments: segments,
            hasTrailingSlash: pathRange.isEmpty || bytes[pathEnd - 1] == UInt8(ascii: "/"), authority: authority)
    }

    /// Where `host[:port]` of an absolute target is (RFC 9112 §3.2.2).
    private static func authority(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(Rejection) -> Range<Int> {
        guard let colon = bytes.firstIndex(of: UInt8(ascii: ":"), in: range) else { throw .unsupportedTargetForm }
        let scheme = range.lowerBound..<colon
        let start = colon + 3
        guard bytes.equals("http", ignoringCaseIn: scheme) || bytes.equals("https", ignoringCaseIn: scheme),
            start < range.upperBound, bytes[colon + 1] == UInt8(ascii: "/"), bytes[colon + 2] == UInt8(ascii: "/")
        else { throw .unsupportedTargetForm }
        var end = start
        while end < range.upperBound, bytes[end] != UInt8(ascii: "/"), bytes[end] != UInt8(ascii: "?") { end += 1 }
        guard Host.isValid(bytes, start..<end) else { throw .invalidHost }
        return start..<end
    }

    private static func segments(_ bytes: Span<UInt8>, _ path: Range<Int>) throws(Rejection) -> [String] {
        guard bytes.allSatisfy(in: path, \.isPathByte) else { throw .invalidTargetCharacter }
        var segments: [String] = []
        var start = path.lowerBound + 1
        while start < path.upperBound {
            let end = bytes.firstIndex(of: UInt8(ascii: "/"), in: start..<path.upperBound) ?? path.upperBound
            segments.append(try segment(bytes, start..<end))
            start = end + 1
        }
        return segments
    }

    private static func segment(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(Rejection) -> String {
        if range.isEmpty { throw .emptySegment }
        let text = try PercentEncoding.decode(bytes, range)
        let decoded = text.utf8.span
        // Compared after decoding, so that %2e%2e is found out.
        if decoded.count <= 2, text == "." || text == ".." { throw .dotSegment }
        // Only an escape can have brought in a separator, and an escape is longer than its byte.
        if decoded.count < range.count {
            for separator in [UInt8(ascii: "/"), UInt8(ascii: "\\")]
            where decoded.firstIndex(of: separator, in: decoded.whole) != nil { throw .escapedSeparator }
        }
        return text
    }
}
