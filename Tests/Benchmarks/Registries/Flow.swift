import BenchmarkLoad
import RegistryTesting
import Synchronization

/// What one measurement of one server came to.
struct Outcome: Sendable {
    var operations = 0
    /// From the first request to the last answer.
    var time = Duration.zero
    /// How long each pull of an image took.
    var pulls = Latencies()
    var startUp = Duration.zero
    /// Memory of the server for each idle connection.
    var idleKiB = 0.0
    var failures = 0
    var firstFailure: String?

    mutating func fail(_ reason: String) {
        failures += 1
        firstFailure = firstFailure ?? reason
    }

    fileprivate mutating func append(_ other: Outcome) {
        operations += other.operations
        time = max(time, other.time)
        pulls.append(other.pulls)
        failures += other.failures
        firstFailure = firstFailure ?? other.firstFailure
    }
}

/// Clients that do one thing after the other, each on a thread and a connection of its own.
struct Flow: Sendable {
    let port: UInt16
    let connections: Int
    let duration: Duration
    /// How often all of them together do it at most.
    var most = Int.max

    /// Does `step` until the time is over. Each has a number of its own, from 0 on.
    func run(_ step: @escaping @Sendable (RegistryClient, Int) throws -> Void) async -> Outcome {
        let begin = ContinuousClock().now
        let turns = Turns()
        return await withTaskGroup(of: Outcome.self) { group in
            for _ in 0..<connections {
                group.addTask { await Worker.run { work(since: begin, turns, step) } }
            }
            return await group.reduce(into: Outcome()) { $0.append($1) }
        }
    }

    private func work(
        since begin: ContinuousClock.Instant, _ turns: Turns, _ step: (RegistryClient, Int) throws -> Void
    ) -> Outcome {
        let clock = ContinuousClock()
        var outcome = Outcome()
        do {
            let client = try RegistryClient(port: port)
            while begin.duration(to: clock.now) < duration, case let turn = turns.next(), turn < most {
                try step(client, turn)
                outcome.operations += 1
                outcome.time = begin.duration(to: clock.now)
            }
            outcome.pulls = client.pulls
        } catch {
            outcome.fail("\(error)")
        }
        return outcome
    }
}

/// Numbers that several threads take in turn.
private final class Turns: Sendable {
    private let taken = Atomic(0)

    func next() -> Int { taken.wrappingAdd(1, ordering: .relaxed).oldValue }
}
