import SQLite
package import TransparencyLog

extension LedgerReader {
    /// The newest checkpoint, as the log signed it; nil before the log has begun.
    package func lastCheckpoint() throws -> SignedCheckpoint? {
        let note = try connection.first(
            "SELECT note FROM checkpoint WHERE size <= ?1 ORDER BY size DESC LIMIT 1", shown
        ) { $0.blob(0) }
        return try note.map(Self.checkpoint)
    }

    /// The tree that the newest checkpoint is about.
    func lastTree() throws -> (size: Int64, root: TreeHash)? {
        try connection.first(
            "SELECT size, root FROM checkpoint WHERE size <= ?1 ORDER BY size DESC LIMIT 1", shown
        ) { row throws(SQLiteError) in
            guard let root = TreeHash(bytes: row.blob(1)) else { throw .corrupt("a root cannot be read") }
            return (row.int64(0), root)
        }
    }

    /// The size of the tree that the newest checkpoint is about.
    package func publishedSize() throws -> Int64 {
        try connection.first("SELECT size FROM checkpoint WHERE size <= ?1 ORDER BY size DESC LIMIT 1", shown) {
            $0.int64(0)
        } ?? 0
    }

    /// The checkpoint of exactly that size, as the log signed it; nil when none was signed.
    package func checkpoint(size: Int64) throws -> SignedCheckpoint? {
        guard size <= shown else { return nil }
        let note = try connection.first("SELECT note FROM checkpoint WHERE size = ?1", size) { $0.blob(0) }
        return try note.map(Self.checkpoint)
    }

    /// The smallest checkpoint that covers a leaf.
    package func firstCheckpoint(covering index: Int64) throws -> SignedCheckpoint? {
        let note = try connection.first(
            "SELECT note FROM checkpoint WHERE size > ?1 ORDER BY size LIMIT 1", index
        ) { $0.blob(0) }
        return try note.map(Self.checkpoint)
    }

    /// The newest checkpoint that at least so many witnesses have signed, with their cosignatures, and when the log signed it.
    package func cosignedCheckpoint(by witnesses: Int) throws -> (checkpoint: SignedCheckpoint, time: Int64)? {
        try connection.first(
            """
            WITH RECURSIVE number(witnesses) AS (
                SELECT min(witnesses) FROM cosigned_checkpoint WHERE witnesses >= ?1
                UNION ALL
                SELECT (SELECT min(next.witnesses) FROM cosigned_checkpoint AS next
                        WHERE next.witnesses > number.witnesses)
                FROM number WHERE number.witnesses IS NOT NULL)
            SELECT cosigned.note, checkpoint.time
            FROM cosigned_checkpoint AS cosigned JOIN checkpoint ON checkpoint.size = cosigned.size
            WHERE cosigned.size = (
                SELECT max((SELECT max(newest.size) FROM cosigned_checkpoint AS newest
                            WHERE newest.witnesses = number.witnesses))
                FROM number)
            """, witnesses
        ) { row throws(SQLiteError) in (try Self.checkpoint(row.blob(0)), row.int64(1)) }
    }

    /// The checkpoint of that size with all cosignatures that it has.
    package func cosignedCheckpoint(size: Int64) throws -> SignedCheckpoint? {
        let note = try connection.first("SELECT note FROM cosigned_checkpoint WHERE size = ?1", size) { $0.blob(0) }
        return try note.map(Self.checkpoint)
    }

    /// When the log signed its newest checkpoint, in milliseconds since 1970-01-01 UTC.
    package func lastCheckpointTime() throws -> Int64? {
        try connection.first("SELECT time FROM checkpoint WHERE size <= ?1 ORDER BY size DESC LIMIT 1", shown) {
            $0.int64(0)
        }
    }

    /// The newest time-stamp token, and the checkpoint that it is over.
    package func lastTimestamp() throws -> (token: [UInt8], checkpoint: SignedCheckpoint)? {
        try connection.first(
            """
            SELECT stamp.token, checkpoint.note FROM checkpoint_timestamp AS stamp
            JOIN checkpoint ON checkpoint.size = stamp.size ORDER BY stamp.size DESC LIMIT 1
            """
        ) { row throws(SQLiteError) in (row.blob(0), try Self.checkpoint(row.blob(1))) }
    }

    /// The largest tree that a witness is known to have signed; 0 when none.
    package func cosignedSize(by witness: VerifierKey) throws -> Int64 {
        try connection.first("SELECT size FROM witness WHERE key = ?1", "\(witness)") { $0.int64(0) } ?? 0
    }

    private static func checkpoint(_ note: [UInt8]) throws(SQLiteError) -> SignedCheckpoint {
        do { return try SignedCheckpoint(parsing: note) } catch {
            throw .corrupt("a stored checkpoint cannot be read: \(error)")
        }
    }
}

// Keys.
extension LedgerReader {
    /// A key of the log, and for which sizes of the tree it signs.
    package struct LogKey: Sendable {
        package let key: VerifierKey
        /// The size of the tree from which on it signs.
        package let added: Int64
        /// The size from which on it does not; nil while it does.
        package let retired: Int64?
    }

    /// All keys that ever signed the log, the oldest first.
    package func logKeys() throws -> [LogKey] {
        try connection.all("SELECT key, added, retired FROM log_key ORDER BY added, key") { row throws(SQLiteError) in
            do {
                return LogKey(
                    key: try VerifierKey(parsing: row.text(0)), added: row.int64(1), retired: row.int64OrNil(2))
            } catch {
                throw SQLiteError.corrupt("a key of the log cannot be read: \(error)")
            }
        }
    }

    /// The keys that sign now.
    func activeKeys() throws -> [VerifierKey] {
        try logKeys().filter { $0.retired == nil }.map(\.key)
    }
}

// Leaves and tiles.
extension LedgerReader {
    /// How many leaves there are, covered by a checkpoint or not.
    func leafCount() throws -> Int64 {
        try connection.first("SELECT id FROM leaf ORDER BY id DESC LIMIT 1") { $0.int64(0) + 1 } ?? 0
    }

    /// The bytes of one leaf.
    package func entry(_ index: Int64) throws -> [UInt8]? {
        try connection.first("SELECT entry FROM leaf WHERE id = ?1", index) { $0.blob(0) }
    }

    /// The bytes of neighbouring leaves.
    package func entries(_ indices: ClosedRange<Int64>) throws -> [[UInt8]] {
        try connection.all(
            "SELECT entry FROM leaf WHERE id BETWEEN ?1 AND ?2 ORDER BY id", indices.lowerBound, indices.upperBound
        ) { $0.blob(0) }
    }

    /// All hashes that a tile has so far; nil when it has none.
    func tile(level: Int, position: Int64) throws -> [UInt8]? {
        try connection.first("SELECT hashes FROM tile WHERE level = ?1 AND position = ?2", level, position) {
            $0.blob(0)
        }
    }

    /// The bytes of a tile as wide as it is asked for; nil unless a published checkpoint implies it.
    package func hashes(of tile: Tile) throws -> [UInt8]? {
        guard tile.exists(inTreeOf: try publishedSize()),
            let hashes = try self.tile(level: tile.level, position: tile.index)
        else { return nil }
        return Array(hashes.prefix(tile.width * TreeHash.byteCount))
    }

    /// The proof that a leaf is in the tree of the first `size` leaves.
    package func inclusionProof(index: Int64, size: Int64) throws -> InclusionProof {
        try MerkleTree.inclusionProof(index: index, size: size, node: TileReader(self).node)
    }

    /// The proof that the tree of `newSize` leaves continues that of `oldSize`.
    package func consistencyProof(from oldSize: Int64, to newSize: Int64) throws -> ConsistencyProof {
        try MerkleTree.consistencyProof(from: oldSize, to: newSize, node: TileReader(self).node)
    }

    /// The root of the tree of the first `size` leaves, from the tiles.
    func root(size: Int64) throws -> TreeHash {
        try MerkleTree.root(size: size, node: TileReader(self).node)
    }
}

/// Nodes of the tree, read from tiles; a proof reads each tile once.
final class TileReader {
    private struct Place: Hashable {
        let level: Int
        let index: Int64
    }

    private let reader: LedgerReader
    private var tiles: [Place: TileNodes] = [:]

    init(_ reader: LedgerReader) {
        self.reader = reader
    }

    /// The hash over the 2^`level` leaves from `index` · 2^`level` on.
    ///
    /// - Throws: `LogError.damaged` when a tile has fewer hashes than the tree needs.
    func node(_ level: Int, _ index: Int64) throws -> TreeHash {
        guard let tile = Tile.containing(level: level, index: index) else {
            throw LogError.damaged("no tree has a node \(index) at level \(level)")
        }
        let place = Place(level: tile.level, index: tile.index)
        if tiles[place] == nil {
            tiles[place] = try reader.tile(level: tile.level, position: tile.index).flatMap { TileNodes(hashes: $0) }
        }
        guard let node = tiles[place]?.node(level: level, index: index) else {
            throw LogError.damaged("tile \(tile.level)/\(tile.index) has fewer hashes than the tree needs")
        }
        return node
    }
}
