package import TransparencyLog

/// A leaf with what proves that it is in the log.
package struct LeafProof: Sendable {
    /// The bytes of the leaf.
    package let entry: [UInt8]
    package let inclusion: InclusionProof
    /// The checkpoint that the proof leads to, with the cosignatures it has.
    package let checkpoint: SignedCheckpoint
    /// The record that the leaf commits to.
    package let record: StoredRecord
}

/// A record with its leaf.
package struct LoggedRecord: Sendable {
    package let record: StoredRecord
    /// The bytes of the leaf.
    package let entry: [UInt8]
    /// A checkpoint that covers it, with the cosignatures it has.
    package let checkpoint: SignedCheckpoint
}

/// Why the log does not answer.
package enum LogQueryError: Error, Equatable {
    /// No record has this number.
    case unknownRecord(Int64)
    /// The log has never signed a checkpoint of this size.
    case unknownSize(Int64)
    /// The tree of this size does not have the leaf.
    case outsideTree(index: Int64, size: Int64)
    /// The log is shorter than what was asked for.
    case pastEnd(size: Int64, published: Int64)
    /// A tree does not shrink.
    case shrinks(from: Int64, to: Int64)
}

extension Registry {
    /// For how long a checkpoint with enough cosignatures is preferred to a newer one without, in milliseconds. When the
    /// witnesses are away for longer, an older checkpoint would hide what has been logged since.
    private static let patience: Int64 = 60_000

    /// The checkpoint to show: the newest one, or the newest that enough witnesses have signed while that is recent.
    package func publishedCheckpoint() throws -> SignedCheckpoint? {
        try ledger.read { try self.publishedCheckpoint(from: $0) }
    }

    func publishedCheckpoint(from reader: LedgerReader) throws -> SignedCheckpoint? {
        guard let last = try reader.lastCheckpoint() else { return nil }
        if quorum > 0, let (cosigned, time) = try reader.cosignedCheckpoint(by: quorum),
            try (reader.lastCheckpointTime() ?? time) - time <= Self.patience
        {
            return cosigned
        }
        return try reader.cosignedCheckpoint(size: last.checkpoint.size) ?? last
    }

    /// What that checkpoint says, without its signatures, which are most of the work of reading it.
    func publishedTree(from reader: LedgerReader) throws -> Checkpoint? {
        guard quorum == 0 else { return try publishedCheckpoint(from: reader)?.checkpoint }
        return try reader.lastTree().map { try Checkpoint(origin: origin, size: $0.size, root: $0.root) }
    }

    /// A checkpoint of the past, as the log signed it.
    package func checkpoint(size: Int64) throws -> SignedCheckpoint {
        guard let checkpoint = try ledger.read({ try $0.checkpoint(size: size) }) else {
            throw LogQueryError.unknownSize(size)
        }
        return checkpoint
    }

    /// The proof that a record is in the log. Computes hundreds of hashes: called through `aside`.
    ///
    /// - Parameter size: of which tree; nil for that of the checkpoint to show, or the newest when that is too small.
    package func proof(of index: Int64, size: Int64? = nil) throws -> LeafProof {
        try ledger.read { reader in
            let logged = try self.logged(index, size: size, from: reader)
            let inclusion = try reader.inclusionProof(index: index, size: logged.checkpoint.checkpoint.size)
            return LeafProof(
                entry: logged.entry, inclusion: inclusion, checkpoint: logged.checkpoint, record: logged.record)
        }
    }

    /// A record with its leaf and the checkpoint to show, or the newest when that does not cover it. Runs on a loop.
    package func logged(_ index: Int64) throws -> LoggedRecord {
        try ledger.read { try self.logged(index, size: nil, from: $0) }
    }

    private func logged(_ index: Int64, size: Int64?, from reader: LedgerReader) throws -> LoggedRecord {
        guard let record = try reader.record(index), let entry = try reader.entry(index) else {
            throw LogQueryError.unknownRecord(index)
        }
        let checkpoint = try self.checkpoint(covering: index, size: size, from: reader)
        return LoggedRecord(record: record, entry: entry, checkpoint: checkpoint)
    }

    private func checkpoint(
        covering index: Int64, size: Int64?, from reader: LedgerReader
    ) throws -> SignedCheckpoint {
        if let size {
            guard index < size else { throw LogQueryError.outsideTree(index: index, size: size) }
            guard let signed = try reader.cosignedCheckpoint(size: size) ?? reader.checkpoint(size: size) else {
                throw LogQueryError.unknownSize(size)
            }
            return signed
        }
        if let shown = try publishedCheckpoint(from: reader), index < shown.checkpoint.size { return shown }
        guard let last = try reader.lastCheckpoint() else { throw LogQueryError.unknownRecord(index) }
        return last
    }

    /// The proof that the tree of `newSize` leaves continues that of `oldSize`.
    package func consistencyProof(from oldSize: Int64, to newSize: Int64) throws -> ConsistencyProof {
        guard oldSize <= newSize else { throw LogQueryError.shrinks(from: oldSize, to: newSize) }
        return try ledger.read { reader in
            let published = try reader.publishedSize()
            guard newSize <= published else { throw LogQueryError.pastEnd(size: newSize, published: published) }
            return try reader.consistencyProof(from: oldSize, to: newSize)
        }
    }

    /// The bytes of a tile; nil unless a published checkpoint implies it. Runs on a loop.
    package func hashes(of tile: Tile) throws -> [UInt8]? {
        try ledger.read { try $0.hashes(of: tile) }
    }

    /// The entries under a tile of level 0; nil unless a published checkpoint implies them. May be long: called through
    /// `aside`.
    package func entries(of tile: Tile) throws -> EntryBundle? {
        try ledger.read { reader in
            guard tile.exists(inTreeOf: try reader.publishedSize()) else { return nil }
            return try EntryBundle(try reader.entries(tile.positions))
        }
    }

    /// The newest time-stamp token, and the checkpoint it is over.
    package func lastTimestamp() throws -> (token: [UInt8], checkpoint: SignedCheckpoint)? {
        try ledger.read { try $0.lastTimestamp() }
    }

    /// All keys that ever signed the log.
    package func logKeys() throws -> [LedgerReader.LogKey] {
        try ledger.read { try $0.logKeys() }
    }

    /// One record.
    ///
    /// - Parameter visible: the repositories of whose records it tells; one of another is unknown.
    package func record(_ id: Int64, in visible: RepositorySelection = .all) throws -> StoredRecord {
        let record = try ledger.read { reader in
            try reader.record(id).flatMap { try Sight(reader: reader, selection: visible).shows($0) ? $0 : nil }
        }
        guard let record else { throw LogQueryError.unknownRecord(id) }
        return record
    }
}
