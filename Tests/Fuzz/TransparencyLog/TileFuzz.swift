// Fuzzes the paths of tiles, and tiles and entry bundles: no trap, one spelling of each, hashes that are where the path says, and
// nodes that are those of the tree.
// Built and run by Tests/Fuzz/run.

@testable import TransparencyLog

/// The input is a path; and it is a bundle of as many entries as its first byte says.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzTile(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    let text = String(decoding: bytes, as: UTF8.self)
    if let resource = try? TileResource(parsing: text) {
        precondition(resource.path.utf8.elementsEqual(text.utf8), "another spelling of the same tile")
        switch resource {
        case .hashes(let tile): check(tile)
        case .entries(let tile):
            precondition(tile.level == 0)
            check(tile)
        }
    }
    guard let width = bytes.first.map({ Int($0) + 1 }) else { return 0 }
    checkBundle(Array(bytes.dropFirst()), width)
    checkNodes(bytes)
    return 0
}

private func check(_ tile: Tile) {
    precondition((0...63).contains(tile.level) && (1...Tile.fullWidth).contains(tile.width) && tile.index >= 0)
    precondition(tile.positions.count == tile.width)
    precondition(Tile(level: tile.level, index: tile.index, width: tile.width) == tile)
    for size in [0, 1, tile.positions.upperBound, .max] as [Int64] {
        let width = Tile.width(level: tile.level, index: tile.index, size: size)
        precondition(tile.exists(inTreeOf: size) == (width >= tile.width), "it exists and is not as wide")
    }
}

private func checkBundle(_ bytes: [UInt8], _ count: Int) {
    guard let bundle = try? EntryBundle(parsing: bytes, count: count) else { return }
    precondition(bundle.bytes == bytes && bundle.entries.count == count, "another spelling of the same bundle")
    precondition((try? EntryBundle(bundle.entries)) == bundle && bundle.leafHashes.count == count)
    precondition((try? EntryBundle(parsing: bytes + [0], count: count)) == nil)
    precondition((try? EntryBundle(parsing: Array(bytes.dropLast()), count: count)) == nil)
    for other in [count - 1, count + 1] { precondition((try? EntryBundle(parsing: bytes, count: other)) == nil) }
}

/// The nodes over some leaves, out of a tile and out of the tree.
private func checkNodes(_ bytes: [UInt8]) {
    let leaves = bytes.prefix(12).map { TreeHash.leaf(of: [$0]) }
    let hashes = leaves.flatMap(\.bytes)
    guard let tile = Tile(level: 0, index: 0, width: leaves.count), var nodes = TileNodes(hashes: hashes) else {
        preconditionFailure("there is no such tile")
    }
    precondition(tile.hashes(in: hashes) == leaves && tile.hashes(in: hashes + [0]) == nil)
    for level in 0..<4 {
        for index in 0..<Int64(leaves.count >> level + 1) {
            let range = Int(index) << level..<(Int(index) + 1) << level
            let expected = range.upperBound <= leaves.count ? root(leaves[range]) : nil
            precondition(nodes.node(level: level, index: index) == expected, "another node than the tree has")
            precondition(tile.node(level: level, index: index, in: leaves) == expected)
        }
    }
}

/// RFC 9162 §2.1.1.
private func root(_ leaves: ArraySlice<TreeHash>) -> TreeHash {
    guard leaves.count > 1 else { return leaves[leaves.startIndex] }
    let half = leaves.startIndex + leaves.count / 2
    return .node(root(leaves[..<half]), root(leaves[half...]))
}
