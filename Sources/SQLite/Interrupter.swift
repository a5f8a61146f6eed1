internal import CSQLite
internal import Synchronization

/// Stops what a connection is doing, from any thread.
///
/// The connection itself stays where it is confined; only this travels.
package final class Interrupter: Sendable {
    /// The connection's address, as a number because a pointer is not Sendable; nil once it is closed.
    private let address: Mutex<UInt?>

    init(_ handle: OpaquePointer) {
        address = Mutex(UInt(bitPattern: handle))
    }

    /// Makes the statements that are running now fail with `isInterrupt`.
    ///
    /// An interrupted write takes its whole transaction back. When nothing is running, or when the
    /// connection is closed, this does nothing: it is not remembered for the next statement.
    package func interrupt() {
        // "Safe to call from a different thread", but not "with a database connection that is closed or might
        // close before sqlite3_interrupt() returns": https://sqlite.org/c3ref/interrupt.html. Hence the lock.
        address.withLock { address in
            guard let address else { return }
            sqlite3_interrupt(OpaquePointer(bitPattern: address))
        }
    }

    /// Returns when no interrupt is under way, and none can follow.
    func detach() {
        address.withLock { $0 = nil }
    }
}
