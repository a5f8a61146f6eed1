package import HTTPTypes

/// Bounds on the head of one request. Each is a field of the configuration file.
package struct HeadLimits: Sendable {
    /// Bytes of request line and fields together, line ends included; past it, `431`. Real clients send under 8 KiB.
    package var head = 32 * 1024
    /// Bytes of the request line, its line end included; past it, `414`. A push of 46 tags needs 6 KiB.
    package var requestLine = 16 * 1024
    /// Field lines; past it, `431`. Docker sends about 10.
    package var fields = 100

    package init() {}
}

/// The version of a request (RFC 9112 §2.3). Every other version has been refused with `505`.
package enum HTTPVersion: Sendable, Equatable {
    case http10
    case http11
}

/// How long a body is (RFC 9112 §6.3).
package enum BodyFraming: Sendable, Equatable {
    /// There is no body. Where an optional is expected this must be spelled `BodyFraming.none`.
    case none
    /// The body has exactly this many bytes; never negative.
    case length(Int64)
    /// The body is in chunks, and ends with the last of them.
    case chunked

    /// Whether a receiver has to read anything.
    package var hasBody: Bool {
        switch self {
        case .none, .length(0): false
        case .length, .chunked: true
        }
    }
}

/// Everything of a request before its body, checked.
package struct RequestHead: Sendable, Equatable {
    /// Any token of at most 32 bytes; whether it is implemented is for the handler to say.
    package var method: HTTPRequest.Method
    package var target: RequestTarget
    /// All fields as sent, in order. `Host` is at most one, and agrees with an absolute target (RFC 9112 §3.2.2).
    package var fields: HTTPFields
    package var version: HTTPVersion
    /// The only truth about the body: nobody reads `Content-Length` or `Transfer-Encoding` again.
    package var framing: BodyFraming
    /// Whether the client allows another request on this connection (RFC 9112 §9.3).
    package var persists: Bool
    /// Whether the client waits for `100 Continue` before it sends the body (RFC 9110 §10.1.1).
    ///
    /// Never true without a body, nor for HTTP/1.0.
    package var expectsContinue: Bool

    /// `host[:port]` as the client wrote it, checked; nil only for HTTP/1.0.
    package var host: String? { fields[.hostField] }

    package init(
        method: HTTPRequest.Method, target: RequestTarget, fields: HTTPFields = [:], version: HTTPVersion = .http11,
        framing: BodyFraming = .none, persists: Bool = true, expectsContinue: Bool = false
    ) {
        self.method = method
        self.target = target
        self.fields = fields
        self.version = version
        self.framing = framing
        self.persists = persists
        self.expectsContinue = expectsContinue
    }
}
