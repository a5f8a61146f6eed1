package import HTTPTypes
package import HTTPWire
package import LinuxIO

/// The answer to a request, as a description: what to say, not how to send it.
///
/// `Content-Length`, `Connection`, `Date`, `HEAD`, `304`, ranges and the way to the socket are the engine's business.
package struct Response: Sendable {
    /// The status; its reason phrase reaches the client as it is, and Docker shows it for 5xx.
    package var status: HTTPResponse.Status
    /// The fields, without those that the engine writes itself.
    package var fields: HTTPFields
    /// The version of the content, if it has one: sent as `ETag`, and compared with what the client has.
    package var etag: EntityTag?
    /// What follows the head.
    package var body: ResponseBody

    /// Puts an answer together.
    package init(
        _ status: HTTPResponse.Status, _ fields: HTTPFields = [:], etag: EntityTag? = nil, body: ResponseBody = .none
    ) {
        self.status = status
        self.fields = fields
        self.etag = etag
        self.body = body
    }
}

/// The content of an answer.
package enum ResponseBody: Sendable {
    /// No content; the length is 0 where the status allows one.
    case none
    /// Content that is in memory, and always sent whole.
    case bytes([UInt8])
    /// Content that is in memory, sent whole or in the ranges that the client asked for.
    case rangedBytes([UInt8])
    /// Content that is not given because only `HEAD` was asked; its length is stated.
    case absent(count: Int64)
    /// Content that is in a file: sent by the kernel, whole or in the ranges that the client asked for.
    case file(StoredFile)
    /// Content that is made while it is sent, piece by piece. Always sent whole: it has no ranges.
    case stream(BodyStream)

    /// Bytes in the whole content; nil when that is known only at its end.
    package var count: Int64? {
        switch self {
        case .none: 0
        case .bytes(let bytes), .rangedBytes(let bytes): Int64(bytes.count)
        case .absent(let count): count
        case .file(let file): file.size
        case .stream(let stream): stream.length
        }
    }

    /// The content of an answer of the engine's own, which is always in memory.
    var inMemory: [UInt8] {
        if case .bytes(let bytes) = self { bytes } else { [] }
    }
}

/// A file that is opened only if its content is really sent: not for `HEAD`, `304` or `416`.
package struct StoredFile: Sendable {
    /// Bytes in the file; the answer promises them before the file is opened.
    package let size: Int64
    /// Opens the file without waiting for a disk. Called on a loop. When it gives nil, for whatever reason, `open` is called.
    package let openCached: @Sendable () -> FileDescriptor?
    /// Opens the file for reading. Called on a lane.
    package let open: @Sendable () throws(SystemError) -> FileDescriptor

    /// Describes a file.
    package init(
        size: Int64, openCached: @escaping @Sendable () -> FileDescriptor? = { nil },
        open: @escaping @Sendable () throws(SystemError) -> FileDescriptor
    ) {
        self.size = size
        self.openCached = openCached
        self.open = open
    }
}

/// Writes the answers that the engine gives itself (a head it cannot parse, a range outside the content, a handler that
/// takes too long) in the form that the edge uses for its own.
package typealias ProblemWriter = @Sendable (_ status: Int, _ reason: String, _ path: String?) -> Response
