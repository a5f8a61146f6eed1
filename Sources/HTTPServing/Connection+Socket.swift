import Glibc
import LinuxIO
import Logging

/// The ways of bytes to the socket. All of them wait for room as long as the client takes something.
extension Connection {
    /// Bytes that one hop to a lane sends: large enough that the hop does not show, small enough to share the lane.
    private static let sliceSize = 1024 * 1024

    /// Bytes that the loop itself sends at a time, of what is in the page cache: some fifty microseconds, in which its other
    /// connections wait.
    private static let cachedSize: Int64 = 256 * 1024

    /// Sends bytes that are in memory; false when the client is gone or takes nothing.
    func send(_ bytes: [UInt8], more: Bool = false) async -> Bool {
        var sent = 0
        while sent < bytes.count {
            do {
                let count = try bytes.withUnsafeBytes { buffer throws(SystemError) in
                    try source.send(UnsafeRawBufferPointer(rebasing: buffer[sent...]), more: more)
                }
                if let count {
                    sent += count
                    continue
                }
            } catch { return false }
            guard await waitForRoom() else { return false }
        }
        return true
    }

    /// Sends a part of a file to the socket, piece by piece: on the loop itself what is in the page cache, on a lane what the disk has to
    /// be waited for.
    func sendFile(_ file: SharedDescriptor, _ range: Range<Int64>) async -> Bool {
        var position = range.lowerBound
        while position < range.upperBound {
            let cached = Int(min(Self.cachedSize, range.upperBound - position))
            if source.sendsFiles, file.isCached(from: position, count: cached) {
                guard let sent = await sendCached(file, from: position, count: cached) else { return false }
                position += Int64(sent)
                // Others have their share of the loop before the next piece.
                if position < range.upperBound, sent == cached { await loop.turn() }
                continue
            }
            let lane = context.lanes.next()
            let count = Int(min(Int64(Self.sliceSize), range.upperBound - position))
            let start = position
            let (socket, channel) = (source.shared, source.channel)
            source.forgetWritable()
            do {
                let (sent, isFull) = try await lane.run {
                    guard let channel else { return try file.send(to: socket.number, from: start, count: count) }
                    guard !channel.sendsFiles else { return try channel.send(file, from: start, count: count) }
                    return try sendSlice(file, through: channel, from: start, count: count)
                }
                position += Int64(sent)
                guard sent > 0 || isFull else {
                    context.logger.error("stored file is shorter than promised", metadata: ["end": "\(position)"])
                    return false
                }
                guard isFull else { continue }
            } catch { return false }
            guard await waitForRoom() else { return false }
        }
        return true
    }

    /// Sends on the loop; waits when the socket is full. nil when the connection cannot go on.
    private func sendCached(_ file: SharedDescriptor, from start: Int64, count: Int) async -> Int? {
        do {
            let (sent, isFull) = try source.sendFile(file, from: start, count: count)
            if isFull { return await waitForRoom() ? sent : nil }
            guard sent == count else {
                context.logger.error(
                    "stored file is shorter than promised", metadata: ["end": "\(start + Int64(sent))"])
                return nil
            }
            return sent
        } catch { return nil }
    }

    /// Waits until there is room in the socket; false when the client takes less than the limits ask for.
    private func waitForRoom() async -> Bool {
        defer { source.setDeadline(.distantFuture) }
        while true {
            let pending = source.pendingBytes
            source.setDeadline(loop.now.advanced(by: context.limits.sendStall))
            switch await source.wait(.writable) {
            case .ready: return true
            case .interrupted: return false
            case .expired:
                // The kernel tells of room only when a third of the socket's buffer is free, which may be megabytes.
                let taken = pending - source.pendingBytes
                guard taken > 0, Double(taken) >= context.limits.bytesPerStall else { return false }
            }
        }
    }
}

/// Bytes of a file that are read and encrypted at a time.
private let pieceSize = 64 * 1024

/// Sends until the slice is out or the socket is full. What is encrypted has to go through this process.
///
/// A piece that was not taken whole is read again by the next call, from the same place on and no shorter.
private func sendSlice(
    _ file: SharedDescriptor, through channel: any SecureChannel, from start: Int64, count: Int
) throws(SystemError) -> (sent: Int, isFull: Bool) {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: min(pieceSize, count), alignment: 64)
    defer { buffer.deallocate() }
    var sent = 0
    while sent < count {
        let (number, offset, wanted) = (file.number, off_t(start) + off_t(sent), min(buffer.count, count - sent))
        let read = try systemCall("pread") { pread(number, buffer.baseAddress, wanted, offset) }
        guard read > 0 else { break }
        var piece = UnsafeRawBufferPointer(rebasing: buffer[..<read])
        while !piece.isEmpty {
            guard case .moved(let moved) = try channel.send(piece) else { return (sent, true) }
            sent += moved
            piece = UnsafeRawBufferPointer(rebasing: piece[moved...])
        }
    }
    return (sent, false)
}
