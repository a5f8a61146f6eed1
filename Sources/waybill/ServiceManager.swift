import Glibc
import HTTPServing

/// The service manager that has started the server and wants to know how it is: systemd, or another that speaks sd_notify(3).
///
/// Each message is one datagram to a local socket. A message that cannot be sent is lost: the server serves whether anybody knows it or not.
struct ServiceManager: Sendable {
    private let address: sockaddr_un
    private let length: socklen_t
    /// Within which time it wants to hear of a server that lives; nil when it does not ask.
    private let patience: Duration?

    /// The one that the environment names; nil for none. Programs that this one starts are not to speak for it.
    static func fromEnvironment() -> ServiceManager? {
        defer { for name in ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"] { unsetenv(name) } }
        func value(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
        guard let path = value("NOTIFY_SOCKET") else { return nil }
        let isForUs = value("WATCHDOG_PID").map { $0 == "\(getpid())" } ?? true
        let microseconds = isForUs ? value("WATCHDOG_USEC").flatMap { Int64($0) } : nil
        return ServiceManager(socket: path, patience: microseconds.map { .microseconds($0) })
    }

    /// - Parameters:
    ///   - path: of the socket; behind an @, a name in the abstract namespace.
    ///   - patience: within which time it wants to hear of a server that lives.
    init?(socket path: String, patience: Duration?) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var bytes = Array(path.utf8)
        let isAbstract = bytes.first == UInt8(ascii: "@")
        guard isAbstract || bytes.first == UInt8(ascii: "/"), bytes.count < MemoryLayout.size(ofValue: address.sun_path)
        else { return nil }
        if isAbstract { bytes[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        self.address = address
        length = socklen_t(MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? 2) + socklen_t(bytes.count)
        self.patience = patience.flatMap { $0 > .zero ? $0 : nil }
    }

    /// The server serves: what waits for it may start.
    func isReady(_ status: String) { send("READY=1\nSTATUS=\(status)") }

    /// The server is about to end.
    func isStopping(_ status: String) { send("STOPPING=1\nSTATUS=\(status)") }

    /// Says again and again that the server lives, until the task is cancelled: every time that all loops have had a turn. A manager
    /// that hears nothing starts it anew.
    func watch(_ server: HTTPServer) async {
        guard let patience else { return }
        while (try? await Task.sleep(for: patience / 3)) != nil {
            await server.visitLoops()
            send("WATCHDOG=1")
        }
    }

    private func send(_ message: String) {
        let socket = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { return }
        defer { close(socket) }
        let bytes = Array(message.utf8)
        var address = address
        withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = sendto(
                    socket, bytes, bytes.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT), $0, length)
            }
        }
    }
}
