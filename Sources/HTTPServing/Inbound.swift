import HTTPTypes
import HTTPWire
import LinuxIO

/// The receiving half of a connection: bytes in, heads and bodies out. Confined to the connection's loop.
///
/// Between requests it holds no buffer: what is received goes through the loop's scratch memory, and only bytes that
/// belong to something later (a body, a pipelined request) are kept.
final class Inbound {
    enum Head {
        case request(RequestHead)
        case rejected(Rejection)
        /// A head began and did not end in time.
        case tooSlow
        /// The client closed, fell silent between requests, or the server drains.
        case finished
    }

    let source: EventSource
    private let loop: EventLoop
    private let limits: ServingLimits
    private let isDraining: @Sendable () -> Bool
    private var parser: RequestParser
    private var held: [UInt8] = []
    private var offset = 0

    init(_ source: EventSource, loop: EventLoop, limits: ServingLimits, isDraining: @escaping @Sendable () -> Bool) {
        self.source = source
        self.loop = loop
        self.limits = limits
        self.isDraining = isDraining
        parser = RequestParser(limits: limits.head)
    }

    /// Whether bytes have been received that nobody has asked for yet.
    var hasHeldBytes: Bool { offset < held.count }

    // MARK: - Heads

    /// Receives the next request head, for as long as the limits allow.
    func nextHead() async -> Head {
        if hasHeldBytes, let head = parseHeld() { return head }
        setHeadDeadline()
        while true {
            do {
                switch try source.receive(into: loop.scratch) {
                case .none:
                    guard await waitForHead() else {
                        return parser.isIdle ? .finished : .tooSlow
                    }
                case .some(0):
                    return .finished
                case .some(let count):
                    let wasIdle = parser.isIdle
                    if let head = parse(UnsafeRawBufferPointer(rebasing: loop.scratch[..<count])) { return head }
                    if wasIdle { setHeadDeadline() }
                }
            } catch {
                return .finished
            }
        }
    }

    /// The time for a head runs from its first byte; before that the connection is merely idle.
    private func setHeadDeadline() {
        source.setDeadline(loop.now.advanced(by: parser.isIdle ? limits.idleTimeout : limits.headTimeout))
    }

    private func waitForHead() async -> Bool {
        if parser.isIdle && isDraining() { return false }
        source.isIdle = parser.isIdle
        defer { source.isIdle = false }
        return await source.wait(.readable) == .ready
    }

    private func parseHeld() -> Head? {
        let bytes = held
        let start = offset
        held = []
        offset = 0
        return bytes.withUnsafeBytes { parse(UnsafeRawBufferPointer(rebasing: $0[start...])) }
    }

    private func parse(_ bytes: UnsafeRawBufferPointer) -> Head? {
        let (action, consumed) = bytes.withMemoryRebound(to: UInt8.self) { parser.receive($0.span) }
        switch action {
        case .needMoreBytes: return nil
        case .reject(let rejection): return .rejected(rejection)
        case .deliver(let head):
            if consumed < bytes.count { held = Array(bytes[consumed...]) }
            return .request(head)
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
