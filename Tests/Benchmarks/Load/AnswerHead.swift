import Glibc

/// What must be known of the head of an answer to find its end.
struct AnswerHead {
    /// Bytes of the head, with the empty line.
    let count: Int
    let status: Int
    /// Bytes of the body, as the head says.
    let length: Int

    /// Reads what has come; nil while the head is not complete.
    ///
    /// - Throws: `NoAnswer` for what is not HTTP/1.1, or does not say how long it is.
    init?(_ bytes: UnsafeRawBufferPointer) throws {
        guard let count = Self.end(of: bytes) else {
            guard bytes.count < 32 * 1024 else { throw LoadConnection.NoAnswer() }
            return nil
        }
        self.count = count
        let head = UnsafeRawBufferPointer(rebasing: bytes[..<count])
        guard head.count > 16, head.starts(with: "HTTP/1.1 ".utf8), let status = Self.number(head[9..<12]) else {
            throw LoadConnection.NoAnswer()
        }
        self.status = status
        guard let value = Self.value(of: "content-length", in: head) else {
            // RFC 9110 §8.6: these have none. Anything else would be chunked, which this does not read.
            guard status == 204 || status == 304 || Self.value(of: "transfer-encoding", in: head) == nil else {
                throw LoadConnection.NoAnswer()
            }
            length = 0
            return
        }
        guard let length = Self.number(value) else { throw LoadConnection.NoAnswer() }
        self.length = length
    }

    /// Behind the empty line.
    private static func end(of bytes: UnsafeRawBufferPointer) -> Int? {
        var rest = bytes[...]
        while let line = rest.firstIndex(of: 0x0a), line + 2 < bytes.count {
            if bytes[line + 1] == 0x0d, bytes[line + 2] == 0x0a { return line + 3 }
            rest = rest[(line + 1)...]
        }
        return nil
    }

    /// The value of a field, found in any case.
    static func value(of name: StaticString, in head: UnsafeRawBufferPointer) -> Slice<UnsafeRawBufferPointer>? {
        var rest = head[...]
        while let end = rest.firstIndex(of: 0x0a) {
            let line = rest[rest.startIndex..<end]
            rest = rest[(end + 1)...]
            guard line.count > name.utf8CodeUnitCount + 2, line[line.startIndex + name.utf8CodeUnitCount] == 0x3a
            else { continue }
            let start = UnsafeRawBufferPointer(rebasing: line).baseAddress?.assumingMemoryBound(to: CChar.self)
            guard let start, strncasecmp(start, Self.text(name), name.utf8CodeUnitCount) == 0 else { continue }
            let value = line[(line.startIndex + name.utf8CodeUnitCount + 1)...].drop { $0 == 0x20 }
            return value.last == 0x0d ? value.dropLast() : value
        }
        return nil
    }

    private static func text(_ name: StaticString) -> UnsafePointer<CChar> {
        UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)
    }

    private static func number(_ digits: Slice<UnsafeRawBufferPointer>) -> Int? {
        guard !digits.isEmpty, digits.count < 16 else { return nil }
        return digits.reduce(0) { value, digit in
            value.flatMap { (0x30...0x39).contains(digit) ? $0 * 10 + Int(digit) - 0x30 : nil }
        }
    }
}
