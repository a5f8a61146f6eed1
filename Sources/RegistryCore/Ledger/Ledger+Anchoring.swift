import SQLite
package import TransparencyLog

// What others have signed of the log. No leaf comes of it: it is about leaves.
extension Ledger {
    /// Keeps cosignatures that were checked, durably. A newer one by the same witness replaces the older.
    package func keep(
        _ cosignatures: [NoteSignature], of checkpoint: SignedCheckpoint, by witness: VerifierKey
    ) async throws {
        try await write { try $0.keep(cosignatures, of: checkpoint, by: witness) }
    }

    /// Keeps a time-stamp token over a checkpoint as the log signed it, durably.
    package func keep(timestamp token: [UInt8], of checkpoint: SignedCheckpoint) async throws {
        try await write { transaction in
            try transaction.connection.execute(
                """
                INSERT INTO checkpoint_timestamp (size, token, time) VALUES (?1, ?2, ?3)
                ON CONFLICT (size) DO UPDATE SET token = excluded.token, time = excluded.time
                """, checkpoint.checkpoint.size, token, transaction.now)
        }
    }
}

extension LedgerTransaction {
    fileprivate func keep(
        _ cosignatures: [NoteSignature], of checkpoint: SignedCheckpoint, by witness: VerifierKey
    ) throws {
        let size = checkpoint.checkpoint.size
        let before = try reader.cosignedCheckpoint(size: size) ?? checkpoint
        let signed = try before.adding(cosignatures, by: [witness])
        let witnesses = signed.note.signatures.count - checkpoint.note.signatures.count
        try connection.execute(
            """
            INSERT INTO cosigned_checkpoint (size, note, witnesses) VALUES (?1, ?2, ?3)
            ON CONFLICT (size) DO UPDATE SET note = excluded.note, witnesses = excluded.witnesses
            """, size, signed.bytes, witnesses)
        try connection.execute(
            """
            INSERT INTO witness (key, size) VALUES (?1, ?2)
            ON CONFLICT (key) DO UPDATE SET size = max(size, excluded.size)
            """, "\(witness)", size)
    }
}
