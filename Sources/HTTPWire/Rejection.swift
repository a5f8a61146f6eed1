/// Why a request cannot be accepted, and the status that says so.
///
/// After a rejection nothing is known about where the next request would begin, so the answer is the last on
/// its connection (RFC 9112 §2.2).
package struct Rejection: Error, Equatable, Sendable {
    /// 400, 414, 417, 431, 501 or 505.
    package let status: Int
    /// A sentence for the client. It never repeats what the client sent.
    package let reason: String

    private init(_ status: Int, _ reason: String) {
        self.status = status
        self.reason = reason
    }
}

/// Lines and the request line: RFC 9112 §2 and §3.
extension Rejection {
    static var bareLineFeed: Self { Self(400, "A line of the head ends with LF alone instead of CRLF.") }
    static var bareCarriageReturn: Self { Self(400, "A line of the head contains CR without LF.") }
    static var tooManyEmptyLines: Self { Self(400, "There are too many empty lines before the request line.") }
    static var malformedRequestLine: Self {
        Self(400, "The request line is not a method, a target and a version separated by single spaces.")
    }
    static var methodTooLong: Self { Self(501, "The method is longer than any that exists here.") }
    static var methodNotImplemented: Self { Self(501, "CONNECT is not implemented: this is not a proxy.") }
    static var malformedVersion: Self { Self(400, "The request line does not end with an HTTP version.") }
    static var versionNotSupported: Self { Self(505, "Only HTTP/1.1 and HTTP/1.0 are spoken here.") }
    static var requestLineTooLong: Self { Self(414, "The request line is too long.") }
    static var headTooLarge: Self { Self(431, "The request line and the fields together are too large.") }
    static var tooManyFields: Self { Self(431, "There are too many fields.") }
}

/// The request target: RFC 9112 §3.2 and RFC 3986.
extension Rejection {
    static var unsupportedTargetForm: Self { Self(400, "The target is neither a path nor an http or https URI.") }
    static var asteriskWithoutOptions: Self { Self(400, "The target * is for OPTIONS only.") }
    static var invalidTargetCharacter: Self { Self(400, "The target contains a character that must be escaped.") }
    static var invalidEscape: Self { Self(400, "A % in the target is not followed by two hexadecimal digits.") }
    static var controlInTarget: Self { Self(400, "The target contains an escaped control character.") }
    static var targetNotUTF8: Self { Self(400, "The target does not decode to UTF-8.") }
    static var escapedSeparator: Self { Self(400, "A path segment contains an escaped slash or backslash.") }
    static var dotSegment: Self { Self(400, "The path contains a . or .. segment.") }
    static var emptySegment: Self { Self(400, "The path contains an empty segment.") }
    static var tooManyQueryItems: Self { Self(414, "The query has too many items.") }
}

/// Fields: RFC 9110 §5 and RFC 9112 §5, §6.
extension Rejection {
    static var missingColon: Self { Self(400, "A field line has no colon.") }
    static var emptyFieldName: Self { Self(400, "A field line has no name before its colon.") }
    static var whitespaceBeforeColon: Self { Self(400, "There is whitespace between a field name and its colon.") }
    static var invalidFieldName: Self { Self(400, "A field name contains a character that is not allowed there.") }
    static var foldedLine: Self { Self(400, "A field line begins with whitespace.") }
    static var controlInValue: Self { Self(400, "A field value contains a control character.") }
    static var valueNotUTF8: Self { Self(400, "A field value is not UTF-8.") }
    static var missingHost: Self { Self(400, "The Host field is missing.") }
    static var repeatedHost: Self { Self(400, "There is more than one Host field.") }
    static var invalidHost: Self { Self(400, "The host is not a name or an address with an optional port.") }
    static var invalidContentLength: Self { Self(400, "Content-Length is not one decimal number in range.") }
    static var repeatedContentLength: Self { Self(400, "There is more than one Content-Length field.") }
    static var unknownTransferCoding: Self { Self(501, "The only transfer coding understood is a single chunked.") }
    static var ambiguousFraming: Self { Self(400, "The request has both Content-Length and Transfer-Encoding.") }
    static var chunkedInHTTP10: Self { Self(400, "HTTP/1.0 has no Transfer-Encoding.") }
    static var unknownExpectation: Self { Self(417, "The only expectation understood is 100-continue.") }
}

/// The chunked coding: RFC 9112 §7.1.
extension Rejection {
    static var invalidChunkSize: Self { Self(400, "A chunk size is not 1 to 15 hexadecimal digits.") }
    static var invalidChunkExtension: Self { Self(400, "A chunk extension is malformed.") }
    static var chunkExtensionTooLong: Self { Self(400, "The chunk extensions are too long for the data they carry.") }
    static var invalidChunkEnd: Self { Self(400, "A chunk or its size is not followed by CRLF.") }
    static var invalidTrailer: Self { Self(400, "A trailer field is malformed.") }
    static var trailersTooLarge: Self { Self(400, "The trailer fields are too large.") }
}
