import OCI

/// The bytes of one leaf, and where its members are. Used again for each leaf, so that none costs memory.
struct AuditedLeaf {
    private(set) var bytes: [UInt8] = []
    private var members: [JSONScan.Member] = []

    /// Reads the next leaf; false when it is not a JSON object.
    mutating func read(_ entry: UnsafeRawBufferPointer) -> Bool {
        bytes.removeAll(keepingCapacity: true)
        bytes.append(contentsOf: entry)
        members.removeAll(keepingCapacity: true)
        return bytes.withUnsafeBytes { JSONScan.members(of: $0, in: 0..<$0.count, into: &members) }
    }

    /// Where the value of a member is; nil when there is none.
    private func value(_ key: StaticString) -> Range<Int>? {
        let key = UnsafeRawBufferPointer(start: key.utf8Start, count: key.utf8CodeUnitCount)
        return bytes.withUnsafeBytes { bytes in
            members.first { $0.key.count == key.count && bytes[$0.key].elementsEqual(key) }?.value
        }
    }

    /// Whether there is such a member.
    func has(_ key: StaticString) -> Bool { value(key) != nil }

    /// Whether the member is this text, or is not there when the text is nil.
    func has(_ key: StaticString, _ text: UnsafeRawBufferPointer?) -> Bool {
        guard let range = value(key) else { return text == nil }
        guard let text else { return false }
        return bytes.withUnsafeBytes { bytes in
            guard let content = Self.content(of: bytes[range]) else { return false }
            if !content.contains(UInt8(ascii: "\\")) { return content.elementsEqual(text) }
            // Escapes are rare enough to be read by the book.
            return (try? JSONValue(parsing: Array(bytes[range])))?.string?.utf8.elementsEqual(text) == true
        }
    }

    /// Whether the member is this text.
    func has(_ key: StaticString, _ text: [UInt8]) -> Bool { text.withUnsafeBytes { has(key, $0) } }

    /// Whether the member is this hash in hexadecimal.
    func has(_ key: StaticString, hex hash: AuditHash) -> Bool {
        guard let range = value(key) else { return false }
        return bytes.withUnsafeBytes { bytes in
            Self.content(of: bytes[range]).map { content in hash.withBytes { Self.isHex(content, of: $0) } } ?? false
        }
    }

    /// Whether the member is the digest that is stored in this form, or is not there when it is nil.
    func has(_ key: StaticString, digest encoded: UnsafeRawBufferPointer?) -> Bool {
        guard let range = value(key) else { return encoded == nil }
        guard let encoded else { return false }
        return bytes.withUnsafeBytes { bytes in
            guard let content = Self.content(of: bytes[range]), let code = encoded.first,
                let colon = content.firstIndex(of: UInt8(ascii: ":")), encoded.count > 1
            else { return false }
            let name: StaticString = code == 1 ? "sha256" : "sha512"
            return content[..<colon].elementsEqual(UnsafeBufferPointer(start: name.utf8Start, count: 6))
                && Self.isHex(content[(colon + 1)...], of: UnsafeRawBufferPointer(rebasing: encoded.dropFirst()))
        }
    }

    /// The text of a member.
    func text(_ key: StaticString) -> String? {
        value(key).flatMap { (try? JSONValue(parsing: Array(bytes[$0])))?.string }
    }

    /// The SHA-256 that a member is.
    func sha256(_ key: StaticString) -> Digest? { text(key).flatMap { try? Digest(parsing: "sha256:\($0)") } }

    /// The number of a member.
    func number(_ key: StaticString) -> Int64? {
        value(key).flatMap { (try? JSONValue(parsing: Array(bytes[$0])))?.int64 }
    }

    private static func content(of value: Slice<UnsafeRawBufferPointer>) -> Slice<UnsafeRawBufferPointer>? {
        guard value.count >= 2, value.first == UInt8(ascii: "\"") else { return nil }
        return value.dropFirst().dropLast()
    }

    private static func isHex(_ text: Slice<UnsafeRawBufferPointer>, of bytes: UnsafeRawBufferPointer) -> Bool {
        guard text.count == 2 * bytes.count else { return false }
        var position = text.startIndex
        for byte in bytes {
            guard text.base[position] == digit(byte >> 4), text.base[position + 1] == digit(byte & 15) else {
                return false
            }
            position += 2
        }
        return true
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }
}
