import Glibc
import HTTPWire
package import LinuxIO
package import Logging
import Synchronization
package import TLS

/// Accepts connections, spreads them over the loops, and serves each as one task until it is told to drain.
package final class HTTPServer: Sendable {
    let context: ServerContext
    /// The certificates; nil for a server in the clear.
    let keeper: TLSKeeper?
    private let clocks: [LoopClock]

    /// Puts a server together; nothing is accepted before `run`. The loops must have been started.
    ///
    /// - Parameters:
    ///   - memory: for bodies that are received into memory and answers that wait there; past it `503`.
    ///   - tls: the certificates with which every connection begins; nil for a server in the clear.
    package init(
        limits: ServingLimits, memory: MemoryBudget = MemoryBudget(), loops: [EventLoop], lanes: Lanes,
        wallClock: WallClock = .system, tls: TLSKeeper? = nil, logger: Logger, problem: @escaping ProblemWriter,
        handler: @escaping Handler
    ) {
        precondition(!loops.isEmpty, "a server needs a loop")
        // sendfile to a client that has gone raises it, and unlike send it has no flag against that.
        signal(SIGPIPE, SIG_IGN)
        keeper = tls
        context = ServerContext(
            limits: limits, memory: memory, lanes: lanes, handler: handler, problem: problem, logger: logger)
        clocks = loops.map { LoopClock($0, wallClock: wallClock) }
    }

    /// Connections that are open now.
    package var connectionCount: Int { context.connectionCount }

    /// Whether `drain` has been called.
    package var isDraining: Bool { context.isDraining }

    /// Accepts and serves until `drain` is called and every connection has ended.
    package func run(on listeners: [FileDescriptorBox]) async {
        let acceptor = clocks[0]
        await withTaskGroup(of: Void.self) { group in
            for listener in listeners {
                group.addTask(executorPreference: acceptor.loop) { await self.accept(from: listener, on: acceptor) }
            }
        }
    }

    /// Stops accepting, closes idle connections, lets requests finish, and after the drain limit cuts what is left.
    ///
    /// `run` returns when the last connection has ended; this returns at the same time or after the limit.
    package func drain() async {
        context.beginDraining()
        await onEveryLoop { $0.interruptIdleSources() }
        let limit = Instant.now.advanced(by: context.limits.drainTimeout)
        while context.connectionCount > 0, Instant.now < limit {
            try? await Task.sleep(for: .milliseconds(20))
        }
        guard context.connectionCount > 0 else { return }
        context.logger.warning("connections cut at the drain limit", metadata: ["count": "\(context.connectionCount)"])
        await onEveryLoop { $0.shutDownAllSources() }
    }

    /// Returns when every loop has had a turn; while one hangs, it does not return.
    package func visitLoops() async { await onEveryLoop { _ in } }

    private func onEveryLoop(_ body: @escaping @Sendable (EventLoop) -> Void) async {
        for clock in clocks { await perform(on: clock.loop, body) }
    }

    private func perform<Value: Sendable>(
        on loop: EventLoop, _ body: @escaping @Sendable (EventLoop) -> Value
    ) async -> Value {
        await withTaskExecutorPreference(loop) { await Self.perform(body, on: loop) }
    }

    @concurrent private static func perform<Value: Sendable>(
        _ body: @Sendable (EventLoop) -> Value, on loop: EventLoop
    ) async -> Value {
        body(loop)
    }

    // MARK: - Accepting

    /// How long a connection that nobody else may have is left to a client who has not sent a request.
    private static let patience = Duration.milliseconds(200)
    /// How long those who come wait for somebody to leave when all are at work, and how long they are turned away after that before
    /// anybody looks again.
    private static let hope = Duration.milliseconds(20)
    private static let resignation = Duration.milliseconds(50)
    /// Connections that are accepted before the loop serves those that it has.
    private static let acceptsInTurn = 16

    private func accept(from box: FileDescriptorBox, on clock: LoopClock) async {
        guard let descriptor = box.take(), let listener = try? clock.loop.watch(descriptor) else {
            return context.logger.error("a listening socket cannot be watched")
        }
        listener.isIdle = true
        var (turnsAwayUntil, accepts) = (Instant.now, 0)
        await withDiscardingTaskGroup { group in
            while !context.isDraining {
                do throws(SystemError) {
                    guard let accepted = try listener.accept() else {
                        _ = await listener.wait(.readable)
                        continue
                    }
                    var admission = context.admission(from: accepted.peer)
                    if admission == .serverIsFull, clock.loop.now >= turnsAwayUntil {
                        await findRoom(listener, on: clock.loop)
                        admission = context.admission(from: accepted.peer)
                        if admission == .serverIsFull {
                            turnsAwayUntil = clock.loop.now.advanced(by: Self.resignation)
                        }
                    }
                    let home = leastBusyLoop()
                    guard context.connectionOpened(admission, from: accepted.peer) else { continue }
                    home.connections.wrappingAdd(1, ordering: .relaxed)
                    group.addTask(executorPreference: home.loop) { [admission] in
                        await self.serve(accepted, admission, on: home)
                    }
                    // Who connects without end must not have the loop for himself.
                    accepts += 1
                    if accepts % Self.acceptsInTurn == 0 { await clock.loop.turn() }
                } catch {
                    // The one error that concerns a single client. Anything else lasts, so trying at once would spin.
                    guard error.code != ECONNABORTED else { continue }
                    context.logger.warning("cannot accept connections", metadata: ["error": "\(error)"])
                    await pause(listener, .milliseconds(500), on: clock.loop)
                }
            }
            // Now, not when the last connection has ended: until then the kernel would go on taking connections that
            // nobody will answer.
            listener.shutDown()
            listener.close()
        }
    }

    /// Makes room; or waits a moment for somebody to leave when nobody can be asked to.
    private func findRoom(_ listener: EventSource, on loop: EventLoop) async {
        await closeLongestIdle()
        if context.isFull { await pause(listener, Self.hope, on: loop) }
    }

    /// Closes connections that have waited longest for a next request, for those that come with one. They are closed some at a
    /// time, since the loop has to look at all of its connections for that.
    private func closeLongestIdle() async {
        let idle = context.limits.idleTimeout - min(Self.patience, context.limits.idleTimeout)
        let limit = Instant.now.advanced(by: idle)
        var longest: (deadline: Instant, loop: EventLoop)?
        for clock in clocks {
            guard let deadline = await perform(on: clock.loop, { $0.firstIdleDeadline(before: limit) }),
                longest.map({ deadline < $0.deadline }) ?? true
            else { continue }
            longest = (deadline, clock.loop)
        }
        guard let loop = longest?.loop else { return }
        let share = max(1, context.limits.connections / 128)
        await perform(on: loop) { $0.interruptIdle(before: limit, atMost: share) }
        // Behind the tasks of those that it has interrupted, which end now.
        await perform(on: loop) { _ in }
    }

    private func pause(_ listener: EventSource, _ time: Duration, on loop: EventLoop) async {
        listener.setDeadline(Instant.now.advanced(by: time))
        _ = await listener.wait(.nothing)
    }

    private func leastBusyLoop() -> LoopClock {
        clocks.min { $0.connections.load(ordering: .relaxed) < $1.connections.load(ordering: .relaxed) } ?? clocks[0]
    }

    private func serve(_ accepted: AcceptedConnection, _ admission: Admission, on clock: LoopClock) async {
        defer {
            clock.connections.wrappingSubtract(1, ordering: .relaxed)
            context.connectionClosed(admission, from: accepted.peer)
        }
        // A handshake costs more than there is to say.
        guard admission.isServed || keeper == nil else { return }
        guard let descriptor = accepted.descriptor.take() else { return }
        Listening.setNoDelay(descriptor.number)
        guard let source = try? clock.loop.watch(descriptor) else { return }
        guard await secure(source, peer: accepted.peer, on: clock) else { return source.close() }
        await Connection(
            source, peer: accepted.peer, loop: clock.loop, clock: clock, context: context, admission: admission
        ).run()
    }
}
