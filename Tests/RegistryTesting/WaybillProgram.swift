import Glibc

/// The built program, as somebody who installed it would run it.
package enum WaybillProgram {
    /// The program that was built together with this test: it lies beside the test bundle. For figures that are worth something,
    /// WAYBILL_TEST_PROGRAM names another one, which was built for release.
    package static var path: String {
        if let path = getenv("WAYBILL_TEST_PROGRAM") { return String(cString: path) }
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        let bundle = String(decoding: buffer.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return bundle.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" } + "/waybill"
    }

    /// Runs a command to its end.
    package static func run(_ arguments: String..., environment: [String: String] = [:]) async throws -> Program.Result
    {
        try await Program.run(path, arguments, environment: environment)
    }
}

/// The built program serving a folder, on a loopback port of its own.
package final class WaybillServer: Sendable {
    /// What runs.
    package let program: Program
    package let port: UInt16

    /// The server as other programs name it.
    package var address: String { "127.0.0.1:\(port)" }

    /// Starts `waybill serve` on a folder and waits until it listens.
    ///
    /// - Parameters:
    ///   - path: another build of the program than the one beside the tests.
    ///   - shell: a command that goes before it, for example a limit.
    package init(
        _ path: String = WaybillProgram.path, data: String, shell: String = "", _ arguments: [String] = []
    ) async throws {
        let serve = ["serve", "--data", data, "--listen", "127.0.0.1:0"] + arguments
        program = try Program("/bin/sh", ["-c", "\(shell)\nexec \"$0\" \"$@\"", path] + serve)
        let line = try await program.line(containing: "listening")
        let digits = line.split(separator: "://127.0.0.1:").last?.prefix { $0.isNumber }
        port = UInt16(digits ?? "") ?? 0
    }

    /// A connection to the server.
    package func connect() throws -> TestConnection { try TestConnection(port: port) }

    /// One request on a connection of its own.
    package func request(
        _ method: String, _ path: String, _ fields: [(String, String)] = [], body: [UInt8]? = nil
    ) throws -> TestResponse {
        try connect().request(method, path, fields + [("Connection", "close")], body: body)
    }

    /// Stops the server in order; gives its exit code.
    @discardableResult
    package func stop() async -> Int32 {
        program.signal(SIGTERM)
        return await program.end().status
    }

    /// Ends it as a power failure would, as far as a process can.
    package func kill() async {
        program.signal(SIGKILL)
        _ = await program.end()
    }
}
