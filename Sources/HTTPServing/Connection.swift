import HTTPTypes
import HTTPWire
import LinuxIO
import Logging
import TLS

/// One client's connection: requests in, answers out, in order, until one side has enough.
///
/// Written top to bottom as one task on one loop.
///
/// `@unchecked Sendable`: everything here is confined to the loop, and so is the task of each request, which gets the
/// connection across.
final class Connection: @unchecked Sendable {
    let context: ServerContext
    let clock: LoopClock
    let loop: EventLoop
    let source: EventSource
    private let admission: Admission
    private let peer: SocketAddress
    private let certificateNames: [TLSSession.PeerName]
    private let inbound: Inbound
    /// From the end of a request's head to the first byte of its answer: the time that `handlerTimeout` bounds.
    var isHandling = false
    /// The making of a piece of a stream, which `handlerTimeout` bounds too.
    var production: Task<OpenPiece?, any Error>?
    /// The memory in which an answer waits for its receiver.
    var answerMemory: MemoryGrant?
    /// The handler took too long and the client has been told so: nothing more may be sent.
    private(set) var isAbandoned = false

    /// - Parameter admission: whether it is served; otherwise `run` only says why not.
    init(
        _ source: EventSource, peer: SocketAddress, loop: EventLoop, clock: LoopClock, context: ServerContext,
        admission: Admission = .served
    ) {
        self.admission = admission
        self.source = source
        self.peer = peer
        certificateNames = (source.channel as? TLSSession)?.peerNames() ?? []
        self.loop = loop
        self.clock = clock
        self.context = context
        let limits = context.limits(for: admission)
        inbound = Inbound(source, loop: loop, limits: limits, givesWay: admission.isServed) { context.isDraining }
    }

    /// Serves until the connection ends; the descriptor is closed when this returns.
    func run() async {
        defer { source.close() }
        source.onExpiry = { [unowned self] in abandon() }
        source.onBreak = { [unowned self] in production?.cancel() }
        while !isAbandoned {
            let arrival = await inbound.nextRequest()
            guard arrival != .finished else { return }
            guard admission.isServed else { return await refuse(503, admission.reason) }
            // In a task of its own, awaited here: a task keeps the memory of its deepest call for as long as it lives, and
            // thousands of idle connections would each keep that of their last request. It also lets the loop turn, so that
            // a client that always has its next request ready does not keep it.
            guard await Task(executorPreference: loop, operation: { await self.answer() }).value else { return }
        }
    }

    /// Answers what has arrived; says whether another request may follow.
    private func answer() async -> Bool {
        if let head = inbound.takeHead() { return await serve(head) }
        if let refusal = inbound.takeRefusal() { await refuse(refusal.status, refusal.reason) }
        return false
    }

    /// Answers one request; says whether another may follow.
    private func serve(_ head: RequestHead) async -> Bool {
        let started = Instant.now
        let body = InboundBody(of: head, inbound: inbound, loop: loop, limits: context.limits, memory: context.memory)
        source.setDeadline(loop.now.advanced(by: context.limits.handlerTimeout))
        isHandling = true
        let response = await context.handler(
            Request(
                head: head, peer: peer, isSecure: source.channel != nil, certificateNames: certificateNames, body: body)
        )
        guard !isAbandoned else { return false }
        switch body.failure {
        case .disconnected?: return false
        case .tooSlow?:
            await refuse(408, "the body did not arrive in time", path: head.target.path)
            return false
        case .malformed(let rejection)?:
            await refuse(rejection.status, rejection.reason, path: head.target.path)
            return false
        case .tooLarge?, .noMemory?, nil: break
        }
        let plan = ResponsePlan(response, to: head, limits: context.limits, problem: context.problem)
        let persists =
            head.persists && plan.stream != .connectionEnd && (body.isComplete || body.isWorthDraining)
            && !context.isDraining
        let sent = await send(response, as: plan, to: head, persists: persists)
        log(head, response, since: started)
        guard sent else { return false }
        guard persists else {
            await linger(expectsMore: !body.isComplete || inbound.hasHeldBytes)
            return false
        }
        if !body.isComplete { await body.drain() }
        return body.isComplete
    }

    /// Answers something that is no request, or a body that broke off, and ends the connection: what follows cannot be
    /// told apart from an attack.
    private func refuse(_ status: Int, _ reason: String, path: String? = nil) async {
        isHandling = false
        let encoded = context.encodedProblem(status, reason, path, date: clock.date)
        context.logger.debug("request refused", metadata: ["peer": "\(peer)", "reason": "\(reason)"])
        guard await send(encoded) else { return }
        await linger()
    }

    /// Says that nothing more comes, then drops what still arrives, so that the client reads the answer and not a reset
    /// (RFC 9112 §9.6). A client of which nothing is expected and nothing has arrived is not waited for.
    private func linger(expectsMore: Bool = true) async {
        source.shutDown(sendingOnly: true)
        let end = loop.now.advanced(by: context.limits(for: admission).linger)
        source.setDeadline(end)
        var expectsMore = expectsMore
        while loop.now < end {
            do {
                if let count = try source.receive(into: loop.scratch) {
                    guard count > 0 else { return }
                    expectsMore = true
                    // Without this, a client that sends as fast as we read would have the loop for itself.
                    await loop.turn()
                    continue
                }
            } catch { return }
            guard expectsMore, await source.wait(.readable) == .ready else { return }
        }
    }

    /// The time of the handler, or of its stream for one piece, is over. Neither can be stopped in the middle of a
    /// system call, but the client need not wait.
    private func abandon() {
        // A deadline may also pass while an answer is on its way from a lane to the socket, which must not be broken.
        guard isHandling || production != nil, !isAbandoned else { return }
        isAbandoned = true
        production?.cancel()
        context.logger.warning("handler took too long", metadata: ["peer": "\(peer)"])
        // In the middle of a stream there is nothing to say that would not be taken for content.
        guard isHandling else { return source.shutDown(sendingOnly: true) }
        let encoded = context.encodedProblem(503, "the server did not answer in time", nil, date: clock.date)
        // Best effort: a socket without room has a client that is not reading anyway.
        _ = try? encoded.withUnsafeBytes { try source.send($0, more: false) }
        source.shutDown(sendingOnly: true)
    }

    private func log(_ head: RequestHead, _ response: Response, since started: Instant) {
        guard context.logger.logLevel <= .debug else { return }
        let microseconds = (Instant.now.nanoseconds - started.nanoseconds) / 1000
        context.logger.debug(
            "request served",
            metadata: [
                "peer": "\(peer)", "method": "\(head.method.rawValue)", "path": "\(head.target.path)",
                "status": "\(response.status.code)", "microseconds": "\(microseconds)",
            ])
    }
}
