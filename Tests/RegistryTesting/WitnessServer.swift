import Glibc

/// A witness that we did not write: `aics-witness` on a loopback port, with a fresh key.
package struct WitnessServer: Sendable {
    /// The program did not do what it was asked for.
    package struct Failed: Error, CustomStringConvertible {
        package let description: String
    }

    private static let name = "witness.example.org/w1"

    private let folder: TemporaryFolder
    private let program: Program
    /// Its verifier key.
    package let key: String
    /// Where checkpoints are submitted.
    package let url: String

    /// Starts a witness that knows the log `origin` by that key; none with nil.
    package init(knowing log: (origin: String, key: String)?) async throws {
        folder = TemporaryFolder()
        let config = "\(folder.path)/witness.json"
        let made = try await Self.run(
            ["init", "--config", config, "--name", Self.name, "--listen", "127.0.0.1:0"])
        if let log {
            _ = try await Self.run(
                ["add-log", "--config", config, "--origin", log.origin, "--vkey", log.key])
        }
        program = try Program(PythonTools.path("python"), ["-m", "aics_witness", "serve", "--config", config])
        let line = try await program.line(containing: "listening on http://")
        let port = line.split(separator: "http://127.0.0.1:").dropFirst().first.map { $0.prefix { $0.isNumber } } ?? ""
        key = made.split(separator: "\n").first { $0.hasPrefix("\(Self.name)+") }.map(String.init) ?? ""
        url = "http://127.0.0.1:\(port)"
    }

    /// Ends it.
    package func stop() async {
        program.signal(SIGTERM)
        _ = await program.end()
    }

    private static func run(_ arguments: [String]) async throws -> String {
        let result = try await Program.run(PythonTools.path("python"), ["-m", "aics_witness"] + arguments)
        guard result.status == 0 else { throw Failed(description: "aics-witness \(arguments): \(result.text)") }
        return result.output
    }
}
