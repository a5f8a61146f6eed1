/// A pattern over tags: `*` stands for any characters, everything else for itself. The pattern is for the whole tag.
package struct TagPattern: Hashable, Sendable, CustomStringConvertible {
    /// The pattern as it was written.
    package let description: String
    /// What stands between the stars.
    private let pieces: [[UInt8]]

    /// Reads a pattern; nil for one that no tag could match.
    package init?(parsing text: String) {
        let bytes = Array(text.utf8)
        guard (1...128).contains(bytes.count), bytes.allSatisfy({ $0.isTagByte || $0 == UInt8(ascii: "*") }) else {
            return nil
        }
        description = text
        pieces = bytes.split(separator: UInt8(ascii: "*"), omittingEmptySubsequences: false).map(Array.init)
    }

    /// Whether the pattern is for the tag. The first place of each piece is good enough, so the time is bounded by the length of the
    /// tag times that of the pattern.
    package func matches(_ tag: Tag) -> Bool {
        var rest = Array(tag.rawValue.utf8)[...]
        guard let first = pieces.first, let last = pieces.last else { return false }
        guard pieces.count > 1 else { return rest.elementsEqual(first) }
        guard rest.starts(with: first) else { return false }
        rest = rest.dropFirst(first.count)
        for piece in pieces.dropFirst().dropLast() {
            guard
                let place = rest.indices.first(where: { rest[$0...].starts(with: piece) })
                    ?? (piece.isEmpty ? rest.endIndex : nil)
            else { return false }
            rest = rest[(place + piece.count)...]
        }
        return rest.count >= last.count && rest.suffix(last.count).elementsEqual(last)
    }
}

extension UInt8 {
    fileprivate var isTagByte: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}

extension Tag {
    /// Whether it is one of the tags that clients without the referrers API keep and move (distribution specification, "Referrers
    /// Tag Schema"), or one of cosign's: they belong to a digest and change with what refers to it.
    package var belongsToDigest: Bool {
        let parts = rawValue.split(separator: "-", maxSplits: 1)
        guard parts.count == 2, Digest.Algorithm(rawValue: String(parts[0])) != nil else { return false }
        let hex = parts[1].utf8.prefix {
            ("0"..."9").contains(Unicode.Scalar($0)) || ("a"..."f").contains(Unicode.Scalar($0))
        }
        return hex.count >= 64
    }
}
