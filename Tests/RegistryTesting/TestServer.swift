package import HTTPServing
import LinuxIO
package import RegistryAPI
package import RegistryCore

/// A whole server in this process, on a loopback port of its own.
package final class TestServer: Sendable {
    package let store: TestRegistry
    package let port: UInt16
    private let server: HTTPServer
    private let running: Task<Void, Never>
    private let loops: [EventLoop]

    package var registry: Registry { store.registry }

    /// Starts serving `store`.
    package init(
        _ store: TestRegistry, serving: ServingLimits = ServingLimits(), limits: RegistryLimits = RegistryLimits(),
        gate: Gate = .open, loopCount: Int = 2
    ) throws {
        self.store = store
        let loops = try (0..<loopCount).map { try EventLoop(label: "test.loop.\($0)") }
        for loop in loops { loop.start() }
        self.loops = loops
        let api = API(registry: store.registry, limits: limits, gate: gate, logger: .silent)
        let server = HTTPServer(
            limits: serving, loops: loops, lanes: store.lanes, logger: .silent, problem: Problem.fromEngine
        ) { await api.respond(to: $0) }
        self.server = server
        let listeners = try Listening.open(host: "127.0.0.1", port: 0)
        guard let address = listeners.first?.localAddress else { throw SystemError(code: 22, call: "getsockname") }
        port = address.port
        // On a loop from the start: tests block the few threads that tasks without a preference would wait for.
        running = Task(executorPreference: loops[0]) { await server.run(on: listeners) }
    }

    /// Connections that are open now.
    package var connectionCount: Int { server.connectionCount }

    /// Drains and ends the server; everything it serves must be closed by then or within the drain limit.
    package func stop() async {
        await server.drain()
        await running.value
        for loop in loops { loop.stop() }
    }

    /// A connection to the server.
    package func connect() throws -> TestConnection { try TestConnection(port: port) }

    /// One request on a connection of its own.
    package func request(
        _ method: String, _ path: String, _ fields: [(String, String)] = [], body: [UInt8]? = nil
    ) throws -> TestResponse {
        try connect().request(method, path, fields + [("Connection", "close")], body: body)
    }
}
