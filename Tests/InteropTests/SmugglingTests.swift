import Glibc
import RegistryTesting
import Testing

/// What a server made of a case and the marker behind it.
private struct Outcome: Equatable, CustomStringConvertible {
    /// How the connection ended.
    enum End: String {
        case closed
        /// It takes what came for the beginning of something longer.
        case waits
        /// What it answered was not HTTP/1.
        case garbled
    }

    /// Of the answers to the case.
    var statuses: [Int]
    /// Whether the last answer was the marker's, so that the connection went on.
    let hasMarker: Bool
    let end: End

    var description: String {
        let answers = statuses.map(String.init).joined(separator: " ")
        return "\(answers.isEmpty ? "nothing" : answers), \(hasMarker ? "goes on" : end.rawValue)"
    }
}

/// Sends one case and the marker, and reads until the server closes or says nothing more.
///
/// - Parameters:
///   - patience: seconds after which somebody who says nothing waits for more.
///   - acceptsHTTP10: for servers that answer in the version of the request.
private func outcome(
    of text: String, at port: UInt16, patience: Int, acceptsHTTP10: Bool = false
) throws -> Outcome {
    let connection = try TestConnection(port: port, timeout: patience)
    connection.acceptsHTTP10 = acceptsHTTP10
    let marker = "GET /v2/marker/tags/list HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    // Who has closed already reads nothing more, and that is an answer too.
    try? connection.send(text + marker)
    var answers: [Int] = []
    var end = Outcome.End.garbled
    do throws(TestConnection.Failure) {
        while true { answers.append(try receive(from: connection)) }
    } catch {
        switch error {
        case .closed: end = .closed
        case .timedOut: end = .waits
        case .malformed: break
        }
    }
    let hasMarker = answers.last == 404
    return Outcome(statuses: hasMarker ? answers.dropLast() : answers, hasMarker: hasMarker, end: end)
}

private func receive(from connection: TestConnection) throws(TestConnection.Failure) -> Int {
    do { return try connection.receive().status } catch {
        throw error as? TestConnection.Failure ?? .malformed("\(error)")
    }
}

@Suite(.timeLimit(.minutes(10))) struct `A request that two servers could take for two` {
    @Test func `is answered once, or refused with the connection`() async throws {
        let server = try TestServer(try TestRegistry(), loopCount: 1)
        for smuggling in SmugglingCase.all {
            let outcome = try outcome(of: smuggling.text, at: server.port, patience: 60)
            switch smuggling.verdict {
            case .requests(let count):
                #expect(outcome.hasMarker && outcome.end == .closed, "\(smuggling): \(outcome)")
                #expect(outcome.statuses.count == count, "\(smuggling): \(outcome)")
            case .last(let count):
                #expect(!outcome.hasMarker && outcome.end == .closed, "\(smuggling): \(outcome)")
                #expect(outcome.statuses.count == count, "\(smuggling): \(outcome)")
            case .refused(let count):
                #expect(!outcome.hasMarker && outcome.end == .closed, "\(smuggling): \(outcome)")
                #expect(outcome.statuses.count == count + 1, "\(smuggling): \(outcome)")
                #expect([400, 501, 505].contains(outcome.statuses.last ?? 0), "\(smuggling): \(outcome)")
            }
        }
        await server.stop()
    }

    /// The file that the table goes to; nil when this is not `make smuggling`.
    private static let table = getenv("WAYBILL_SMUGGLING").map { String(cString: $0) }

    @Test(.enabled(if: table != nil, "make smuggling"))
    func `is taken by other servers as the table says`() async throws {
        let server = try TestServer(try TestRegistry(), loopCount: 1)
        var columns = [("Waybill", server.port)]
        let registry = Client.dockerRegistry ? try await DockerRegistry() : nil
        if let registry { columns.append((try await Self.version("docker-registry", ["--version"]), registry.port)) }
        let proxy = Program.find("nginx") == nil ? nil : try await Proxy(to: server.port)
        if let proxy { columns.append((try await Self.version("nginx", ["-v"]) + " before Waybill", proxy.port)) }

        var lines = [Self.introduction]
        lines.append("| sent | " + columns.map(\.0).joined(separator: " | ") + " |")
        lines.append("|---" + String(repeating: "|---", count: columns.count) + "|")
        for smuggling in SmugglingCase.all {
            let outcomes = try columns.map { column in
                try outcome(of: smuggling.text, at: column.1, patience: 2, acceptsHTTP10: true)
            }
            lines.append("| \(smuggling) | " + outcomes.map(\.description).joined(separator: " | ") + " |")
        }
        await server.stop()
        await registry?.stop()
        await proxy?.stop()
        let file = fopen(Self.table ?? "", "w")
        #expect(fputs(lines.joined(separator: "\n") + "\n", file) >= 0)
        fclose(file)
    }

    private static func version(_ name: String, _ arguments: [String]) async throws -> String {
        let text = try await Program.run(Program.find(name) ?? name, arguments).text
        let number = text.split { $0 == " " || $0 == "/" || $0 == "\n" }.first { $0.contains(".") && $0.first != "g" }
        return "\(name) \(number ?? "")"
    }

    private static let introduction = """
        # What servers make of smuggled requests

        Written by `make smuggling`. Each case of `Tests/InteropTests/SmugglingCases.swift` is sent on a connection of its own, with one
        more request behind it, the marker. A cell has the statuses of the answers to the case, and whether the connection *goes on*: the
        marker was answered. Otherwise it was *closed*, or the server *waits*, because it takes the marker for a part of a body. Where
        two servers differ in how many requests they see, one behind the other can be made to take a body for a request.

        Waybill's column is asserted by a test; the others are only written down. The docker-registry is Go's `net/http`. It answers a push with 202
        before it has read the body, so a body that it then finds malformed shows only in that it closes.

        """
}

/// Debian's nginx, which hands everything on.
private struct Proxy {
    let port: UInt16
    private let folder = TemporaryFolder()
    private let program: Program

    init(to server: UInt16) async throws {
        // It cannot choose one itself: one that was free a moment ago.
        let free = try LoopbackServer { _ in preconditionFailure("nobody asks") }
        port = free.port
        await free.stop()
        let path = folder.path
        let names = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        let temporary = names.map { "\($0)_temp_path \(path)/tmp;" }.joined(separator: " ")
        let configuration = folder.write(
            Array(
                """
                \(geteuid() == 0 ? "user root;" : "")
                daemon off;
                pid \(path)/nginx.pid;
                error_log stderr notice;
                events { worker_connections 64; }
                http {
                    access_log off;
                    \(temporary)
                    server {
                        listen 127.0.0.1:\(port);
                        location / { proxy_pass http://127.0.0.1:\(server); proxy_http_version 1.1; }
                    }
                }
                """.utf8), to: "nginx.conf")
        program = try Program(Program.find("nginx") ?? "nginx", ["-c", configuration])
        _ = try await program.line(containing: "start worker process ")
    }

    func stop() async {
        program.signal(SIGTERM)
        _ = await program.end()
    }
}
