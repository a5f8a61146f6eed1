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

    /// The lane with this number, for an owner that keeps something for each of them.
    package subscript(index: Int) -> Lane { Lane(queues[index]) }

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
    package func run<Value: Sendable, Failure: Error>(
        _ body: @escaping @Sendable () throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        let handover = Handover<Result<Value, Failure>>()
        queue.async {
            do throws(Failure) {
                handover.give(.success(try body()))
            } catch {
                handover.give(.failure(error))
            }
        }
        return try await handover.take().get()
    }

    /// Starts `body` on the lane and returns at once; the result must be awaited before what `body` uses goes away.
    package func start<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) -> Pending<Value> {
        let handover = Handover<Result<Value, any Error>>()
        queue.async { handover.give(Result { try body() }) }
        return Pending(handover)
    }
}

/// The result of work that was started on a lane and is awaited later, once.
package struct Pending<Value: Sendable>: Sendable {
    private let handover: Handover<Result<Value, any Error>>

    fileprivate init(_ handover: Handover<Result<Value, any Error>>) {
        self.handover = handover
    }

    /// Waits for the work and gives its value or throws its error. Called exactly once.
    package var value: Value {
        get async throws { try await handover.take().get() }
    }
}

/// One value on its way from a thread to the one task that waits for it.
///
/// The value goes through the lock and not through the continuation, so its use is ordered behind the work that made it
/// in every case, also when the work is done before the task has suspended.
final class Handover<Content: Sendable>: Sendable {
    private struct State {
        var content: Content?
        var waiter: UnsafeContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    func give(_ content: Content) {
        let waiter = state.withLock { state in
            state.content = content
            return state.waiter.take()
        }
        waiter?.resume()
    }

    func take() async -> Content {
        await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
            let isThere = state.withLock { state in
                if state.content == nil { state.waiter = continuation }
                return state.content != nil
            }
            if isThere { continuation.resume() }
        }
        guard let content = state.withLock({ $0.content.take() }) else {
            preconditionFailure("a result is awaited once")
        }
        return content
    }
}
