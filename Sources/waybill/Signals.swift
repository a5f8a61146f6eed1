import Dispatch
import Glibc
import Synchronization

/// Signals that ask the program to stop, as something to wait for.
enum Signals {
    /// Waits for the first of `numbers`; a second one ends the process at once. Returns early when the task is cancelled.
    ///
    /// - Parameter watching: called as soon as no signal is missed any more. Before that a signal has its usual effect and
    ///   ends the process; if it were ignored instead, one that came too early would be lost for ever.
    static func next(of numbers: [Int32], watching: @escaping @Sendable () -> Void) async -> String {
        let waiter = Waiter()
        let unregistered = Mutex(numbers.count)
        let sources = numbers.map { number in
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { waiter.receive(number) }
            source.setRegistrationHandler {
                let isLast = unregistered.withLock { count in
                    count -= 1
                    return count == 0
                }
                if isLast { watching() }
            }
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
