import BenchmarkLoad
import Glibc
import RegistryTesting

/// One of the servers, with a folder and a port of its own.
final class Server {
    struct CannotStart: Error, CustomStringConvertible {
        let description: String
    }

    let kind: ServerKind
    let port: UInt16
    /// What is served over TLS has one.
    let certificate: Certificate?
    let folder: TemporaryFolder
    private let running: RunningPrograms
    private var program: Program?
    /// The processes of the server.
    private(set) var processes = ProcessTree(-1)

    init(_ kind: ServerKind, certificate: Certificate? = nil, in parent: String, running: RunningPrograms) throws {
        self.kind = kind
        self.certificate = certificate
        self.running = running
        folder = TemporaryFolder(in: parent)
        port = try Self.freePort()
    }

    var name: String { certificate == nil ? kind.rawValue : "\(kind.rawValue), TLS" }

    var url: String { "\(certificate == nil ? "http" : "https")://127.0.0.1:\(port)" }

    /// Starts the server; gives the time until it first answered.
    @discardableResult
    func start() async throws -> Duration {
        guard let path = kind.program else { throw CannotStart(description: "\(kind.rawValue) is not installed") }
        let (arguments, environment) = kind.configure(folder, port: port, certificate: certificate)
        let clock = ContinuousClock()
        let begin = clock.now
        let program = try Program(path, arguments, environment: environment)
        self.program = program
        running.append(program)
        while !answers() {
            guard begin.duration(to: clock.now) < .seconds(60) else {
                throw CannotStart(description: "\(name) does not answer: \(program.errors.suffix(500))")
            }
            try await Task.sleep(for: .milliseconds(1))
        }
        let time = begin.duration(to: clock.now)
        processes = ProcessTree(program.identifier)
        return time
    }

    /// Stops the server in order.
    func stop() async {
        guard let program else { return }
        processes.signal(SIGCONT)
        program.signal(SIGTERM)
        _ = await program.end()
        running.remove(program)
        self.program = nil
    }

    /// Asks once, on a connection of its own.
    func request(_ path: String, fields: [(String, String)] = []) throws -> TestResponse {
        try TestConnection(port: port).request("GET", path, fields + [("Connection", "close")])
    }

    private func answers() -> Bool {
        guard certificate == nil else { return (try? TestConnection(port: port)) != nil }
        return (try? request("/v2/"))?.status == 200
    }

    private static func freePort() throws -> UInt16 {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        defer { close(socket) }
        var address = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let result = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, size) == 0 && getsockname(socket, $0, &size) == 0
            }
        }
        guard result else { throw CannotStart(description: "there is no free port") }
        return UInt16(bigEndian: address.sin_port)
    }
}
