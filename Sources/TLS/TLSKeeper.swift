package import LinuxIO
import Synchronization

/// The certificates of a server that can be replaced while it runs: each new connection begins with the current ones.
package final class TLSKeeper: Sendable {
    private let server: Mutex<TLSServer>
    private let clock: @Sendable () -> Instant

    /// Begins with `server`; by `clock` the keys of tickets turn.
    package init(_ server: TLSServer, clock: @escaping @Sendable () -> Instant = { Instant.now }) {
        self.server = Mutex(server)
        self.clock = clock
    }

    /// A session for a new connection, whose socket does not block; nil when there is no memory.
    package func session(on socket: SharedDescriptor) -> TLSSession? {
        server.withLock { $0 }.session(on: socket, at: clock())
    }

    /// New connections begin with `server`; those that are there are left alone. Tickets of before are good for nothing any more.
    package func replace(with server: TLSServer) {
        self.server.withLock { $0 = server }
    }
}
