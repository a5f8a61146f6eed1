import Glibc
import HTTPServing
import HTTPTypes
import HTTPWire
import LinuxIO
import RegistryTesting
import Synchronization
import Testing

/// A file on disk whose every byte is known.
private final class Content: Sendable {
    let bytes: [UInt8]
    let path: String
    /// How often the engine has opened it.
    let opened = Atomic<Int>(0)
    private let folder = TemporaryFolder()

    init(_ bytes: [UInt8]) throws {
        self.bytes = bytes
        path = "\(folder.path)/content"
        let path = path
        let file = FileDescriptor(owning: try systemCall("creat") { creat(path, 0o600) })
        let number = file.number
        var written = 0
        while written < bytes.count {
            let start = written
            written += try bytes.withUnsafeBytes { buffer in
                try systemCall("write") { write(number, buffer.baseAddress.map { $0 + start }, buffer.count - start) }
            }
        }
    }

    /// Takes a part of the file out of the page cache, so that the disk has to be waited for.
    func forget(_ range: Range<Int>) throws {
        let path = path
        let file = FileDescriptor(owning: try systemCall("open") { open(path, O_RDWR | O_CLOEXEC) })
        let number = file.number
        _ = try systemCall("fdatasync") { fdatasync(number) }
        _ = posix_fadvise(number, off_t(range.lowerBound), off_t(range.count), POSIX_FADV_DONTNEED)
    }

    func truncate(to size: Int) throws {
        let path = path
        _ = try systemCall("truncate") { Glibc.truncate(path, off_t(size)) }
    }

    /// - Parameters:
    ///   - isCached: whether it may be opened on the loop.
    ///   - opening: what else happens when it is opened.
    func response(isCached: Bool = false, opening: @escaping @Sendable () -> Void = {}) -> Response {
        let stored = StoredFile(
            size: Int64(bytes.count),
            openCached: {
                guard isCached else { return nil }
                self.opened.wrappingAdd(1, ordering: .relaxed)
                opening()
                return FileDescriptor.openCached(self.path)
            },
            open: { () throws(SystemError) in
                self.opened.wrappingAdd(1, ordering: .relaxed)
                opening()
                return FileDescriptor(owning: try systemCall("open") { open(self.path, O_RDONLY | O_CLOEXEC) })
            })
        return Response(
            .ok, [.contentType: "application/octet-stream"], etag: EntityTag("v1"), body: .file(stored))
    }

    var openCount: Int { opened.load(ordering: .relaxed) }
}

extension Live {
    @Suite struct `A stored file` {
        @Test(arguments: [0, 1, 65_536, 65_537, 1 << 20, 5_000_000], [true, false])
        func `arrives byte for byte`(_ count: Int, _ isCached: Bool) async throws {
            let content = try Content(pattern(count))
            try await serving { _ in
                content.response(isCached: isCached)
            } client: { bench in
                let client = try bench.connect()
                for _ in 0..<2 {
                    let answer = try client.request("GET", "/")
                    #expect(answer.status == 200)
                    #expect(answer["Content-Length"] == "\(count)")
                    #expect(answer.body == content.bytes)
                }
                #expect(client.unread.isEmpty)
                // Nothing was tried again on a lane.
                #expect(content.openCount == 2)
            }
        }

        @Test(
            arguments: [
                (5_000_000, 0..<5_000_000), (5_000_000, 1_000_000..<2_000_000), (5_000_000, 4_000_000..<5_000_000),
                (60_000, 0..<60_000), (60_000, 30_000..<60_000),
            ], [true, false])
        func `arrives from the disk as from memory`(_ part: (size: Int, range: Range<Int>), _ isCached: Bool)
            async throws
        {
            let content = try Content(pattern(part.size))
            try await serving { _ in
                content.response(isCached: isCached) { try? content.forget(part.range) }
            } client: { bench in
                let client = try bench.connect()
                for _ in 0..<3 { #expect(try client.request("GET", "/").body == content.bytes) }
            }
        }

        @Test(
            arguments: [100, 3_000_000],
            [
                ("bytes=0-0", 0, 1), ("bytes=10-19", 10, 20), ("bytes=-7", -7, nil), ("bytes=50-", 50, nil),
                ("bytes=1-", 1, nil),
            ] as [(String, Int, Int?)])
        func `arrives in the range asked for`(_ count: Int, _ range: (field: String, from: Int, to: Int?)) async throws
        {
            let content = try Content(pattern(count))
            let from = range.from < 0 ? count + range.from : range.from
            let to = range.to ?? count
            try await serving { _ in
                content.response()
            } client: { bench in
                let client = try bench.connect()
                let answer = try client.request("GET", "/", [("Range", range.field)])
                #expect(answer.status == 206)
                #expect(answer["Content-Range"] == "bytes \(from)-\(to - 1)/\(count)")
                #expect(answer.body == Array(content.bytes[from..<to]))
                #expect(try client.request("GET", "/").body == content.bytes)
            }
        }

        @Test(arguments: [1000, 3_000_000])
        func `arrives in several ranges, each framed exactly`(_ count: Int) async throws {
            let content = try Content(pattern(count))
            try await serving { _ in
                content.response()
            } client: { bench in
                let client = try bench.connect()
                let last = count - 10
                let answer = try client.request("GET", "/", [("Range", "bytes=0-9,100-\(last - 100),-10")])
                #expect(answer.status == 206)
                let type = answer["Content-Type"] ?? ""
                let boundary = type.split(separator: "=").last ?? ""
                var expected: [UInt8] = []
                for (index, range) in [0..<10, 100..<(last - 99), last..<count].enumerated() {
                    let lead = index == 0 ? "" : "\r\n"
                    let head = "Content-Type: application/octet-stream\r\nContent-Range: bytes "
                    expected += Array("\(lead)--\(boundary)\r\n\(head)".utf8)
                    expected += Array("\(range.lowerBound)-\(range.upperBound - 1)/\(count)\r\n\r\n".utf8)
                    expected += content.bytes[range]
                }
                expected += Array("\r\n--\(boundary)--\r\n".utf8)
                #expect(answer.body == expected)
                #expect(try client.request("GET", "/").body == content.bytes)
            }
        }

        @Test func `is not opened for HEAD, 304 and 416`() async throws {
            let content = try Content(pattern(100))
            try await serving { _ in
                content.response()
            } client: { bench in
                let client = try bench.connect()
                let head = try client.request("HEAD", "/", [("Range", "bytes=0-1")])
                #expect(head.status == 200)
                #expect(head["Content-Length"] == "100")
                #expect(try client.request("GET", "/", [("If-None-Match", "\"v1\"")]).status == 304)
                let outside = try client.request("GET", "/", [("Range", "bytes=100-")])
                #expect(outside.status == 416)
                #expect(outside["Content-Range"] == "bytes */100")
                #expect(content.openCount == 0)
                #expect(try client.request("GET", "/").status == 200)
                #expect(content.openCount == 1)
            }
        }

        @Test(arguments: [1000, 3_000_000], [true, false])
        func `that cannot be opened is a 500, and the connection goes on`(_ count: Int, _ isCached: Bool) async throws {
            let content = try Content(pattern(count))
            try await serving { _ in
                content.response(isCached: isCached)
            } client: { bench in
                let client = try bench.connect()
                unlink(content.path)
                let answer = try client.request("GET", "/x")
                #expect(answer.status == 500)
                #expect(answer["Content-Type"] == "application/problem+json")
                #expect(answer["ETag"] == nil)
                #expect(try client.request("HEAD", "/").status == 200)
                #expect(bench.log.count("error: content cannot be read") == 1)
            }
        }

        @Test(arguments: [true, false])
        func `that is small and shorter than promised is a 500`(_ isCached: Bool) async throws {
            let content = try Content(pattern(1000))
            try content.truncate(to: 999)
            try await serving { _ in
                content.response(isCached: isCached)
            } client: { bench in
                let answer = try bench.request("GET", "/")
                #expect(answer.status == 500)
            }
        }

        @Test(arguments: [true, false])
        func `that is large and shorter than promised ends the connection`(_ isCached: Bool) async throws {
            let content = try Content(pattern(3_000_000))
            try content.truncate(to: 1_500_000)
            try await serving { _ in
                content.response(isCached: isCached)
            } client: { bench in
                let client = try bench.connect()
                try client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
                #expect(client.isClosed())
                // All that there is, and nothing in place of the rest.
                #expect(client.unread.suffix(1_500_000) == content.bytes[..<1_500_000])
            }
        }

        @Test func `arrives whole at a client that reads slowly`() async throws {
            let content = try Content(pattern(4_000_000))
            try await serving { _ in
                content.response()
            } client: { bench in
                let slow = try bench.connect(receiveBuffer: 4096)
                try slow.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
                // Between two reads another client is served, so the server has long filled the socket.
                for turn in 1...20 {
                    try slow.wait(forBytes: turn * 10_000)
                    let other = try bench.request("HEAD", "/")
                    #expect(other.status == 200)
                }
                #expect(try slow.receive().body == content.bytes)
            }
        }

        @Test func `goes to several clients at once`() async throws {
            let content = try Content(pattern(3_000_000))
            try await serving { _ in
                content.response()
            } client: { bench in
                let bodies = onThreads(8) { _ in try? bench.request("GET", "/").body == content.bytes }
                #expect(bodies == Array(repeating: true, count: 8))
                _ = try bench.connect()
            }
        }

        @Test func `that is not opened in time is a 503`() async throws {
            let content = try Content(pattern(3_000_000))
            let limits = ServingLimits.with { $0.handlerTimeout = .milliseconds(100) }
            let lanes = Lanes(count: 1)
            let goOn = Event()
            try await serving(limits, lanes: lanes) { _ in
                _ = lanes.next().start { goOn.wait() }
                return content.response()
            } client: { bench in
                let client = try bench.connect()
                let answer = try client.request("GET", "/")
                #expect(answer.status == 503)
                goOn.happen()
                #expect(client.isClosed())
                #expect(client.unread.isEmpty)
            }
        }

        @Test func `is not broken by a deadline that passes while it waits for its lane`() async throws {
            let content = try Content(pattern(3_000_000))
            let limits = ServingLimits.with { $0.handlerTimeout = .milliseconds(500) }
            let lanes = Lanes(count: 1)
            let goOn = Event()
            try await serving(limits, lanes: lanes) { _ in
                // The one lane is busy with something else between the head and the first slice.
                content.response { _ = lanes.next().start { goOn.wait() } }
            } client: { bench in
                let client = try bench.connect()
                try client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
                try client.wait(forBytes: 10)
                Event().wait(milliseconds: 800)
                goOn.happen()
                let answer = try client.receive()
                #expect(answer.status == 200)
                #expect(answer.body == content.bytes)
                #expect(try client.request("HEAD", "/").status == 200)
            }
        }
    }
}
