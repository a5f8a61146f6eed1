import HTTPWire
import LinuxIO
import Logging

/// A piece that is ready to be sent.
enum OpenPiece {
    case bytes([UInt8])
    case file(SharedDescriptor, size: Int64)

    var count: Int64 {
        switch self {
        case .bytes(let bytes): Int64(bytes.count)
        case .file(_, let size): size
        }
    }
}

/// A stream on its way to the client, and the one piece of it that is in memory.
struct OutgoingStream {
    let body: BodyStream
    let framing: StreamFraming
    var meter: StreamMeter
    /// The piece to send next; nil at the end.
    var piece: OpenPiece?
}

extension Connection {
    /// Makes the first piece, while a failure can still be answered for.
    func begin(_ body: BodyStream, _ framing: StreamFraming) async throws -> OutgoingStream {
        var stream = OutgoingStream(body: body, framing: framing, meter: StreamMeter(promised: body.length))
        try await advance(&stream)
        return stream
    }

    /// Sends the head and piece after piece; false when the connection cannot go on.
    func send(_ stream: OutgoingStream, behind head: [UInt8]) async -> Bool {
        var stream = stream
        source.endsWithReset = stream.framing == .connectionEnd
        do {
            guard try await sendPieces(of: &stream, behind: head) else { return false }
        } catch {
            // A maker that was cancelled has failed for a reason that is known.
            guard !isAbandoned, !source.isBroken else { return false }
            context.logger.error("stream broke off", metadata: ["error": "\(error)"])
            return false
        }
        source.endsWithReset = false
        return true
    }

    private func sendPieces(of stream: inout OutgoingStream, behind head: [UInt8]) async throws -> Bool {
        var start = head
        while stream.piece != nil {
            guard await sendPiece(of: &stream, behind: start) else { return false }
            start = []
            try await advance(&stream)
        }
        if stream.framing == .chunks { start += ResponseEncoder.lastChunk }
        return await send(start)
    }

    /// Sends the piece, in its frame, and lets go of it before the next one is made.
    private func sendPiece(of stream: inout OutgoingStream, behind start: [UInt8]) async -> Bool {
        guard let piece = stream.piece.take() else { return true }
        var (start, end) = (start, [UInt8]())
        if stream.framing == .chunks {
            ResponseEncoder.appendChunkHead(count: Int(piece.count), into: &start)
            end = ResponseEncoder.chunkEnd
        }
        switch piece {
        case .bytes(let bytes) where bytes.count <= Self.joinedBytes: return await send(start + bytes + end)
        case .bytes(let bytes):
            guard await send(start, more: true), await send(bytes, more: !end.isEmpty) else { return false }
        case .file(let file, let size):
            guard await send(start, more: true), await sendFile(file, 0..<size) else { return false }
        }
        return await send(end)
    }

    /// Makes the next piece, in the time that a handler has.
    ///
    /// In a task of its own, which can be cancelled without the connection, lets the loop turn between two pieces, and
    /// keeps no memory.
    private func advance(_ stream: inout OutgoingStream) async throws {
        guard !source.isBroken else { throw CancellationError() }
        let body = stream.body
        let task = Task(executorPreference: loop) { try await self.makePiece(of: body) }
        source.setDeadline(loop.now.advanced(by: context.limits.handlerTimeout))
        production = task
        defer {
            production = nil
            source.setDeadline(.distantFuture)
        }
        let piece = try await task.value
        guard !isAbandoned else { throw CancellationError() }
        if let piece { try stream.meter.count(piece.count) } else { try stream.meter.finish() }
        stream.piece = piece
    }

    private func makePiece(of body: BodyStream) async throws -> OpenPiece? {
        while let piece = try await body.next() {
            if piece.count > 0 { return try await open(piece) }
            // A maker of nothing must not have the loop for itself.
            await loop.turn()
            try Task.checkCancellation()
        }
        return nil
    }

    /// Opens a file on a lane; a small one is read at once.
    private func open(_ piece: BodyPiece) async throws -> OpenPiece {
        switch piece {
        case .bytes(let bytes): return .bytes(bytes)
        case .file(let stored):
            return try await context.lanes.next().run {
                let file = try stored.open()
                guard stored.size > Self.smallFile else { return .bytes(try file.read(Int(stored.size))) }
                return .file(SharedDescriptor(file), size: stored.size)
            }
        }
    }
}
