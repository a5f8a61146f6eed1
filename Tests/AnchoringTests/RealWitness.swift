import Anchoring
import RegistryTesting
import TransparencyLog

/// A witness that we did not write, as the log is told of it.
struct RealWitness {
    private let server: WitnessServer
    let witness: Witness

    /// Starts a witness that knows `log`.
    init(knowing log: MemoryLog?) async throws {
        server = try await WitnessServer(knowing: log.map { (MemoryLog.origin, "\($0.key.verifier)") })
        witness = try Witness(parsing: "\(server.key) \(server.url)")
    }

    func stop() async {
        await server.stop()
    }
}
