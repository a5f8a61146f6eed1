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

        @Test func `makes room for the next one by closing who has waited longest for a request`() async throws {
            try await serving(limits) { _ in
                .text("served")
            } client: { bench in
                let first = try bench.connect()
                let second = try bench.connect()
                #expect(try first.request("GET", "/").status == 200)
                #expect(try second.request("GET", "/").status == 200)
                // It takes a moment of silence to be called idle.
                #expect(bench.wait { (try? bench.request("GET", "/").text) == "served" })
                #expect(first.isClosed())
                #expect(try second.request("GET", "/").text == "served")
            }
        }

        /// A handler that holds requests for `/work` until the test lets them go.
        private func working(until end: Event) -> Handler {
            { request in
                if request.head.target.path == "/work" { await end.wait() }
                return .text("served")
            }
        }

        @Test func `says so with 503 and when to try again, while all are at work`() async throws {
            let end = Event()
            try await serving(limits, handler: working(until: end)) { bench in
                let workers = try (0..<2).map { _ in try bench.connect() }
                for worker in workers { try worker.send("GET /work HTTP/1.1\r\nHost: h\r\n\r\n") }
                #expect(bench.waitForConnections(2))
                for method in ["GET", "HEAD", "PUT"] {
                    let client = try bench.connect()
                    let answer = try client.request(method, "/", body: method == "PUT" ? [1, 2, 3] : nil)
                    #expect(answer.status == 503 && answer["Connection"] == "close", "\(answer)")
                    #expect(client.isClosed())
                }
                // It has one second to ask.
                #expect(try bench.connect().isClosed())
                #expect(bench.connectionCount == 2)
                end.happen()
                for worker in workers { #expect(try worker.receive().text == "served") }
                #expect(bench.wait { (try? bench.request("GET", "/").text) == "served" })
            }
        }

        @Test func `does not take a head that never ends for waiting`() async throws {
            try await serving(limits) { _ in
                .text("served")
            } client: { bench in
                let slow = try (0..<2).map { _ in try bench.connect() }
                for client in slow { try client.send("GET / HTTP/1.1\r\nHost: ") }
                #expect(bench.waitForConnections(2))
                // What was sent may still be on its way.
                #expect(bench.wait { (try? bench.request("GET", "/").status) == 503 })
                for client in slow { try client.send("h\r\n\r\n") }
                for client in slow { #expect(try client.receive().status == 200) }
                #expect(bench.wait { (try? bench.request("GET", "/").status) == 200 })
            }
        }

        @Test func `does not take for idle whom it turns away`() async throws {
            let end = Event()
            try await serving(limits, handler: working(until: end)) { bench in
                let workers = try (0..<2).map { _ in try bench.connect() }
                for worker in workers { try worker.send("GET /work HTTP/1.1\r\nHost: h\r\n\r\n") }
                #expect(bench.waitForConnections(2))
                var silent: [TestConnection] = []
                for _ in 0..<20 {
                    silent.append(try bench.connect())
                    // Longer than it takes to be called idle, in all.
                    usleep(30_000)
                    #expect(bench.connectionCount == 2)
                }
                end.happen()
                for worker in workers { #expect(try worker.receive().text == "served") }
                for client in silent { #expect(client.isClosed()) }
            }
        }

        @Test func `turns a crowd away, some of it without a word, and goes on`() async throws {
            let end = Event()
            try await serving(limits, handler: working(until: end)) { bench in
                let workers = try (0..<2).map { _ in try bench.connect() }
                for worker in workers { try worker.send("GET /work HTTP/1.1\r\nHost: h\r\n\r\n") }
                #expect(bench.waitForConnections(2))
                let crowd = try (0..<400).map { _ in try bench.connect() }
                let asked = crowd.filter { (try? $0.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")) != nil }
                let told = asked.compactMap { try? $0.receive() }
                #expect(told.allSatisfy { $0.status == 503 } && told.count >= 100, "\(told.count)")
                #expect(bench.connectionCount == 2)
                end.happen()
                for worker in workers { #expect(try worker.receive().text == "served") }
            }
        }

        @Test func `answers all who come at once, and serves them when they come again`() async throws {
            try await serving(limits) { _ in
                .text("served")
            } client: { bench in
                let answers = onThreads(12) { _ in
                    var statuses: [Int] = []
                    _ = bench.wait {
                        statuses.append((try? bench.request("GET", "/", [("Connection", "close")]).status) ?? -1)
                        return statuses.last == 200
                    }
                    return statuses
                }
                #expect(answers.allSatisfy { $0.last == 200 && $0.dropLast().allSatisfy { $0 == 503 } }, "\(answers)")
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

    @Suite struct `An address that has as many connections as one may have` {
        let limits = ServingLimits.with { $0.connectionsPerAddress = 2 }

        @Test func `is told so, also when it has let them wait, and is served when one has ended`() async throws {
            try await serving(limits) { _ in
                .text("served")
            } client: { bench in
                let clients = try (0..<2).map { _ in try bench.connect() }
                for client in clients { #expect(try client.request("GET", "/").status == 200) }
                // Long enough to be called idle: at the limit of the server, they would make room.
                usleep(300_000)
                for _ in 0..<3 {
                    let refused = try bench.request("GET", "/")
                    #expect(refused.status == 503 && refused["Retry-After"] == "1", "\(refused)")
                    #expect(refused.text.contains("this address has as many connections as one may have"))
                }
                #expect(bench.connectionCount == 2)
                for client in clients { #expect(try client.request("GET", "/").status == 200) }
                clients[0].abort()
                #expect(bench.wait { (try? bench.request("GET", "/", [("Connection", "close")]).text) == "served" })
            }
        }
    }

    @Suite struct `A server whose memory for bodies is used up` {
        let memory = MemoryBudget(limit: 100_000)

        @Test func `refuses the next body with 503, and takes it when there is room again`() async throws {
            let handler: Handler = { request in
                do { return .text("\(try await request.body.collect(upTo: 1 << 20).count)") } catch BodyError.noMemory {
                    return problem(503, "no memory", nil)
                } catch { return .text("broken off") }
            }
            try await serving(memory: memory, handler: handler) { [memory] bench in
                let first = try bench.connect()
                try first.send("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n")
                try first.send([UInt8](repeating: 1, count: 70_000))
                #expect(bench.wait { memory.used >= 65_536 })
                let refused = try bench.request("PUT", "/", body: [UInt8](repeating: 2, count: 50_000))
                #expect(refused.status == 503)
                #expect(try bench.request("PUT", "/", body: [UInt8](repeating: 3, count: 20_000)).text == "20000")
                try first.send([UInt8](repeating: 1, count: 30_000))
                #expect(try first.receive().text == "100000")
                #expect(bench.wait { memory.used == 0 })
                #expect(try bench.request("PUT", "/", body: [UInt8](repeating: 2, count: 50_000)).text == "50000")
            }
            #expect(memory.used == 0)
        }

        @Test func `takes nothing for what a client only promises`() async throws {
            try await serving(memory: memory) { request in
                .text("\((try? await request.body.collect(upTo: 1 << 20))?.count ?? -1)")
            } client: { [memory] bench in
                let promising = try (0..<20).map { _ in try bench.connect() }
                for client in promising {
                    try client.send("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n")
                }
                #expect(try bench.request("PUT", "/", body: [UInt8](repeating: 2, count: 90_000)).text == "90000")
                #expect(bench.wait { memory.used == 0 })
            }
        }

        @Test func `refuses a large answer with 503, and gives small ones and files`() async throws {
            let folder = TemporaryFolder()
            let path = folder.write([UInt8](repeating: 7, count: 50_000), to: "file")
            let large = [UInt8](repeating: 1, count: 8 << 20)
            let handler: Handler = { request in
                switch request.head.target.path {
                case "/large": Response(.ok, body: .bytes(large))
                case "/file":
                    Response(
                        .ok,
                        body: .file(
                            StoredFile(size: 50_000) { () throws(SystemError) in
                                FileDescriptor(owning: try systemCall("open") { open(path, O_RDONLY | O_CLOEXEC) })
                            }))
                default: .text("small")
                }
            }
            let memory = MemoryBudget(limit: (8 << 20) + 1000)
            try await serving(memory: memory, handler: handler) { bench in
                let slow = try bench.connect(receiveBuffer: 4096)
                try slow.send("GET /large HTTP/1.1\r\nHost: h\r\n\r\n")
                try slow.wait(forBytes: 10)
                #expect(memory.used == 8 << 20)
                let client = try bench.connect()
                #expect(try client.request("GET", "/large").status == 503)
                #expect(try client.request("GET", "/small").text == "small")
                #expect(try client.request("GET", "/file").body == [UInt8](repeating: 7, count: 50_000))
                #expect(try slow.receive().body.count == 8 << 20)
                #expect(bench.wait { memory.used == 0 })
                #expect(try client.request("GET", "/large").body.count == 8 << 20)
                #expect(try client.request("GET", "/file").body.count == 50_000)
            }
            #expect(memory.used == 0)
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

    @Suite struct `A client that wants everything` {
        @Test func `and never stops asking leaves room for the others`() async throws {
            // One loop, so that they share it, and a handler that never lets go of it by itself.
            try await serving(loops: 1) { request in
                .text(request.head.target.path)
            } client: { bench in
                let other = try bench.connect()
                let flood = try Flood(port: bench.port)
                flood.start()
                #expect(flood.isFlowing())
                let isServed = (0..<20).allSatisfy { _ in (try? other.request("GET", "/other"))?.text == "/other" }
                flood.stop()
                #expect(isServed)
            }
        }

        @Test func `and sends without end what nobody reads leaves room for the others`() async throws {
            let limits = ServingLimits.with { $0.linger = .seconds(5) }
            try await serving(limits, loops: 1) { request in
                .text(request.head.target.path)
            } client: { bench in
                let other = try bench.connect()
                let flood = try Flood(
                    port: bench.port, opening: "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000000000\r\n\r\n")
                flood.start()
                #expect(flood.isFlowing(1))
                let isServed = (0..<20).allSatisfy { _ in (try? other.request("GET", "/other"))?.text == "/other" }
                flood.stop()
                #expect(isServed)
            }
        }
    }
}

/// Sends requests as fast as they are taken, and reads all answers: two threads on one socket.
private final class Flood: Sendable {
    private let socket: FileDescriptor
    private let opening: [UInt8]
    private let isStopping = Atomic<Bool>(false)
    private let received = Atomic<Int>(0)
    private let (senderEnded, readerEnded) = (Event(), Event())

    init(port: UInt16, opening: String = "") throws {
        self.opening = Array(opening.utf8)
        let number = try systemCall("socket") { Glibc.socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0) }
        socket = FileDescriptor(owning: number)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        _ = try withUnsafePointer(to: &address) { pointer in
            try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                try systemCall("connect") { connect(number, address, socklen_t(MemoryLayout<sockaddr_in>.size)) }
            }
        }
    }

    func start() {
        DispatchQueue(label: "test.flood.sender").async { [self] in
            let requests = Array(String(repeating: "GET /flood HTTP/1.1\r\nHost: h\r\n\r\n", count: 2000).utf8)
            var next = opening.isEmpty ? requests : opening
            while !isStopping.load(ordering: .relaxed) {
                guard Glibc.send(socket.number, next, next.count, CInt(MSG_NOSIGNAL)) == next.count else { break }
                next = requests
            }
            senderEnded.happen()
        }
        DispatchQueue(label: "test.flood.reader").async { [self] in
            var buffer = [UInt8](repeating: 0, count: 1 << 20)
            while true {
                let count = recv(socket.number, &buffer, buffer.count, 0)
                guard count > 0 else { break }
                received.wrappingAdd(count, ordering: .relaxed)
            }
            readerEnded.happen()
        }
    }

    /// Waits until so many bytes have come back.
    func isFlowing(_ count: Int = 500_000) -> Bool {
        let pause = Event()
        for _ in 0..<10_000 {
            if received.load(ordering: .relaxed) >= count { return true }
            pause.wait(milliseconds: 2)
        }
        return false
    }

    func stop() {
        isStopping.store(true, ordering: .relaxed)
        shutdown(socket.number, CInt(SHUT_RDWR))
        senderEnded.wait()
        readerEnded.wait()
    }
}
