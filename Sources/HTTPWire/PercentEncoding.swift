/// Percent-encoding (RFC 3986 §2.1). A `+` is a plus here, in both directions.
enum PercentEncoding {
    /// Checks every escape of `range` without decoding it.
    ///
    /// - Returns: whether some escape stands for a byte that is not ASCII, so that UTF-8 has yet to be checked.
    static func check(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(Rejection) -> Bool {
        var hasNonASCII = false
        var index = range.lowerBound
        while index < range.upperBound {
            let byte = try decodedByte(bytes, at: &index, before: range.upperBound)
            if byte.isControl { throw .controlInTarget }
            if byte >= 0x80 { hasNonASCII = true }
        }
        return hasNonASCII
    }

    /// The text that `range` stands for.
    static func decode(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(Rejection) -> String {
        if bytes.firstIndex(of: UInt8(ascii: "%"), in: range) == nil {
            guard let text = bytes.text(range) else { throw .targetNotUTF8 }
            return text
        }
        var decoded: [UInt8] = []
        decoded.reserveCapacity(range.count)
        var index = range.lowerBound
        while index < range.upperBound {
            let byte = try decodedByte(bytes, at: &index, before: range.upperBound)
            if byte.isControl { throw .controlInTarget }
            decoded.append(byte)
        }
        guard let text = decoded.span.text(0..<decoded.count) else { throw .targetNotUTF8 }
        return text
    }

    private static func decodedByte(
        _ bytes: Span<UInt8>, at index: inout Int, before end: Int
    ) throws(Rejection) -> UInt8 {
        let byte = bytes[index]
        guard byte == UInt8(ascii: "%") else {
            index += 1
            return byte
        }
        guard end - index >= 3, let high = bytes[index + 1].hexValue, let low = bytes[index + 2].hexValue else {
            throw .invalidEscape
        }
        index += 3
        return high << 4 | low
    }

    /// Appends `text` with everything escaped but what `isAllowed`.
    static func encode(_ text: String, allowing isAllowed: (UInt8) -> Bool, into encoded: inout String) {
        for byte in text.utf8 {
            if isAllowed(byte) {
                encoded.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                encoded.append("%")
                encoded.unicodeScalars.append(hexDigit(byte >> 4))
                encoded.unicodeScalars.append(hexDigit(byte & 0x0F))
            }
        }
    }

    private static func hexDigit(_ value: UInt8) -> Unicode.Scalar {
        Unicode.Scalar(value < 10 ? 0x30 + value : 0x37 + value)
    }
}
