import Synchronization

/// Content that is made while it is sent: pieces that come one after the other, each asked for only when the socket has
/// taken the one before. So TCP holds a fast maker back, and memory holds one piece.
///
/// Once a piece has gone out a failure cannot be answered for any more: the connection breaks off, so that no client can
/// take what it has for the whole. A failure before the first piece is a 500.
package struct BodyStream: Sendable {
    /// Bytes in all pieces together; nil when that is known only at the end.
    ///
    /// With a length the client sees how far it is, and a stream that gives more or less breaks off.
    package let length: Int64?

    /// Makes the next piece; nil at the end.
    ///
    /// Runs on the connection's loop, so it never blocks, and has `handlerTimeout` for each piece; when that is over or
    /// the client has gone, its task is cancelled. One call at a time, and none after nil, an error or the end of the
    /// connection, which lets go of whatever is held here.
    package let next: @Sendable () async throws -> BodyPiece?

    /// Describes content by what makes it.
    package init(length: Int64? = nil, next: @escaping @Sendable () async throws -> BodyPiece?) {
        precondition(length.map { $0 >= 0 } ?? true, "a length is not negative")
        self.length = length
        self.next = next
    }

    /// Pieces that are known beforehand, and with them the length. A file is opened when its turn has come.
    package init(_ pieces: [BodyPiece]) {
        let rest = Mutex(pieces[...])
        self.init(length: pieces.reduce(0) { $0 + $1.count }) { rest.withLock { $0.popFirst() } }
    }
}

/// A part of a stream that is sent as a whole. An empty one is passed over.
package enum BodyPiece: Sendable {
    /// Content that is in memory.
    case bytes([UInt8])
    /// A whole file, sent by the kernel.
    case file(StoredFile)

    /// Bytes in the piece.
    package var count: Int64 {
        switch self {
        case .bytes(let bytes): Int64(bytes.count)
        case .file(let file): file.size
        }
    }
}

/// How a stream broke the promise of its length.
enum StreamError: Error, Equatable {
    case longer(than: Int64)
    case shorter(than: Int64, by: Int64)
}

/// Compares what a stream gives with the length that was promised, if one was.
struct StreamMeter {
    private let promised: Int64?
    private var given: Int64 = 0

    init(promised: Int64?) {
        self.promised = promised
    }

    /// Counts a piece before it is sent, so that of one too many not a byte goes out: what fits would look complete.
    mutating func count(_ piece: Int64) throws(StreamError) {
        guard let promised else { return }
        guard piece <= promised - given else { throw .longer(than: promised) }
        given += piece
    }

    /// Says that no more pieces come.
    func finish() throws(StreamError) {
        guard let promised, given < promised else { return }
        throw .shorter(than: promised, by: promised - given)
    }
}
