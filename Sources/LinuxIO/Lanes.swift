import Dispatch
import Synchronization

/// The threads on which blocking work runs: files, durable commits, slices of `sendfile`.
///
/// Each lane is a serial queue, so work on one lane is ordered and needs no lock. A `.concurrent` queue would not do: on
/// Linux it starts at the core count and gains one thread a second.
package final class Lanes: Sendable {
    private let queues: [DispatchQueue]
    private let turn = Atomic<UInt>(0)

    /// How many there are.
    package var count: Int { queues.count }

    /// Makes `count` lanes; their threads come with the first work.
    package init(count: Int) {
        precondition(count > 0, "at least one lane is needed")
        queues = (0..<count).map { DispatchQueue(label: "waybill.lane.\($0)") }
    }

    /// A lane for work that belongs to nothing in particular: each in turn.
    package func next() -> Lane {
        Lane(queues[Int(turn.wrappingAdd(1, ordering: .relaxed).oldValue % UInt(queues.count))])
    }

    /// The lane of everything that has this key, for example one upload.
    package func lane(of key: some Hashable) -> Lane {
        Lane(queues[Int(UInt(bitPattern: key.hashValue) % UInt(queues.count))])
    }
}

/// One serial queue for blocking work.
package struct Lane: Sendable {
    private let queue: DispatchQueue

    init(_ queue: DispatchQueue) {
        self.queue = queue
    }

    /// Runs `body` on the lane and suspends the caller until it is done. A caller that is cancelled still waits.
    package func run<Value, Failure: Error>(
        _ body: @escaping @Sendable () throws(Failure) -> Value
    ) async throws(Failure) -> Value where Value: Sendable {
        let result: Result<Value, Failure> = await withUnsafeContinuation { continuation in
            queue.async {
                do throws(Failure) {
                    continuation.resume(returning: .success(try body()))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
        }
        return try result.get()
    }

    /// Starts `body` on the lane and returns at once; the result must be awaited before what `body` uses goes away.
    package func start<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) -> Pending<Value> {
        let pending = Pending<Value>()
        queue.async { pending.complete(Result { try body() }) }
        return pending
    }
}

/// The result of work that was started on a lane and is awaited later, once.
package final class Pending<Value: Sendable>: Sendable {
    private enum State {
        case running
        case awaited(UnsafeContinuation<Result<Value, any Error>, Never>)
        case done(Result<Value, any Error>)
        case taken
    }

    private let state = Mutex(State.running)

    /// Waits for the work and gives its value or throws its error. Called exactly once.
    package var value: Value {
        get async throws {
            let result: Result<Value, any Error> = await withUnsafeContinuation { continuation in
                let done: Result<Value, any Error>? = state.withLock { state in
                    guard case .done(let result) = state else {
                        state = .awaited(continuation)
                        return nil
                    }
                    state = .taken
                    return result
                }
                if let done { continuation.resume(returning: done) }
            }
            return try result.get()
        }
    }

    func complete(_ result: Result<Value, any Error>) {
        let waiter: UnsafeContinuation<Result<Value, any Error>, Never>? = state.withLock { state in
            guard case .awaited(let continuation) = state else {
                state = .done(result)
                return nil
            }
            state = .taken
            return continuation
        }
        waiter?.resume(returning: result)
    }
}
