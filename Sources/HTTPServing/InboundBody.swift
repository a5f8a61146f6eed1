import HTTPTypes
import HTTPWire
import LinuxIO

/// The body of a request that arrives on a connection.
final class InboundBody: RequestBody {
    let length: Int64?
    private let inbound: Inbound
    private let loop: EventLoop
    private let limits: ServingLimits
    private var framing: Framing
    private var mustContinue: Bool
    private var windowEnd = Instant.distantFuture
    private var windowBytes: Int64 = 0
    private let memory: MemoryBudget
    private var kept: MemoryGrant?

    private enum Framing {
        case remaining(Int64)
        case chunked(ChunkedDecoder)
        case ended
    }

    /// Why the body broke off; the connection answers for it and closes.
    private(set) var failure: BodyError?

    init(of head: RequestHead, inbound: Inbound, loop: EventLoop, limits: ServingLimits, memory: MemoryBudget) {
        self.memory = memory
        self.inbound = inbound
        self.loop = loop
        self.limits = limits
        mustContinue = head.expectsContinue
        switch head.framing {
        case .none: framing = .ended
        case .length(let length): framing = length == 0 ? .ended : .remaining(length)
        case .chunked: framing = .chunked(ChunkedDecoder())
        }
        length =
            switch head.framing {
            case .none: 0
            case .length(let length): length
            case .chunked: nil
            }
    }

    /// Whether every byte has been read, so that the next request follows.
    var isComplete: Bool {
        if case .ended = framing { true } else { false }
    }

    /// Whether what is left is little enough to be read and dropped. A client that waits for `100` may send nothing.
    var isWorthDraining: Bool {
        guard failure == nil, !mustContinue, case .remaining(let count) = framing else { return false }
        return count <= limits.drainBytes
    }

    /// Reads and drops what is left.
    func drain() async {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 16 * 1024, alignment: 1)
        defer { buffer.deallocate() }
        while let count = try? await read(into: buffer), count > 0 {}
    }

    func keep(_ bytes: Int) -> Bool {
        if kept == nil { kept = memory.grant(0) }
        return kept?.grow(by: bytes) ?? false
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) async throws(BodyError) -> Int {
        if let failure { throw failure }
        guard !isComplete, !buffer.isEmpty else { return 0 }
        do throws(BodyError) {
            let count = try await receive(into: buffer)
            windowBytes += Int64(count)
            inbound.source.setDeadline(loop.now.advanced(by: limits.handlerTimeout))
            return count
        } catch {
            failure = error
            throw error
        }
    }

    private func receive(into buffer: UnsafeMutableRawBufferPointer) async throws(BodyError) -> Int {
        while true {
            let wanted = wantedBytes(of: buffer)
            let received: Int?
            do {
                received = try inbound.take(into: wanted)
            } catch {
                throw .disconnected
            }
            guard let received else {
                try await waitForBytes()
                continue
            }
            guard received > 0 else { throw .disconnected }
            mustContinue = false
            let count = try decode(UnsafeMutableRawBufferPointer(rebasing: wanted[..<received]))
            if count > 0 || isComplete { return count }
        }
    }

    /// Never more than belongs to this body, as far as that is known beforehand.
    private func wantedBytes(of buffer: UnsafeMutableRawBufferPointer) -> UnsafeMutableRawBufferPointer {
        guard case .remaining(let remaining) = framing, remaining < buffer.count else { return buffer }
        return UnsafeMutableRawBufferPointer(rebasing: buffer[..<Int(remaining)])
    }

    /// Turns received bytes into content, in place; says how many bytes of content there are.
    private func decode(_ received: UnsafeMutableRawBufferPointer) throws(BodyError) -> Int {
        switch framing {
        case .ended: return 0
        case .remaining(let remaining):
            let rest = remaining - Int64(received.count)
            framing = rest == 0 ? .ended : .remaining(rest)
            return received.count
        case .chunked(var decoder):
            var (offset, written) = (0, 0)
            while true {
                let event = received.withMemoryRebound(to: UInt8.self) {
                    decoder.next(UnsafeBufferPointer($0).span, from: &offset)
                }
                switch event {
                case .needMoreBytes:
                    framing = .chunked(decoder)
                    return written
                case .body(let range):
                    // Content only ever moves towards the front, over framing that has been read.
                    received.baseAddress.map { base in
                        (base + written).copyMemoryOverlapping(from: base + range.lowerBound, count: range.count)
                    }
                    written += range.count
                case .end:
                    framing = .ended
                    if offset < received.count {
                        inbound.putBack(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(received)[offset...]))
                    }
                    return written
                case .reject(let rejection): throw .malformed(rejection)
                }
            }
        }
    }

    private func waitForBytes() async throws(BodyError) {
        if mustContinue {
            mustContinue = false
            try sendContinue()
        }
        if windowEnd == .distantFuture { startWindow() }
        while true {
            inbound.source.setDeadline(windowEnd)
            switch await inbound.source.wait(.readable) {
            case .ready: return
            case .interrupted: throw .disconnected
            case .expired:
                guard windowBytes > 0, Double(windowBytes) >= limits.bytesPerWindow else { throw .tooSlow }
                startWindow()
            }
        }
    }

    private func startWindow() {
        windowEnd = loop.now.advanced(by: limits.bodyWindow)
        windowBytes = 0
    }

    /// RFC 9110 §10.1.1: sent only now, when a handler wants the body, so after it has agreed to the request.
    private func sendContinue() throws(BodyError) {
        do {
            let sent = try ResponseEncoder.continue100.withUnsafeBytes { bytes throws(SystemError) in
                try inbound.source.send(bytes, more: false)
            }
            guard sent == ResponseEncoder.continue100.count else { throw BodyError.disconnected }
        } catch {
            throw .disconnected
        }
    }
}

extension UnsafeMutableRawPointer {
    /// `memmove`: the two places may overlap.
    fileprivate func copyMemoryOverlapping(from source: UnsafeMutableRawPointer, count: Int) {
        guard self != source else { return }
        copyMemory(from: source, byteCount: count)
    }
}
