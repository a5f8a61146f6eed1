import struct Crypto.SHA256

/// All nodes of the tree that the hashes of one tile make up, each computed once.
///
/// A proof needs a node of each level, and together they are made of nearly every hash of the tile.
package struct TileNodes {
    /// The hashes of the tile, and in each further row the nodes over pairs of those of the row before.
    private var rows: [[UInt8]]

    /// The nodes over the hashes of a tile, which may have more or fewer than it is known to have; `nil` unless they are
    /// 1 to 256.
    package init?(hashes bytes: [UInt8]) {
        let (count, rest) = bytes.count.quotientAndRemainder(dividingBy: TreeHash.byteCount)
        guard rest == 0, (1...Tile.fullWidth).contains(count) else { return nil }
        rows = [bytes]
    }

    /// The node over 2^`level` leaves at `index`, which belongs to this tile.
    ///
    /// - Returns: `nil` when the tile has fewer hashes than the node is made of.
    package mutating func node(level: Int, index: Int64) -> TreeHash? {
        let row = level % Tile.height
        while rows.count <= row { rows.append(Self.parents(of: rows[rows.count - 1])) }
        let start = Int(index % Int64(Tile.fullWidth >> row)) * TreeHash.byteCount
        guard start >= 0, start < rows[row].count else { return nil }
        return TreeHash(bytes: rows[row][start..<start + TreeHash.byteCount])
    }

    private static func parents(of row: [UInt8]) -> [UInt8] {
        let pair = 2 * TreeHash.byteCount
        var parents: [UInt8] = []
        parents.reserveCapacity(row.count / 2)
        var input = [UInt8](repeating: TreeHash.nodePrefix, count: 1 + pair)
        for start in stride(from: 0, through: row.count - pair, by: pair) {
            input.replaceSubrange(1..., with: row[start..<start + pair])
            unsafe SHA256.hash(data: input).withUnsafeBytes { unsafe parents.append(contentsOf: $0) }
        }
        return parents
    }
}
