/// What a path below `/tile/` names (c2sp.org/tlog-tiles, "Merkle Tree" and "Log entries").
package enum TileResource: Hashable, Sendable {
    /// The hashes of a tile: `tile/<L>/<N>[.p/<W>]`.
    case hashes(Tile)
    /// The entries whose leaf hashes are in that tile of level 0: `tile/entries/<N>[.p/<W>]`.
    case entries(Tile)

    /// The path after the log's prefix, without a leading slash.
    package var path: String {
        switch self {
        case .hashes(let tile): "tile/\(tile.level)/\(tile.place)"
        case .entries(let tile): "tile/entries/\(tile.place)"
        }
    }

    /// Reads a path in the one spelling that `path` writes.
    package init(parsing path: some StringProtocol) throws(TilePathError) {
        // The longest has 7 groups of digits; anything much longer need not be looked at.
        guard path.utf8.count <= 64 else { throw .malformed }
        let elements = Array(path.utf8).split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard elements.count >= 3, elements[0].elementsEqual("tile".utf8) else { throw .malformed }
        if elements[1].elementsEqual("entries".utf8) {
            self = .entries(try Tile(level: 0, place: Array(elements[2...])))
        } else {
            guard let level = Int(decimal: elements[1]), level <= 63 else { throw .malformedLevel }
            self = .hashes(try Tile(level: level, place: Array(elements[2...])))
        }
    }
}

extension Tile {
    /// `<N>[.p/<W>]`. Groups of three digits keep folders small, and the `x` keeps folders and files apart.
    fileprivate var place: String {
        var text = Self.group(index % 1000)
        var rest = index / 1000
        while rest > 0 {
            text = "x\(Self.group(rest % 1000))/\(text)"
            rest /= 1000
        }
        return isFull ? text : "\(text).p/\(width)"
    }

    private static func group(_ number: Int64) -> String {
        String(repeating: "0", count: number < 10 ? 2 : number < 100 ? 1 : 0) + String(number)
    }

    fileprivate init(level: Int, place: [ArraySlice<UInt8>]) throws(TilePathError) {
        var groups = place
        var width = Self.fullWidth
        if groups.count >= 2, groups[groups.count - 2].suffix(2).elementsEqual(".p".utf8) {
            guard let partial = Int(decimal: groups.removeLast()), (1..<Self.fullWidth).contains(partial) else {
                throw .malformedWidth
            }
            width = partial
            groups[groups.count - 1].removeLast(2)
        }
        guard let index = Self.index(in: groups) else { throw .malformedIndex }
        guard let tile = Tile(level: level, index: index, width: width) else { throw .malformedIndex }
        self = tile
    }

    /// Reads `x001`, `x234`, `067` as 1234067; `nil` for any spelling but the shortest.
    private static func index(in groups: [ArraySlice<UInt8>]) -> Int64? {
        var digits: [UInt8] = []
        for (place, group) in groups.enumerated() {
            let isLast = place == groups.count - 1
            guard isLast || group.first == UInt8(ascii: "x"), group.count == (isLast ? 3 : 4) else { return nil }
            digits += group.suffix(3)
        }
        guard groups.count == 1 || !digits.starts(with: "000".utf8) else { return nil }
        return Int64(digits: digits)
    }
}

/// Why a path names no tile.
package enum TilePathError: Error, Equatable {
    case malformed
    case malformedLevel
    case malformedIndex
    case malformedWidth
}

extension TilePathError: CustomStringConvertible {
    /// One sentence.
    package var description: String {
        switch self {
        case .malformed: "the path has not the form tile/<level>/<index> or tile/entries/<index>"
        case .malformedLevel: "the level of a tile is a number from 0 to 63 without superfluous zeros"
        case .malformedIndex: "the index of a tile is written in groups of three digits, such as x001/x234/067"
        case .malformedWidth: "the width of a partial tile is a number from 1 to 255 without superfluous zeros"
        }
    }
}
