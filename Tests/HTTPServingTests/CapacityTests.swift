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
