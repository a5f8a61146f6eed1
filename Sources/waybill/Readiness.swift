import HTTPServing
import Synchronization

/// Whether new work is welcome: the API asks, and only the server, which is made after it, knows.
final class Readiness: Sendable {
    private let current = Mutex<HTTPServer?>(nil)

    var server: HTTPServer? {
        get { current.withLock { $0 } }
        set { current.withLock { $0 = newValue } }
    }

    var isReady: Bool { server?.isDraining == false }
}
