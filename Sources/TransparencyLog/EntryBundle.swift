/// The entries of a tile of level 0, as tlog-tiles serves them: each after its length as a big-endian uint16
/// (c2sp.org/tlog-tiles, "Log entries").
package struct EntryBundle: Hashable, Sendable {
    /// Bytes in the longest entry that the format can hold.
    package static let longestEntry = Int(UInt16.max)

    /// The entries in the order of the log, 1 to 256 of them.
    package let entries: [[UInt8]]

    /// A bundle of entries that fit: not too many, and none too long.
    package init(_ entries: [[UInt8]]) throws(EntryBundleError) {
        guard (1...Tile.fullWidth).contains(entries.count) else { throw .wrongCount(entries.count) }
        for entry in entries where entry.count > Self.longestEntry { throw .entryTooLong(entry.count) }
        self.entries = entries
    }

    /// Reads a bundle of exactly `count` entries, which is the width of the tile that it belongs to.
    package init(parsing bytes: [UInt8], count: Int) throws(EntryBundleError) {
        guard (1...Tile.fullWidth).contains(count) else { throw .wrongCount(count) }
        var entries: [[UInt8]] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            guard entries.count < count else { throw .trailingBytes(rest.count) }
            let prefix = rest.prefix(2)
            let length = Int(UInt16(bigEndianBytes: prefix))
            rest = rest.dropFirst(2)
            guard prefix.count == 2, length <= rest.count else { throw .truncated(entry: entries.count) }
            entries.append(Array(rest.prefix(length)))
            rest = rest.dropFirst(length)
        }
        guard entries.count == count else { throw .truncated(entry: entries.count) }
        self.entries = entries
    }

    /// The bundle as it is served.
    package var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(entries.reduce(0) { $0 + 2 + $1.count })
        for entry in entries {
            bytes.appendBigEndian(UInt16(truncatingIfNeeded: entry.count))
            bytes += entry
        }
        return bytes
    }

    /// The hashes of the entries: what the tile of level 0 must contain.
    package var leafHashes: [TreeHash] { entries.map { .leaf(of: $0) } }
}

/// Why some entries or some bytes are not an entry bundle.
package enum EntryBundleError: Error, Equatable {
    case wrongCount(Int)
    case entryTooLong(Int)
    case truncated(entry: Int)
    case trailingBytes(Int)
}

extension EntryBundleError: CustomStringConvertible {
    /// One sentence with the values.
    package var description: String {
        switch self {
        case .wrongCount(let count): "an entry bundle has 1 to \(Tile.fullWidth) entries, not \(count)"
        case .entryTooLong(let length):
            "an entry has at most \(EntryBundle.longestEntry) bytes, this one has \(length)"
        case .truncated(let entry): "the bundle ends before the end of entry \(entry)"
        case .trailingBytes(let count): "\(count) bytes follow the last entry"
        }
    }
}
