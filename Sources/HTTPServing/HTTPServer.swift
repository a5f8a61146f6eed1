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
    /// - Parameter tls: the certificates with which every connection begins; nil for a server in the clear.
    package init(
        limits: ServingLimits, loops: [EventLoop], lanes: Lanes, wallClock: WallClock = .system, tls: TLSKeeper? = nil,
        logger: Logger, problem: @escaping ProblemWriter, handler: @escaping Handler
    ) {
        precondition(!loops.isEmpty, "a server needs a loop")
        // sendfile to a client that has gone raises it, and unlike send it has no flag against that.
        signal(SIGPIPE, SIG_IGN)
        keeper = tls
        context = ServerContext(limits: limits, lanes: lanes, handler: handler, problem: problem, logger: logger)
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

    private func onEveryLoop(_ body: @escaping @Sendable (EventLoop) -> Void) async {
        for clock in clocks {
            await withTaskExecutorPreference(clock.loop) { await Self.perform(body, on: clock.loop) }
        }
    }

    @concurrent private static func perform(_ body: @Sendable (EventLoop) -> Void, on loop: EventLoop) async {
        body(loop)
    }

    // MARK: - Accepting

    private func accept(from box: FileDescriptorBox, on clock: LoopClock) async {
        guard let descriptor = box.take(), let listener = try? clock.loop.watch(descriptor) else {
            return context.logger.error("a listening socket cannot be watched")
        }
        listener.isIdle = true
        await withDiscardingTaskGroup { group in
            while !context.isDraining {
                if context.connectionCount >= context.limits.connections {
                    await pause(listener, .milliseconds(20), on: clock.loop)
                    continue
                }
                do throws(SystemError) {
                    guard let accepted = try listener.accept() else {
                        _ = await listener.wait(.readable)
                        continue
                    }
                    context.connectionOpened()
                    let home = leastBusyLoop()
                    home.connections.wrappingAdd(1, ordering: .relaxed)
                    group.addTask(executorPreference: home.loop) { await self.serve(accepted, on: home) }
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

    private func pause(_ listener: EventSource, _ time: Duration, on loop: EventLoop) async {
        listener.setDeadline(Instant.now.advanced(by: time))
        _ = await listener.wait(.nothing)
    }

    private func leastBusyLoop() -> LoopClock {
        clocks.min { $0.connections.load(ordering: .relaxed) < $1.connections.load(ordering: .relaxed) } ?? clocks[0]
    }

    private func serve(_ accepted: AcceptedConnection, on clock: LoopClock) async {
        defer {
            clock.connections.wrappingSubtract(1, ordering: .relaxed)
            context.connectionClosed()
        }
        guard let descriptor = accepted.descriptor.take() else { return }
        Listening.setNoDelay(descriptor.number)
        guard let source = try? clock.loop.watch(descriptor) else { return }
        guard await secure(source, peer: accepted.peer, on: clock) else { return source.close() }
        await Connection(source, peer: accepted.peer, loop: clock.loop, clock: clock, context: context).run()
    }
}
