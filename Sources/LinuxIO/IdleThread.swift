import CLinux
import Glibc
import Synchronization

/// A thread for one long piece of work that nobody waits for. It gets the processor and the disk that nothing else wants
/// (`SCHED_IDLE`, sched(7)), so those who are served meanwhile do not notice it.
///
/// Not a queue of Dispatch: a thread needs a privilege to leave that class, so it must not go back to a pool.
package enum IdleThread {
    /// Runs `body` on such a thread and suspends the caller until it is done. A caller that is cancelled still waits: `body` asks now
    /// and then whether that has happened, since a thread knows nothing of tasks.
    ///
    /// On a machine that is never idle `body` goes on very slowly, so it holds nothing that others need.
    package static func run<Value: Sendable>(
        _ body: @escaping @Sendable (_ isCancelled: @Sendable () -> Bool) throws -> Value
    ) async throws -> Value {
        let handover = Handover<Result<Value, any Error>>()
        let isCancelled = Flag()
        return try await withTaskCancellationHandler {
            try start { handover.give(Result { try body { isCancelled.isSet } }) }
            return try await handover.take().get()
        } onCancel: {
            isCancelled.set()
        }
    }

    private final class Flag: Sendable {
        private let flag = Atomic(false)

        var isSet: Bool { flag.load(ordering: .relaxed) }

        func set() {
            flag.store(true, ordering: .relaxed)
        }
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
