import SQLite
import TransparencyLog

/// The checkpoints of the database, as an audit comes by them.
struct AuditedCheckpoints {
    private struct Stored {
        let size: Int64
        let root: [UInt8]
        let note: [UInt8]
    }

    private let depth: LedgerAudit.Depth
    private var keys: [LedgerReader.LogKey] = []
    /// The name of the log, from its first checkpoint.
    private var origin = ""
    /// The last one that is not above the record at hand, and the next.
    private var previous: Stored?
    private var coming: Stored?
    private var isNamed = false
    /// The SHA-256 of the last one, which the leaves behind it name.
    private(set) var previousHash: AuditHash?

    init(_ depth: LedgerAudit.Depth) {
        self.depth = depth
    }

    /// Takes the checkpoint before the first record.
    mutating func begin(
        _ reader: LedgerReader, at start: Int64, keys: AuditedKeys, tree: inout AuditTree
    ) throws {
        self.keys = keys.keys
        origin = keys.origin
        let before = try reader.connection.first(
            "SELECT size, root, note FROM checkpoint WHERE size <= ?1 ORDER BY size DESC LIMIT 1", start,
            read: Self.read)
        guard let before else { throw LedgerFault(.checkpoint(0), "it is missing") }
        if before.size == start { try compare(before, root: tree.root()) }
        try pass(to: before)
        if start == 0 { try keys.compareFirst(note: before.note) }
    }

    /// A leaf behind the last checkpoint names it.
    mutating func wasNamed() {
        isNamed = true
    }

    /// Compares the next checkpoint with the tree if it is about this tree.
    mutating func compare(at tree: inout AuditTree, in reader: LedgerReader) throws(LedgerFault) {
        if coming == nil {
            do {
                coming = try reader.connection.first(
                    "SELECT size, root, note FROM checkpoint WHERE size >= ?1 ORDER BY size LIMIT 1", tree.size,
                    read: Self.read)
            } catch {
                throw LedgerFault(.checkpoint(tree.size), "it cannot be read: \(error)")
            }
        }
        guard let next = coming else { throw LedgerFault(.record(tree.size - 1), "no checkpoint covers it") }
        guard next.size == tree.size else { return }
        try compare(next, root: tree.root())
        try pass(to: next)
        coming = nil
    }

    /// There is none behind the last record, and the last one is signed.
    func finish(_ reader: LedgerReader, size: Int64) throws {
        if let beyond = try reader.lastCheckpointSize(), beyond > size {
            throw LedgerFault(.checkpoint(beyond), "it is about more leaves than the \(size) that there are")
        }
        try verifyUnnamed()
    }

    // MARK: - Steps

    /// A checkpoint that leaves name is covered by the signature of the last one.
    private func verifyUnnamed() throws(LedgerFault) {
        if let previous, !isNamed { try verify(previous) }
    }

    private mutating func pass(to next: Stored) throws(LedgerFault) {
        if depth == .everything { try verify(next) } else { try verifyUnnamed() }
        previous = next
        previousHash = next.note.withUnsafeBytes { AuditHash(of: $0) }
        isNamed = false
    }

    private func compare(_ stored: Stored, root: AuditHash) throws(LedgerFault) {
        let place = LedgerFault.Place.checkpoint(stored.size)
        guard let hash = TreeHash(bytes: root.bytes), stored.root == hash.bytes else {
            let first = previous?.size ?? 0
            throw LedgerFault(
                place, "its root is not that of the leaves: it was changed, or a record from \(first) on with its tile")
        }
        let text = "\(origin)\n\(stored.size)\n\(hash.base64)\n\n"
        guard !stored.note.starts(with: text.utf8) else { return }
        let signed: SignedCheckpoint
        do { signed = try SignedCheckpoint(parsing: stored.note) } catch {
            throw LedgerFault(place, "its note was changed: \(error)")
        }
        guard signed.checkpoint.origin == origin else {
            throw LedgerFault(place, "it is of the log \(signed.checkpoint.origin) and not of \(origin)")
        }
        throw LedgerFault(place, "its note says something else than its row")
    }

    private func verify(_ stored: Stored) throws(LedgerFault) {
        let place = LedgerFault.Place.checkpoint(stored.size)
        let signed: SignedCheckpoint
        do { signed = try SignedCheckpoint(parsing: stored.note) } catch {
            throw LedgerFault(place, "its note was changed: \(error)")
        }
        let active = keys.filter { $0.signs(stored.size) }.map(\.key)
        do { _ = try signed.note.verify(by: active) } catch {
            throw LedgerFault(place, "no key of the log has signed it: \(error)")
        }
    }

    private static func read(_ row: borrowing Row) -> Stored {
        Stored(size: row.int64(0), root: row.blob(1), note: row.blob(2))
    }
}

extension LedgerReader {
    fileprivate func lastCheckpointSize() throws -> Int64? {
        try connection.first("SELECT size FROM checkpoint ORDER BY size DESC LIMIT 1") { $0.int64(0) }
    }
}

extension LedgerReader.LogKey {
    /// Whether it signs the tree of that size.
    func signs(_ size: Int64) -> Bool { added <= size && size < retired ?? .max }
}
