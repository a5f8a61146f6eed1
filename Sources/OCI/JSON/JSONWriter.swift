extension JSONValue {
    /// The document without white space, members in their order and numbers as they were written.
    package func serialized() -> [UInt8] {
        var writer = JSONWriter(isCanonical: false)
        writer.write(self)
        return writer.bytes
    }

    /// The document in the JSON Canonicalization Scheme, RFC 8785: the same value gives the same bytes
    /// in every implementation, so it can be hashed.
    ///
    /// An integer beyond ±2^53 is rounded to a double, because the scheme says so: put such a number into a string.
    package func canonical() -> [UInt8] {
        var writer = JSONWriter(isCanonical: true)
        writer.write(self)
        return writer.bytes
    }
}

private struct JSONWriter {
    let isCanonical: Bool
    var bytes: [UInt8]

    init(isCanonical: Bool) {
        self.isCanonical = isCanonical
        bytes = []
        // Most documents fit, and grow without being moved.
        bytes.reserveCapacity(2048)
    }

    mutating func write(_ value: JSONValue) {
        switch value {
        case .null: bytes += "null".utf8
        case .bool(let value): bytes += (value ? "true" : "false").utf8
        case .number(let number): bytes += (isCanonical ? number.canonicalText : number.text).utf8
        case .string(let text): write(text)
        case .array(let elements): write(elements)
        case .object(let object): write(object)
        }
    }

    private mutating func write(_ elements: [JSONValue]) {
        var separator = UInt8(ascii: "[")
        for element in elements {
            bytes.append(separator)
            write(element)
            separator = UInt8(ascii: ",")
        }
        bytes += elements.isEmpty ? "[]".utf8 : "]".utf8
    }

    private mutating func write(_ object: JSONObject) {
        var separator = UInt8(ascii: "{")
        for member in isCanonical ? object.canonicalMembers : object.members {
            bytes.append(separator)
            write(member.key)
            bytes.append(UInt8(ascii: ":"))
            write(member.value)
            separator = UInt8(ascii: ",")
        }
        bytes += object.members.isEmpty ? "{}".utf8 : "}".utf8
    }

    /// Escapes what RFC 8785 §3.2.2.2 escapes, which is what RFC 8259 requires and nothing more.
    private mutating func write(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        defer { bytes.append(UInt8(ascii: "\"")) }
        // Nearly all text is in here as it is.
        guard text.needsEscapes else { return bytes += text.utf8 }
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): bytes += "\\\"".utf8
            case UInt8(ascii: "\\"): bytes += "\\\\".utf8
            case 0x08: bytes += "\\b".utf8
            case 0x09: bytes += "\\t".utf8
            case 0x0A: bytes += "\\n".utf8
            case 0x0C: bytes += "\\f".utf8
            case 0x0D: bytes += "\\r".utf8
            case 0..<0x20: bytes += "\\u00\(byte < 0x10 ? "0" : "")\(String(byte, radix: 16))".utf8
            default: bytes.append(byte)
            }
        }
    }
}

extension String {
    fileprivate var needsEscapes: Bool {
        let bytes = utf8.span
        // Without a branch for each byte, so that many are looked at together.
        var found: UInt8 = 0
        for index in bytes.indices {
            let byte = bytes[index]
            found |= (byte < 0x20 ? 1 : 0) | (byte == UInt8(ascii: "\"") ? 1 : 0) | (byte == UInt8(ascii: "\\") ? 1 : 0)
        }
        return found != 0
    }

    fileprivate var isASCII: Bool {
        let bytes = utf8.span
        for index in bytes.indices where bytes[index] >= 0x80 { return false }
        return true
    }
}

extension JSONObject {
    /// RFC 8785 §3.2.3: sorted by UTF-16 code units, which is not the order of UTF-8.
    fileprivate var canonicalMembers: [Member] {
        // Of ASCII every order is the same, and this one is fast.
        if members.allSatisfy(\.key.isASCII) { return members.sorted { $0.key < $1.key } }
        return members.sorted { $0.key.utf16.lexicographicallyPrecedes($1.key.utf16) }
    }
}
