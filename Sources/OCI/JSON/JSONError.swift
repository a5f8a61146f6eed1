/// Bounds on a document, so that reading one cannot exhaust the stack or the memory.
package struct JSONLimits: Sendable {
    /// Arrays and objects inside each other. A manifest needs 5; the rest is room for unknown members.
    package let depth: Int

    /// Values of all kinds in the whole document. A 4 MiB manifest with the shortest layers has about 160,000.
    package let values: Int

    /// Bounds the reading of a document. A `depth` past 256 counts as 256, because each level costs stack.
    package init(depth: Int = 32, values: Int = 200_000) {
        self.depth = min(depth, 256)
        self.values = values
    }

    /// What a manifest or a configuration may need.
    package static let `default` = JSONLimits()
}

/// Why some bytes are not a JSON document we accept, and where.
package struct JSONError: Error, Equatable {
    /// What is wrong at the offset.
    package enum Reason: Equatable, Sendable {
        case unexpectedEnd
        case unexpectedByte(UInt8)
        case trailingBytes
        case byteOrderMark
        case invalidUTF8
        case controlCharacter(UInt8)
        case invalidEscape
        case loneSurrogate
        case tooManyCombiningMarks
        case leadingZero
        case numberOutOfRange
        case duplicateKey(String)
        case tooDeep(limit: Int)
        case tooManyValues(limit: Int)
    }

    /// How many bytes of the document come before the problem.
    package let offset: Int
    /// What the problem is.
    package let reason: Reason

    /// A problem found by a reader, or expected by a test.
    package init(offset: Int, reason: Reason) {
        self.offset = offset
        self.reason = reason
    }
}

extension JSONError: CustomStringConvertible {
    /// One sentence with the offset, safe to show and to log whatever the document was.
    package var description: String { "at byte \(offset): \(reason)" }
}

extension JSONError.Reason: CustomStringConvertible {
    /// The sentence without the offset.
    package var description: String {
        switch self {
        case .unexpectedEnd: "the document ends in the middle of a value"
        case .unexpectedByte(let byte): "unexpected \(Unicode.Scalar(byte).description.quoted())"
        case .trailingBytes: "there is something after the end of the document"
        case .byteOrderMark: "a JSON document must not begin with a byte order mark"
        case .invalidUTF8: "this is not UTF-8"
        case .controlCharacter(let byte): "the control character \(byte) must be escaped inside a string"
        case .invalidEscape: "there is no such escape"
        case .loneSurrogate: "this half of a surrogate pair stands alone"
        case .tooManyCombiningMarks: "the string has more than 30 combining marks in succession"
        case .leadingZero: "a number must not begin with a superfluous zero"
        case .numberOutOfRange: "the number is too large or too long"
        case .duplicateKey(let key): "the key \(key.quoted()) occurs twice in the same object"
        case .tooDeep(let limit): "arrays and objects are nested more than \(limit) deep"
        case .tooManyValues(let limit): "the document has more than \(limit) values"
        }
    }
}
