import Anchoring
import Glibc
import RegistryTesting
import TransparencyLog

/// A witness that we did not write: `aics-witness` on a loopback port.
struct RealWitness {
    /// A Python that has it; nil when there is none, and that is said where nobody can overlook it.
    static let python: String? = {
        let root = #filePath.split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" }
        let python = "\(root)/.build/python/bin/python"
        if access(python, X_OK) == 0, system("\(python) -c 'import aics_witness' 2>/dev/null") == 0 { return python }
        let line = Array("SKIPPED: aics-witness is not installed in .build/python\n".utf8)
        write(STDERR_FILENO, line, line.count)
        return nil
    }()

    private let folder = TemporaryFolder()
    private let program: Program
    let witness: Witness

    /// Starts a witness that knows `log`, with a fresh key.
    init(knowing log: MemoryLog?) async throws {
        let config = "\(folder.path)/witness.json"
        let made = try await Self.run(
            ["init", "--config", config, "--name", "witness.example.org/w1", "--listen", "127.0.0.1:0"])
        if let log {
            _ = try await Self.run(
                ["add-log", "--config", config, "--origin", MemoryLog.origin, "--vkey", "\(log.key.verifier)"])
        }
        program = try Program(Self.python ?? "python", ["-m", "aics_witness", "serve", "--config", config])
        let line = try await program.line(containing: "listening on http://")
        let port = line.split(separator: "http://127.0.0.1:").dropFirst().first.map { $0.prefix { $0.isNumber } } ?? ""
        let key = made.split(separator: "\n").first { $0.hasPrefix("witness.example.org/w1+") } ?? ""
        witness = try Witness(parsing: "\(key) http://127.0.0.1:\(port)")
    }

    func stop() async {
        program.signal(SIGTERM)
        _ = await program.end()
    }

    private struct Failed: Error {
        let text: String
    }

    private static func run(_ arguments: [String]) async throws -> String {
        let result = try await Program.run(python ?? "python", ["-m", "aics_witness"] + arguments)
        guard result.status == 0 else { throw Failed(text: result.text) }
        return result.output
    }
}
