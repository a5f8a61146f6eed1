/// A checkpoint and who signed it: what a log publishes at `/checkpoint`, with the cosignatures of witnesses.
///
/// Well formed, and no more than that, until `verify` or a `Policy` says whom to believe.
package struct SignedCheckpoint: Hashable, Sendable {
    /// What is said.
    package let checkpoint: Checkpoint

    /// The text of the checkpoint with the signatures.
    package let note: SignedNote

    /// Signs a checkpoint, with the old and the new key while a log changes its key.
    package init(_ checkpoint: Checkpoint, signedBy keys: [SignerKey]) throws {
        self.checkpoint = checkpoint
        note = try SignedNote(text: checkpoint.text, signatures: keys.map { try $0.sign(checkpoint.text) })
    }

    /// Reads a signed note whose text is a checkpoint.
    package init(parsing bytes: [UInt8]) throws(CheckpointError) {
        let note: SignedNote
        do {
            note = try SignedNote(parsing: bytes)
        } catch {
            throw .malformedNote(error)
        }
        checkpoint = try Checkpoint(parsing: note.text)
        self.note = note
    }

    private init(_ checkpoint: Checkpoint, note: SignedNote) {
        self.checkpoint = checkpoint
        self.note = note
    }

    /// The note as it is stored and sent.
    package var bytes: [UInt8] { note.bytes }

    /// Checks that this is the log's own checkpoint: the origin is the key's name, and the signature is valid.
    ///
    /// - Throws: `.noKnownSignature` and `.invalidSignature`.
    package func verify(by log: VerifierKey) throws(NoteError) {
        guard log.type == .ed25519, log.name.rawValue.isExactly(checkpoint.origin) else { throw .noKnownSignature }
        _ = try note.verify(by: [log])
    }

    /// The same checkpoint, signed by a witness as well.
    package func cosigned(by witness: CosignerKey, at time: Int64) throws -> SignedCheckpoint {
        let signature = try witness.sign(note.text, at: time)
        return SignedCheckpoint(
            checkpoint, note: try SignedNote(text: note.text, signatures: note.signatures + [signature]))
    }

    /// The same checkpoint with what witnesses answered (c2sp.org/tlog-witness, "add-checkpoint").
    ///
    /// Lines by unknown keys are left out. A new cosignature replaces one by the same key.
    ///
    /// - Throws: `.invalidSignature` when a line by one of the witnesses is not valid or has the time 0, and
    ///   `.noKnownSignature` when there are no lines by them.
    package func adding(
        _ cosignatures: [NoteSignature], by witnesses: [VerifierKey]
    ) throws(NoteError) -> SignedCheckpoint {
        let answer = try SignedNote(text: note.text, signatures: cosignatures)
        let verified = try answer.verify(by: witnesses.filter { $0.type == .cosignature })
        for cosignature in verified where cosignature.time == 0 {
            throw .invalidSignature(cosignature.key.name, cosignature.key.id)
        }
        let kept = note.signatures.filter { old in !verified.contains { $0.key.isNamed(by: old) } }
        let note = try SignedNote(text: note.text, signatures: kept + verified.map(\.signature))
        return SignedCheckpoint(checkpoint, note: note)
    }
}
