import HTTPServing
import HTTPTypes
import HTTPWire
import LinuxIO
import RegistryTesting
import Synchronization
import Testing

private struct Broken: Error {}

extension Live {
    @Suite struct `A stream that cannot go on` {
        @Test(arguments: [nil, 2_000_000] as [Int64?])
        func `breaks off without the end of its body, and says so in the log`(_ length: Int64?) async throws {
            let maker = Maker { index in
                guard index < 10 else { throw Broken() }
                return .bytes(pattern(100_000))
            }
            try await serving { _ in
                maker.response(length: length)
            } client: { bench in
                let client = try bench.connect()
                try client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
                #expect(client.isClosed())
                #expect(client.unread.count > 1_000_000)
                #expect(client.unread.suffix(5) != Array("0\r\n\r\n".utf8)[...])
                #expect(bench.waitForConnections(0))
                #expect(bench.log.all == ["error: stream broke off"])
                #expect(maker.released.wait())
            }
            #expect(maker.callCount == 11)
        }

        @Test func `resets the connection when its end would mean the end of the content`() async throws {
            try await serving { _ in
                Maker { index in
                    guard index < 1 else { throw Broken() }
                    return .bytes([1])
                }.response()
            } client: { bench in
                let client = try bench.connect()
                try client.send("GET / HTTP/1.0\r\n\r\n")
                #expect(client.isClosed())
                #expect(client.wasReset)
                #expect(bench.waitForConnections(0))
                #expect(bench.log.all == ["error: stream broke off"])
            }
        }

        @Test(arguments: ["HTTP/1.0", "HTTP/1.1"], [nil, 10] as [Int64?])
        func `from its beginning is a 500, and the connection goes on`(
            _ version: String, _ length: Int64?
        ) async throws {
            try await serving { request in
                request.head.target.path == "/"
                    ? Maker { _ in throw Broken() }.response(length: length, etag: EntityTag("v1")) : .text("here")
            } client: { bench in
                let client = try bench.connect()
                try client.send("GET / \(version)\r\nHost: h\r\nConnection: keep-alive\r\n\r\n")
                let answer = try client.receive()
                #expect(answer.status == 500)
                #expect(answer["ETag"] == nil)
                #expect(answer["Content-Type"] == "application/problem+json")
                #expect(bench.log.all == ["error: content cannot be read"])
                guard answer["Connection"] != "close" else { return }
                #expect(try client.request("GET", "/text").text == "here")
            }
        }

        @Test func `because its file cannot be opened breaks off`() async throws {
            let missing = StoredFile(size: 100_000) { () throws(SystemError) in
                throw SystemError(code: 2, call: "open")
            }
            try await serving { request in
                let pieces: [BodyPiece] = [.bytes([1]), .file(missing)]
                let skipped = request.head.target.path == "/first" ? 1 : 0
                return Response(.ok, body: .stream(BodyStream(Array(pieces[skipped...]))))
            } client: { bench in
                let client = try bench.connect()
                #expect(try client.request("GET", "/first").status == 500)
                try client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
                #expect(client.isClosed())
                #expect(client.unread.last == 1)
                #expect(bench.log.all == ["error: content cannot be read", "error: stream broke off"])
            }
        }

        @Test func `because its file is shorter than promised breaks off`() async throws {
            let short = StoredFile(size: 3_000_000) { () throws(SystemError) in
                FileDescriptor(owning: try systemCall("mkstemp") { sparseFile(1_500_000) })
            }
            try await serving { _ in
                Response(.ok, body: .stream(BodyStream([.file(short), .bytes([1])])))
            } client: { bench in
                let client = try bench.connect()
                try client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
                #expect(client.isClosed())
                #expect(client.unread.suffix(1_500_000).allSatisfy { $0 == 0 })
                #expect(client.unread.count < 1_501_000)
                #expect(bench.log.all == ["error: stored file is shorter than promised"])
            }
        }

        @Test(arguments: [2, 50_000])
        func `because it gives more than promised sends nothing of what is too much`(_ size: Int) async throws {
            let maker = Maker { _ in .bytes([UInt8](repeating: 65, count: size)) }
            try await serving { _ in
                maker.response(length: Int64(size * 2 + 1))
            } client: { bench in
                let client = try bench.connect()
                try client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
                #expect(client.isClosed())
                #expect(client.unread.suffix(while: { $0 == 65 }).count == size * 2)
                #expect(bench.log.all == ["error: stream broke off"])
            }
            #expect(maker.callCount == 3)
        }

        @Test func `because it gives less than promised ends the connection`() async throws {
            try await serving { _ in
                Maker { $0 < 2 ? .bytes([65, 65]) : nil }.response(length: 5)
            } client: { bench in
                let client = try bench.connect()
                try client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
                #expect(client.isClosed())
                #expect(client.unread.suffix(while: { $0 == 65 }).count == 4)
                #expect(bench.log.all == ["error: stream broke off"])
            }
        }

        @Test(arguments: [(0, 5), (3, 2)])
        func `because its first piece gives the lie to its length is a 500`(_ size: Int, _ length: Int64) async throws {
            try await serving { _ in
                Maker { $0 < 1 ? .bytes([UInt8](repeating: 1, count: size)) : nil }.response(length: length)
            } client: { bench in
                let client = try bench.connect()
                for _ in 0..<2 { #expect(try client.request("GET", "/").status == 500) }
            }
        }
    }

    @Suite struct `A stream that takes too long for a piece` {
        let limits = ServingLimits.with { $0.handlerTimeout = .milliseconds(200) }

        @Test func `is answered for with 503 when it is the first`() async throws {
            let maker = Maker { _ in
                try await Task.sleep(for: .seconds(60))
                return nil
            }
            try await serving(limits) { _ in
                maker.response()
            } client: { bench in
                let client = try bench.connect()
                #expect(try client.request("GET", "/").status == 503)
                // The sleep has been cancelled.
                #expect(client.isClosed())
                #expect(bench.waitForConnections(0))
                #expect(bench.log.all == ["warning: handler took too long"])
                #expect(maker.released.wait())
            }
        }

        @Test(arguments: ["HTTP/1.0", "HTTP/1.1"])
        func `is cut off when it is another`(_ version: String) async throws {
            let goOn = Event()
            let maker = Maker { index in
                if index == 1 { await goOn.wait() }
                return .bytes([UInt8(ascii: "x")])
            }
            try await serving(limits) { _ in
                maker.response()
            } client: { bench in
                let client = try bench.connect()
                try client.send("GET / \(version)\r\nHost: h\r\n\r\n")
                // At once, whatever the maker does.
                #expect(client.isClosed())
                #expect(client.wasReset == (version == "HTTP/1.0"))
                #expect(client.unread.count { $0 == UInt8(ascii: "x") } <= 2)
                goOn.happen()
                #expect(bench.waitForConnections(0))
                #expect(maker.released.wait())
                #expect(bench.log.all == ["warning: handler took too long"])
            }
            #expect(maker.callCount == 2)
        }

        @Test func `by giving nothing holds up nobody else`() async throws {
            try await serving(limits, loops: 1) { request in
                request.head.target.path == "/" ? Maker { _ in .bytes([]) }.response() : .text("here")
            } client: { bench in
                let client = try bench.connect()
                try client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
                #expect(try bench.request("GET", "/text").text == "here")
                #expect(try client.receive().status == 503)
            }
        }
    }

    @Suite struct `A client of a stream` {
        @Test(arguments: [nil, 1 << 40] as [Int64?])
        func `that vanishes is made no more pieces for`(_ length: Int64?) async throws {
            let maker = Maker { _ in .bytes(pattern(100_000)) }
            try await serving { _ in
                maker.response(length: length)
            } client: { bench in
                let client = try bench.connect()
                try client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
                try client.wait(forBytes: 1_000_000)
                client.abort()
                #expect(maker.released.wait())
                #expect(bench.waitForConnections(0))
                #expect(bench.log.all == [])
            }
        }

        @Test(arguments: [0, 1])
        func `that vanishes while a piece is made ends the making`(_ turn: Int) async throws {
            let making = Event()
            let maker = Maker { index in
                guard index >= turn else { return .bytes([1]) }
                making.happen()
                try await Task.sleep(for: .seconds(60))
                return nil
            }
            try await serving { _ in
                maker.response()
            } client: { bench in
                let client = try bench.connect()
                try client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
                #expect(making.wait())
                client.abort()
                #expect(bench.waitForConnections(0))
                #expect(maker.released.wait())
                #expect(bench.log.all == [])
            }
            #expect(maker.callCount == turn + 1)
        }

        @Test func `that takes nothing is left`() async throws {
            let limits = ServingLimits.with { $0.sendStall = .milliseconds(200) }
            let maker = Maker { $0 % 2 == 0 ? .bytes(pattern(100_000)) : filePiece(1 << 20) }
            try await serving(limits) { _ in
                maker.response()
            } client: { bench in
                let client = try bench.connect(receiveBuffer: 4096)
                try client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
                try client.wait(forBytes: 10)
                #expect(bench.waitForConnections(0))
                #expect(maker.released.wait())
            }
        }

        @Test(arguments: ["HTTP/1.0", "HTTP/1.1"])
        func `is cut at the limit of a drain, and the making ends`(_ version: String) async throws {
            let limits = ServingLimits.with { $0.drainTimeout = .milliseconds(200) }
            let making = Event()
            let maker = Maker { index in
                guard index > 0 else { return .bytes([1]) }
                making.happen()
                try await Task.sleep(for: .seconds(60))
                return nil
            }
            try await serving(limits) { _ in
                maker.response()
            } client: { bench in
                let client = try bench.connect()
                try client.send("GET / \(version)\r\nHost: h\r\n\r\n")
                #expect(making.wait())
                bench.beginToStop()
                #expect(client.isClosed())
                #expect(client.wasReset == (version == "HTTP/1.0"))
                #expect(bench.waitForConnections(0))
                #expect(maker.released.wait())
                #expect(bench.log.all == ["warning: connections cut at the drain limit"])
            }
            #expect(maker.callCount == 2)
        }

        @Test func `gets it to its end while the server drains`() async throws {
            let goOn = Event()
            try await serving { _ in
                Maker { index in
                    if index == 1 { await goOn.wait() }
                    return index < 3 ? .bytes([UInt8(index)]) : nil
                }.response()
            } client: { bench in
                let (busy, idle) = (try bench.connect(), try bench.connect())
                try busy.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
                try busy.wait(forBytes: 10)
                bench.beginToStop()
                #expect(idle.isClosed())
                goOn.happen()
                #expect(try busy.receive().body == [0, 1, 2])
                #expect(busy.isClosed())
            }
        }
    }
}

extension Array {
    fileprivate func suffix(while condition: (Element) -> Bool) -> ArraySlice<Element> {
        self[(lastIndex { !condition($0) }.map { $0 + 1 } ?? 0)...]
    }
}
