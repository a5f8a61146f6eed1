import OCI
import RegistryTesting
import Testing

@Suite(.timeLimit(.minutes(30)), .serialized) struct `A blob that is larger than memory` {
    private static let ranges: Int64 = 64
    /// What containerd reads of an open range before it hangs up may be anything.
    private static let read = 1 << 20

    @Test func `is pulled in 64 open ranges that are left early, and that costs nothing lasting`() async throws {
        let store = try await Store()
        let server = store.server
        let clients = NormalClients(port: server.port, paths: store.pull)
        // The first time, caches, threads and connections to the database come to be.
        try await Worker.run { try Self.pullRanges(of: store) { _ = try clients.run() } }
        #expect(await Self.isIdle(server, shift: 1 << 25))
        let (memory, descriptors, threads) = (server.residentKiB, server.descriptors, server.threads)
        var most = memory
        for round in 1...3 {
            let meanwhile = try await Worker.run {
                var outcome: NormalClients.Outcome?
                try Self.pullRanges(of: store) { outcome = try clients.run() }
                return outcome
            }
            let outcome = try #require(meanwhile)
            #expect(outcome.refused == 0 && outcome.answers.allSatisfy { $0 == Scale.requests })
            most = max(most, server.residentKiB)
            // Less than one for each range: when two loops happen to read at once, there is another connection to the database.
            #expect(await eventually { server.descriptors < descriptors + Int(Self.ranges) })
            Scale.report(
                "round \(round): \(server.residentKiB) KiB in memory, \(memory) before; \(server.descriptors) descriptors, "
                    + "\(descriptors) before; \(server.threads) threads, \(threads) before; others meanwhile \(outcome.text)"
            )
        }
        // Of what the connections had, and not of the blob.
        #expect(most - memory < 16 * 1024)
        #expect(await Self.isIdle(server, shift: 1 << 26))
        #expect(await server.stop() == 0)
    }

    /// Opens all ranges, reads the beginning of each, calls `body`, reads more, and hangs up without the rest.
    private static func pullRanges(of store: Store, while body: () throws -> Void) throws {
        let connections = try (0..<ranges).map { number in
            let connection = try store.server.connect()
            let start = Scale.hugeBlob / ranges * number
            try connection.send(
                "GET \(Store.hugePath) HTTP/1.1\r\nHost: a\r\nRange: bytes=\(start)-\r\n\r\n")
            try connection.wait(forBytes: 12)
            #expect(String(decoding: connection.unread.prefix(12), as: UTF8.self) == "HTTP/1.1 206")
            return connection
        }
        for connection in connections { try connection.discard(read) }
        try body()
        for (index, connection) in connections.enumerated() {
            try connection.discard(read)
            // Some clients close, others are gone.
            if index.isMultiple(of: 2) { connection.abort() }
        }
    }

    /// Whether every lane works: of twice as many reads as there are lanes, each is answered.
    ///
    /// - Parameter shift: moves them to where nobody has read, since what is in the page cache goes by no lane.
    private static func isIdle(_ server: WaybillServer, shift: Int64) async -> Bool {
        let answers = try? await Worker.run {
            let connections = try (0..<32).map { number in
                let connection = try server.connect()
                let start = Scale.hugeBlob / ranges * (2 * Int64(number) + 1) + shift
                try connection.send(
                    "GET \(Store.hugePath) HTTP/1.1\r\nHost: a\r\nRange: bytes=\(start)-\(start + 199_999)\r\n"
                        + "Connection: close\r\n\r\n")
                return connection
            }
            return try connections.map { try $0.receive().body.count }
        }
        return answers == Array(repeating: 200_000, count: 32)
    }

    @Test func `is answered beyond four gigabytes to the byte`() async throws {
        let store = try await Store()
        let connection = try store.server.connect()
        for start in [UInt32.max, UInt32.max / 2].map(Int64.init) + [Scale.hugeBlob - 10] {
            let answer = try connection.request("GET", Store.hugePath, [("Range", "bytes=\(start)-\(start + 9)")])
            #expect(answer.status == 206 && answer.body == [UInt8](repeating: 0, count: 10))
            #expect(answer["Content-Range"] == "bytes \(start)-\(start + 9)/\(Scale.hugeBlob)")
        }
        let head = try connection.request("HEAD", Store.hugePath)
        #expect(head["Content-Length"] == "\(Scale.hugeBlob)" && head["Accept-Ranges"] == "bytes")
        let outside = try connection.request("GET", Store.hugePath, [("Range", "bytes=\(Scale.hugeBlob)-")])
        #expect(outside.status == 416 && outside["Content-Range"] == "bytes */\(Scale.hugeBlob)")
        #expect(await store.server.stop() == 0)
    }
}
