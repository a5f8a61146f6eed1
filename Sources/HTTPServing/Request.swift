package import HTTPWire
package import LinuxIO
package import TLS

/// A request as a handler sees it: the head is complete and valid, the body has not been received yet.
package struct Request {
    /// Method, target and fields.
    package let head: RequestHead
    /// The other end of the connection.
    package let peer: SocketAddress
    /// Whether the connection is under TLS.
    package let isSecure: Bool
    /// The names in the client's certificate, which an authority that is trusted vouches for; empty when it has none.
    package let certificateNames: [TLSSession.PeerName]
    /// The body, received only as far as somebody reads it.
    package let body: any RequestBody

    /// Puts a request together; tests make their own.
    package init(
        head: RequestHead, peer: SocketAddress, isSecure: Bool = false, certificateNames: [TLSSession.PeerName] = [],
        body: any RequestBody
    ) {
        self.head = head
        self.peer = peer
        self.isSecure = isSecure
        self.certificateNames = certificateNames
        self.body = body
    }
}

/// Makes the answer to a request. It runs on the connection's loop, so it never blocks, and it never writes to the
/// socket: it returns a description of the answer.
package typealias Handler = @Sendable (Request) async -> Response

/// Why a body did not arrive whole.
package enum BodyError: Error, Equatable, Sendable {
    /// The client went away.
    case disconnected
    /// The client sent less than the limits ask for.
    case tooSlow
    /// The chunked coding is wrong.
    case malformed(Rejection)
    /// More bytes than the reader was willing to take.
    case tooLarge(limit: Int)
    /// There is no memory for it now.
    case noMemory
}

/// The body of one request. Pulled: nothing is received until somebody asks, so TCP itself holds the sender back.
///
/// Confined to the connection's loop, and read by one task.
package protocol RequestBody: AnyObject {
    /// Bytes in the whole body when the client said so; nil for a chunked one.
    var length: Int64? { get }

    /// Receives at least one byte and at most `buffer.count`; 0 at the end, and ever after.
    ///
    /// An error repeats: once the body has broken off, every later call throws the same.
    func read(into buffer: UnsafeMutableRawBufferPointer) async throws(BodyError) -> Int

    /// Says that so many bytes of the body stay in memory, besides those before, until the request is answered; false when there
    /// is no room for them.
    func keep(_ bytes: Int) -> Bool
}

extension RequestBody {
    /// Bytes that are received at a time into memory.
    private static var piece: Int { 64 * 1024 }

    /// Receives until `buffer` is full or the body ends, and says how many bytes there are. What arrived before an
    /// error is given first; the next call throws the error.
    package func fill(_ buffer: UnsafeMutableRawBufferPointer) async throws(BodyError) -> Int {
        var filled = 0
        while filled < buffer.count {
            do throws(BodyError) {
                let count = try await read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]))
                if count == 0 { break }
                filled += count
            } catch {
                guard filled > 0 else { throw error }
                break
            }
        }
        return filled
    }

    /// Receives the whole body into memory.
    ///
    /// Memory is taken as the bytes come, so that a client has to send what it wants to occupy.
    ///
    /// - Throws: `.tooLarge` as soon as it is known that there are more than `limit` bytes, and `.noMemory`.
    package func collect(upTo limit: Int) async throws(BodyError) -> [UInt8] {
        if let length, length > limit { throw .tooLarge(limit: limit) }
        var bytes: [UInt8] = []
        if let length { bytes.reserveCapacity(Int(length)) }
        // One byte more than the limit shows a chunked body that is too large.
        let step = min(length.map { max(1, Int($0)) } ?? 16 * 1024, Self.piece, limit + 1)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: step, alignment: 1)
        defer { buffer.deallocate() }
        while true {
            let count = try await fill(buffer)
            guard keep(count) else { throw .noMemory }
            bytes.append(contentsOf: buffer[..<count])
            guard bytes.count <= limit else { throw .tooLarge(limit: limit) }
            if Int64(bytes.count) == length || count == 0 { return bytes }
        }
    }
}
