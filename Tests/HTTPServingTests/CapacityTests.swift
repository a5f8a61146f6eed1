import Dispatch
import Glibc
import HTTPServing
import HTTPTypes
import HTTPWire
import LinuxIO
import RegistryTesting
import Synchronization
import Testing

extension Live {
    @Suite struct `A server at its limit of connections` {
        let limits = ServingLimits.with { $0.connections = 2 }

        @Test func `lets the next one wait until one leaves`() async throws {
            try await serving(limits) { _ in
                .text("served")
            } client: { bench in
                let first = try bench.connect()
                let second = try bench.connect()
                #expect(try first.request("GET", "/").status == 200)
                #expect(try second.request("GET", "/").status == 200)
                let third = try bench.connect()
                try third.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
                // Those who are there go on; the third has not been taken in.
                for _ in 0..<10 { #expect(try first.request("GET", "/").status == 200) }
                #expect(bench.connectionCount == 2)
                #expect(!third.hasAnswer)
                second.abort()
                #expect(try third.receive().text == "served")
                #expect(bench.connectionCount == 2)
            }
        }

        @Test func `serves all who come, one after the other`() async throws {
            try await serving(limits) { _ in
                .text("served")
            } client: { bench in
                let answers = onThreads(12) { _ in
                    try? bench.request("GET", "/", [("Connection", "close")]).text
                }
                #expect(answers == Array(repeating: "served", count: 12))
                #expect(bench.waitForConnections(0))
            }
        }

        @Test func `can be drained`() async throws {
            try await serving(limits) { _ in
                .text("served")
            } client: { bench in
                let clients = try (0..<5).map { _ in try bench.connect() }
                for client in clients.prefix(2) { #expect(try client.request("GET", "/").status == 200) }
                bench.beginToStop()
                for client in clients { #expect(client.isClosed()) }
            }
        }
    }

    @Suite struct `Two hundred connections at once` {
        @Test func `are each served several times over two loops`() async throws {
            let lanes = Lanes(count: 4)
            let handler: Handler = { request in
                let body = (try? await request.body.collect(upTo: 1 << 20)) ?? []
                await lanes.next().run {}
                return Response(.ok, body: .bytes(body))
            }
            let everybody = Event()
            let arrived = Atomic<Int>(0)
            try await serving(loops: 2, lanes: lanes, handler: handler) { bench in
                let served = onThreads(200) { index -> Int in
                    guard let client = try? bench.connect(), (try? client.request("GET", "/"))?.status == 200 else {
                        return -1
                    }
                    // All are connected before any goes on.
                    if arrived.wrappingAdd(1, ordering: .relaxed).newValue == 200 { everybody.happen() }
                    guard everybody.wait() else { return -2 }
                    let body = pattern(index * 50)
                    return (0..<5).filter { _ in (try? client.request("PUT", "/", body: body))?.body == body }.count
                }
                #expect(served == Array(repeating: 5, count: 200))
                #expect(bench.waitForConnections(0))
                #expect(bench.log.all == [])
                _ = try bench.request("GET", "/")
            }
        }

        @Test func `that come and go leave nothing behind`() async throws {
            try await serving(loops: 2) { _ in
                .text("served")
            } client: { bench in
                let served = onThreads(20) { index -> Int in
                    (0..<10).filter { round in
                        guard let client = try? bench.connect() else { return false }
                        let answer = try? client.request("GET", "/")
                        if (index + round) % 3 == 0 { client.abort() }
                        return answer?.text == "served"
                    }.count
                }
                #expect(served == Array(repeating: 10, count: 20))
                #expect(bench.waitForConnections(0))
                _ = try bench.request("GET", "/")
            }
        }
    }
}
