import Anchoring
import RegistryCore
import TransparencyLog

/// What witnesses and time-stamp authorities see of the ledger.
extension RegistryCore.Ledger: AnchoredLog {
    func latestCheckpoint() throws -> SignedCheckpoint? {
        try read { try $0.lastCheckpoint() }
    }

    func consistencyProof(from oldSize: Int64, to newSize: Int64) throws -> ConsistencyProof {
        try read { try $0.consistencyProof(from: oldSize, to: newSize) }
    }

    func cosignedSize(by witness: VerifierKey) throws -> Int64 {
        try read { try $0.cosignedSize(by: witness) }
    }

    func store(
        _ cosignatures: [NoteSignature], of checkpoint: SignedCheckpoint, by witness: VerifierKey
    ) async throws {
        try await keep(cosignatures, of: checkpoint, by: witness)
    }

    func store(timestamp token: [UInt8], of checkpoint: SignedCheckpoint) async throws {
        try await keep(timestamp: token, of: checkpoint)
    }

    func stopSigning(because reason: String) async {
        refuseWrites(because: reason)
    }
}
