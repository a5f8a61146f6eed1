package import TransparencyLog

/// The log as the outside world is tied to it: what witnesses and time-stamp authorities are shown, and where their
/// answers go.
package protocol AnchoredLog: Sendable {
    /// The newest checkpoint, as the log signed it (no cosignatures); nil while nothing was logged.
    ///
    /// Whatever is returned is durable: a witness that has seen a checkpoint which the log then forgets would rightly
    /// say that the log was rolled back.
    func latestCheckpoint() throws -> SignedCheckpoint?

    /// How the tree of `newSize` leaves continues that of `oldSize`. Neither is larger than the newest checkpoint.
    func consistencyProof(from oldSize: Int64, to newSize: Int64) throws -> ConsistencyProof

    /// The size of the last checkpoint that the witness is known to have cosigned; 0 at first.
    func cosignedSize(by witness: VerifierKey) throws -> Int64

    /// Keeps a witness's cosignature(s), durably.
    ///
    /// They have been verified. They may be over the same checkpoint as before, at a later time, and then replace those.
    func store(
        _ cosignatures: [NoteSignature], of checkpoint: SignedCheckpoint, by witness: VerifierKey
    ) async throws

    /// Keeps a time-stamp token over exactly `checkpoint.bytes`, durably.
    ///
    /// It answers our request; its signature has not been verified.
    func store(timestamp token: [UInt8], of checkpoint: SignedCheckpoint) async throws

    /// Signs nothing any more: somebody outside has seen a longer or another log. May be called more than once.
    func stopSigning(because reason: String) async
}
