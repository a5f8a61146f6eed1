import Synchronization

/// The certificates of a server that can be replaced while it runs: each new connection begins with the current ones.
package final class TLSKeeper: Sendable {
    private let server: Mutex<TLSServer>

    /// Begins with `server`.
    package init(_ server: TLSServer) {
        self.server = Mutex(server)
    }

    /// What a new connection begins with.
    package var current: TLSServer { server.withLock { $0 } }

    /// New connections begin with `server`; those that are there are left alone.
    package func replace(with server: TLSServer) {
        self.server.withLock { $0 = server }
    }
}
