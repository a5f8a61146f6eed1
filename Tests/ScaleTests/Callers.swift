import BenchmarkLoad
import Glibc
import RegistryTesting

/// Clients that wait for each answer before they ask again, and come again when they are turned away.
///
/// One thread serves them all.
struct Callers: Sendable {
    /// What came of it.
    struct Outcome: Sendable {
        /// Of good answers, from the request on, with the time to connect.
        var latencies = Latencies()
        /// Until there was a good answer, with all that was refused before it.
        var waits = Latencies()
        /// How many answers had each status.
        var statuses: [Int: Int] = [:]
        /// Connections that ended without an answer.
        var cut = 0

        mutating func add(_ other: Outcome) {
            latencies.append(other.latencies)
            waits.append(other.waits)
            statuses.merge(other.statuses) { $0 + $1 }
            cut += other.cut
        }

        var isServed: Bool { latencies.count > 0 }
        /// Whether each answer was a good one, or asked to come again later.
        var isPolite: Bool { statuses.keys.allSatisfy { (200..<300).contains($0) || $0 == 503 || $0 == 429 } }
    }

    private struct Caller {
        var connection: LoadConnection?
        /// When it comes next, while it has no connection.
        var comesAt = ContinuousClock.now
        /// Since when it has wanted what it asks for now.
        var wantsSince = ContinuousClock.now
        var requests = 0
    }

    let port: UInt16
    let count: Int
    /// What they ask for, in turn.
    let requests: [[UInt8]]
    /// Whether a connection is used again.
    var staysConnected = true
    /// How long one that was turned away stays away. Zero is rude.
    var patience = Duration.milliseconds(50)

    /// Runs until the signal, as several such groups on a thread each: while one connects, the others go on.
    func run(groups: Int, until end: Signal) async throws -> Outcome {
        try await withThrowingTaskGroup(of: Outcome.self) { group in
            for _ in 0..<groups { group.addTask { await Worker.run { run(until: end) } } }
            return try await group.reduce(into: Outcome()) { $0.add($1) }
        }
    }

    /// Runs until the signal.
    func run(until end: Signal) -> Outcome {
        var callers = (0..<count).map { Caller(requests: $0) }
        var outcome = Outcome()
        while !end.hasHappened {
            let now = ContinuousClock.now
            for index in callers.indices where callers[index].connection == nil && callers[index].comesAt <= now {
                attempt(&callers[index], &outcome) { caller, _ in
                    let begin = ContinuousClock.now
                    caller.connection = try LoadConnection(port: port)
                    try ask(&caller, at: begin)
                }
            }
            var watched = callers.map { pollfd(fd: $0.connection?.socket ?? -1, events: Int16(POLLIN), revents: 0) }
            guard poll(&watched, nfds_t(watched.count), 10) > 0 else { continue }
            for index in watched.indices where watched[index].revents != 0 {
                attempt(&callers[index], &outcome) { try receive(&$0, &$1) }
            }
        }
        return outcome
    }

    private func attempt(
        _ caller: inout Caller, _ outcome: inout Outcome, _ body: (inout Caller, inout Outcome) throws -> Void
    ) {
        do { try body(&caller, &outcome) } catch {
            outcome.cut += 1
            leave(&caller, for: patience)
        }
    }

    private func ask(_ caller: inout Caller, at now: ContinuousClock.Instant) throws {
        try caller.connection?.ask(requests[caller.requests % requests.count], at: now)
    }

    private func receive(_ caller: inout Caller, _ outcome: inout Outcome) throws {
        guard let connection = caller.connection, let answer = try connection.receive() else { return }
        let now = ContinuousClock.now
        outcome.statuses[answer.status, default: 0] += 1
        guard (200..<300).contains(answer.status) else { return leave(&caller, for: patience) }
        outcome.latencies.append(connection.asked.duration(to: now))
        outcome.waits.append(caller.wantsSince.duration(to: now))
        caller.requests += 1
        caller.wantsSince = now
        if staysConnected { try ask(&caller, at: now) } else { leave(&caller, for: .zero) }
    }

    private func leave(_ caller: inout Caller, for time: Duration) {
        caller.connection = nil
        caller.comesAt = .now + time
    }
}
