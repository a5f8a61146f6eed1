import HTTPServing
import HTTPTypes
import HTTPWire
import LinuxIO
import RegistryTesting
import Testing

extension Live {
    @Suite struct `A client that vanishes` {
        /// An endless supply for those who do not stay to read it.
        static func large() -> Response {
            let stored = StoredFile(size: 1 << 40) { () throws(SystemError) in
                FileDescriptor(owning: try systemCall("memfd") { sparseFile(1 << 40) })
            }
            return Response(.ok, body: .file(stored))
        }

        @Test func `before its first byte leaves nothing behind`() async throws {
            try await serving { _ in
                .text("here")
            } client: { bench in
                for _ in 0..<20 { try bench.connect().abort() }
                let answer = try bench.request("GET", "/")
                #expect(answer.text == "here")
                #expect(bench.waitForConnections(0))
            }
        }

        @Test(arguments: ["GET", "GET / HTTP/1.1\r\nHost: h\r\n", "GET / HTTP/1.1\r\nHost: h\r\nX: "])
        func `within the head leaves nothing behind`(_ start: String) async throws {
            try await serving { _ in
                .text("here")
            } client: { bench in
                let client = try bench.connect()
                try client.send(start)
                client.abort()
                let polite = try bench.connect()
                try polite.send(start)
                polite.finishSending()
                #expect(polite.isClosed())
                #expect(polite.unread.isEmpty)
                #expect(bench.waitForConnections(0))
                #expect(try bench.request("GET", "/").text == "here")
            }
        }

        @Test(arguments: ["Content-Length: 1000000\r\n\r\nsome", "Transfer-Encoding: chunked\r\n\r\nff\r\nsome"])
        func `within the body wakes the handler and leaves nothing behind`(_ rest: String) async throws {
            let (reading, ended) = (Event(), Event())
            try await serving { request in
                guard request.head.method == .put else { return .text("here") }
                let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 4, alignment: 1)
                defer { buffer.deallocate() }
                while let count = try? await request.body.read(into: buffer), count > 0 { reading.happen() }
                ended.happen()
                return .text("to nobody")
            } client: { bench in
                let client = try bench.connect()
                try client.send("PUT / HTTP/1.1\r\nHost: h\r\n\(rest)")
                #expect(reading.wait())
                client.abort()
                #expect(ended.wait())
                #expect(bench.waitForConnections(0))
                #expect(try bench.request("GET", "/").text == "here")
            }
        }

        @Test func `within an answer from a file ends the reading, the server goes on`() async throws {
            try await serving { request in
                request.head.target.path == "/large" ? Self.large() : .text("here")
            } client: { bench in
                for _ in 0..<10 {
                    let client = try bench.connect()
                    try client.send("GET /large HTTP/1.1\r\nHost: h\r\n\r\n")
                    try client.wait(forBytes: 100_000)
                    client.abort()
                }
                #expect(bench.waitForConnections(0))
                let answer = try bench.request("GET", "/")
                #expect(answer.text == "here")
                #expect(bench.log.all == [])
            }
        }

        @Test func `within an answer from memory leaves nothing behind`() async throws {
            let bytes = [UInt8](repeating: 1, count: 16 << 20)
            try await serving { _ in
                Response(.ok, body: .bytes(bytes))
            } client: { bench in
                for _ in 0..<5 {
                    let client = try bench.connect()
                    try client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
                    try client.wait(forBytes: 10)
                    client.abort()
                }
                #expect(bench.waitForConnections(0))
            }
        }

        @Test func `while the handler works is noticed when the answer is sent`() async throws {
            let (arrived, goOn) = (Event(), Event())
            try await serving { _ in
                arrived.happen()
                await goOn.wait()
                return Self.large()
            } client: { bench in
                let client = try bench.connect()
                try client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
                #expect(arrived.wait())
                client.abort()
                goOn.happen()
                #expect(bench.waitForConnections(0))
            }
        }

        @Test func `after one of many ranges costs nobody else anything`() async throws {
            // As containerd does: several open-ended ranges at once, of which each is left after a piece.
            try await serving { _ in
                Self.large()
            } client: { bench in
                let heads = onThreads(6) { index -> String? in
                    guard let client = try? bench.connect() else { return nil }
                    try? client.send("GET / HTTP/1.1\r\nHost: h\r\nRange: bytes=\(index << 20)-\r\n\r\n")
                    try? client.wait(forBytes: 1 << 20)
                    let text = String(decoding: client.unread.prefix(30), as: UTF8.self)
                    client.abort()
                    return text
                }
                #expect(heads.allSatisfy { $0?.hasPrefix("HTTP/1.1 206 ") == true })
                #expect(bench.waitForConnections(0))
                #expect(bench.log.all == [])
                _ = try bench.request("HEAD", "/")
            }
        }
    }
}
