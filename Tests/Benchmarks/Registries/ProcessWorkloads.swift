import BenchmarkLoad
import Glibc

/// What it takes to be there.
extension Dataset {
    /// A start with everything in place, and then connections that do nothing: in a process that has just begun, or memory
    /// that others have left would hide what they cost.
    var startUpAndIdle: Workload {
        let count = sizes.idleConnections
        let startUp = Measure(name: "start-up until the first 200", unit: "ms", isLessBetter: true) {
            $0.startUp.milliseconds
        }
        let idle = Measure(name: "memory of one of \(count) idle connections", unit: "KiB", isLessBetter: true) {
            $0.idleKiB
        }
        return Workload(
            name: "start-up and idle connections", measures: [startUp, idle], isStatic: true, warmsUp: false
        ) { server, _ in
            await server.stop()
            sync()
            var outcome = Outcome(operations: 1)
            outcome.startUp = try await server.start()
            try await Task.sleep(for: .milliseconds(500))
            let before = server.processes.residentKiB
            let clients = try (0..<count).map { _ in try RegistryClient(port: server.port) }
            for client in clients { try client.ping() }
            try await Task.sleep(for: .seconds(1))
            outcome.idleKiB = Double(server.processes.residentKiB - before) / Double(count)
            for client in clients { try client.ping() }
            return outcome
        }
    }
}
