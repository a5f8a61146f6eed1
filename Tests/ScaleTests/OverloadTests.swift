import BenchmarkLoad
import Glibc
import RegistryTesting
import Synchronization
import Testing

/// Ten times what a server has room for, and beside it clients that want to be served.
///
/// `make overload` lets each kind go on for longer, and writes a table.
@Suite(.timeLimit(.minutes(60)), .serialized) struct `A server with ten times more than it has room for` {
    private static let seconds = getenv("WAYBILL_TEST_OVERLOAD_SECONDS").flatMap { Int(String(cString: $0)) } ?? 2
    private static let table = OverloadTable(getenv("WAYBILL_TEST_OVERLOAD").map { String(cString: $0) })

    /// MiB that bodies and answers may take.
    private static let memory = 32
    /// MiB that the server may have whatever comes: those, SQLite's caches of a writer and eight readers, 64 KiB for each connection,
    /// and 40 beside them.
    private static let mostMiB = Int64(memory + 64 + 8 * 8 + Excess.room / 16 + 40)
    /// Descriptors that connections may take: those that have room, those that are told that there is none, and the uploads' files.
    private static let mostDescriptors = 2 * Excess.room + 256
    private static let regulars = 10

    @Test(arguments: Excess.allCases)
    func `serves on, within its limits, and is itself again at once`(_ excess: Excess) async throws {
        let store = try await Store([
            "WAYBILL_LIMITS_CONNECTIONS": "\(Excess.room)", "WAYBILL_LIMITS_MEMORY": "\(Self.memory)MiB",
        ])
        let server = store.server
        let process = ProcessFigures(server.program.identifier)
        let descriptors = server.descriptors
        process.resetPeak()
        let (end, peace) = (Signal(), Signal())
        let requests = store.pull.map { Ask.get($0) }
        let regular = Callers(port: server.port, count: Self.regulars, requests: requests)
        let visiting = Callers(port: server.port, count: 2, requests: requests, staysConnected: false)
        async let regulars = Worker.run { regular.run(until: peace) }
        try await Task.sleep(for: .milliseconds(200))
        async let visitors = Worker.run { visiting.run(until: end) }
        async let words = excess.run(on: store, until: end)
        var mostDescriptors = 0
        for _ in 0..<(Self.seconds * 20) {
            try await Task.sleep(for: .milliseconds(50))
            mostDescriptors = max(mostDescriptors, server.descriptors)
        }
        end.happen()
        let (excessive, turnedAway) = (try await words, await visitors)
        let recovery = try await recover(server)
        let mostMiB = process.peakKiB / 1024
        peace.happen()
        let kept = await regulars
        Self.table.append(
            .init(
                excess: excess, seconds: Self.seconds, excessive: excessive, regulars: kept, visitors: turnedAway,
                mostMiB: mostMiB, mostDescriptors: mostDescriptors, recovery: recovery))
        #expect(kept.isServed && kept.isPolite, "\(kept.statuses)")
        #expect(turnedAway.isPolite, "\(turnedAway.statuses)")
        #expect(turnedAway.statuses.count > 0 || turnedAway.cut > 0)
        #expect(mostMiB > 0 && mostMiB <= Self.mostMiB)
        #expect(mostDescriptors <= descriptors + Self.mostDescriptors)
        #expect(await eventually { server.descriptors <= descriptors + 8 })
        #expect(await server.stop() == 0)
    }

    /// Asks on new connections until twenty in a row are served.
    ///
    /// - Returns: how long it took until the first of these.
    private func recover(_ server: WaybillServer) async throws -> Duration {
        let clock = ContinuousClock()
        let begin = clock.now
        var (first, inARow) = (Duration.zero, 0)
        let isServed = await eventually {
            let answer = try? server.request("GET", "/v2/")
            inARow = answer?.status == 200 ? inARow + 1 : 0
            if inARow == 1 { first = begin.duration(to: clock.now) }
            return inARow == 20
        }
        #expect(isServed)
        return first
    }
}

/// What `make overload` writes.
private final class OverloadTable: Sendable {
    struct Row: Sendable {
        let excess: Excess
        let seconds: Int
        let excessive: String
        let regulars: Callers.Outcome
        let visitors: Callers.Outcome
        let mostMiB: Int64
        let mostDescriptors: Int
        let recovery: Duration

        var text: String {
            let regular = regulars.latencies.percentiles(0.5, 0.99, 1).map { $0.text(places: 1) }
            let visitor = visitors.waits.percentiles(0.5, 0.99).map { $0.text(places: 1) }
            return
                "| \(excess.rawValue) | \(excessive) | \(regulars.latencies.count) | \(regular.joined(separator: " / ")) "
                + "| \(visitors.latencies.count) | \(visitors.statuses[503] ?? 0) | \(visitors.cut) "
                + "| \(visitor.joined(separator: " / ")) | \(mostMiB) | \(mostDescriptors) "
                + "| \(recovery.milliseconds.text(places: 1)) |"
        }
    }

    private let path: String?
    private let rows = Mutex<[Row]>([])

    /// - Parameter path: the file; nil when none is wanted.
    init(_ path: String?) {
        self.path = path
    }

    func append(_ row: Row) {
        let rows = rows.withLock { rows in
            rows.append(row)
            return rows
        }
        guard let path, let file = fopen(path, "we") else { return }
        fputs(Self.head(row.seconds) + rows.map { $0.text + "\n" }.joined(), file)
        fclose(file)
    }

    private static func head(_ seconds: Int) -> String {
        """
        # Ten times more than there is room for

        Written by `make overload`: a server with room for \(Excess.room) connections and 32 MiB of bodies and answers, \
        and \(Excess.connections) connections of each kind for \(seconds) s, which come again at once when they are \
        turned away. Beside them ten regulars, who keep their connections, and two visitors, who come with a new one for each \
        request and, turned away, again after 50 ms, pull a manifest and small blobs. "Until served" is what a visitor \
        waited, with all that was refused before. Times are in milliseconds, on a machine of two cores that the clients \
        share with the server.

        | excess | what it did or got | regulars' answers | p50 / p99 / slowest | visitors' answers | 503 | cut \
        | until served, p50 / p99 | peak MiB | peak descriptors | served again after |
        |---|---|---|---|---|---|---|---|---|---|---|

        """
    }
}
