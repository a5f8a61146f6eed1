// Small pieces of text in the one spelling that the formats of this module allow for each value.

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
