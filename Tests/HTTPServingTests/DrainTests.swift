import HTTPServing
import HTTPTypes
import HTTPWire
import LinuxIO
import RegistryTesting
import Testing

extension Live {
    @Suite struct `A server that drains` {
        @Test func `leaves idle connections at once, without a word`() async throws {
            try await serving { _ in
                .text("served")
            } client: { bench in
                let (fresh, used) = (try bench.connect(), try bench.connect())
                #expect(try used.request("GET", "/").status == 200)
                bench.beginToStop()
                for client in [fresh, used] {
                    #expect(client.isClosed())
                    #expect(client.unread.isEmpty)
                }
                #expect(bench.waitForConnections(0))
            }
        }

        @Test func `finishes a request in flight and says that it is the last`() async throws {
            let (arrived, goOn) = (Event(), Event())
            try await serving { _ in
                arrived.happen()
                await goOn.wait()
                return .text("finished")
            } client: { bench in
                let (busy, idle) = (try bench.connect(), try bench.connect())
                try busy.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
                #expect(arrived.wait())
                bench.beginToStop()
                #expect(idle.isClosed())
                #expect(bench.server.isDraining)
                goOn.happen()
                let answer = try busy.receive()
                #expect(answer.text == "finished")
                #expect(answer["Connection"] == "close")
                #expect(busy.isClosed())
                #expect(!busy.wasReset)
            }
        }

        @Test func `receives a body that has begun`() async throws {
            let reading = Event()
            try await serving { request in
                reading.happen()
                return .text("\((try? await request.body.collect(upTo: 100))?.count ?? -1)")
            } client: { bench in
                let (busy, idle) = (try bench.connect(), try bench.connect())
                try busy.send("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\nabc")
                #expect(reading.wait())
                bench.beginToStop()
                #expect(idle.isClosed())
                try busy.send("def")
                let answer = try busy.receive()
                #expect(answer.text == "6")
                #expect(answer["Connection"] == "close")
            }
        }

        @Test func `answers a request whose head has begun`() async throws {
            try await serving(loops: 1) { _ in
                .text("served")
            } client: { bench in
                let (busy, idle) = (try bench.connect(), try bench.connect())
                try busy.send("GET / HTTP/1.1\r\nHo")
                #expect(try idle.request("GET", "/").status == 200)
                bench.beginToStop()
                #expect(idle.isClosed())
                try busy.send("st: h\r\n\r\n")
                let answer = try busy.receive()
                #expect(answer.text == "served")
                #expect(answer["Connection"] == "close")
            }
        }

        @Test func `takes no new connections`() async throws {
            let (arrived, goOn) = (Event(), Event())
            try await serving { _ in
                arrived.happen()
                await goOn.wait()
                return .text("finished")
            } client: { bench in
                let busy = try bench.connect()
                try busy.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
                #expect(arrived.wait())
                let idle = try bench.connect()
                bench.beginToStop()
                #expect(idle.isClosed())
                // Whether the kernel still shakes hands or not, nobody answers.
                var wasServed = false
                do {
                    let late = try bench.connect()
                    wasServed = (try? late.request("GET", "/")) != nil
                } catch {}
                #expect(!wasServed)
                goOn.happen()
                #expect(try busy.receive().text == "finished")
            }
        }

        @Test func `sends a large answer to its end`() async throws {
            let bytes = pattern(20 << 20)
            try await serving { _ in
                Response(.ok, body: .bytes(bytes))
            } client: { bench in
                let (busy, idle) = (try bench.connect(receiveBuffer: 4096), try bench.connect())
                try busy.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
                try busy.wait(forBytes: 100)
                bench.beginToStop()
                #expect(idle.isClosed())
                #expect(try busy.receive().body == bytes)
                #expect(busy.isClosed())
            }
        }

        @Test func `cuts what is left at its limit`() async throws {
            let limits = ServingLimits.with { $0.drainTimeout = .milliseconds(200) }
            let reading = Event()
            try await serving(limits) { request in
                reading.happen()
                return .text("\((try? await request.body.collect(upTo: 100))?.count ?? -1)")
            } client: { bench in
                let silent = try bench.connect()
                try silent.send("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\nabc")
                #expect(reading.wait())
                let greedy = try bench.connect()
                try greedy.send("GET / HT")
                bench.beginToStop()
                #expect(silent.isClosed())
                #expect(greedy.isClosed())
                #expect(bench.waitForConnections(0))
                #expect(bench.log.count("warning: connections cut at the drain limit") == 1)
            }
        }

        @Test func `that nobody uses ends at once`() async throws {
            let bench = try Bench(.short, loops: 2, lanes: Lanes(count: 1)) { _ in .text("served") }
            await bench.stop()
            #expect(bench.connectionCount == 0)
            #expect(bench.log.all == [])
        }
    }
}
