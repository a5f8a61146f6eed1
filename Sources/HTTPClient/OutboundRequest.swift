/// A request to somebody else's server.
package struct OutboundRequest: Sendable {
    /// What is asked for.
    package enum Method: Hashable, Sendable {
        /// `GET`
        case get
        /// `POST`, with these bytes.
        case post([UInt8])
        /// `DELETE`
        case delete
    }

    /// What is asked for, with the content that goes with it.
    package let method: Method

    /// Where it goes.
    package let url: OutboundURL

    /// The fields of the head, each of them valid.
    package let fields: [(name: String, value: String)]

    /// A request whose fields have been checked, so that none of them can begin another.
    ///
    /// `Host`, `Content-Length`, `Transfer-Encoding`, `Connection` and `Expect` are the client's own business.
    ///
    /// - Throws: `.malformedField` for a name that is no token or is the client's own, and for a value with control
    ///   characters, CR and LF among them (RFC 9110 §5.1, §5.5).
    package init(
        _ method: Method, _ url: OutboundURL, fields: [(name: String, value: String)] = []
    ) throws(HTTPClientError) {
        for (name, value) in fields {
            let isToken = !name.isEmpty && name.utf8.allSatisfy(\.isTokenCharacter)
            guard isToken else { throw .malformedField(name: "") }
            guard !Self.reserved.contains(name.lowercased()), value.utf8.allSatisfy(\.isFieldCharacter) else {
                throw .malformedField(name: name)
            }
        }
        self.method = method
        self.url = url
        self.fields = fields
    }

    private static let reserved: Set = ["host", "content-length", "transfer-encoding", "connection", "expect"]
}

/// What was answered.
package struct OutboundResponse: Hashable, Sendable {
    /// The status; whoever sent the request decides what it means. Redirects are answers like any other.
    package let status: Int

    /// The value of `Content-Type`, as the server wrote it.
    package let contentType: String?

    /// The content, whole.
    package let body: [UInt8]

    /// An answer; tests make their own.
    package init(status: Int, contentType: String?, body: [UInt8]) {
        self.status = status
        self.contentType = contentType
        self.body = body
    }

    /// The media type in lower case, without its parameters.
    package var mediaType: String? {
        guard let type = contentType?.split(separator: ";", omittingEmptySubsequences: false).first else { return nil }
        return String(type.filter { $0 != " " && $0 != "\t" }).lowercased()
    }
}

extension UInt8 {
    /// RFC 9110 §5.6.2.
    fileprivate var isTokenCharacter: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "!#$%&'*+-.^_`|~".utf8.contains(self)
        }
    }

    /// RFC 9110 §5.5, without the bytes that are no ASCII.
    fileprivate var isFieldCharacter: Bool { (0x20...0x7E).contains(self) || self == UInt8(ascii: "\t") }
}
