import Glibc
import HTTPServing
import HTTPTypes
import HTTPWire
import LinuxIO
import RegistryTesting
import Synchronization
import TLS
import Testing

@Suite(.enabled(if: CertificateAuthority.program != nil, "openssl is needed"), .timeLimit(.minutes(20)))
struct `A connection under TLS` {
    @Test(arguments: ["-tls1_2", "-tls1_3"])
    func `is resumed with a ticket for an hour or two, and the keys of tickets turn every hour`(_ version: String)
        async throws
    {
        let hours = Mutex(100.0)
        let bench = try await SecureBench(clock: { Instant(nanoseconds: Int64(hours.withLock { $0 } * 3600e9)) })
        func isResumed(with ticket: String, keeping: String? = nil) async throws -> Bool {
            let text = try await bench.ask(version, "-sess_in", ticket, keeping: keeping)
            #expect(text.contains("Reused, TLSv1") || text.contains("New, TLSv1"), "\(text)")
            return text.contains("Reused, TLSv1")
        }
        _ = try await bench.ask(version, keeping: "first")
        #expect(try await isResumed(with: "first", keeping: "next"))
        if version == "-tls1_3" {
            // Clients use each ticket once there, so they need the next one.
            #expect(try await isResumed(with: "next"))
        }
        hours.withLock { $0 = 101.5 }
        #expect(try await isResumed(with: "first"), "the key of before is still good")
        _ = try await bench.ask(version, keeping: "second")
        hours.withLock { $0 = 102.6 }
        #expect(try await !isResumed(with: "first"), "it is forgotten")
        #expect(try await isResumed(with: "second"), "it was made with the newer key")
        hours.withLock { $0 = 110 }
        #expect(try await !isResumed(with: "second"), "after a long time without connections no key is good")
        await bench.stop()
    }

    @Test(arguments: [1, 16_383, 16_384, 16_385, 65_536, 65_537, 1_048_576, 5_000_001], ["-tls1_2", "-tls1_3"])
    func `carries contents of every size, from memory and from files, to a slow client too`(
        _ size: Int, _ version: String
    ) async throws {
        let content = pattern(size)
        let folder = TemporaryFolder()
        let path = folder.write(content, to: "content")
        let handler: Handler = { request in
            guard request.head.target.path == "/file" else { return Response(.ok, body: .bytes(content)) }
            let stored = StoredFile(size: Int64(size)) { () throws(SystemError) in
                FileDescriptor(owning: try systemCall("open") { open(path, O_RDONLY | O_CLOEXEC) })
            }
            return Response(.ok, body: .file(stored))
        }
        let bench = try await SecureBench(handler: handler)
        for target in ["/memory", "/file"] {
            // The first reader is behind at once: records have to wait for room in the middle.
            for reader in ["(sleep 0.3; cat)", "cat"] {
                let output = "\(folder.path)/output"
                _ = try await bench.ask(version, "-quiet", target: target, through: "\(reader) >\(output)")
                let received = folder.read("output")
                let end = "\r\n\r\n".utf8
                let head = received.firstRange(of: end)?.upperBound ?? 0
                #expect(received[head...].elementsEqual(content), "\(target) \(reader): \(received.count - head) bytes")
            }
        }
        await bench.stop()
    }
}

/// The engine with a certificate, and the openssl program as its client.
private struct SecureBench: Sendable {
    let bench: Bench
    let folder = TemporaryFolder()
    private let authority: CertificateAuthority

    init(
        clock: @escaping @Sendable () -> Instant = { Instant.now },
        handler: @escaping Handler = { _ in Response(.ok, body: .bytes([111, 107])) }
    ) async throws {
        authority = try await CertificateAuthority()
        let files = try await authority.issue("DNS:localhost", file: "one")
        let server = try TLSServer([
            TLSServer.Identity(chain: Self.content(of: files.chain), key: Self.content(of: files.key))
        ])
        bench = try Bench(
            .short, loops: 2, lanes: Lanes(count: 4), tls: TLSKeeper(server, clock: clock), handler: handler)
    }

    /// One request on a connection of its own; gives what openssl says.
    func ask(
        _ arguments: String..., target: String = "/", keeping ticket: String? = nil, through reader: String = "cat"
    ) async throws -> String {
        let request = "GET \(target) HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n"
        let output = ticket.map { ["-sess_out", $0] } ?? []
        let script = """
            cd "$0" || exit 1
            printf '\(request)' | openssl s_client -ign_eof -connect 127.0.0.1:\(bench.port) "$@" 2>&1 | \(reader)
            """
        return try await Program.run("/bin/sh", ["-c", script, folder.path] + arguments + output).output
    }

    func stop() async { await bench.stop() }

    private static func content(of path: String) throws -> [UInt8] {
        let file = FileDescriptor(owning: try systemCall("open") { open(path, O_RDONLY | O_CLOEXEC) })
        let number = file.number
        return try file.read(Int(try systemCall("lseek") { lseek(number, 0, SEEK_END) }))
    }
}
