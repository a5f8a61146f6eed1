import HTTPServing
import HTTPTypes
import HTTPWire
import LinuxIO
import RegistryTesting
import Synchronization
import Testing

/// Reads the whole body and says how much it was.
private let count: Handler = { request in
    let bytes = (try? await request.body.collect(upTo: 1 << 24)) ?? []
    return .text("\(bytes.count)")
}

extension Live {
    @Suite struct `A slow client` {
        @Test(arguments: ["GET", "GET / HTTP/1.1\r\nHost: h\r\n"])
        func `that does not finish a head is told so`(_ start: String) async throws {
            let limits = ServingLimits.with { $0.headTimeout = .milliseconds(150) }
            try await serving(limits, handler: count) { bench in
                let client = try bench.connect()
                try client.send(start)
                let answer = try client.receive()
                #expect(answer.status == 408)
                #expect(answer["Connection"] == "close")
                client.finishSending()
                #expect(client.isClosed())
            }
        }

        @Test func `has its time for a head from its first byte on, however idle it was before`() async throws {
            let limits = ServingLimits.with {
                $0.headTimeout = .milliseconds(200)
                $0.idleTimeout = .seconds(20)
            }
            try await serving(limits, handler: count) { bench in
                let client = try bench.connect()
                #expect(try client.request("GET", "/").status == 200)
                Event().wait(milliseconds: 300)
                let start = Instant.now
                try client.send("GET / HT")
                #expect(try client.receive().status == 408)
                #expect(Instant.now >= start.advanced(by: .milliseconds(199)))
            }
        }

        @Test func `cannot stretch its time for a head by a drip`() async throws {
            let limits = ServingLimits.with { $0.headTimeout = .milliseconds(300) }
            try await serving(limits, handler: count) { bench in
                let client = try bench.connect()
                try client.send("GET / HTTP/1.1\r\nHost: h\r\nX: ")
                // A byte every 20 ms for at most 20 s.
                for _ in 0..<1000 where !client.hasAnswer {
                    do { try client.send("a") } catch { break }
                    Event().wait(milliseconds: 20)
                }
                #expect(client.hasAnswer)
                #expect(try client.receive().status == 408)
            }
        }

        @Test func `that is idle is left without a word`() async throws {
            let limits = ServingLimits.with { $0.idleTimeout = .seconds(1) }
            try await serving(limits, handler: count) { bench in
                let fresh = try bench.connect()
                let used = try bench.connect()
                #expect(try used.request("GET", "/").status == 200)
                for client in [fresh, used] {
                    #expect(client.isClosed())
                    #expect(client.unread.isEmpty)
                    #expect(!client.wasReset)
                }
                #expect(bench.waitForConnections(0))
            }
        }

        @Test(arguments: ["Content-Length: 100000", "Transfer-Encoding: chunked"])
        func `that sends nothing of its body is told so`(_ framing: String) async throws {
            let limits = ServingLimits.with { $0.bodyWindow = .milliseconds(150) }
            let failure = Mutex<BodyError?>(nil)
            try await serving(limits) { request in
                do throws(BodyError) { _ = try await request.body.collect(upTo: 1 << 24) } catch {
                    failure.withLock { $0 = error }
                }
                return .text("what the handler makes of it")
            } client: { bench in
                let client = try bench.connect()
                try client.send("PUT /up HTTP/1.1\r\nHost: h\r\n\(framing)\r\n\r\n")
                let answer = try client.receive()
                #expect(answer.status == 408)
                #expect(answer.text.contains("\"path\":\"/up\""))
                #expect(answer["Connection"] == "close")
                client.finishSending()
                #expect(client.isClosed())
            }
            #expect(failure.withLock { $0 } == .tooSlow)
        }

        @Test func `that sends its body below the rate is told so`() async throws {
            let limits = ServingLimits.with {
                $0.bodyWindow = .milliseconds(400)
                $0.bodyRate = 1_000_000
            }
            try await serving(limits, handler: count) { bench in
                let client = try bench.connect()
                try client.send("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 10000000\r\n\r\n")
                // At most 5 kB a second, for at most 20 s.
                for _ in 0..<1000 where !client.hasAnswer {
                    do { try client.send(pattern(100)) } catch { break }
                    Event().wait(milliseconds: 20)
                }
                #expect(client.hasAnswer)
                #expect(try client.receive().status == 408)
            }
        }

        @Test func `is forgiven a pause when the rate of its window is kept`() async throws {
            let limits = ServingLimits.with {
                $0.bodyWindow = .seconds(10)
                $0.handlerTimeout = .milliseconds(700)
                $0.headTimeout = .milliseconds(700)
                $0.idleTimeout = .milliseconds(700)
            }
            try await serving(limits, handler: count) { bench in
                let client = try bench.connect()
                try client.send("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 20\r\n\r\n0123456789")
                // Longer than every other limit.
                Event().wait(milliseconds: 1000)
                try client.send("0123456789")
                #expect(try client.receive().text == "20")
            }
        }

        @Test func `may send at its rate over many windows`() async throws {
            let limits = ServingLimits.with {
                $0.bodyWindow = .seconds(1)
                $0.bodyRate = 10
            }
            try await serving(limits, handler: count) { bench in
                let client = try bench.connect()
                try client.send("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n")
                for _ in 0..<10 {
                    try client.send(pattern(10_000))
                    Event().wait(milliseconds: 250)
                }
                #expect(try client.receive().text == "100000")
            }
        }

        @Test func `that takes nothing of a file is left`() async throws {
            let limits = ServingLimits.with { $0.sendStall = .milliseconds(200) }
            try await serving(limits) { _ in
                `A client that vanishes`.large()
            } client: { bench in
                let client = try bench.connect(receiveBuffer: 4096)
                try client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
                try client.wait(forBytes: 10)
                #expect(bench.waitForConnections(0))
            }
        }

        @Test func `that takes nothing of bytes is left`() async throws {
            let limits = ServingLimits.with { $0.sendStall = .milliseconds(200) }
            let bytes = [UInt8](repeating: 1, count: 16 << 20)
            try await serving(limits) { _ in
                Response(.ok, body: .bytes(bytes))
            } client: { bench in
                let client = try bench.connect(receiveBuffer: 4096)
                try client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
                try client.wait(forBytes: 10)
                #expect(bench.waitForConnections(0))
            }
        }

        @Test func `that takes little at a time is not left`() async throws {
            let limits = ServingLimits.with { $0.sendStall = .seconds(1) }
            let bytes = pattern(8 << 20)
            try await serving(limits) { _ in
                Response(.ok, body: .bytes(bytes))
            } client: { bench in
                let client = try bench.connect(receiveBuffer: 64 * 1024)
                try client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
                // Slow enough that the socket stays full for longer than the limit.
                for turn in 1...40 {
                    try client.wait(forBytes: turn * 16 * 1024)
                    Event().wait(milliseconds: 50)
                }
                #expect(try client.receive().body == bytes)
            }
        }
    }

    @Suite struct `A handler that takes too long` {
        let limits = ServingLimits.with { $0.handlerTimeout = .milliseconds(200) }

        @Test func `is answered for with 503, and its own answer is thrown away`() async throws {
            let goOn = Event()
            try await serving(limits) { request in
                guard request.head.target.path == "/slow" else { return .text("quick") }
                await goOn.wait()
                return .text("too late")
            } client: { bench in
                let client = try bench.connect()
                let answer = try client.request("GET", "/slow")
                #expect(answer.status == 503)
                #expect(answer["Retry-After"] == "1")
                #expect(answer["Connection"] == "close")
                // Others are served in the meantime.
                #expect(try bench.request("GET", "/").text == "quick")
                goOn.happen()
                #expect(client.isClosed())
                #expect(client.unread.isEmpty)
                #expect(bench.waitForConnections(0))
                #expect(bench.log.count("warning: handler took too long") == 1)
            }
        }

        @Test func `on a lane holds up nobody else`() async throws {
            let goOn = Event()
            let lanes = Lanes(count: 2)
            try await serving(limits, loops: 1, lanes: lanes) { request in
                if request.head.target.path == "/slow" { await lanes.next().run { _ = goOn.wait() } }
                return .text("done")
            } client: { bench in
                #expect(try bench.request("GET", "/slow").status == 503)
                let other = try bench.connect()
                for _ in 0..<20 { #expect(try other.request("GET", "/").text == "done") }
                goOn.happen()
            }
        }

        @Test func `is not blamed for the time that the body takes`() async throws {
            try await serving(limits, handler: count) { bench in
                let client = try bench.connect()
                try client.send("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 30\r\n\r\n")
                for _ in 0..<3 {
                    Event().wait(milliseconds: 150)
                    try client.send("0123456789")
                }
                #expect(try client.receive().text == "30")
            }
        }

        @Test func `after the body has come is answered for too`() async throws {
            let goOn = Event()
            try await serving(limits) { request in
                _ = try? await request.body.collect(upTo: 100)
                await goOn.wait()
                return .text("too late")
            } client: { bench in
                let answer = try bench.request("PUT", "/", body: [1, 2, 3])
                #expect(answer.status == 503)
                goOn.happen()
            }
        }

        @Test func `has its full time for each request of a connection`() async throws {
            try await serving(limits) { _ in
                .text("quick")
            } client: { bench in
                let client = try bench.connect()
                for _ in 0..<5 {
                    #expect(try client.request("GET", "/").text == "quick")
                    Event().wait(milliseconds: 100)
                }
            }
        }
    }
}
