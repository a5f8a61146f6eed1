import Dispatch
import Glibc
import Synchronization

/// Signals that ask the program to stop, as something to wait for.
enum Signals {
    /// Waits for the first of `numbers`; a second one ends the process at once. Returns early when the task is cancelled.
    static func next(of numbers: [Int32]) async -> String {
        let waiter = Waiter()
        let sources = numbers.map { number in
            signal(number, SIG_IGN)  // the default would end the process before the source sees it
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { waiter.receive(number) }
            source.resume()
            return source
        }
        let number = await withTaskCancellationHandler {
            await waiter.value()
        } onCancel: {
            waiter.receive(0)
        }
        // From now on the signal has its usual effect: who asks twice is in a hurry.
        for source in sources { source.cancel() }
        for number in numbers { signal(number, SIG_DFL) }
        return switch number {
        case SIGTERM: "SIGTERM"
        case SIGINT: "SIGINT"
        default: "none"
        }
    }

    private final class Waiter: Sendable {
        private enum State {
            case idle
            case waiting(CheckedContinuation<Int32, Never>)
            case received(Int32)
        }

        private let state = Mutex(State.idle)

        func receive(_ number: Int32) {
            let waiter: CheckedContinuation<Int32, Never>? = state.withLock { state in
                switch state {
                case .idle:
                    state = .received(number)
                    return nil
                case .waiting(let continuation):
                    state = .received(number)
                    return continuation
                case .received: return nil
                }
            }
            waiter?.resume(returning: number)
        }

        func value() async -> Int32 {
            await withCheckedContinuation { continuation in
                let received: Int32? = state.withLock { state in
                    if case .received(let number) = state { return number }
                    state = .waiting(continuation)
                    return nil
                }
                if let received { continuation.resume(returning: received) }
            }
        }
    }
}
