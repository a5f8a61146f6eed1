import HTTPServing
import HTTPTypes
import HTTPWire
import LinuxIO
import RegistryTesting
import Synchronization
import Testing

/// Sends the body back, or says why it cannot.
private let echo: Handler = { request in
    do throws(BodyError) {
        return Response(.ok, body: .bytes(try await request.body.collect(upTo: 1 << 24)))
    } catch {
        return .text("\(error)", .badRequest)
    }
}

/// `content` in chunks of these sizes, repeated as long as there is content.
private func chunked(_ content: [UInt8], _ sizes: [Int]) -> [UInt8] {
    var (encoded, rest, turn): ([UInt8], ArraySlice<UInt8>, Int) = ([], content[...], 0)
    while !rest.isEmpty {
        let piece = rest.prefix(sizes[turn % sizes.count])
        encoded += Array("\(String(piece.count, radix: 16))\r\n".utf8) + piece + Array("\r\n".utf8)
        rest = rest.dropFirst(piece.count)
        turn += 1
    }
    return encoded + Array("0\r\n\r\n".utf8)
}

extension Live {
    @Suite struct `The body of a request` {
        @Test(arguments: [0, 1, 1000, 65_536, 65_537, 3_000_000])
        func `arrives whole when its length is stated`(_ count: Int) async throws {
            try await serving(handler: echo) { bench in
                let client = try bench.connect()
                let content = pattern(count)
                for _ in 0..<2 { #expect(try client.request("PUT", "/", body: content).body == content) }
            }
        }

        @Test(arguments: [[1], [7, 1], [1000], [65_536], [1, 100_000, 3]])
        func `arrives whole in chunks`(_ sizes: [Int]) async throws {
            let content = pattern(sizes == [1] ? 5000 : 400_000)
            try await serving(handler: echo) { bench in
                let client = try bench.connect()
                let encoded = chunked(content, sizes)
                for _ in 0..<2 {
                    let answer = try client.request("PATCH", "/", [("Transfer-Encoding", "chunked")], body: encoded)
                    #expect(answer.body == content)
                }
            }
        }

        @Test(arguments: [1, 2, 3, 17], [true, false])
        func `can be read in pieces of any size`(_ size: Int, _ isChunked: Bool) async throws {
            let content = pattern(2000)
            try await serving { request in
                let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 1)
                defer { buffer.deallocate() }
                var bytes: [UInt8] = []
                while let count = try? await request.body.read(into: buffer), count > 0 { bytes += buffer[..<count] }
                let again = (try? await request.body.read(into: buffer)) ?? -1
                return Response(.ok, [.location: "\(again)"], body: .bytes(bytes))
            } client: { bench in
                let client = try bench.connect()
                for _ in 0..<2 {
                    let answer =
                        isChunked
                        ? try client.request(
                            "PUT", "/", [("Transfer-Encoding", "chunked")], body: chunked(content, [1, 50, 300]))
                        : try client.request("PUT", "/", body: content)
                    #expect(answer.body == content)
                    #expect(answer["Location"] == "0")
                }
            }
        }

        @Test func `states its length only when the client did`() async throws {
            try await serving { request in
                .text(request.body.length.map { "\($0)" } ?? "unknown")
            } client: { bench in
                let client = try bench.connect()
                #expect(try client.request("GET", "/").text == "0")
                #expect(try client.request("PUT", "/", body: [1, 2, 3]).text == "3")
                #expect(try client.request("PUT", "/", [("Content-Length", "0")]).text == "0")
                let chunks = chunked([1], [1])
                #expect(
                    try client.request("PUT", "/", [("Transfer-Encoding", "chunked")], body: chunks).text == "unknown")
            }
        }

        @Test func `in chunks ends exactly where the next request begins`() async throws {
            try await serving(handler: echo) { bench in
                let client = try bench.connect()
                let head = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                var bytes: [UInt8] = []
                for index in 0..<30 { bytes += Array(head.utf8) + chunked(pattern(index * 7), [5]) }
                try client.send(bytes)
                for index in 0..<30 { #expect(try client.receive().body == pattern(index * 7)) }
                #expect(client.unread.isEmpty)
            }
        }

        @Test func `that nobody read is dropped when it is small, and the connection goes on`() async throws {
            try await serving { _ in
                .text("no", .forbidden)
            } client: { bench in
                let client = try bench.connect()
                for count in [1, 1000, 64 * 1024] {
                    let answer = try client.request("PUT", "/", body: pattern(count))
                    #expect(answer.status == 403)
                    #expect(answer["Connection"] == nil)
                }
                #expect(try client.request("GET", "/").status == 403)
                #expect(bench.connectionCount == 1)
            }
        }

        @Test func `that was read in part is dropped for the rest`() async throws {
            try await serving { request in
                let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 10, alignment: 1)
                defer { buffer.deallocate() }
                _ = try? await request.body.fill(buffer)
                return .text("enough")
            } client: { bench in
                let client = try bench.connect()
                for _ in 0..<3 { #expect(try client.request("PUT", "/", body: pattern(5000)).text == "enough") }
            }
        }

        @Test func `that was refused for its size may be small enough to go on`() async throws {
            try await serving { request in
                do throws(BodyError) {
                    _ = try await request.body.collect(upTo: 100)
                    return .text("taken")
                } catch {
                    return .text("\(error)", .contentTooLarge)
                }
            } client: { bench in
                let client = try bench.connect()
                let answer = try client.request("PUT", "/", body: pattern(101))
                #expect(answer.status == 413)
                #expect(answer.text == "tooLarge(limit: 100)")
                #expect(try client.request("PUT", "/", body: pattern(100)).text == "taken")
            }
        }

        @Test(arguments: [
            "x\r\n", "5\r\nhello0\r\n\r\n", "-1\r\n", "5 5\r\nhello\r\n", "ffffffffffffffff\r\n",
            "5\nhello\r\n0\r\n\r\n",
            "0\r\nbad trailer\r\n\r\n", "3\r\nabcdef\r\n0\r\n\r\n",
        ])
        func `with a malformed chunk is answered 400, and the connection ends`(_ chunks: String) async throws {
            let seen = Mutex<BodyError?>(nil)
            try await serving { request in
                do throws(BodyError) { _ = try await request.body.collect(upTo: 1000) } catch {
                    seen.withLock { $0 = error }
                }
                return .text("whatever the handler thinks")
            } client: { bench in
                let client = try bench.connect()
                let answer = try client.request(
                    "PUT", "/x", [("Transfer-Encoding", "chunked")], body: Array(chunks.utf8))
                #expect(answer.status == 400)
                #expect(answer["Content-Type"] == "application/problem+json")
                #expect(answer.text.contains("\"path\":\"/x\""))
                #expect(answer["Connection"] == "close")
                client.finishSending()
                #expect(client.isClosed())
                #expect(!client.wasReset)
            }
            guard case .malformed? = seen.withLock({ $0 }) else {
                Issue.record("the handler saw \(String(describing: seen.withLock { $0 }))")
                return
            }
        }

        @Test func `breaks off with the client, and so does every later read`() async throws {
            let errors = Mutex<[BodyError]>([])
            try await serving { request in
                for _ in 0..<2 {
                    do throws(BodyError) { _ = try await request.body.collect(upTo: 1000) } catch {
                        errors.withLock { $0.append(error) }
                    }
                }
                return .text("nobody reads this")
            } client: { bench in
                let client = try bench.connect()
                try client.send("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhalf")
                client.finishSending()
                #expect(client.isClosed())
                #expect(client.unread.isEmpty)
            }
            #expect(errors.withLock { $0 } == [.disconnected, .disconnected])
        }
    }

    @Suite struct `A client that expects 100` {
        private func start(_ bench: Bench, _ count: Int) throws -> TestConnection {
            let client = try bench.connect()
            try client.send("PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: \(count)\r\n\r\n")
            return client
        }

        @Test func `is told to go on when the handler wants the body`() async throws {
            try await serving(handler: echo) { bench in
                let client = try start(bench, 5)
                #expect(try client.receive().status == 100)
                try client.send("hello")
                #expect(try client.receive().text == "hello")
                #expect(try client.request("GET", "/").status == 200)
            }
        }

        @Test func `is told so once`() async throws {
            try await serving { request in
                let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1, alignment: 1)
                defer { buffer.deallocate() }
                var text: [UInt8] = []
                while let count = try? await request.body.read(into: buffer), count > 0 { text += buffer }
                return Response(.ok, body: .bytes(text))
            } client: { bench in
                let client = try start(bench, 3)
                #expect(try client.receive().status == 100)
                for byte in Array("abc".utf8) { try client.send([byte]) }
                let answer = try client.receive()
                #expect(answer.status == 200)
                #expect(answer.text == "abc")
            }
        }

        @Test func `is not told so when the body is there already`() async throws {
            try await serving(handler: echo) { bench in
                let client = try bench.connect()
                try client.send("PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi")
                let answer = try client.receive()
                #expect(answer.status == 200)
                #expect(answer.text == "hi")
            }
        }

        @Test func `gets the final answer alone when the handler wants no body`() async throws {
            try await serving { _ in
                .text("who are you?", .unauthorized)
            } client: { bench in
                let client = try start(bench, 5)
                let answer = try client.receive()
                #expect(answer.status == 401)
                #expect(answer.text == "who are you?")
                #expect(answer["Connection"] == "close")
                client.finishSending()
                #expect(client.isClosed())
                #expect(!client.wasReset)
            }
        }

        @Test func `may send the body all the same`() async throws {
            try await serving { _ in
                .text("no", .forbidden)
            } client: { bench in
                let client = try start(bench, 500_000)
                #expect(try client.receive().status == 403)
                try client.send(pattern(500_000))
                client.finishSending()
                #expect(client.isClosed())
                #expect(!client.wasReset)
            }
        }

        @Test func `of something else is told so`() async throws {
            try await serving(handler: echo) { bench in
                let answer = try bench.request("PUT", "/", [("Expect", "200-ok")], body: [1])
                #expect(answer.status == 417)
            }
        }

        @Test func `without a body expects nothing`() async throws {
            try await serving(handler: echo) { bench in
                let answer = try bench.request("GET", "/", [("Expect", "100-continue")])
                #expect(answer.status == 200)
            }
        }
    }

    @Suite struct `An answer before the body has arrived` {
        @Test(arguments: [true, false])
        func `can be read whole, and no byte of the client meets a reset`(_ isChunked: Bool) async throws {
            let content = [UInt8](repeating: 7, count: 12_000_000)
            try await serving { _ in
                .text("denied", .forbidden)
            } client: { bench in
                let client = try bench.connect()
                let framing = isChunked ? "Transfer-Encoding: chunked" : "Content-Length: \(content.count)"
                try client.send("PUT / HTTP/1.1\r\nHost: h\r\n\(framing)\r\n\r\n")
                // A client that sends everything before it looks for an answer.
                try client.send(isChunked ? chunked(content, [1_000_000]) : content)
                let answer = try client.receive()
                #expect(answer.status == 403)
                #expect(answer.text == "denied")
                #expect(answer["Connection"] == "close")
                client.finishSending()
                #expect(client.isClosed())
                #expect(!client.wasReset)
                #expect(bench.waitForConnections(0))
            }
        }

        @Test func `ends the connection of a client that never stops sending`() async throws {
            let limits = ServingLimits.with { $0.linger = .milliseconds(200) }
            try await serving(limits) { _ in
                .text("denied", .forbidden)
            } client: { bench in
                let client = try bench.connect()
                try client.send("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000000000\r\n\r\n")
                let block = [UInt8](repeating: 0, count: 64 * 1024)
                var isRefused = false
                while !isRefused {
                    do { try client.send(block) } catch { isRefused = true }
                }
                #expect(bench.waitForConnections(0))
            }
        }

        @Test func `is read even when requests that nobody will answer are behind it`() async throws {
            let (arrived, goOn) = (Event(), Event())
            try await serving { _ in
                arrived.happen()
                await goOn.wait()
                return .text("last")
            } client: { bench in
                let client = try bench.connect()
                try client.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
                #expect(arrived.wait())
                for _ in 0..<100 { try client.send("GET /more HTTP/1.1\r\nHost: h\r\n\r\n") }
                goOn.happen()
                #expect(try client.receive().text == "last")
                client.finishSending()
                #expect(client.isClosed())
                #expect(!client.wasReset)
            }
        }
    }
}
