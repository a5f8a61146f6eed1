/// A piece of the tree as tlog-tiles serves it: up to 256 neighbouring hashes of one level (c2sp.org/tlog-tiles,
/// "Merkle Tree").
///
/// At level 0 these are leaf hashes; at every other level, each is the root over a full tile of the level below. A tile
/// of fewer than 256 hashes is partial: it stands at the right edge of the tree.
package struct Tile: Hashable, Sendable {
    /// Hashes in a full tile.
    package static let fullWidth = 256

    /// Tree levels that one level of tiles covers: 2^8 = 256.
    package static let height = 8

    /// Levels of tiles that a tree which can be counted may have.
    package static let levels = 8

    /// The tile's level, 0 to 63.
    package let level: Int

    /// The tile's place in its level, counted from zero.
    package let index: Int64

    /// How many hashes it has, 1 to 256.
    package let width: Int

    /// A tile that may exist in some tree; `nil` when a number is out of range.
    package init?(level: Int, index: Int64, width: Int = fullWidth) {
        guard (0...63).contains(level), (1...Self.fullWidth).contains(width),
            index >= 0, index <= Int64.max / Int64(Self.fullWidth)
        else { return nil }
        self.level = level
        self.index = index
        self.width = width
    }

    /// Whether it is a full tile, which never changes and whose root is in the level above.
    package var isFull: Bool { width == Self.fullWidth }

    /// The places of its hashes among all the hashes of its level.
    package var positions: ClosedRange<Int64> {
        let first = index * Int64(Self.fullWidth)
        return first...(first + Int64(width - 1))
    }

    /// Whether the tree of `size` leaves has all the hashes of this tile.
    package func exists(inTreeOf size: Int64) -> Bool {
        positions.upperBound < Self.hashes(atLevel: level, size: size)
    }

    /// For numbers that are known to be in range.
    private init(unchecked level: Int, _ index: Int64, _ width: Int) {
        self.level = level
        self.index = index
        self.width = width
    }

    /// How many hashes a level of tiles has: one for each complete subtree of 256^level leaves.
    private static func hashes(atLevel level: Int, size: Int64) -> Int64 {
        max(0, size) >> Int64(height * level)
    }
}

extension Tile {
    /// How wide the tile is in the tree of `size` leaves; 0 when it does not exist.
    package static func width(level: Int, index: Int64, size: Int64) -> Int {
        guard let tile = Tile(level: level, index: index) else { return 0 }
        let remaining = hashes(atLevel: tile.level, size: size) - tile.positions.lowerBound
        return Int(min(max(remaining, 0), Int64(fullWidth)))
    }

    /// The tiles that grow or come into being when a tree of `oldSize` leaves grows to `size`, from level 0 up.
    ///
    /// Each is as wide as it is in the new tree. From 0, these are all the tiles of the tree: in a tree of 70,000 leaves
    /// 273 full ones and 4 more. There is nothing when the tree does not grow.
    package static func tiles(from oldSize: Int64 = 0, to size: Int64) -> some Sequence<Tile> {
        (0..<levels).lazy.flatMap { level in
            let old = hashes(atLevel: level, size: oldSize)
            let new = hashes(atLevel: level, size: size)
            let wide = Int64(fullWidth)
            let places = old < new ? old / wide..<(new - 1) / wide + 1 : 0..<0
            return places.lazy.map { Tile(unchecked: level, $0, Int(min(new - $0 * wide, wide))) }
        }
    }
}

/// Nodes of the tree in tiles. A tile shows the hashes of one tree level in eight; the seven above it are computed.
extension Tile {
    /// The tile whose hashes make up the node over 2^`level` leaves at `index`, as wide as the node needs.
    ///
    /// - Returns: `nil` when no tree has such a node.
    package static func containing(level: Int, index: Int64) -> Tile? {
        guard (0...62).contains(level), index >= 0, index <= Int64.max >> Int64(level) else { return nil }
        let span = Int64(1) << Int64(level % height)
        let first = index * span
        let width = first % Int64(fullWidth) + span
        return Tile(level: level / height, index: first / Int64(fullWidth), width: Int(width))
    }

    /// The node over 2^`level` leaves at `index`, computed from the hashes of this tile.
    ///
    /// - Returns: `nil` when the node is not made of hashes of this tile, or `hashes` is shorter than the tile is wide.
    package func node(level: Int, index: Int64, in hashes: [TreeHash]) -> TreeHash? {
        guard let needed = Self.containing(level: level, index: index),
            needed.level == self.level, needed.index == self.index, needed.width <= width, hashes.count >= width
        else { return nil }
        var nodes = TileNodes(hashes: hashes[..<width].flatMap(\.bytes))
        return nodes?.node(level: level, index: index)
    }

    /// Reads the hashes of a tile; `nil` unless there are exactly `width` of them.
    package func hashes(in bytes: [UInt8]) -> [TreeHash]? {
        guard bytes.count == width * TreeHash.byteCount else { return nil }
        return stride(from: 0, to: bytes.count, by: TreeHash.byteCount).compactMap {
            TreeHash(bytes: bytes[$0..<$0 + TreeHash.byteCount])
        }
    }
}
