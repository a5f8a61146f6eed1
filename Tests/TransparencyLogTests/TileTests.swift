import Testing
import TransparencyLog

@Suite struct `A tile` {
    /// The trees that the specification and other implementations describe.
    @Test(
        arguments: [
            (0, []), (1, ["tile/0/000.p/1"]), (3, ["tile/0/000.p/3"]), (255, ["tile/0/000.p/255"]),
            (256, ["tile/0/000", "tile/1/000.p/1"]),
            (600, ["tile/0/000", "tile/0/001", "tile/0/002.p/88", "tile/1/000.p/2"]),
        ] as [(Int64, [String])])
    func `exists where the specification says`(_ size: Int64, _ paths: [String]) {
        #expect(Tile.tiles(to: size).map { TileResource.hashes($0).path } == paths)
    }

    @Test func `of a tree of 70,000 leaves is one of 277`() throws {
        let tiles = Array(Tile.tiles(to: 70_000))
        #expect(tiles.count == 277)
        #expect(tiles.filter { $0.level == 0 && $0.isFull }.count == 273)
        #expect(
            tiles[273...].map { TileResource.hashes($0).path }
                == ["tile/0/273.p/112", "tile/1/000", "tile/1/001.p/17", "tile/2/000.p/1"])
        #expect(TileResource.entries(tiles[273]).path == "tile/entries/273.p/112")
    }

    @Test(arguments: [0, 1, 255, 256, 257, 511, 512, 65_535, 65_536, 65_792, 70_000] as [Int64])
    func `has the width that its tree gives it`(_ size: Int64) {
        for tile in Tile.tiles(to: size) {
            #expect(Tile.width(level: tile.level, index: tile.index, size: size) == tile.width)
            #expect(tile.exists(inTreeOf: size))
            if !tile.isFull, let wider = Tile(level: tile.level, index: tile.index, width: tile.width + 1) {
                #expect(!wider.exists(inTreeOf: size))
            }
        }
        for level in 0...63 {
            let hashes = size >> Int64(8 * level)
            #expect(Tile.width(level: level, index: hashes / 256, size: size) == Int(hashes % 256))
            #expect(Tile.width(level: level, index: hashes / 256 + 1, size: size) == 0)
        }
    }

    @Test func `grows or comes into being when its tree grows`() {
        let added = Tile.tiles(from: 256, to: 600).map { TileResource.hashes($0).path }
        #expect(added == ["tile/0/001", "tile/0/002.p/88", "tile/1/000.p/2"])
        #expect(Tile.tiles(from: 600, to: 601).map { TileResource.hashes($0).path } == ["tile/0/002.p/89"])
        #expect(Array(Tile.tiles(from: 600, to: 600)).isEmpty && Array(Tile.tiles(from: 601, to: 600)).isEmpty)
        #expect(Array(Tile.tiles(from: -5, to: -1)).isEmpty)
    }

    @Test func `is not made from numbers out of range`() {
        #expect(Tile(level: -1, index: 0) == nil && Tile(level: 64, index: 0) == nil)
        #expect(Tile(level: 0, index: -1) == nil && Tile(level: 0, index: .max) == nil)
        #expect(Tile(level: 0, index: 0, width: 0) == nil && Tile(level: 0, index: 0, width: 257) == nil)
        #expect(Tile.width(level: 64, index: 0, size: .max) == 0 && Tile.width(level: 0, index: .max, size: .max) == 0)
        #expect(Tile.width(level: 0, index: 0, size: .min) == 0)
        #expect(Tile.containing(level: 63, index: 0) == nil && Tile.containing(level: 3, index: .max) == nil)
        #expect(Tile.containing(level: -1, index: 0) == nil && Tile.containing(level: 0, index: -1) == nil)
    }

    @Test func `at the end of all numbers is handled`() throws {
        let last = try #require(Tile(level: 0, index: Int64.max / 256))
        #expect(last.positions.upperBound == .max && !last.exists(inTreeOf: .max))
        #expect(Tile.width(level: 0, index: last.index, size: .max) == 255)
        #expect(Tile.tiles(from: .max - 1, to: .max).map(\.level) == [0])
        #expect(try TileResource(parsing: TileResource.hashes(last).path) == .hashes(last))
        #expect(Tile.containing(level: 0, index: .max)?.index == last.index)
    }
}

@Suite struct `Tiles of a tree` {
    private static let tree = MemoryTree(size: 70_000)

    /// What a server stores: full tiles and the partial ones of one size.
    private static func tiles(_ size: Int) -> [Tile: [TreeHash]] {
        var stored: [Tile: [TreeHash]] = [:]
        for tile in Tile.tiles(to: Int64(size)) {
            stored[tile] = Array(tree[8 * tile.level][Int(tile.positions.lowerBound)...Int(tile.positions.upperBound)])
        }
        return stored
    }

    @Test(arguments: [1, 2, 255, 256, 257, 600, 65_536, 70_000])
    func `are all that its proofs need`(_ size: Int) throws {
        let stored = Self.tiles(size)
        let node = { (level: Int, index: Int64) throws -> TreeHash in
            let needed = try #require(Tile.containing(level: level, index: index))
            let width = Tile.width(level: needed.level, index: needed.index, size: Int64(size))
            let tile = try #require(Tile(level: needed.level, index: needed.index, width: width))
            let hashes = try #require(stored[tile])
            return try #require(tile.node(level: level, index: index, in: hashes))
        }
        #expect(try MerkleTree.root(size: Int64(size), node: node) == Self.tree.root(size))
        var generator = SeededGenerator(seed: UInt64(size))
        for _ in 0..<20 {
            let index = Int.random(in: 0..<size, using: &generator)
            #expect(
                try MerkleTree.inclusionProof(index: Int64(index), size: Int64(size), node: node)
                    == Self.tree.inclusion(index, size))
            #expect(
                try MerkleTree.consistencyProof(from: Int64(index), to: Int64(size), node: node)
                    == Self.tree.consistency(index, size))
        }
    }

    @Test func `give every node they have, and no other`() throws {
        let size = 600
        for (tile, hashes) in Self.tiles(size) {
            for level in 0...10 {
                for index in 0...Int64(size) {
                    let node = tile.node(level: level, index: index, in: hashes)
                    let needed = try #require(Tile.containing(level: level, index: index))
                    guard let node else {
                        #expect(needed.level != tile.level || needed.index != tile.index || needed.width > tile.width)
                        continue
                    }
                    #expect(try node == Self.tree.node(level: level, index: index))
                }
            }
            #expect(tile.node(level: 8 * tile.level, index: tile.index * 256, in: []) == nil)
        }
    }

    @Test func `survive being bytes`() throws {
        let tile = try #require(Tile(level: 0, index: 0, width: 3))
        let hashes = Array(Self.tree[0][..<3])
        let bytes = hashes.flatMap(\.bytes)
        #expect(tile.hashes(in: bytes) == hashes)
        for wrong in [[], Array(bytes.dropLast()), bytes + [0], bytes + hashes[0].bytes] {
            #expect(tile.hashes(in: wrong) == nil)
        }
    }
}

@Suite struct `The path of a tile` {
    @Test(
        arguments: [
            (0, "000"), (999, "999"), (1000, "x001/000"), (1_234_067, "x001/x234/067"), (1_000_000, "x001/x000/000"),
        ] as [(Int64, String)])
    func `spells the index in groups of three digits`(_ index: Int64, _ place: String) throws {
        let full = try #require(Tile(level: 3, index: index))
        let partial = try #require(Tile(level: 0, index: index, width: 17))
        #expect(TileResource.hashes(full).path == "tile/3/\(place)")
        #expect(TileResource.entries(partial).path == "tile/entries/\(place).p/17")
        for resource in [TileResource.hashes(full), .hashes(partial), .entries(partial)] {
            #expect(try TileResource(parsing: resource.path) == resource)
        }
    }

    @Test(
        arguments: [
            ("", .malformed), ("tile", .malformed), ("tile/0", .malformed), ("/tile/0/000", .malformed),
            ("tiles/0/000", .malformed), ("Tile/0/000", .malformed), ("tile//000", .malformedLevel),
            ("tile/00/000", .malformedLevel), ("tile/64/000", .malformedLevel), ("tile/-1/000", .malformedLevel),
            ("tile/+1/000", .malformedLevel), ("tile/٣/000", .malformedLevel), ("tile/entry/000", .malformedLevel),
            ("tile/99999999999999999999/000", .malformedLevel), ("tile/0/", .malformedIndex),
            ("tile/0/0", .malformedIndex),
            ("tile/0/0000", .malformedIndex), ("tile/0/x000", .malformedIndex), ("tile/0/x000/001", .malformedIndex),
            ("tile/0/001/000", .malformedIndex), ("tile/0/x001/x000", .malformedIndex),
            ("tile/0/X001/000", .malformedIndex),
            ("tile/0/x0001/000", .malformedIndex), ("tile/0/x001//000", .malformedIndex),
            ("tile/0/000/", .malformedIndex),
            ("tile/0/00a", .malformedIndex), ("tile/0/000.p", .malformedIndex), ("tile/0/.p/1", .malformedIndex),
            ("tile/0/000/1.p/1", .malformedIndex), ("tile/0/000.p/1/", .malformedIndex),
            ("tile/0/000.p/", .malformedWidth), ("tile/0/000.p/0", .malformedWidth),
            ("tile/0/000.p/01", .malformedWidth),
            ("tile/0/000.p/256", .malformedWidth), ("tile/0/000.p/-1", .malformedWidth),
            ("tile/0/000.p/1 ", .malformedWidth),
            ("tile/0/000.P/1", .malformedIndex), ("tile/0/x036/x028/x797/x018/x963/968", .malformedIndex),
            ("tile/0/x999/x999/x999/x999/x999/x999/999", .malformedIndex),
            ("tile/0/x001/000.p/17.p/3", .malformedIndex),
            ("tile/entries/0/000", .malformedIndex), ("tile/0/000?", .malformedIndex),
            ("tile/0/000\0", .malformedIndex),
        ] as [(String, TilePathError)])
    func `has one spelling`(_ path: String, _ error: TilePathError) {
        #expect(throws: error) { try TileResource(parsing: path) }
    }

    @Test func `is refused at once when it is long`() {
        for path in [
            "tile/0/" + String(repeating: "x000/", count: 200_000),
            "tile/0/0\u{301}" + String(repeating: "\u{323}", count: 500_000),
        ] {
            #expect(throws: TilePathError.malformed) { try TileResource(parsing: path) }
        }
    }

    @Test func `is read or refused, whatever it is`() throws {
        var generator = SeededGenerator(seed: 3)
        for seed in ["tile/0/x001/x234/067.p/17", "tile/entries/x001/000", "tile/63/999"] {
            for mutant in mutants(of: bytes(seed), count: 3000, using: &generator) {
                let path = String(decoding: mutant, as: UTF8.self)
                guard let resource = try? TileResource(parsing: path) else { continue }
                #expect(resource.path == path)
            }
        }
    }
}

@Suite struct `An entry bundle` {
    @Test func `has the bytes of the known one`() throws {
        let bundle = try EntryBundle((0...2).map { bytes("waybill-leaf-\($0)") })
        let expected = (0...2).flatMap { [0x00, 0x0E] + bytes("waybill-leaf-\($0)") } as [UInt8]
        #expect(bundle.bytes == expected && expected.count == 48)
        #expect(try EntryBundle(parsing: expected, count: 3) == bundle)
        #expect(bundle.leafHashes[0].hex.hasPrefix("7225a75a"))
    }

    @Test func `holds empty entries and the longest`() throws {
        let bundle = try EntryBundle([[], [UInt8](repeating: 1, count: 65_535), [], [9]])
        #expect(try EntryBundle(parsing: bundle.bytes, count: 4) == bundle)
        let full = try EntryBundle(Array(repeating: [], count: 256))
        #expect(try EntryBundle(parsing: full.bytes, count: 256) == full)
    }

    @Test func `is not made of too much or too little`() {
        #expect(throws: EntryBundleError.entryTooLong(65_536)) {
            try EntryBundle([[UInt8](repeating: 1, count: 65_536)])
        }
        for count in [0, 257] {
            #expect(throws: EntryBundleError.wrongCount(count)) { try EntryBundle(Array(repeating: [], count: count)) }
        }
        for count in [.min, -1, 0, 257, .max] {
            #expect(throws: EntryBundleError.wrongCount(count)) { try EntryBundle(parsing: [0, 0], count: count) }
        }
    }

    @Test func `cut anywhere is refused`() throws {
        let bundle = try EntryBundle([[1, 2, 3], [], [4]]).bytes
        for end in 0..<bundle.count {
            let error = #expect(throws: EntryBundleError.self) {
                try EntryBundle(parsing: Array(bundle[..<end]), count: 3)
            }
            guard case .truncated = error else { throw error ?? .wrongCount(0) }
        }
        #expect(throws: EntryBundleError.trailingBytes(1)) { try EntryBundle(parsing: bundle + [0], count: 3) }
        #expect(throws: EntryBundleError.truncated(entry: 3)) { try EntryBundle(parsing: bundle, count: 4) }
    }

    @Test func `is read or refused, whatever it is`() throws {
        var generator = SeededGenerator(seed: 4)
        for mutant in mutants(of: [0, 3, 1, 2, 3, 0, 0, 0, 1, 4], count: 3000, using: &generator) {
            guard let bundle = try? EntryBundle(parsing: mutant, count: 3) else { continue }
            #expect(bundle.bytes == mutant)
        }
    }
}
