import HTTPTypes
import HTTPWire
import LinuxIO

/// The receiving half of a connection: bytes in, heads and bodies out. Confined to the connection's loop.
///
/// Between requests it holds no buffer: what is received goes through the loop's scratch memory, and only bytes that
/// belong to something later (a body, a pipelined request) are kept.
final class Inbound {
    /// What came of waiting for a request.
    enum Arrival {
        /// A head is complete: `takeHead` gives it.
        case request
        /// What arrived is no request, or not all of it did: `takeRefusal` says why.
        case refused
        /// The client closed, fell silent between requests, or the server drains.
        case finished
    }

    /// The status and the reason of an answer to something that is no request.
    struct Refusal {
        var status: Int
        var reason: String
    }

    let source: EventSource
    private let loop: EventLoop
    private let limits: ServingLimits
    private let givesWay: Bool
    private let isDraining: @Sendable () -> Bool
    private var parser: RequestParser
    private var held: [UInt8] = []
    private var offset = 0
    private var arrival: Arrival?
    private var head: RequestHead?
    private var refusal: Refusal?

    /// - Parameter givesWay: whether its wait for a request may be ended so that there is room for somebody else.
    init(
        _ source: EventSource, loop: EventLoop, limits: ServingLimits, givesWay: Bool,
        isDraining: @escaping @Sendable () -> Bool
    ) {
        self.source = source
        self.givesWay = givesWay
        self.loop = loop
        self.limits = limits
        self.isDraining = isDraining
        parser = RequestParser(limits: limits.head)
    }

    /// Whether bytes have been received that nobody has asked for yet.
    var hasHeldBytes: Bool { offset < held.count }

    // MARK: - Heads

    /// Receives the next request head, for as long as the limits allow.
    ///
    /// An idle connection waits in here, so what this function keeps across its wait is multiplied by thousands: all
    /// work with heads is in `receiveHead`, which is not asynchronous, and the head is handed over by `takeHead`.
    func nextRequest() async -> Arrival {
        beginHead()
        while arrival == nil {
            guard await waitForHead() else { return giveUp() }
            receiveHead()
        }
        return takeArrival()
    }

    @inline(never)
    private func beginHead() {
        if hasHeldBytes { arrival = parseHeld() }
        guard arrival == nil else { return }
        setHeadDeadline()
        receiveHead()
    }

    @inline(never)
    private func takeArrival() -> Arrival {
        defer { arrival = nil }
        return arrival ?? .finished
    }

    /// The head that `nextRequest` announced; once.
    func takeHead() -> RequestHead? {
        defer { head = nil }
        return head
    }

    /// Why `nextRequest` refused what it found; once.
    func takeRefusal() -> Refusal? {
        defer { refusal = nil }
        return refusal
    }

    @inline(never)
    private func giveUp() -> Arrival {
        guard !parser.isIdle else { return .finished }
        refusal = Refusal(status: 408, reason: "the request did not arrive in time")
        return .refused
    }

    /// Takes what the socket has, until a head is complete or there is no more.
    @inline(never)
    private func receiveHead() {
        while arrival == nil {
            do throws(SystemError) {
                guard let count = try source.receive(into: loop.scratch) else { return }
                let wasIdle = parser.isIdle
                arrival = count > 0 ? parse(UnsafeRawBufferPointer(rebasing: loop.scratch[..<count])) : .finished
                if wasIdle { setHeadDeadline() }
            } catch {
                arrival = .finished
            }
        }
    }

    /// The time for a head runs from its first byte; before that the connection is merely idle.
    private func setHeadDeadline() {
        source.setDeadline(loop.now.advanced(by: parser.isIdle ? limits.idleTimeout : limits.headTimeout))
    }

    private func waitForHead() async -> Bool {
        if parser.isIdle && isDraining() { return false }
        source.isIdle = givesWay && parser.isIdle
        defer { source.isIdle = false }
        return await source.wait(.readable) == .ready
    }

    @inline(never)
    private func parseHeld() -> Arrival? {
        let bytes = held
        let start = offset
        held = []
        offset = 0
        return bytes.withUnsafeBytes { parse(UnsafeRawBufferPointer(rebasing: $0[start...])) }
    }

    private func parse(_ bytes: UnsafeRawBufferPointer) -> Arrival? {
        let (action, consumed) = bytes.withMemoryRebound(to: UInt8.self) { parser.receive($0.span) }
        switch action {
        case .needMoreBytes: return nil
        case .reject(let rejection):
            refusal = Refusal(status: rejection.status, reason: rejection.reason)
            return .refused
        case .deliver(let head):
            if consumed < bytes.count { held = Array(bytes[consumed...]) }
            self.head = head
            return .request
        }
    }

    // MARK: - Bodies

    /// Takes bytes that were received ahead, then what the socket has; nil when it would have to wait, 0 at the end.
    func take(into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> Int? {
        guard hasHeldBytes else { return try source.receive(into: buffer) }
        let count = min(buffer.count, held.count - offset)
        held.withUnsafeBytes { buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[offset..<offset + count])) }
        offset += count
        if offset == held.count {
            held = []
            offset = 0
        }
        return count
    }

    /// Puts back bytes that belong to the next request.
    func putBack(_ bytes: UnsafeRawBufferPointer) {
        held = Array(bytes) + held[offset...]
        offset = 0
    }
}
