import Glibc
import RegistryTesting
import Testing

@Suite(.timeLimit(.minutes(20))) struct `A server that a service manager has started` {
    private let folder = TemporaryFolder()

    /// Receives what is sent to a socket in the folder.
    private final class Manager {
        let socket: Int32
        let path: String

        init(in folder: TemporaryFolder) throws {
            path = "\(folder.path)/notify"
            socket = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
            let result = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(socket, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
            try #require(result == 0)
            var time = timeval(tv_sec: 60, tv_usec: 0)
            setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        }

        deinit { close(socket) }

        func next() -> String {
            var bytes = [UInt8](repeating: 0, count: 4096)
            let count = recv(socket, &bytes, bytes.count, 0)
            return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
        }
    }

    @Test func `says when it serves, that it lives, and when it stops`() async throws {
        let manager = try Manager(in: folder)
        let server = try await WaybillServer(
            data: "\(folder.path)/data",
            shell: "export NOTIFY_SOCKET=\(manager.path) WATCHDOG_USEC=300000 WATCHDOG_PID=$$")
        #expect(manager.next() == "READY=1\nSTATUS=listening on \(server.address)")
        for _ in 0..<3 { #expect(manager.next() == "WATCHDOG=1") }
        #expect(await server.stop() == 0)
        var last = manager.next()
        while last == "WATCHDOG=1" { last = manager.next() }
        #expect(last == "STOPPING=1\nSTATUS=waiting for 0 connections")
    }

    @Test func `does not speak of its life to one that has not asked, and serves when nobody listens`() async throws {
        let manager = try Manager(in: folder)
        let quiet = try await WaybillServer(
            data: "\(folder.path)/data", shell: "export NOTIFY_SOCKET=\(manager.path) WATCHDOG_USEC=1000 WATCHDOG_PID=1"
        )
        #expect(manager.next().hasPrefix("READY=1\n"))
        #expect(await quiet.stop() == 0)
        #expect(manager.next().hasPrefix("STOPPING=1\n"))
        for socket in ["\(folder.path)/nobody", "relative", "@nobody", String(repeating: "/long", count: 50)] {
            let server = try await WaybillServer(
                data: "\(folder.path)/data", shell: "export NOTIFY_SOCKET=\(socket) WATCHDOG_USEC=-1")
            #expect(try server.request("GET", "/v2/").status == 200)
            #expect(await server.stop() == 0)
        }
    }
}
