/// Reads a document from its first byte to its last, looking at each once.
///
/// Recursion is as deep as the document, and that is bounded by the limits before it happens.
struct JSONReader {
    private let bytes: [UInt8]
    private let limits: JSONLimits
    private var position = 0
    private var values = 0

    init(_ bytes: [UInt8], limits: JSONLimits) {
        self.bytes = bytes
        self.limits = limits
    }

    mutating func document() throws(JSONError) -> JSONValue {
        guard !bytes.starts(with: [0xEF, 0xBB, 0xBF]) else { throw failure(.byteOrderMark) }
        // Checked once for the whole: a part of a valid text cut at ASCII characters is valid.
        do { _ = try UTF8Span(validating: bytes.span) } catch {
            throw JSONError(offset: error.byteOffsets.lowerBound, reason: .invalidUTF8)
        }
        let value = try value(depth: 0)
        skipWhitespace()
        guard position == bytes.count else { throw failure(.trailingBytes) }
        return value
    }

    private mutating func value(depth: Int) throws(JSONError) -> JSONValue {
        skipWhitespace()
        guard values < limits.values else { throw failure(.tooManyValues(limit: limits.values)) }
        values += 1
        switch next {
        case UInt8(ascii: "{"): return .object(try object(depth: depth + 1))
        case UInt8(ascii: "["): return .array(try array(depth: depth + 1))
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return .number(try number())
        }
    }
}

// Arrays, objects and words.
extension JSONReader {
    private mutating func object(depth: Int) throws(JSONError) -> JSONObject {
        var object = JSONObject()
        try open(depth)
        if skip(UInt8(ascii: "}")) { return object }
        repeat {
            skipWhitespace()
            let start = position
            guard next == UInt8(ascii: "\"") else { throw unexpected() }
            let key = try string()
            skipWhitespace()
            guard skip(UInt8(ascii: ":")) else { throw unexpected() }
            guard object.insert(key, try value(depth: depth)) else {
                throw JSONError(offset: start, reason: .duplicateKey(key))
            }
            skipWhitespace()
        } while skip(UInt8(ascii: ","))
        guard skip(UInt8(ascii: "}")) else { throw unexpected() }
        return object
    }

    private mutating func array(depth: Int) throws(JSONError) -> [JSONValue] {
        var elements: [JSONValue] = []
        try open(depth)
        if skip(UInt8(ascii: "]")) { return elements }
        repeat {
            elements.append(try value(depth: depth))
            skipWhitespace()
        } while skip(UInt8(ascii: ","))
        guard skip(UInt8(ascii: "]")) else { throw unexpected() }
        return elements
    }

    private mutating func open(_ depth: Int) throws(JSONError) {
        guard depth <= limits.depth else { throw failure(.tooDeep(limit: limits.depth)) }
        position += 1
        skipWhitespace()
    }

    private mutating func word(_ word: String, _ value: JSONValue) throws(JSONError) -> JSONValue {
        for character in word.utf8 {
            guard skip(character) else { throw unexpected() }
        }
        return value
    }
}

// Strings.
extension JSONReader {
    private mutating func string() throws(JSONError) -> String {
        let opening = position
        position += 1
        var text: [UInt8] = []
        while true {
            let start = position
            let bits = skipPlain()
            guard let byte = next else { throw failure(.unexpectedEnd) }
            switch byte {
            case UInt8(ascii: "\""):
                let rest = bytes[start..<position]
                position += 1
                if text.isEmpty {
                    let text = String(decoding: rest, as: UTF8.self)
                    return bits < 0x80 ? text : try comparable(text, from: opening)
                }
                return try comparable(String(decoding: text + rest, as: UTF8.self), from: opening)
            case UInt8(ascii: "\\"):
                text += bytes[start..<position]
                text += try escape().utf8
            default: throw failure(.controlCharacter(byte))
            }
        }
    }

    /// Passes what stands for itself in a string; gives the bits that any of these bytes has.
    private mutating func skipPlain() -> UInt8 {
        let (end, bits) = endOfPlain()
        position = end
        return bits
    }

    private func endOfPlain() -> (end: Int, bits: UInt8) {
        let span = bytes.span
        var (end, bits) = (position, UInt8(0))
        while end < span.count {
            let byte = span[end]
            if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { break }
            bits |= byte
            end += 1
        }
        return (end, bits)
    }

    /// The text, if comparing and hashing it will not take forever.
    ///
    /// Swift normalises strings to compare them, in time quadratic in the number of successive combining marks:
    /// one key with a million of them costs minutes. UAX #15 §13, "Stream-Safe Text Format", gives the bound of 30,
    /// which no writing system comes near.
    private func comparable(_ text: String, from opening: Int) throws(JSONError) -> String {
        guard !text.utf8.allSatisfy({ $0 < 0x80 }) else { return text }
        var marks = 0
        for scalar in text.unicodeScalars {
            marks = scalar.properties.canonicalCombiningClass == .notReordered ? 0 : marks + 1
            guard marks <= 30 else { throw JSONError(offset: opening, reason: .tooManyCombiningMarks) }
        }
        return text
    }

    private mutating func escape() throws(JSONError) -> Unicode.Scalar {
        let start = position
        position += 1
        guard let kind = next else { throw failure(.unexpectedEnd) }
        position += 1
        switch kind {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(kind)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try codePoint(from: start)
        default: throw JSONError(offset: start, reason: .invalidEscape)
        }
    }

    /// One `\uXXXX`, or two that are a surrogate pair (RFC 8259 §7). `start` is the offset of the backslash.
    private mutating func codePoint(from start: Int) throws(JSONError) -> Unicode.Scalar {
        let first = try hex4()
        if let scalar = Unicode.Scalar(first) { return scalar }
        let alone = JSONError(offset: start, reason: .loneSurrogate)
        guard first < 0xDC00, skip(UInt8(ascii: "\\")), skip(UInt8(ascii: "u")) else { throw alone }
        let second = try hex4()
        guard 0xDC00...0xDFFF ~= second,
            let scalar = Unicode.Scalar(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00))
        else { throw alone }
        return scalar
    }

    private mutating func hex4() throws(JSONError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = next else { throw failure(.unexpectedEnd) }
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { throw failure(.invalidEscape) }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }
}

// Numbers.
extension JSONReader {
    /// No double needs more digits, and parsing thousands of them is work a client should not cause.
    private static let longestNumber = 256

    private mutating func number() throws(JSONError) -> JSONNumber {
        let start = position
        _ = skip(UInt8(ascii: "-"))
        let leading = next
        let whole = try digits()
        guard whole == 1 || leading != UInt8(ascii: "0") else { throw JSONError(offset: start, reason: .leadingZero) }
        if skip(UInt8(ascii: ".")) { _ = try digits() }
        if skip(UInt8(ascii: "e")) || skip(UInt8(ascii: "E")) {
            if !skip(UInt8(ascii: "-")) { _ = skip(UInt8(ascii: "+")) }
            _ = try digits()
        }
        guard position - start <= Self.longestNumber,
            let number = JSONNumber(grammatical: String(decoding: bytes[start..<position], as: UTF8.self))
        else { throw JSONError(offset: start, reason: .numberOutOfRange) }
        return number
    }

    private mutating func digits() throws(JSONError) -> Int {
        let start = position
        while let byte = next, UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte { position += 1 }
        guard position > start else { throw unexpected() }
        return position - start
    }
}

// Bytes.
extension JSONReader {
    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skip(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        position += 1
        return true
    }

    private mutating func skipWhitespace() {
        // What is written by machines has none.
        guard let first = next, first <= 0x20 else { return }
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    private func failure(_ reason: JSONError.Reason) -> JSONError { JSONError(offset: position, reason: reason) }

    private func unexpected() -> JSONError { failure(next.map { .unexpectedByte($0) } ?? .unexpectedEnd) }
}
