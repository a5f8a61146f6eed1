/// Base64 (RFC 4648), read strictly: each form has one spelling for each value, so there are no line breaks, padding is
/// where it belongs, and unused bits are zero (§3.5).
package enum Base64 {
    /// The standard alphabet, with padding (§4).
    package static func encode(_ bytes: some Sequence<UInt8>) -> String {
        var text = digits(of: Array(bytes), alphabet: standard)
        while !text.count.isMultiple(of: 4) { text.append(padding) }
        return String(decoding: text, as: UTF8.self)
    }

    /// The alphabet for URLs, without padding (§5, §3.2).
    package static func encodeForURL(_ bytes: some Sequence<UInt8>) -> String {
        String(decoding: digits(of: Array(bytes), alphabet: urlSafe), as: UTF8.self)
    }

    /// Reads the standard alphabet with padding; `nil` for anything that `encode` does not write.
    package static func decode(_ text: some Sequence<UInt8>) -> [UInt8]? {
        let text = Array(text)
        return unpadded(text).flatMap { bytes(of: text, count: $0, values: standardValues) }
    }

    /// Reads the alphabet for URLs without padding; `nil` for anything that `encodeForURL` does not write.
    package static func decodeForURL(_ text: some Sequence<UInt8>) -> [UInt8]? {
        let text = Array(text)
        return bytes(of: text, count: text.count, values: urlSafeValues)
    }

    /// Reads the standard alphabet with padding, or the alphabet for URLs with or without, as DSSE (envelope.md,
    /// "Parsing rules") and the JSON form of protocol buffers allow; `nil` for anything else, both alphabets in one text
    /// among it.
    package static func decodeEither(_ text: some Sequence<UInt8>) -> [UInt8]? {
        let text = Array(text)
        let padded = unpadded(text)
        if let padded, let bytes = bytes(of: text, count: padded, values: standardValues) { return bytes }
        return bytes(of: text, count: padded ?? text.count, values: urlSafeValues)
    }
}

extension Base64 {
    private static let standard = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let urlSafe = Array(standard.dropLast(2)) + "-_".utf8
    private static let padding = UInt8(ascii: "=")

    /// For each byte the six bits that it stands for, or 255.
    private static let standardValues = values(of: standard)
    private static let urlSafeValues = values(of: urlSafe)

    private static func values(of alphabet: [UInt8]) -> [UInt8] {
        var values = [UInt8](repeating: 0xFF, count: 256)
        for (value, digit) in alphabet.enumerated() { values[Int(digit)] = UInt8(value) }
        return values
    }

    /// How many digits there are before the padding; `nil` unless padding makes the length a multiple of four.
    private static func unpadded(_ text: [UInt8]) -> Int? {
        guard text.count.isMultiple(of: 4) else { return nil }
        return text.count - text.suffix(2).reversed().prefix { $0 == padding }.count
    }

    private static func digits(of bytes: [UInt8], alphabet: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        var position = 0
        while position < bytes.count {
            let count = min(bytes.count - position, 3)
            var group = UInt32(bytes[position]) << 16
            if count > 1 { group |= UInt32(bytes[position + 1]) << 8 }
            if count > 2 { group |= UInt32(bytes[position + 2]) }
            text.append(alphabet[Int(group >> 18)])
            text.append(alphabet[Int(group >> 12 & 63)])
            if count > 1 { text.append(alphabet[Int(group >> 6 & 63)]) }
            if count > 2 { text.append(alphabet[Int(group & 63)]) }
            position += 3
        }
        return text
    }

    /// What the first `count` bytes of the text stand for. Attestations are megabytes, so groups of four digits are
    /// looked up without a branch for each.
    private static func bytes(of text: [UInt8], count: Int, values: [UInt8]) -> [UInt8]? {
        let rest = count % 4
        guard rest != 1 else { return nil }
        var bytes = [UInt8](repeating: 0, count: count / 4 * 3 + max(rest - 1, 0))
        var (position, end) = (0, 0)
        while position + 4 <= count {
            let (a, b) = (values[Int(text[position])], values[Int(text[position + 1])])
            let (c, d) = (values[Int(text[position + 2])], values[Int(text[position + 3])])
            guard a | b | c | d < 64 else { return nil }
            bytes[end] = a << 2 | b >> 4
            bytes[end + 1] = b << 4 | c >> 2
            bytes[end + 2] = c << 6 | d
            position += 4
            end += 3
        }
        guard rest > 0 else { return bytes }
        let (a, b) = (values[Int(text[position])], values[Int(text[position + 1])])
        let c = rest == 3 ? values[Int(text[position + 2])] : 0
        guard a | b | c < 64, rest == 3 ? c & 0b11 == 0 : b & 0b1111 == 0 else { return nil }
        bytes[end] = a << 2 | b >> 4
        if rest == 3 { bytes[end + 1] = b << 4 | c >> 2 }
        return bytes
    }
}
