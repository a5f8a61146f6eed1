/// Finds members in the bytes of a JSON object that we wrote ourselves, without building anything.
///
/// An audit looks at a million leaves, and a tree of values for each would be most of its work. This is not a check of the
/// grammar: whether bytes are the ones that were written is known by their hash.
struct JSONScan {
    /// A member: where its key is, without quotes, and its value, with them.
    struct Member {
        let key: Range<Int>
        let value: Range<Int>
    }

    private let bytes: UnsafeRawBufferPointer
    private var position = 0

    private init(_ bytes: UnsafeRawBufferPointer, at position: Int) {
        self.bytes = bytes
        self.position = position
    }

    /// Appends the members of the object in `range` to `members`; false when it is not an object.
    static func members(
        of bytes: UnsafeRawBufferPointer, in range: Range<Int>, into members: inout [Member]
    ) -> Bool {
        guard range.count >= 2, bytes[range.lowerBound] == UInt8(ascii: "{") else { return false }
        var scan = JSONScan(UnsafeRawBufferPointer(rebasing: bytes[..<range.upperBound]), at: range.lowerBound + 1)
        if scan.skip(UInt8(ascii: "}")) { return scan.position == range.upperBound }
        repeat {
            guard let key = scan.value(), bytes[key.lowerBound] == UInt8(ascii: "\""), scan.skip(UInt8(ascii: ":")),
                let value = scan.value()
            else { return false }
            members.append(Member(key: key.lowerBound + 1..<key.upperBound - 1, value: value))
        } while scan.skip(UInt8(ascii: ","))
        return scan.skip(UInt8(ascii: "}")) && scan.position == range.upperBound
    }

    private mutating func skip(_ byte: UInt8) -> Bool {
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    /// The extent of one value; nil at the end and where none begins.
    private mutating func value() -> Range<Int>? {
        let start = position
        var depth = 0
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                guard skipString() else { return nil }
                if depth == 0 { return start..<position }
                continue
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                guard depth > 0 else { return position > start ? start..<position : nil }
                depth -= 1
                position += 1
                if depth == 0 { return start..<position }
                continue
            case UInt8(ascii: ",") where depth == 0: return position > start ? start..<position : nil
            default: break
            }
            position += 1
        }
        return nil
    }

    private mutating func skipString() -> Bool {
        position += 1
        while position < bytes.count {
            let byte = bytes[position]
            position += byte == UInt8(ascii: "\\") ? 2 : 1
            if byte == UInt8(ascii: "\"") { return true }
        }
        return false
    }
}
