import RegistryTesting
import Testing

@Suite(.timeLimit(.minutes(30)), .serialized) struct `Fifty clients beside a greedy one` {
    @Test(arguments: Greed.allCases)
    func `are all served, and each gets on`(_ greed: Greed) async throws {
        let store = try await Store()
        let clients = NormalClients(port: store.server.port, paths: store.pull)
        let alone = try await Worker.run { try clients.run() }
        let greedy = try greed.begin(on: store.server, paths: store.pull)
        if greed != .slowReading { #expect(await greedy.hasHad(8 << 20)) }
        let outcome = try await Worker.run { try clients.run() }
        greedy.stop()
        Scale.report("\(greed.rawValue): alone \(alone.text); beside it \(outcome.text)")
        #expect(outcome.answers == Array(repeating: Scale.requests, count: NormalClients.count))
        #expect(outcome.refused == 0)
        // Whoever is never served would be seen here, however slow the machine is.
        let least = try #require(outcome.leastAtHalf)
        #expect(least > 0)
        #expect(await store.server.stop() == 0)
    }
}

@Suite(.timeLimit(.minutes(30)), .serialized) struct `A large push` {
    /// Small pulls of all clients together, at least.
    private static let pulls = 1000

    @Test func `runs beside a thousand pulls, and both end well`() async throws {
        let store = try await Store()
        let clients = NormalClients(port: store.server.port, paths: store.pull)
        let alone = try await Worker.run { try clients.run() }
        let server = store.server
        let begun = try server.request("POST", "/v2/\(Store.repository)/blobs/uploads/")
        let location = try #require(begun["Location"])
        let digest = try Zeros.digest(of: Scale.push)
        let (half, pulled) = (Signal(), Signal())
        async let pushed = Worker.run {
            let connection = try TestConnection(port: server.port, timeout: 300)
            try connection.send(
                "PUT \(location)?digest=\(digest) HTTP/1.1\r\nHost: a\r\nContent-Length: \(Scale.push)\r\n\r\n")
            try Zeros.send(Scale.push, on: connection) { sent in
                if sent == Scale.push / 2 { half.happen() }
                // The push is on its way until the pulls are done.
                if sent == Scale.push - (1 << 20) { pulled.wait() }
            }
            return try connection.receive()
        }
        async let outcomes = Worker.run {
            defer { pulled.happen() }
            var outcomes = [try clients.run(requests: Self.pulls / NormalClients.count)]
            // A larger push is pulled beside for longer.
            while Scale.isHeavy, !half.hasHappened { outcomes.append(try clients.run()) }
            return outcomes
        }
        for outcome in try await outcomes {
            Scale.report("push: pulls alone \(alone.text); beside it \(outcome.text)")
            #expect(outcome.refused == 0)
            #expect(outcome.answers.reduce(0, +) >= Self.pulls)
        }
        #expect(try await pushed.status == 201)
        let head = try server.request("HEAD", "/v2/\(Store.repository)/blobs/\(digest)")
        #expect(head.status == 200 && head["Content-Length"] == "\(Scale.push)")
        #expect(await server.stop() == 0)
    }
}
