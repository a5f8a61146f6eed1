import HTTPServing
import HTTPTypes
import HTTPWire
import RegistryTesting
import Synchronization
import Testing

extension Live {
    @Suite struct `A malformed request` {
        static let heads: [(head: String, status: Int)] = [
            ("GET\r\n\r\n", 400), ("GET / HTTP/1.1 x\r\nHost: h\r\n\r\n", 400), ("GET / HTTP/1.1\nHost: h\n\n", 400),
            ("GET  / HTTP/1.1\r\nHost: h\r\n\r\n", 400), ("G@T / HTTP/1.1\r\nHost: h\r\n\r\n", 400),
            ("GET / HTTP/2.0\r\nHost: h\r\n\r\n", 505), ("GET / HTTP/1.1\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: h\r\nno colon\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost : h\r\n\r\n", 400), ("GET / HTTP/1.1\r\nHost: h\r\n folded\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n", 400), ("GET /a/../b HTTP/1.1\r\nHost: h\r\n\r\n", 400),
            ("GET /%zz HTTP/1.1\r\nHost: h\r\n\r\n", 400), ("GET /a%2fb HTTP/1.1\r\nHost: h\r\n\r\n", 400),
            ("CONNECT a:80 HTTP/1.1\r\nHost: h\r\n\r\n", 501), ("\u{16}\u{3}\u{1}\u{2}\0\r\n", 400),
            ("\r\n\r\n\r\n\r\n", 400),
            ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
            ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: +1\r\n\r\n", 400),
            ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", 400),
            ("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
            ("GET /\(String(repeating: "a", count: 20_000)) HTTP/1.1\r\nHost: h\r\n\r\n", 414),
            ("GET / HTTP/1.1\r\nHost: h\r\nX: \(String(repeating: "a", count: 40_000))\r\n\r\n", 431),
            ("GET / HTTP/1.1\r\nHost: h\r\n\(String(repeating: "X: y\r\n", count: 101))\r\n", 431),
        ]

        @Test(arguments: heads.indices)
        func `gets its status as a problem, and the connection ends in order`(_ index: Int) async throws {
            let (head, status) = Self.heads[index]
            let reached = Atomic<Bool>(false)
            try await serving { _ in
                reached.store(true, ordering: .relaxed)
                return .text("served")
            } client: { bench in
                let client = try bench.connect()
                // What follows a request that nobody understood is not a request.
                try client.send(head + "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
                let answer = try client.receive()
                #expect(answer.status == status)
                #expect(answer["Content-Type"] == "application/problem+json")
                #expect(answer.text.hasPrefix("{\"status\":\(status),\"reason\":\""))
                #expect(answer["Connection"] == "close")
                #expect(answer["Date"] != nil)
                client.finishSending()
                #expect(client.isClosed())
                #expect(client.unread.isEmpty)
                #expect(!client.wasReset)
            }
            let wasReached = reached.load(ordering: .relaxed)
            #expect(!wasReached)
        }

        @Test func `does not take back the answers before it`() async throws {
            try await serving { _ in
                .text("served")
            } client: { bench in
                let client = try bench.connect()
                try client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\nnonsense\r\n\r\n")
                #expect(try client.receive().text == "served")
                #expect(try client.receive().status == 400)
                client.finishSending()
                #expect(client.isClosed())
            }
        }

        @Test func `does not disturb the other connections`() async throws {
            try await serving { _ in
                .text("served")
            } client: { bench in
                let good = try bench.connect()
                for _ in 0..<20 {
                    let bad = try bench.connect()
                    try bad.send("\r\n\r\n\r\n\r\n")
                    #expect(try bad.receive().status == 400)
                    #expect(try good.request("GET", "/").text == "served")
                }
            }
        }
    }
}
