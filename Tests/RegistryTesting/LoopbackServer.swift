import Glibc
package import HTTPServing
import HTTPTypes
import LinuxIO
import Logging

/// The engine with a handler of the test's own, on a loopback port: somebody else's server.
package final class LoopbackServer: Sendable {
    package let port: UInt16
    private let server: HTTPServer
    private let running: Task<Void, Never>
    private let loop: EventLoop

    /// Starts serving, on `port` if that is not 0.
    package init(port: UInt16 = 0, handler: @escaping Handler) throws {
        signal(SIGPIPE, SIG_IGN)
        let loop = try EventLoop(label: "test.loopback")
        loop.start()
        self.loop = loop
        var limits = ServingLimits()
        limits.drainTimeout = .seconds(1)
        let server = HTTPServer(
            limits: limits, loops: [loop], lanes: Lanes(count: 1), logger: .silent,
            problem: { status, _, _ in Response(HTTPResponse.Status(code: status)) }, handler: handler)
        self.server = server
        let listeners = try Listening.open(host: "127.0.0.1", port: port)
        guard let address = listeners.first?.localAddress else { throw SystemError(code: 22, call: "getsockname") }
        self.port = address.port
        running = Task(executorPreference: loop) { await server.run(on: listeners) }
    }

    /// Ends the server and what it still serves.
    package func stop() async {
        await server.drain()
        await running.value
        loop.stop()
    }
}
