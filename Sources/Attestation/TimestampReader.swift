/// Reads one RFC 3339 `date-time` (§5.6) that fills the text.
struct TimestampReader {
    private var rest: ArraySlice<UInt8>

    init(_ text: String) {
        rest = ArraySlice(text.utf8.prefix(Self.longest + 1))
    }

    /// `2006-01-02T15:04:05.123456789+07:00`.
    private static let longest = 35

    mutating func timestamp() -> Timestamp? {
        guard rest.count <= Self.longest, let days = date(), skip("T", "t"), let second = time(),
            let nanoseconds = fraction(), let offset = zone(), rest.isEmpty
        else { return nil }
        return Timestamp(seconds: days * 86_400 + second - offset, nanoseconds: nanoseconds)
    }

    private mutating func date() -> Int64? {
        guard let year = number(4), skip("-"), let month = number(2), skip("-"), let day = number(2) else { return nil }
        return CivilDate(year: year, month: month, day: day)?.daysSince1970
    }

    private mutating func time() -> Int64? {
        guard let hour = number(2), skip(":"), let minute = number(2), skip(":"), let second = number(2),
            hour < 24, minute < 60, second < 60 || (second == 60 && minute == 59)
        else { return nil }
        return hour * 3600 + minute * 60 + second
    }

    /// Nanoseconds; 0 where there is no fraction.
    private mutating func fraction() -> Int32? {
        guard skip(".") else { return 0 }
        var value: Int32 = 0
        var digits = 0
        while let digit = digit() {
            digits += 1
            guard digits <= 9 else { return nil }
            value = value * 10 + Int32(digit)
        }
        guard digits > 0 else { return nil }
        for _ in digits..<9 { value *= 10 }
        return value
    }

    /// Seconds east of Greenwich.
    private mutating func zone() -> Int64? {
        if skip("Z", "z") { return 0 }
        let isWest = rest.first == UInt8(ascii: "-")
        guard skip("+", "-"), let hour = number(2), skip(":"), let minute = number(2), hour < 24, minute < 60 else {
            return nil
        }
        return (isWest ? -1 : 1) * (hour * 3600 + minute * 60)
    }

    private mutating func number(_ digits: Int) -> Int64? {
        var value: Int64 = 0
        for _ in 0..<digits {
            guard let digit = digit() else { return nil }
            value = value * 10 + digit
        }
        return value
    }

    private mutating func digit() -> Int64? {
        guard let byte = rest.first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
        rest.removeFirst()
        return Int64(byte - UInt8(ascii: "0"))
    }

    private mutating func skip(_ characters: Unicode.Scalar...) -> Bool {
        guard let byte = rest.first, characters.contains(Unicode.Scalar(byte)) else { return false }
        rest.removeFirst()
        return true
    }
}
