import Glibc
import LinuxIO
import Logging

/// The ways of bytes to the socket. All of them wait for room as long as the client takes something.
extension Connection {
    /// Bytes that one hop to a lane sends: large enough that the hop does not show, small enough to share the lane.
    private static let sliceSize = 1024 * 1024

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

    /// Sends a part of a file from the page cache to the socket, slice by slice, on a lane.
    func sendFile(_ file: SharedDescriptor, _ range: Range<Int64>) async -> Bool {
        var position = range.lowerBound
        while position < range.upperBound {
            let lane = context.lanes.next()
            let count = Int(min(Int64(Self.sliceSize), range.upperBound - position))
            let start = position
            let (socket, channel) = (source.shared, source.channel)
            source.forgetWritable()
            do {
                let (sent, isFull) = try await lane.run {
                    guard let channel else { return try sendSlice(file, to: socket, from: start, count: count) }
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

    /// Waits until the client has taken something; false when it takes nothing for as long as the limit allows.
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
                guard source.pendingBytes < pending else { return false }
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

/// Sends until the slice is out or the socket is full.
private func sendSlice(
    _ file: SharedDescriptor, to socket: SharedDescriptor, from start: Int64, count: Int
) throws(SystemError) -> (sent: Int, isFull: Bool) {
    var offset = off_t(start)
    let end = start + Int64(count)
    while Int64(offset) < end {
        let (output, input, left) = (socket.number, file.number, Int(end - Int64(offset)))
        let sent = try nonBlockingCall("sendfile") { sendfile(output, input, &offset, left) }
        guard let sent else { return (Int(Int64(offset) - start), true) }
        if sent == 0 { break }
    }
    return (Int(Int64(offset) - start), false)
}
