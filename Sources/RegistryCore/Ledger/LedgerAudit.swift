import OCI
import SQLite
import TransparencyLog

/// Recomputes the log from its leaves, in order, and compares everything that the database says with it; names the first
/// thing that is not as it was written.
///
/// What is compared: each record with its leaf, each leaf with its tile, the tiles above with those below, every
/// checkpoint with the root, its signatures with the keys, and what each leaf says of the checkpoint before it. So what is
/// wrong afterwards is only what whoever has the keys of the log wrote into it.
///
/// The history only grows, so it is read in pieces, each in a transaction of its own: an audit holds up nobody.
final class LedgerAudit {
    /// How much is recomputed.
    enum Depth {
        /// Whatever a change could show in. The signature of a checkpoint that later leaves name by its hash is not computed
        /// again: the last one covers it. Of evidence the hash of its bytes is compared.
        case chained
        /// Every signature, and what leaves say of envelopes and statements, also in files.
        case everything
    }

    /// Runs a body on a snapshot of the database.
    typealias Reading = (_ body: (LedgerReader) throws -> Void) throws -> Void
    /// Answers with the bytes of evidence that is a file.
    typealias EvidenceFiles = (_ digest: Digest, _ size: Int64) throws -> [UInt8]

    /// Records that are read in one transaction: a few milliseconds.
    private static let piece = 32

    let depth: Depth
    let files: EvidenceFiles?
    /// Whether records must be found by what they are about: the tables for that are derived, so that they can be made anew.
    private let comparesIndex: Bool

    /// The number of the next record, the time of the last, and the tree of those before.
    private var next: Int64 = 0
    private var lastTime = Int64.min
    private var tree = AuditTree()
    private var tiles = AuditedTiles()
    private var checkpoints: AuditedCheckpoints
    private var comparison: RecordComparison
    private var keys = AuditedKeys()
    private var isWhole = true

    init(_ depth: Depth, files: EvidenceFiles? = nil, comparesIndex: Bool = true) {
        self.comparesIndex = comparesIndex
        self.depth = depth
        self.files = files
        checkpoints = AuditedCheckpoints(depth)
        comparison = RecordComparison(depth, files: files)
    }

    /// Compares everything, or the newest records only.
    ///
    /// - Parameters:
    ///   - newest: how many records, at least; nil for all. The tree before them is taken as the tiles say.
    ///   - progress: told after each piece how many records are done, and how many there are; it ends the audit by throwing.
    /// - Returns: the first fault; nil when all is well.
    /// - Throws: when the database cannot be read, though not because it is damaged.
    func run(
        newest: Int64? = nil, _ read: Reading, progress: (_ done: Int64, _ total: Int64) throws -> Void = { _, _ in }
    ) throws -> LedgerFault? {
        do {
            try read { try self.begin($0, newest: newest) }
            var isDone = false
            while !isDone {
                var total = next
                try read { reader in
                    isDone = try self.continue(reader)
                    total = try max(reader.leafCount(), self.next)
                }
                try progress(next, total)
            }
            return nil
        } catch let fault as LedgerFault {
            return fault
        } catch let error as SQLiteError where error.isCorrupt {
            return LedgerFault(.record(next), "it cannot be read: \(error)")
        } catch LedgerError.storage(let error) where error.isCorrupt {
            return LedgerFault(.record(next), "it cannot be read: \(error)")
        }
    }

    private func begin(_ reader: LedgerReader, newest: Int64?) throws {
        let width = Int64(Tile.fullWidth)
        let count = try reader.leafCount()
        next = newest.map { max(0, count - $0) / width * width } ?? 0
        isWhole = next == 0
        try keys.begin(reader)
        try comparison.begin(reader, keys: keys)
        if next > 0 {
            tree = try AuditedTiles.tree(of: next, from: reader)
            lastTime = try reader.record(next - 1)?.time ?? .min
        }
        try checkpoints.begin(reader, at: next, keys: keys, tree: &tree)
    }

    /// Compares one piece; true when it was the last and everything behind it is as it should be.
    private func `continue`(_ reader: LedgerReader) throws -> Bool {
        var fault: LedgerFault?
        var count = 0
        tiles.forget()
        try reader.connection.forEach(Self.records, next, Self.piece, !comparesIndex) { row throws(SQLiteError) in
            count += 1
            do throws(LedgerFault) {
                try self.take(row, reader)
                return true
            } catch {
                fault = error
                return false
            }
        }
        if let fault { throw fault }
        guard count < Self.piece else { return false }
        try finish(reader)
        return true
    }

    /// A record with its leaf, whether its subject finds it, and its evidence where that is in the database.
    private static let records: StaticSQL = """
        SELECT record.id, kind, time, repository, record.digest, principal, client_address, user_agent,
               principal_salt, client_address_salt, user_agent_salt, builder, predicate_type, revision,
               evidence.digest, document, leaf.entry,
               ?3 OR record.digest IS NULL OR EXISTS (SELECT 1 FROM record_digest AS about
                                                      WHERE about.digest = record.digest AND about.record = record.id),
               evidence.size, evidence.content
        FROM record LEFT JOIN leaf ON leaf.id = record.id LEFT JOIN evidence ON evidence.id = record.evidence
        WHERE record.id >= ?1 ORDER BY record.id LIMIT ?2
        """

    private func take(_ row: borrowing Row, _ reader: LedgerReader) throws(LedgerFault) {
        let id = row.int64(0)
        guard id == next else { throw LedgerFault(.record(next), "it is missing") }
        guard row.int64(2) >= lastTime else { throw LedgerFault(.record(id), "it is older than the one before it") }
        lastTime = row.int64(2)
        guard !row.isNull(16) else { throw LedgerFault(.record(id), "its leaf is missing") }
        let leaf = row.withBlobBytes(16) { AuditHash(leaf: $0) }
        try tree.append(leaf) { (level, index, hash) throws(LedgerFault) in
            try tiles.compare(hash, level: level, index: index, in: reader)
        }
        let hasNamed = try comparison.compare(row, previousCheckpoint: checkpoints.previousHash, in: reader)
        if hasNamed { checkpoints.wasNamed() }
        next += 1
        try checkpoints.compare(at: &tree, in: reader)
    }

    private func finish(_ reader: LedgerReader) throws {
        guard try reader.leafCount() <= next else {
            throw LedgerFault(.record(next), "it is missing, and its leaf is there")
        }
        try checkpoints.finish(reader, size: next)
        guard isWhole else { return }
        try tiles.finish(reader, size: next)
        try keys.finish(reader, changes: comparison.keyChanges)
        if comparesIndex { try comparison.finish(reader, count: next) }
    }
}
