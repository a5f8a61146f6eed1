import Glibc
import HTTPClient
import HTTPServing
import HTTPTypes
import HTTPWire
import LinuxIO
import RegistryTesting
import Synchronization
import Testing

/// Answers with what was asked: method, path with query, the field `X-Test`, and the body.
private let echo: Handler = { request in
    let body = (try? await request.body.collect(upTo: 4 << 20)) ?? []
    let field = HTTPField.Name("X-Test").flatMap { request.head.fields[$0] } ?? "-"
    let text = "\(request.head.method.rawValue) \(request.head.target.path) \(field) \(body.count)"
    return Response(.accepted, [.contentType: "Text/Plain ; charset=utf-8"], body: .bytes(Array(text.utf8)))
}

@Suite struct `Sending a request` {
    @Test func `gives status, media type and content`() async throws {
        try await serving(echo) { base in
            let response = try await makeClient().get("\(base)/a/b")
            #expect(response.status == 202)
            #expect(response.contentType == "Text/Plain ; charset=utf-8")
            #expect(response.mediaType == "text/plain")
            #expect(String(decoding: response.body, as: UTF8.self) == "GET /a/b - 0")
        }
    }

    @Test(arguments: [0, 1, 3 << 20])
    func `posts a body of any size`(_ size: Int) async throws {
        try await serving(echo) { base in
            let body = [UInt8](repeating: 7, count: size)
            let request = try OutboundRequest(
                .post(body), OutboundURL(parsing: "\(base)/x"), fields: [("X-Test", "a: b"), ("Accept", "")])
            let response = try await makeClient().send(request)
            #expect(String(decoding: response.body, as: UTF8.self) == "POST /x a: b \(size)")
        }
    }

    @Test func `uses a connection again for one request after the other`() async throws {
        let peers = Mutex<Set<UInt16>>([])
        let handler: Handler = { request in
            peers.withLock { _ = $0.insert(request.peer.port) }
            return Response(.ok, body: .bytes([1]))
        }
        try await serving(handler) { base in
            let client = makeClient()
            for _ in 0..<5 { _ = try await client.get(base) }
        }
        // On a busy machine the server may have closed it between two of them.
        #expect(peers.withLock { $0.count } < 5)
    }

    @Test func `gives a redirect as it is and asks nobody else`() async throws {
        let paths = Mutex<[String]>([])
        let handler: Handler = { request in
            paths.withLock { $0.append(request.head.target.path) }
            return Response(.found, [.location: "/elsewhere"])
        }
        try await serving(handler) { base in
            let response = try await makeClient().get("\(base)/here")
            #expect(response.status == 302)
        }
        #expect(paths.withLock { $0 } == ["/here"])
    }

    @Test func `takes another lane while one is busy`() async throws {
        let gate = Gate()
        let handler: Handler = { request in
            if request.head.target.path == "/slow" { await gate.wait() } else { gate.open() }
            return Response(.ok)
        }
        try await serving(handler) { base in
            let client = makeClient(lanes: 2)
            async let slow = client.get("\(base)/slow")
            let fast = try await client.get("\(base)/fast")
            #expect(try await (slow.status, fast.status) == (200, 200))
        }
    }
}

@Suite struct `A request that brings no answer` {
    @Test func `is refused before it is sent when a field could begin another`() throws {
        let url = try OutboundURL(parsing: "http://127.0.0.1/")
        for value in ["a\r\nX-Other: b", "a\nb", "a\rb", "a\0b", "\u{7f}", "é"] {
            #expect(throws: HTTPClientError.malformedField(name: "X-Test")) {
                try OutboundRequest(.get, url, fields: [("X-Test", value)])
            }
        }
        for name in ["", "a b", "a:", "a\r\nb", "ä"] {
            #expect(throws: HTTPClientError.malformedField(name: "")) {
                try OutboundRequest(.get, url, fields: [(name, "a")])
            }
        }
        for name in ["Content-Length", "transfer-encoding", "HOST", "Connection", "Expect"] {
            #expect(throws: HTTPClientError.malformedField(name: name)) {
                try OutboundRequest(.get, url, fields: [(name, "1")])
            }
        }
    }

    @Test func `ends at an answer that says it is too large`() async throws {
        let handler: Handler = { _ in Response(.ok, body: .bytes([UInt8](repeating: 0, count: 1001))) }
        try await serving(handler) { base in
            await #expect(throws: HTTPClientError.tooLarge(limit: 1000)) {
                try await makeClient { $0.body = 1000 }.get(base)
            }
            let response = try await makeClient { $0.body = 1001 }.get(base)
            #expect(response.body.count == 1001)
        }
    }

    @Test func `ends at an answer that never ends`() async throws {
        try await RawServer.serving { connection in
            readSome(from: connection)
            var isTaken = write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", to: connection)
            while isTaken { isTaken = write("400\r\n\(String(repeating: "x", count: 1024))\r\n", to: connection) }
        } _: { url in
            await #expect(throws: HTTPClientError.tooLarge(limit: 1 << 20)) { try await makeClient().get(url) }
        }
    }

    @Test func `is given up when the answer comes drop by drop`() async throws {
        try await RawServer.serving { connection in
            readSome(from: connection)
            var isTaken = write("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", to: connection)
            while isTaken {
                poll(nil, 0, 20)
                isTaken = write("x", to: connection)
            }
        } _: { url in
            let client = makeClient { $0.totalTimeout = .milliseconds(300) }
            await #expect(throws: HTTPClientError.timedOut) { try await client.get(url) }
        }
    }

    @Test func `is given up when the task is cancelled`() async throws {
        let (gate, arrived) = (Gate(), Gate())
        let handler: Handler = { _ in
            arrived.open()
            await gate.wait()
            return Response(.ok)
        }
        try await serving(handler) { base in
            // Neither an answer nor a timeout can come first.
            let client = makeClient { $0.totalTimeout = .seconds(3600) }
            let error = await withTaskGroup(of: HTTPClientError?.self) { group in
                group.addTask {
                    do throws(HTTPClientError) { _ = try await client.get(base) } catch { return error }
                    return nil
                }
                await arrived.wait()
                group.cancelAll()
                return await group.next() ?? nil
            }
            #expect(error == .cancelled)
            gate.open()
        }
    }

    @Test func `finds nobody there`() async throws {
        let port = try closedPort()
        await #expect(throws: HTTPClientError.cannotConnect) {
            try await makeClient().get("http://127.0.0.1:\(port)")
        }
    }

    @Test(arguments: ["", "\r\n\r\n", "SSH-2.0-x\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc"])
    func `fails at an answer that is not whole HTTP`(_ answer: String) async throws {
        try await RawServer.serving { connection in
            readSome(from: connection)
            _ = write(answer, to: connection)
        } _: { url in
            await #expect(throws: HTTPClientError.self) { try await makeClient().get(url) }
        }
    }

    private func closedPort() throws -> UInt16 { try RawServer { _ in }.port }
}

/// Something to wait for, once.
private final class Gate: Sendable {
    private let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init() {
        (stream, continuation) = AsyncStream.makeStream()
    }

    func open() { continuation.finish() }

    func wait() async { for await _ in stream {} }
}
