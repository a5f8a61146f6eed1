import HTTPServing
import HTTPTypes
import HTTPWire
import LinuxIO
import RegistryTesting
import Synchronization
import Testing

/// A stream of which a test knows how often it was asked and whether anybody still holds it.
final class Maker: Sendable {
    private let calls = Atomic<Int>(0)
    private let make: @Sendable (Int) async throws -> BodyPiece?
    let released = Event()

    /// - Parameter make: gives the piece of each call, counted from 0.
    init(_ make: @escaping @Sendable (Int) async throws -> BodyPiece?) {
        self.make = make
    }

    var callCount: Int { calls.load(ordering: .relaxed) }

    /// To be called once, so that the answer alone holds what `released` watches.
    func response(length: Int64? = nil, etag: EntityTag? = nil) -> Response {
        let held = Held(self)
        let stream = BodyStream(length: length) { try await held.maker.next() }
        return Response(.ok, [.contentType: "application/x-tar"], etag: etag, body: .stream(stream))
    }

    private func next() async throws -> BodyPiece? {
        try await make(calls.wrappingAdd(1, ordering: .relaxed).oldValue)
    }

    private final class Held: Sendable {
        let maker: Maker
        init(_ maker: Maker) { self.maker = maker }
        deinit { maker.released.happen() }
    }
}

/// A piece that is a file of this size without content.
func filePiece(_ size: Int64) -> BodyPiece {
    .file(
        StoredFile(size: size) { () throws(SystemError) in
            FileDescriptor(owning: try systemCall("mkstemp") { sparseFile(size) })
        })
}

extension Live {
    @Suite struct `A stream` {
        /// Pieces of every kind, and what they are together.
        static let pieces: [BodyPiece] = [
            .bytes(pattern(5)), .bytes([]), .bytes(pattern(16 * 1024)), filePiece(0), filePiece(1000),
            .bytes(pattern(300_000)), filePiece(64 * 1024 + 1), .bytes([1]), filePiece(3_000_000), .bytes([]),
        ]

        static let content: [UInt8] = pieces.flatMap { piece in
            switch piece {
            case .bytes(let bytes): bytes
            case .file(let file): [UInt8](repeating: 0, count: Int(file.size))
            }
        }

        static func response(length: Int64?) -> Response {
            Maker { index in index < pieces.count ? pieces[index] : nil }.response(length: length)
        }

        @Test func `whose length is known arrives whole, and the connection goes on`() async throws {
            try await serving { _ in
                Self.response(length: Int64(Self.content.count))
            } client: { bench in
                let client = try bench.connect()
                for _ in 0..<3 {
                    let answer = try client.request("GET", "/", [("Range", "bytes=0-1")])
                    #expect(answer.status == 200)
                    #expect(answer["Content-Length"] == "\(Self.content.count)")
                    #expect(answer["Transfer-Encoding"] == nil)
                    #expect(answer["Accept-Ranges"] == nil)
                    #expect(answer.body == Self.content)
                }
                #expect(client.unread.isEmpty)
                #expect(bench.log.all == [])
            }
        }

        @Test func `whose length is not known arrives whole in chunks, and the connection goes on`() async throws {
            try await serving { _ in
                Self.response(length: nil)
            } client: { bench in
                let client = try bench.connect()
                for _ in 0..<3 {
                    let answer = try client.request("GET", "/")
                    #expect(answer["Transfer-Encoding"] == "chunked")
                    #expect(answer["Content-Length"] == nil)
                    #expect(answer.body == Self.content)
                }
                #expect(client.unread.isEmpty)
                #expect(bench.log.all == [])
            }
        }

        @Test func `of pieces that are known beforehand has their length`() async throws {
            try await serving { _ in
                Response(.ok, body: .stream(BodyStream(Self.pieces)))
            } client: { bench in
                let answer = try bench.request("GET", "/")
                #expect(answer["Content-Length"] == "\(Self.content.count)")
                #expect(answer.body == Self.content)
            }
        }

        @Test func `frames each piece as one chunk`() async throws {
            try await serving { _ in
                let pieces: [BodyPiece] = [.bytes([65, 66]), .bytes([]), .bytes(pattern(100_000))]
                return Maker { $0 < pieces.count ? pieces[$0] : nil }.response()
            } client: { bench in
                let client = try bench.connect()
                try client.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
                #expect(client.isClosed())
                let frame = Array("\r\n\r\n2\r\nAB\r\n186a0\r\n".utf8) + pattern(100_000)
                #expect(client.unread.suffix(frame.count + 7) == frame + Array("\r\n0\r\n\r\n".utf8))
            }
        }

        @Test(arguments: [nil, 0] as [Int64?])
        func `of nothing is an empty body`(_ length: Int64?) async throws {
            try await serving { _ in
                Maker { $0 < 3 ? .bytes([]) : nil }.response(length: length)
            } client: { bench in
                let client = try bench.connect()
                for _ in 0..<2 {
                    let answer = try client.request("GET", "/")
                    #expect(answer.status == 200)
                    #expect(answer.body == [])
                }
                #expect(client.unread.isEmpty)
            }
        }

        @Test func `is followed by the answers to requests that came with its own`() async throws {
            try await serving { request in
                request.head.target.path == "/text"
                    ? .text("here")
                    : Self.response(length: request.head.target.path == "/chunks" ? nil : Int64(Self.content.count))
            } client: { bench in
                let client = try bench.connect()
                for path in ["/chunks", "/text", "/length", "/text", "/chunks"] {
                    try client.send("GET \(path) HTTP/1.1\r\nHost: h\r\n\r\n")
                }
                for isText in [false, true, false, true, false] {
                    #expect(try client.receive().body == (isText ? Array("here".utf8) : Self.content))
                }
                #expect(client.unread.isEmpty)
            }
        }

        @Test(arguments: [nil, 1000] as [Int64?])
        func `is not asked for HEAD and 304`(_ length: Int64?) async throws {
            let maker = Maker { _ in .bytes([1]) }
            try await serving { _ in
                maker.response(length: length, etag: EntityTag("v1"))
            } client: { bench in
                let client = try bench.connect()
                let head = try client.request("HEAD", "/")
                #expect(head.status == 200)
                #expect(head["Content-Length"] == length.map { "\($0)" })
                #expect(try client.request("GET", "/", [("If-None-Match", "\"v1\"")]).status == 304)
                #expect(try client.request("HEAD", "/").status == 200)
                #expect(client.unread.isEmpty)
            }
            #expect(maker.callCount == 0)
        }

        @Test func `without a length ends with the connection for HTTP/1_0`() async throws {
            try await serving { _ in
                Self.response(length: nil)
            } client: { bench in
                let client = try bench.connect()
                try client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
                #expect(client.isClosed())
                #expect(!client.wasReset)
                let head = String(decoding: client.unread.prefix(200), as: UTF8.self)
                #expect(head.contains("\r\nConnection: close\r\n"))
                #expect(!head.contains("Transfer-Encoding"))
                #expect(client.unread.suffix(Self.content.count + 4) == [13, 10, 13, 10] + Self.content)
            }
        }

        @Test func `with a length leaves an HTTP/1_0 connection open`() async throws {
            try await serving { _ in
                Self.response(length: Int64(Self.content.count))
            } client: { bench in
                let client = try bench.connect()
                for _ in 0..<2 {
                    try client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
                    let answer = try client.receive()
                    #expect(answer["Connection"] == "keep-alive")
                    #expect(answer.body == Self.content)
                }
            }
        }

        @Test func `is made no faster than its reader reads`() async throws {
            let piece = pattern(256 * 1024)
            let maker = Maker { $0 < 400 ? .bytes(piece) : nil }
            try await serving { _ in
                maker.response(length: 400 * 256 * 1024)
            } client: { bench in
                let client = try bench.connect(receiveBuffer: 4096)
                try client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
                try client.wait(forBytes: 1)
                // What the kernel holds for a reader that does not read is a few MiB of these 100.
                Event().wait(milliseconds: 200)
                let held = maker.callCount
                #expect(held < 60)
                Event().wait(milliseconds: 100)
                #expect(maker.callCount == held)
                client.abort()
                #expect(bench.waitForConnections(0))
                #expect(maker.callCount <= held + 1)
            }
        }

        @Test func `waits for pieces that are long in coming`() async throws {
            let limits = ServingLimits.with { $0.handlerTimeout = .milliseconds(400) }
            try await serving(limits) { _ in
                Maker { index in
                    try await Task.sleep(for: .milliseconds(150))
                    return index < 5 ? .bytes([UInt8(index)]) : nil
                }.response()
            } client: { bench in
                let client = try bench.connect()
                // All in all longer than a handler may take.
                #expect(try client.request("GET", "/").body == [0, 1, 2, 3, 4])
                #expect(try client.request("GET", "/").body == [0, 1, 2, 3, 4])
            }
        }

        @Test func `gives each piece away at once`() async throws {
            let goOn = Event()
            try await serving { _ in
                Maker { index in
                    if index == 1 { await goOn.wait() }
                    return index < 2 ? .bytes([UInt8(ascii: "x")]) : nil
                }.response()
            } client: { bench in
                let client = try bench.connect()
                try client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
                while client.unread.suffix(6) != Array("1\r\nx\r\n".utf8)[...] {
                    try client.wait(forBytes: client.unread.count + 1)
                }
                goOn.happen()
                #expect(try client.receive().text == "xx")
            }
        }

        @Test func `of 1 GiB takes the memory of one piece`() async throws {
            let bytes = [UInt8](repeating: 7, count: 1 << 20)
            let file = SharedDescriptor(FileDescriptor(owning: sparseFile(64 << 20)))
            let least = Atomic<Int>(.max)
            let most = Atomic<Int>(0)
            try await serving { _ in
                // In turn 64 MiB of bytes, piece by piece, and as much in a file.
                Maker { index in
                    let pages = residentPages()
                    least.min(pages, ordering: .relaxed)
                    most.max(pages, ordering: .relaxed)
                    guard index < 8 * 65 else { return nil }
                    guard index % 65 == 64 else { return .bytes(bytes) }
                    return .file(
                        StoredFile(size: 64 << 20) { () throws(SystemError) in
                            FileDescriptor(owning: try systemCall("dup") { duplicate(file) })
                        })
                }.response()
            } client: { bench in
                let client = try bench.connect()
                try client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
                while client.unread.suffix(4) != Array("\r\n\r\n".utf8)[...] {
                    try client.wait(forBytes: client.unread.count + 1)
                }
                // Each chunk has a head and an end besides its bytes.
                let frames = 8 * (64 * ("100000".utf8.count + 4) + "4000000".utf8.count + 4)
                try client.discard(client.unread.count + (1 << 30) + frames)
                #expect(client.unread == [])
                try client.wait(forBytes: 5)
                #expect(client.unread == Array("0\r\n\r\n".utf8))
            }
            let (from, to) = (least.load(ordering: .relaxed), most.load(ordering: .relaxed))
            #expect((to - from) * 4096 < 32 << 20)
        }
    }
}
