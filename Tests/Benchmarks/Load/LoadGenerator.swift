import Glibc

/// Clients that keep their connections: on each, the next request goes out as soon as the last answer has come.
///
/// One thread waits for all of them, so that the generator takes as little as it can of the cores that it shares with the
/// server.
package struct LoadGenerator {
    let port: UInt16
    let connections: Int
    let duration: Duration

    package init(port: UInt16, connections: Int, duration: Duration) {
        self.port = port
        self.connections = connections
        self.duration = duration
    }

    /// Sends what `next` gives until it gives nil or the time is over.
    ///
    /// - Parameter isHead: whether all are `HEAD`, whose answers have a length and no body.
    /// - Parameter length: what each answer must have as its length; nil when that may differ.
    /// - Throws: `NoAnswer` when the server says nothing for ten seconds, or something that is not HTTP.
    package func run(
        expecting status: Int, length: Int? = nil, isHead: Bool = false, _ next: () throws -> [UInt8]?
    ) throws -> Load {
        let clients = try (0..<connections).map { _ in try LoadConnection(port: port) }
        var watched = clients.map { pollfd(fd: $0.socket, events: Int16(POLLIN), revents: 0) }
        var load = Load()
        let clock = ContinuousClock()
        let begin = clock.now
        var waiting = 0
        for client in clients {
            guard let request = try next() else { break }
            try client.ask(request, isHead: isHead, at: clock.now)
            waiting += 1
        }
        while waiting > 0 {
            guard poll(&watched, nfds_t(watched.count), 10_000) > 0 else { throw LoadConnection.NoAnswer() }
            for (index, client) in clients.enumerated() where watched[index].revents != 0 {
                guard let answer = try client.receive() else { continue }
                let now = clock.now
                load.latencies.append(client.asked.duration(to: now))
                load.time = begin.duration(to: now)
                if answer.status != status || answer.length != length ?? answer.length { load.refused += 1 }
                if load.time < duration, let request = try next() {
                    try client.ask(request, isHead: isHead, at: clock.now)
                } else {
                    waiting -= 1
                }
            }
        }
        return load
    }
}
