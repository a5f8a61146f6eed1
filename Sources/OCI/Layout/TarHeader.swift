/// The block in front of each file of a tar archive, always the same for the same name and size.
///
/// The format is POSIX.1-1988, "ustar", which everything reads. A name over 100 bytes or a size of 8 GiB and more does not
/// fit into it; such a header is GNU's, which everything of today reads as well.
package enum TarHeader {
    /// Everything in an archive begins at a multiple of this.
    package static let blockSize = 512

    /// Two empty blocks.
    package static let archiveEnd = [UInt8](repeating: 0, count: 2 * blockSize)

    private static let longestName = 100
    /// Eleven octal digits.
    private static let largestOctal: Int64 = 1 << 33 - 1

    /// The header of a plain file: one block, or three or more when its name is long.
    ///
    /// - Precondition: the size is not negative.
    package static func bytes(name: String, size: Int64) -> [UInt8] {
        precondition(size >= 0, "a file has no negative size")
        let name = Array(name.utf8)
        guard name.count > longestName else {
            return block(name, size: size, type: "0", isGNU: size > largestOctal)
        }
        // The name is the content of a file of its own, with a zero at its end.
        let content = name + [0]
        return block(Array("././@LongLink".utf8), size: Int64(content.count), type: "L", isGNU: true)
            + content + padding(after: Int64(content.count))
            + block(Array(name.prefix(longestName)), size: size, type: "0", isGNU: true)
    }

    /// What follows a file of this size, up to the next block.
    package static func padding(after size: Int64) -> [UInt8] {
        [UInt8](repeating: 0, count: paddingCount(after: size))
    }

    static func paddingCount(after size: Int64) -> Int {
        let rest = Int(size % Int64(blockSize))
        return rest == 0 ? 0 : blockSize - rest
    }

    private static func block(_ name: [UInt8], size: Int64, type: Unicode.Scalar, isGNU: Bool) -> [UInt8] {
        var block = Block()
        block.put(name, at: 0)
        block.put("0000644", at: 100)  // mode: anybody may read it
        block.put("0000000", at: 108)  // user
        block.put("0000000", at: 116)  // group
        block.put(size > largestOctal ? base256(size) : Array(octal(size, digits: 11).utf8), at: 124)
        block.put("00000000000", at: 136)  // time
        block.put("        ", at: 148)  // what the checksum counts in its own place
        block.put([UInt8(ascii: type)], at: 156)
        block.put(isGNU ? "ustar  " : "ustar\u{0}00", at: 257)
        block.put("0000000", at: 329)  // major and minor number of a device
        block.put("0000000", at: 337)
        block.put(octal(block.sum, digits: 6) + "\u{0} ", at: 148)
        return block.bytes
    }

    private static func octal(_ number: Int64, digits: Int) -> String {
        let text = String(number, radix: 8)
        return String(repeating: "0", count: digits - text.utf8.count) + text
    }

    /// GNU's form of a number that octal digits cannot hold: the first bit set, then big-endian.
    private static func base256(_ number: Int64) -> [UInt8] {
        [0x80, 0, 0, 0] + (0..<8).reversed().map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
    }

    private struct Block {
        var bytes = [UInt8](repeating: 0, count: blockSize)

        var sum: Int64 { bytes.reduce(0) { $0 + Int64($1) } }

        mutating func put(_ text: String, at offset: Int) { put(Array(text.utf8), at: offset) }

        mutating func put(_ field: [UInt8], at offset: Int) {
            bytes.replaceSubrange(offset..<offset + field.count, with: field)
        }
    }
}
