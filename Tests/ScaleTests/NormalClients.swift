import BenchmarkLoad
import Glibc
import RegistryTesting

/// Fifty clients that do what clients do: each pulls on a connection of its own, and asks for the next when it has the last.
///
/// One thread serves them all, so none is slow because the machine has forgotten its thread.
struct NormalClients {
    static let count = 50

    /// What came of it.
    struct Outcome {
        var latencies = Latencies()
        /// How many answers each had.
        var answers = [Int](repeating: 0, count: NormalClients.count)
        /// Answers that were not good.
        var refused = 0
        /// How many answers the slowest had when half of them had finished.
        var leastAtHalf: Int?

        var text: String {
            let times = latencies.percentiles(0.5, 0.99, 1)
            return
                "p50 \(times[0].text(places: 2)) ms, p99 \(times[1].text(places: 2)), slowest \(times[2].text(places: 1))"
        }
    }

    let port: UInt16
    let paths: [String]

    /// - Parameter requests: how many each client makes.
    func run(requests: Int = Scale.requests) throws -> Outcome {
        let texts = paths.map { Array("GET \($0) HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".utf8) }
        let clients = try (0..<Self.count).map { _ in try LoadConnection(port: port) }
        var watched = clients.map { pollfd(fd: $0.socket, events: Int16(POLLIN), revents: 0) }
        var outcome = Outcome()
        let clock = ContinuousClock()
        for (index, client) in clients.enumerated() { try client.ask(texts[index % texts.count], at: clock.now) }
        var finished = 0
        while finished < clients.count {
            guard poll(&watched, nfds_t(watched.count), 120_000) > 0 else { throw LoadConnection.NoAnswer() }
            for (index, client) in clients.enumerated() where watched[index].revents != 0 {
                guard let answer = try client.receive() else { continue }
                outcome.latencies.append(client.asked.duration(to: clock.now))
                outcome.answers[index] += 1
                if answer.status != 200 { outcome.refused += 1 }
                if outcome.answers[index] < requests {
                    try client.ask(texts[(index + outcome.answers[index]) % texts.count], at: clock.now)
                } else {
                    watched[index].fd = -1
                    finished += 1
                    if finished == clients.count / 2 { outcome.leastAtHalf = outcome.answers.min() }
                }
            }
        }
        return outcome
    }
}
