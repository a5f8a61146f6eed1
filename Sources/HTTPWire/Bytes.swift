/// The byte classes of RFC 9110, RFC 9112 and RFC 3986, as switches that compile to bit tests.
extension UInt8 {
    static var tab: UInt8 { 0x09 }
    static var lineFeed: UInt8 { 0x0A }
    static var carriageReturn: UInt8 { 0x0D }
    static var space: UInt8 { 0x20 }

    /// `OWS` (RFC 9110 §5.6.3).
    var isWhitespace: Bool { self == .space || self == .tab }

    var isDigit: Bool { 0x30...0x39 ~= self }

    /// `tchar` (RFC 9110 §5.6.2).
    var isTokenCharacter: Bool {
        switch self {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true  // digits and letters
        case 0x21, 0x23...0x27, 0x2A, 0x2B, 0x2D, 0x2E, 0x5E...0x60, 0x7C, 0x7E: true  // !#$%&'*+-.^_`|~
        default: false
        }
    }

    /// What a field value may consist of (RFC 9110 §5.5): visible characters, space, tab, and `obs-text`.
    var isFieldValueByte: Bool { self >= 0x20 && self != 0x7F || self == .tab }

    /// `pchar`, `/` and the `%` of an escape (RFC 3986 §3.3).
    var isPathByte: Bool {
        switch self {
        case 0x21, 0x24...0x3B, 0x3D, 0x40...0x5A, 0x5F, 0x61...0x7A, 0x7E: true
        default: false
        }
    }

    /// `query` (RFC 3986 §3.4), and also `[ ] ^ ` { | }`, which clients send unescaped and which mean nothing to us.
    var isQueryByte: Bool {
        switch self {
        case 0x21, 0x24...0x3B, 0x3D, 0x3F...0x5B, 0x5D...0x7E: true
        default: false
        }
    }

    /// `unreserved` (RFC 3986 §2.3): the bytes that percent-encoding leaves alone.
    var isUnreserved: Bool {
        switch self {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: true  // -._~
        default: false
        }
    }

    /// C0 and DEL.
    var isControl: Bool { self < 0x20 || self == 0x7F }

    var lowercased: UInt8 { 0x41...0x5A ~= self ? self | 0x20 : self }

    var hexValue: UInt8? {
        switch self {
        case 0x30...0x39: self - 0x30
        case 0x41...0x46: self - 0x37
        case 0x61...0x66: self - 0x57
        default: nil
        }
    }
}

/// Reading by index ranges, so that a parser walks the received bytes where they are and copies only what it keeps.
extension Span<UInt8> {
    var whole: Range<Int> { 0..<count }

    func firstIndex(of byte: UInt8, in range: Range<Int>) -> Int? {
        // Over a span of its own, so that the loop needs no bounds check for each byte.
        let part = extracting(range)
        for index in part.indices where part[index] == byte { return range.lowerBound + index }
        return nil
    }

    /// Whether every byte of `range` is of a class. Looks at all of them, so that the loop has no way out and
    /// several bytes are compared at once.
    @inline(__always)
    func allSatisfy(in range: Range<Int>, _ isMember: (UInt8) -> Bool) -> Bool {
        let part = extracting(range)
        var strangers: UInt8 = 0
        for index in part.indices { strangers |= isMember(part[index]) ? 0 : 1 }
        return strangers == 0
    }

    /// `range` without the whitespace at its ends.
    func trimmed(_ range: Range<Int>) -> Range<Int> {
        var (start, end) = (range.lowerBound, range.upperBound)
        while start < end, self[start].isWhitespace { start += 1 }
        while start < end, self[end - 1].isWhitespace { end -= 1 }
        return start..<end
    }

    /// Whether `range` spells `lowercase`, whatever its case.
    func equals(_ lowercase: String, ignoringCaseIn range: Range<Int>) -> Bool {
        let expected = lowercase.utf8.span
        guard range.count == expected.count else { return false }
        for index in 0..<expected.count where self[range.lowerBound + index].lowercased != expected[index] {
            return false
        }
        return true
    }

    /// The text in `range`; nil when it is not UTF-8.
    func text(_ range: Range<Int>) -> String? {
        do {
            return String(copying: try UTF8Span(validating: extracting(range)))
        } catch {
            return nil
        }
    }

    /// The number written in `range`; nil when that is empty or anything but digits.
    ///
    /// A number that does not fit becomes `Int64.max` and says `overflows`.
    func decimal(_ range: Range<Int>) -> (value: Int64, overflows: Bool)? {
        guard !range.isEmpty else { return nil }
        var value: Int64 = 0
        var overflows = false
        for index in range {
            guard self[index].isDigit else { return nil }
            let (tens, tooManyTens) = value.multipliedReportingOverflow(by: 10)
            let (sum, tooMuch) = tens.addingReportingOverflow(Int64(self[index] - 0x30))
            overflows = overflows || tooManyTens || tooMuch
            value = overflows ? .max : sum
        }
        return (value, overflows)
    }

    /// The next non-empty element of a comma-separated list (RFC 9110 §5.6.1), without the whitespace around it.
    ///
    /// A comma inside a quoted string does not separate. Each call moves `offset` on, and nil ends the list.
    func listElement(from offset: inout Int) -> Range<Int>? {
        while offset < count {
            let start = offset
            offset = endOfElement(from: start)
            let element = trimmed(start..<offset)
            offset += 1
            if !element.isEmpty { return element }
        }
        return nil
    }

    private func endOfElement(from start: Int) -> Int {
        var index = start
        var isQuoted = false
        while index < count {
            switch self[index] {
            case UInt8(ascii: ",") where !isQuoted: return index
            case UInt8(ascii: "\""): isQuoted.toggle()
            case UInt8(ascii: "\\") where isQuoted: index += 1
            default: break
            }
            index += 1
        }
        return count
    }
}

extension [UInt8] {
    /// Appends `text` as part of one line: a control character becomes a space, so nothing can end the line early.
    mutating func appendLineText(_ text: String) {
        let bytes = text.utf8.span
        if bytes.allSatisfy(in: bytes.whole, \.isFieldValueByte) {
            append(contentsOf: text.utf8)
        } else {
            append(contentsOf: text.utf8.lazy.map { $0.isControl ? .space : $0 })
        }
    }
}
