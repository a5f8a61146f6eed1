import OCI
import SQLite
import TransparencyLog

/// Gives leaves their place in the tree: fills tiles and signs checkpoints, in the transaction that wrote the leaves.
///
/// Used on the writer's queue only. What a transaction has sealed counts once `committed` is called; until then
/// everything can be sealed again from where it stood.
final class Sequencer {
    /// The right edge of the tree, and what was signed about it last.
    private struct Edge {
        var range: CompactRange
        /// The tiles that are not full yet, by level.
        var tiles: [Int: [UInt8]]
        var checkpoint: SignedCheckpoint
    }

    private let identity: LogIdentity
    private var sealed: Edge
    private var pending: Edge?
    /// Why the log cannot go on, although everything in it can be read; nil while all is well.
    private(set) var damage: String?

    /// Continues the log of a database, or begins it with the checkpoint of the empty tree.
    ///
    /// When the tiles do not lead to the root of the last checkpoint, that is `damage` and no error: what is damaged is still
    /// worth reading.
    ///
    /// - Throws: `LogError` when the keys are not those of the log.
    init(_ identity: LogIdentity, on connection: Connection, now: Int64) throws {
        self.identity = identity
        let reader = LedgerReader(connection: connection)
        let empty = try SignedCheckpoint(
            Checkpoint(origin: identity.origin, size: 0, root: .emptyRoot), signedBy: identity.signers)
        sealed = Edge(range: CompactRange(), tiles: [:], checkpoint: empty)
        do {
            try resume(reader, or: empty, on: connection, now: now)
        } catch LogError.damaged(let reason) {
            damage = reason
        } catch let error as SQLiteError where error.isCorrupt {
            damage = error.message
        }
    }

    private func resume(
        _ reader: LedgerReader, or empty: SignedCheckpoint, on connection: Connection, now: Int64
    ) throws {
        guard let checkpoint = try reader.lastCheckpoint() else {
            guard try reader.leafCount() == 0 else { throw LogError.damaged("there are leaves and no checkpoint") }
            try connection.transaction(.immediate) {
                try Self.keep(empty, at: now, on: connection)
                for key in identity.signers { try Self.add(key.verifier, at: 0, on: connection) }
            }
            return
        }
        guard checkpoint.checkpoint.origin == identity.origin else {
            throw LogError.otherOrigin(expected: checkpoint.checkpoint.origin, found: identity.origin)
        }
        let active = try reader.activeKeys()
        guard identity.signers.contains(where: { active.contains($0.verifier) }) else {
            throw LogError.unknownKeys(expected: active.map { "\($0)" })
        }
        let retired = try reader.logKeys().filter { $0.retired != nil }.map(\.key)
        if let signer = identity.signers.first(where: { retired.contains($0.verifier) }) {
            throw LogError.retiredKey("\(signer.verifier)")
        }
        sealed = try Self.edge(at: checkpoint, from: reader)
    }

    /// The SHA-256 of the last checkpoint, as the log signed it.
    var lastCheckpointDigest: Digest { Digest(.sha256, of: sealed.checkpoint.bytes) }

    /// The last checkpoint that is committed.
    var lastCheckpoint: SignedCheckpoint { sealed.checkpoint }

    /// Puts the leaves that were written since the last checkpoint into the tree, and signs it; nothing when there are none.
    func seal(on connection: Connection, now: Int64) throws {
        var edge = sealed
        let start = edge.range.size
        var grown: [TileKey: [UInt8]] = [:]
        try connection.forEach("SELECT entry FROM leaf WHERE id >= ?1 ORDER BY id", start) { row in
            Self.append(.leaf(of: row.blob(0)), to: &edge, grown: &grown)
            return true
        }
        guard edge.range.size > start else { return }
        for (key, hashes) in grown {
            try connection.execute(
                """
                INSERT INTO tile (level, position, hashes) VALUES (?1, ?2, ?3)
                ON CONFLICT (level, position) DO UPDATE SET hashes = excluded.hashes
                """, key.level, key.position, hashes)
        }
        edge.checkpoint = try SignedCheckpoint(
            Checkpoint(origin: identity.origin, size: edge.range.size, root: edge.range.root),
            signedBy: identity.signers)
        try Self.keep(edge.checkpoint, at: now, on: connection)
        pending = edge
    }

    /// What was sealed last is durable.
    func committed() {
        if let pending { sealed = pending }
        pending = nil
    }

    /// What was sealed last was taken back.
    func rolledBack() {
        pending = nil
    }

    // MARK: - Steps

    private struct TileKey: Hashable {
        let level: Int
        let position: Int64
    }

    private static func append(_ leaf: TreeHash, to edge: inout Edge, grown: inout [TileKey: [UInt8]]) {
        var tiles = edge.tiles
        edge.tiles = [:]
        edge.range.append(leaf) { level, index, hash in
            guard level.isMultiple(of: Tile.height) else { return }
            let level = level / Tile.height
            let (position, place) = index.quotientAndRemainder(dividingBy: Int64(Tile.fullWidth))
            if place == 0 { tiles[level] = [] }
            tiles[level, default: []] += hash.bytes
            grown[TileKey(level: level, position: position)] = tiles[level]
        }
        edge.tiles = tiles
    }

    private static func edge(at checkpoint: SignedCheckpoint, from reader: LedgerReader) throws -> Edge {
        let size = checkpoint.checkpoint.size
        let leaves = try reader.leafCount()
        guard leaves == size else {
            throw LogError.damaged("there are \(leaves) leaves, and the last checkpoint has \(size)")
        }
        let tiles = TileReader(reader)
        var peaks: [TreeHash] = []
        for level in (0..<Int64.bitWidth - 1).reversed() where size & (1 << Int64(level)) != 0 {
            peaks.append(try tiles.node(level, (size >> Int64(level)) - 1))
        }
        let range = try CompactRange(size: size, peaks: peaks)
        guard range.root == checkpoint.checkpoint.root else {
            throw LogError.damaged("the tiles do not lead to the root that the last checkpoint, of size \(size), has")
        }
        var edge: [Int: [UInt8]] = [:]
        for level in 0..<Tile.levels {
            let count = size >> Int64(Tile.height * level)
            guard count % Int64(Tile.fullWidth) > 0 else { continue }
            edge[level] = try reader.tile(level: level, position: count / Int64(Tile.fullWidth))
        }
        return Edge(range: range, tiles: edge, checkpoint: checkpoint)
    }

    private static func keep(_ signed: SignedCheckpoint, at now: Int64, on connection: Connection) throws {
        try connection.execute(
            "INSERT INTO checkpoint (size, root, note, time) VALUES (?1, ?2, ?3, ?4)",
            signed.checkpoint.size, signed.checkpoint.root.bytes, signed.bytes, now)
    }

    private static func add(_ key: VerifierKey, at size: Int64, on connection: Connection) throws {
        try connection.execute("INSERT INTO log_key (key, added) VALUES (?1, ?2)", "\(key)", size)
    }
}
