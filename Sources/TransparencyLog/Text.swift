// Small pieces of text in the one spelling that the formats of this module allow for each value.

/// Base64 (RFC 4648).
///
/// Decoding is strict: one spelling for each value, so no line breaks, and unused bits are zero (RFC 4648 §3.5).
enum Base64 {
    private static let standardAlphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let urlAlphabet = Array(standardAlphabet.dropLast(2)) + "-_".utf8
    private static let padding = UInt8(ascii: "=")

    /// The standard alphabet, with padding (§4).
    static func encode(_ bytes: some Sequence<UInt8>) -> String {
        var text = digits(of: bytes, alphabet: standardAlphabet)
        while text.count % 4 != 0 { text.append(padding) }
        return String(decoding: text, as: UTF8.self)
    }

    /// The alphabet for URLs, without padding (§5, §3.2).
    static func encodeForURL(_ bytes: some Sequence<UInt8>) -> String {
        String(decoding: digits(of: bytes, alphabet: urlAlphabet), as: UTF8.self)
    }

    /// Reads the standard alphabet with padding; `nil` for anything that `encode` does not write.
    static func decode(_ text: some BidirectionalCollection<UInt8>) -> [UInt8]? {
        guard text.count.isMultiple(of: 4) else { return nil }
        var digits = text[...]
        for _ in 0..<2 where digits.last == padding { digits = digits.dropLast() }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 4 * 3)
        var pending: UInt32 = 0
        var bits = 0
        for digit in digits {
            guard let value = value(of: digit) else { return nil }
            pending = pending << 6 | UInt32(value)
            bits += 6
            guard bits >= 8 else { continue }
            bits -= 8
            bytes.append(UInt8(truncatingIfNeeded: pending >> UInt32(bits)))
            pending &= 1 << UInt32(bits) - 1
        }
        return bits < 6 && pending == 0 ? bytes : nil
    }

    private static func digits(of bytes: some Sequence<UInt8>, alphabet: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        var pending: UInt32 = 0
        var bits = 0
        for byte in bytes {
            pending = pending << 8 | UInt32(byte)
            bits += 8
            while bits >= 6 {
                bits -= 6
                text.append(alphabet[Int(pending >> UInt32(bits) & 63)])
            }
            pending &= 1 << UInt32(bits) - 1
        }
        if bits > 0 { text.append(alphabet[Int(pending << UInt32(6 - bits) & 63)]) }
        return text
    }

    private static func value(of digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): digit - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): digit - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0") + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}

extension Sequence<UInt8> {
    /// The bytes in lower-case hexadecimal.
    var hex: String {
        var text: [UInt8] = []
        for byte in self {
            for digit in [byte >> 4, byte & 0xF] {
                text.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}

extension [UInt8] {
    /// Reads pairs of lower-case hexadecimal digits; `nil` for anything else.
    init?(hex text: some Collection<UInt8>) {
        guard text.count.isMultiple(of: 2) else { return nil }
        self = []
        reserveCapacity(text.count / 2)
        var high: UInt8?
        for character in text {
            let digit: UInt8
            switch character {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = character - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = character - UInt8(ascii: "a") + 10
            default: return nil
            }
            if let pending = high {
                append(pending << 4 | digit)
                high = nil
            } else {
                high = digit
            }
        }
    }

    /// Appends the integer, its most significant byte first.
    mutating func appendBigEndian(_ value: some FixedWidthInteger) {
        for shift in stride(from: value.bitWidth - 8, through: 0, by: -8) {
            append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }
}

extension FixedWidthInteger {
    /// Reads decimal digits without superfluous zeros; `nil` for anything else and for a number that does not fit.
    init?(decimal text: some Collection<UInt8>) {
        guard text.count == 1 || text.first != UInt8(ascii: "0") else { return nil }
        self.init(digits: text)
    }

    /// Reads decimal digits; `nil` for anything else and for a number that does not fit.
    init?(digits: some Collection<UInt8>) {
        guard !digits.isEmpty else { return nil }
        self = 0
        for character in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(character) else { return nil }
            let (tens, overflows) = multipliedReportingOverflow(by: 10)
            let (sum, carries) = tens.addingReportingOverflow(Self(character - UInt8(ascii: "0")))
            guard !overflows, !carries else { return nil }
            self = sum
        }
    }

    /// The integer that these bytes spell, the most significant first.
    init(bigEndianBytes bytes: some Sequence<UInt8>) {
        self = bytes.reduce(0) { $0 << 8 | Self(truncatingIfNeeded: $1) }
    }
}
