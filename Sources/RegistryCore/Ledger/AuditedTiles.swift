import SQLite
import TransparencyLog

/// The tiles of the database, as an audit comes by them.
struct AuditedTiles {
    /// The tile at hand of each level.
    private var tiles: [(position: Int64, hashes: [UInt8])] = []

    /// The tree of the first `size` leaves, as the tiles say.
    static func tree(of size: Int64, from reader: LedgerReader) throws -> AuditTree {
        let tiles = TileReader(reader)
        var peaks: [AuditHash] = []
        do {
            for level in (0..<Int64.bitWidth - 1).reversed() where size & (1 << Int64(level)) != 0 {
                let node = try tiles.node(level, (size >> Int64(level)) - 1)
                if let peak = node.bytes.withUnsafeBytes({ AuditHash(bytes: $0) }) { peaks.append(peak) }
            }
        } catch LogError.damaged(let reason) {
            throw LedgerFault(.log, reason)
        }
        return AuditTree(size: size, peaks: peaks)
    }

    /// Reads tiles anew from now on: partial ones grow.
    mutating func forget() {
        tiles = []
    }

    /// Compares a node of the tree with the tile that it is in, if it is in one.
    mutating func compare(_ hash: AuditHash, level: Int, index: Int64, in reader: LedgerReader) throws(LedgerFault) {
        guard level.isMultiple(of: Tile.height) else { return }
        let tileLevel = level / Tile.height
        let (position, place) = index.quotientAndRemainder(dividingBy: Int64(Tile.fullWidth))
        let hashes = try hashes(tileLevel, position, in: reader)
        let range = Int(place) * TreeHash.byteCount..<(Int(place) + 1) * TreeHash.byteCount
        guard range.upperBound <= hashes.count else {
            throw LedgerFault(.tile(level: tileLevel, position: position), "it ends before hash \(place)")
        }
        let isSame = hashes.withUnsafeBytes { bytes in hash.withBytes { $0.elementsEqual(bytes[range]) } }
        guard !isSame else { return }
        guard tileLevel == 0 else {
            throw LedgerFault(
                .tile(level: tileLevel, position: position), "hash \(place) is not the root of the tile below")
        }
        // Whichever leads to the checkpoint that covers both is the one that was signed.
        throw Self.isWhole(hashes, at: position, covering: index, in: reader)
            ? LedgerFault(.record(index), "its leaf was changed: tile 0/\(position) has another hash")
            : LedgerFault(.record(index), "its hash in tile 0/\(position) was changed: the leaf has another")
    }

    private mutating func hashes(
        _ level: Int, _ position: Int64, in reader: LedgerReader
    ) throws(LedgerFault) -> [UInt8] {
        while tiles.count <= level { tiles.append((-1, [])) }
        if tiles[level].position == position { return tiles[level].hashes }
        let place = LedgerFault.Place.tile(level: level, position: position)
        do {
            guard let hashes = try reader.tile(level: level, position: position) else {
                throw LedgerFault(place, "it is missing")
            }
            tiles[level] = (position, hashes)
            return hashes
        } catch let fault as LedgerFault {
            throw fault
        } catch {
            throw LedgerFault(place, "it cannot be read: \(error)")
        }
    }

    /// Whether a tile of leaves leads to the tile above it, if it is full, and to the checkpoint that covers a leaf in it.
    private static func isWhole(
        _ hashes: [UInt8], at position: Int64, covering index: Int64, in reader: LedgerReader
    ) -> Bool {
        guard let signed = try? reader.firstCheckpoint(covering: index)?.checkpoint,
            (try? reader.root(size: signed.size)) == signed.root
        else { return false }
        guard hashes.count == Tile.fullWidth * TreeHash.byteCount else { return true }
        var tree = AuditTree()
        for start in stride(from: 0, to: hashes.count, by: TreeHash.byteCount) {
            let bytes = hashes[start..<start + TreeHash.byteCount]
            bytes.withUnsafeBytes { if let hash = AuditHash(bytes: $0) { tree.append(hash) { _, _, _ in } } }
        }
        let above = try? TileReader(reader).node(Tile.height, position)
        return above?.bytes == tree.root().bytes
    }

    /// Every tile is as long as the tree is wide there, and none is beside it.
    func finish(_ reader: LedgerReader, size: Int64) throws {
        var fault: LedgerFault?
        try reader.connection.forEach("SELECT level, position, length(hashes) FROM tile ORDER BY level, position") {
            let (level, position) = ($0.int(0), $0.int64(1))
            let width = Tile.width(level: level, index: position, size: size)
            guard $0.int(2) != width * TreeHash.byteCount else { return true }
            fault = LedgerFault(
                .tile(level: level, position: position),
                "it has \($0.int(2) / TreeHash.byteCount) hashes, and the tree has \(width) there")
            return false
        }
        if let fault { throw fault }
    }
}
