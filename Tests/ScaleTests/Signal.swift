import Dispatch
import Synchronization

/// Something that one thread says and another waits for.
final class Signal: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)
    private let happened = Atomic(false)

    var hasHappened: Bool { happened.load(ordering: .acquiring) }

    func happen() {
        happened.store(true, ordering: .releasing)
        semaphore.signal()
    }

    func wait() { semaphore.wait() }
}
