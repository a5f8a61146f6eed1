import Glibc
import HTTPTypes
import HTTPWire
import LinuxIO
import Logging

extension Connection {
    /// Files up to this size are read in the same hop that opens them and sent from memory with the head.
    private static let smallFile: Int64 = 64 * 1024
    /// Contents in memory up to this size are copied behind the head.
    private static let joinedBytes = 16 * 1024
    /// Bytes that one hop to a lane sends: large enough that the hop does not show, small enough to share the lane.
    private static let sliceSize = 1024 * 1024

    /// Sends the answer; false when the connection cannot go on.
    func send(_ response: Response, to request: RequestHead, persists: Bool) async -> Bool {
        var plan = ResponsePlan(response, to: request, limits: context.limits, problem: context.problem)
        var file: SharedDescriptor?
        if case .file(let stored) = response.body, plan.parts.contains(where: \.isSlice) {
            do {
                file = try await open(stored, for: &plan)
            } catch {
                context.logger.error("stored file cannot be read", metadata: ["error": "\(error)"])
                let problem = context.problem(500, "the content cannot be read", request.target.path)
                plan = ResponsePlan(problem, to: request, limits: context.limits, problem: context.problem)
            }
        }
        guard !isAbandoned else { return false }
        // From here on only a receiver that takes nothing is too slow: see `waitForRoom`.
        isHandling = false
        source.setDeadline(.distantFuture)
        var encoded: [UInt8] = []
        encoded.reserveCapacity(512)
        ResponseEncoder.encode(
            plan.head, body: plan.framing, persists: persists, date: clock.date, version: request.version,
            into: &encoded)
        var rest = plan.parts[...]
        plan.parts = []
        // Small contents go out with the head in one call; large ones are not copied for that.
        while case .bytes(let bytes)? = rest.first, bytes.count <= Self.joinedBytes {
            encoded += bytes
            rest.removeFirst()
        }
        guard await send(encoded, more: !rest.isEmpty) else { return false }
        while let part = rest.popFirst() {
            switch part {
            case .bytes(let bytes):
                guard await send(bytes, more: !rest.isEmpty) else { return false }
            case .slice(let range):
                guard let file, await sendFile(file, range) else { return false }
            }
        }
        return true
    }

    /// Opens the file on a lane; small contents are read at once and take their place among the bytes.
    private func open(_ stored: StoredFile, for plan: inout ResponsePlan) async throws -> SharedDescriptor? {
        let total = plan.parts.reduce(0) { $0 + $1.count }
        let parts = plan.parts
        let lane = context.lanes.next()
        guard total <= Self.smallFile else {
            return try await lane.run { try SharedDescriptor(stored.open()) }
        }
        plan.parts = try await lane.run {
            let file = try stored.open()
            var loaded = parts
            for (index, part) in parts.enumerated() {
                guard case .slice(let range) = part else { continue }
                loaded[index] = .bytes(try file.read(Int(part.count), from: range.lowerBound))
            }
            return loaded
        }
        return nil
    }

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
    private func sendFile(_ file: SharedDescriptor, _ range: Range<Int64>) async -> Bool {
        var position = range.lowerBound
        while position < range.upperBound {
            let lane = context.lanes.next()
            let count = Int(min(Int64(Self.sliceSize), range.upperBound - position))
            let start = position
            let socket = source.shared
            source.forgetWritable()
            do {
                let (sent, isFull) = try await lane.run { try sendSlice(file, to: socket, from: start, count: count) }
                position += Int64(sent)
                guard sent > 0 || isFull else { return false }  // the file is shorter than it was
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

extension ResponsePlan.Part {
    fileprivate var isSlice: Bool {
        if case .slice = self { true } else { false }
    }
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
