import HTTPTypes

/// `method SP request-target SP HTTP-version` (RFC 9112 §3).
struct RequestLine: Sendable {
    /// The longest method registered with IANA has 17 bytes.
    private static let methodLimit = 32

    let method: HTTPRequest.Method
    let target: RequestTarget
    let version: HTTPVersion

    init(parsing bytes: Span<UInt8>, _ line: Range<Int>) throws(Rejection) {
        do throws(Rejection) {
            try self.init(parts: bytes, line)
        } catch {
            // No part may contain CR, so it is looked for only to give the better reason.
            throw bytes.firstIndex(of: .carriageReturn, in: line) == nil ? error : .bareCarriageReturn
        }
    }

    private init(parts bytes: Span<UInt8>, _ line: Range<Int>) throws(Rejection) {
        guard let methodEnd = bytes.firstIndex(of: .space, in: line),
            let targetEnd = bytes.firstIndex(of: .space, in: (methodEnd + 1)..<line.upperBound)
        else { throw .malformedRequestLine }
        method = try Self.method(bytes, line.lowerBound..<methodEnd)
        version = try Self.version(bytes, (targetEnd + 1)..<line.upperBound)
        if method == .connect { throw .methodNotImplemented }
        target = try RequestTarget(parsing: bytes, (methodEnd + 1)..<targetEnd, method: method)
    }

    private static func method(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(Rejection) -> HTTPRequest.Method {
        for index in range where !bytes[index].isTokenCharacter { throw .malformedRequestLine }
        if range.count > methodLimit { throw .methodTooLong }
        guard let text = bytes.text(range), let method = HTTPRequest.Method(text) else { throw .malformedRequestLine }
        return method
    }

    /// RFC 9112 §2.3
    private static func version(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(Rejection) -> HTTPVersion {
        let major = range.lowerBound + 5
        guard range.count == 8, bytes.text(range.lowerBound..<major) == "HTTP/",
            bytes[major].isDigit, bytes[major + 1] == UInt8(ascii: "."), bytes[major + 2].isDigit
        else { throw .malformedVersion }
        switch (bytes[major], bytes[major + 2]) {
        case (UInt8(ascii: "1"), UInt8(ascii: "1")): return .http11
        case (UInt8(ascii: "1"), UInt8(ascii: "0")): return .http10
        default: throw .versionNotSupported
        }
    }
}
