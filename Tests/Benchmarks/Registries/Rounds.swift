import BenchmarkLoad
import Glibc

/// Lets servers do the same work in turn.
struct Rounds {
    let servers: [Server]
    let sizes: Sizes

    /// Measures a workload in rounds of which each begins with another server.
    func measure(_ workload: Workload) async -> Row {
        announce(workload.name)
        var row = Row(workload: workload)
        var able: [Server] = []
        for server in servers where server.kind != .nginx || workload.isStatic {
            if let fault = await fault(of: server, in: workload) {
                announce("  \(server.name): n/a: \(fault)")
                // What we cannot do ourselves is no property of a peer but a defect.
                row.cells[server.name] = server.kind == .waybill ? .failed(fault) : .notApplicable(fault)
            } else {
                able.append(server)
            }
        }
        for round in 0..<sizes.rounds {
            let first = able.isEmpty ? 0 : round % able.count
            for server in able[first...] + able[..<first] { await measure(workload, on: server, into: &row) }
        }
        return row
    }

    /// Looks whether the answers of a server are right, and warms it up.
    private func fault(of server: Server, in workload: Workload) async -> String? {
        do {
            if let fault = try workload.fault(server) { return fault }
        } catch {
            return "\(error)"
        }
        guard workload.warmsUp else { return nil }
        return await workload.outcome(on: server, for: .milliseconds(Int(sizes.seconds * 200))).firstFailure
    }

    private func measure(_ workload: Workload, on server: Server, into row: inout Row) async {
        let (outcome, measurement) = await measured(workload, on: server)
        if let failure = outcome.firstFailure {
            announce("  \(server.name): FAILED \(outcome.failures) times: \(failure)")
            row.cells[server.name] = .failed(failure)
        } else if case let before = row.cells[server.name] ?? .measured([]), case .measured(let measurements) = before {
            row.cells[server.name] = .measured(measurements + [measurement])
        }
        let values = zip(workload.measures, measurement.values).map { "\($1.text) \($0.unit)" }
        announce("  \(server.name): \(values.joined(separator: ", ")); others \(measurement.foreignCores.text) cores")
    }

    private func measured(_ workload: Workload, on server: Server) async -> (Outcome, Measurement) {
        if workload.writes { sync() }
        freezeAll(but: server)
        defer { thawAll() }
        server.processes.resetPeak()
        let clock = ContinuousClock()
        let (begin, before, used) = (clock.now, ProcessorTimes(), server.processes.processorTime)
        let outcome = await workload.outcome(on: server, for: sizes.duration)
        let (after, time) = (ProcessorTimes(), begin.duration(to: clock.now))
        let served = max(0, server.processes.processorTime - used)
        let foreign = after.machine - before.machine - (after.client - before.client) - served
        return (
            outcome,
            Measurement(
                values: workload.measures.map { $0.value(outcome) },
                processorTime: workload.operation == nil ? nil : served * 1000 / Double(max(1, outcome.operations)),
                peakMiB: Double(server.processes.peakKiB) / 1024, foreignCores: max(0, foreign / time.seconds))
        )
    }

    /// What the others do in the background must not be in the way.
    private func freezeAll(but server: Server) {
        for other in servers where other !== server { other.processes.signal(SIGSTOP) }
    }

    private func thawAll() { for server in servers { server.processes.signal(SIGCONT) } }
}
