import Anchoring
import Synchronization
import TransparencyLog

/// A log in memory, whose leaves are texts, and what the outside world gave it.
final class MemoryLog: AnchoredLog {
    static let origin = "registry.example.com"

    struct Cosigned: Equatable {
        let size: Int64
        let times: [Int64?]
    }

    private struct State {
        var range = CompactRange()
        var levels: [[TreeHash]] = []
        var cosignedSizes: [VerifierKey: Int64] = [:]
        var cosigned: [Cosigned] = []
        var stamps: [(token: [UInt8], size: Int64, message: [UInt8])] = []
        var reasons: [String] = []
        /// Called with the log itself whenever its newest checkpoint is asked for.
        var whenRead: [@Sendable (MemoryLog) -> Void] = []
    }

    private let state = Mutex(State())
    let key: SignerKey

    /// - Parameters:
    ///   - name: what tells the leaves of this log from those of a fork.
    ///   - seed: of the key.
    init(size: Int, name: String = "leaf", seed: UInt8 = 1) throws {
        key = try SignerKey(name: KeyName(parsing: Self.origin), seed: [UInt8](repeating: seed, count: 32))
        grow(by: size, name: name)
    }

    /// Adds leaves.
    func grow(by count: Int, name: String = "leaf") {
        state.withLock { state in
            for _ in 0..<count {
                var range = state.range
                var levels = state.levels
                range.append(.leaf(of: Array("\(name) \(range.size)".utf8))) { level, _, hash in
                    if level == levels.count { levels.append([]) }
                    levels[level].append(hash)
                }
                (state.range, state.levels) = (range, levels)
            }
        }
    }

    /// Forgets what a witness is known to have cosigned, or believes something else.
    func believe(_ size: Int64, cosignedBy witness: VerifierKey) {
        state.withLock { $0.cosignedSizes[witness] = size }
    }

    /// Does something when the newest checkpoint is asked for the next time but one.
    func whenReadAgain(_ action: @escaping @Sendable (MemoryLog) -> Void) {
        state.withLock { $0.whenRead = [{ _ in }, action] }
    }

    var cosigned: [Cosigned] { state.withLock { $0.cosigned } }
    var stamps: [(token: [UInt8], size: Int64, message: [UInt8])] { state.withLock { $0.stamps } }
    var reasons: [String] { state.withLock { $0.reasons } }

    // MARK: - AnchoredLog

    func latestCheckpoint() throws -> SignedCheckpoint? {
        let action = state.withLock { $0.whenRead.isEmpty ? nil : $0.whenRead.removeFirst() }
        action?(self)
        let (size, root) = state.withLock { ($0.range.size, $0.range.root) }
        guard size > 0 else { return nil }
        return try SignedCheckpoint(Checkpoint(origin: Self.origin, size: size, root: root), signedBy: [key])
    }

    func consistencyProof(from oldSize: Int64, to newSize: Int64) throws -> ConsistencyProof {
        let levels = state.withLock { $0.levels }
        return try MerkleTree.consistencyProof(from: oldSize, to: newSize) { levels[$0][Int($1)] }
    }

    func cosignedSize(by witness: VerifierKey) throws -> Int64 { state.withLock { $0.cosignedSizes[witness] ?? 0 } }

    func store(
        _ cosignatures: [NoteSignature], of checkpoint: SignedCheckpoint, by witness: VerifierKey
    ) async throws {
        let times = try SignedNote(text: checkpoint.note.text, signatures: cosignatures).verify(by: [witness])
        state.withLock { state in
            state.cosignedSizes[witness] = checkpoint.checkpoint.size
            state.cosigned.append(Cosigned(size: checkpoint.checkpoint.size, times: times.map(\.time)))
        }
    }

    func store(timestamp token: [UInt8], of checkpoint: SignedCheckpoint) async throws {
        state.withLock { $0.stamps.append((token, checkpoint.checkpoint.size, checkpoint.bytes)) }
    }

    func stopSigning(because reason: String) async {
        state.withLock { $0.reasons.append(reason) }
    }
}
