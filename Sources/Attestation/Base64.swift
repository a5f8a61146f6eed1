/// Base64 of RFC 4648, read strictly: the same bytes have one text in each alphabet, but for the padding.
enum Base64 {
    /// Decodes the standard alphabet with padding (§4), or the URL-safe alphabet with or without (§5).
    ///
    /// `nil` for everything else: both alphabets in one text, white space, wrong padding, leftover bits that are
    /// not zero. DSSE envelopes may come in either alphabet.
    static func decode(_ text: String) -> [UInt8]? {
        let characters = Array(text.utf8)
        var end = characters.count
        while end > 0, characters.count - end < 2, characters[end - 1] == UInt8(ascii: "=") { end -= 1 }
        let digits = characters[..<end]
        guard digits.count % 4 != 1, isPadded(characters.count, digits), !usesBothAlphabets(digits) else { return nil }
        return decode(digits)
    }

    /// Whether the padding is complete, or is missing where it may be.
    private static func isPadded(_ length: Int, _ digits: ArraySlice<UInt8>) -> Bool {
        if length % 4 == 0 { return true }
        return length == digits.count && !digits.contains(where: isStandardOnly)
    }

    private static func usesBothAlphabets(_ digits: ArraySlice<UInt8>) -> Bool {
        digits.contains(where: isStandardOnly)
            && digits.contains { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") }
    }

    private static func isStandardOnly(_ character: UInt8) -> Bool {
        character == UInt8(ascii: "+") || character == UInt8(ascii: "/")
    }

    private static func decode(_ digits: ArraySlice<UInt8>) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(digits.count / 4 * 3 + 2)
        var pending: UInt32 = 0
        var bits = 0
        for character in digits {
            guard let value = value(of: character) else { return nil }
            pending = pending << 6 | value
            bits += 6
            guard bits >= 8 else { continue }
            bits -= 8
            bytes.append(UInt8(truncatingIfNeeded: pending >> UInt32(bits)))
            pending &= (1 << UInt32(bits)) - 1
        }
        return pending == 0 ? bytes : nil
    }

    private static func value(of character: UInt8) -> UInt32? {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(character - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(character - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(character - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "+"), UInt8(ascii: "-"): 62
        case UInt8(ascii: "/"), UInt8(ascii: "_"): 63
        default: nil
        }
    }
}
