import HTTPServing
import HTTPTypes
import HTTPWire
import LinuxIO
import RegistryTesting
import Testing

/// The tests that use sockets, one after the other: many connections at once belong to the tests that are about that.
@Suite(.serialized) struct Live {}

/// Answers with method, path and body, some of them after a hop to a lane, so that answers could overtake each other.
private func echo(_ lanes: Lanes) -> Handler {
    { request in
        let body = (try? await request.body.collect(upTo: 1 << 24)) ?? []
        if request.head.target.path.hasSuffix("slow") { await lanes.next().run {} }
        let text =
            "\(request.head.method.rawValue) \(request.head.target.path) \(String(decoding: body, as: UTF8.self))"
        return .text(text)
    }
}

extension Live {
    @Suite struct `A connection` {
        let handler = echo(Lanes(count: 2))

        @Test func `serves one request after the other`() async throws {
            try await serving(handler: handler) { bench in
                let client = try bench.connect()
                for index in 0..<50 {
                    let answer = try client.request("GET", "/\(index)")
                    #expect(answer.status == 200)
                    #expect(answer.text == "GET /\(index) ")
                    #expect(answer["Connection"] == nil)
                }
                #expect(bench.connectionCount == 1)
            }
        }

        @Test func `states date, length and type`() async throws {
            try await serving(handler: handler) { bench in
                let answer = try bench.request("GET", "/")
                #expect(answer["Date"] == "Sun, 06 Nov 1994 08:49:37 GMT")
                #expect(answer["Content-Length"] == "6")
                #expect(answer["Content-Type"] == "text/plain")
                #expect(answer.reason == "OK")
            }
        }

        @Test func `tells the handler who is at the other end`() async throws {
            try await serving { request in
                .text("\(request.peer.host) \(request.peer.port > 0)")
            } client: { bench in
                let answer = try bench.request("GET", "/")
                #expect(answer.text == "127.0.0.1 true")
            }
        }

        @Test func `answers pipelined requests in their order`() async throws {
            try await serving(handler: handler) { bench in
                let client = try bench.connect()
                let count = 200
                var requests = ""
                for index in 0..<count {
                    requests += "GET /\(index)\(index % 3 == 0 ? "slow" : "") HTTP/1.1\r\nHost: h\r\n\r\n"
                }
                try client.send(requests)
                for index in 0..<count {
                    let answer = try client.receive()
                    #expect(answer.text == "GET /\(index)\(index % 3 == 0 ? "slow" : "") ")
                }
                #expect(client.unread.isEmpty)
            }
        }

        /// With bodies of both kinds, an empty line too many, and a last request that closes.
        private static let stream =
            "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"
            + "PUT /b-slow HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: v\r\n\r\n"
            + "\r\nGET /c HTTP/1.1\r\nHost: h\r\n\r\n"
            + "POST /d HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 3\r\n\r\nxyz"
        private static let answers = ["POST /a hello", "PUT /b-slow abcde", "GET /c ", "POST /d xyz"]

        @Test func `understands pipelined requests however they are cut in two`() async throws {
            let stream = Array(Self.stream.utf8)
            // One loop: when it has answered another connection, it has seen what came before on this one.
            try await serving(loops: 1, handler: handler) { bench in
                let other = try bench.connect()
                for cut in 1..<stream.count {
                    let client = try bench.connect()
                    try client.send(Array(stream[..<cut]))
                    _ = try other.request("GET", "/")
                    try client.send(Array(stream[cut...]))
                    let answers = try Self.answers.map { _ in try client.receive().text }
                    #expect(answers == Self.answers, "cut at \(cut)")
                    #expect(client.isClosed())
                    #expect(!client.wasReset)
                }
            }
        }

        @Test func `understands pipelined requests that come byte by byte`() async throws {
            try await serving(loops: 1, handler: handler) { bench in
                let other = try bench.connect()
                let client = try bench.connect()
                for byte in Self.stream.utf8 {
                    try client.send([byte])
                    _ = try other.request("GET", "/")
                }
                let answers = try Self.answers.map { _ in try client.receive().text }
                #expect(answers == Self.answers)
                #expect(client.isClosed())
            }
        }

        @Test(arguments: ["close", "Close", "keep-alive, close", "x , close, y", ",close"])
        func `ends after an answer when the client asks for it`(_ option: String) async throws {
            try await serving(handler: handler) { bench in
                let client = try bench.connect()
                let answer = try client.request("GET", "/", [("Connection", option)])
                #expect(answer["Connection"] == "close")
                #expect(client.isClosed())
            }
        }

        @Test(arguments: ["keep-alive", "closed", "x, y"])
        func `goes on when the client asks for nothing else`(_ option: String) async throws {
            try await serving(handler: handler) { bench in
                let client = try bench.connect()
                for _ in 0..<2 { #expect(try client.request("GET", "/", [("Connection", option)]).status == 200) }
            }
        }

        @Test(arguments: [nil, "close", "keep-alive, close"])
        func `of HTTP/1.0 ends after the answer`(_ option: String?) async throws {
            try await serving(handler: handler) { bench in
                let client = try bench.connect()
                try client.send("GET /old HTTP/1.0\r\n\(option.map { "Connection: \($0)\r\n" } ?? "")\r\n")
                let answer = try client.receive()
                #expect(answer.text == "GET /old ")
                #expect(answer["Connection"] == "close")
                #expect(client.isClosed())
            }
        }

        @Test func `of HTTP/1.0 goes on when the client asks for it`() async throws {
            try await serving(handler: handler) { bench in
                let client = try bench.connect()
                for _ in 0..<3 {
                    try client.send("POST /old HTTP/1.0\r\nConnection: Keep-Alive\r\nContent-Length: 2\r\n\r\nhi")
                    let answer = try client.receive()
                    #expect(answer.text == "POST /old hi")
                    #expect(answer["Connection"] == "keep-alive")
                }
            }
        }

        @Test func `answers a client that has said that it sends nothing more`() async throws {
            try await serving(handler: handler) { bench in
                let client = try bench.connect()
                try client.send("POST /slow HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi")
                client.finishSending()
                #expect(try client.receive().text == "POST /slow hi")
                #expect(client.isClosed())
                #expect(!client.wasReset)
            }
        }

        @Test func `sends no body for HEAD and states its length`() async throws {
            try await serving(handler: handler) { bench in
                let client = try bench.connect()
                let answer = try client.request("HEAD", "/x")
                #expect(answer["Content-Length"] == "8")
                #expect(answer.body.isEmpty)
                // The next answer begins where a body would have been.
                #expect(try client.request("GET", "/x").text == "GET /x ")
            }
        }

        @Test func `sends neither body nor length with 204 and 304`() async throws {
            try await serving { request in
                Response(request.head.target.path == "/204" ? .noContent : .notModified, body: .bytes([1, 2, 3]))
            } client: { bench in
                let client = try bench.connect()
                for path in ["/204", "/304", "/204"] {
                    let answer = try client.request("GET", path)
                    #expect("/\(answer.status)" == path)
                    #expect(answer["Content-Length"] == nil)
                }
                #expect(client.unread.isEmpty)
            }
        }

        @Test func `writes the handler's reason phrase, which Docker shows`() async throws {
            try await serving { _ in
                Response(HTTPResponse.Status(code: 507, reasonPhrase: "no space left on device"))
            } client: { bench in
                let answer = try bench.request("GET", "/")
                #expect(answer.status == 507)
                #expect(answer.reason == "no space left on device")
            }
        }

        @Test func `cannot be split by what a handler puts into a field`() async throws {
            try await serving { _ in
                Response(.ok, [.location: "/a\r\nSet-Cookie: x", .contentType: "a/b"], body: .bytes([1]))
            } client: { bench in
                let answer = try bench.request("GET", "/")
                #expect(answer["Set-Cookie"] == nil)
                #expect(answer.body == [1])
            }
        }
    }
}
