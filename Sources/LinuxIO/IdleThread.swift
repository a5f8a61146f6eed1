import CLinux
import Glibc

/// A thread for one long piece of work that nobody waits for. It gets the processor and the disk that nothing else wants
/// (`SCHED_IDLE`, sched(7)), so those who are served meanwhile do not notice it.
///
/// Not a queue of Dispatch: a thread needs a privilege to leave that class, so it must not go back to a pool.
package enum IdleThread {
    /// Runs `body` on such a thread and suspends the caller until it is done. A caller that is cancelled still waits.
    ///
    /// On a machine that is never idle `body` goes on very slowly, so it holds nothing that others need.
    package static func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        let handover = Handover<Result<Value, any Error>>()
        try start { handover.give(Result { try body() }) }
        return try await handover.take().get()
    }

    private static func start(_ work: @escaping @Sendable () -> Void) throws(SystemError) {
        let box = Unmanaged.passRetained(Work(work))
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                clinux_run_when_idle()
                Unmanaged<Work>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, box.toOpaque())
        guard code == 0 else {
            box.release()
            throw SystemError(code: code, call: "pthread_create")
        }
        pthread_detach(thread)
    }

    private final class Work: Sendable {
        let run: @Sendable () -> Void

        init(_ run: @escaping @Sendable () -> Void) {
            self.run = run
        }
    }
}
