/// `field-name ":" OWS field-value OWS` (RFC 9112 §5).
enum FieldLine {
    /// Where the name and the trimmed value of a line are. Both have been checked byte by byte, except for UTF-8.
    static func split(
        _ bytes: Span<UInt8>, _ line: Range<Int>
    ) throws(Rejection) -> (name: Range<Int>, value: Range<Int>) {
        var colon = line.lowerBound
        while colon < line.upperBound, bytes[colon].isTokenCharacter { colon += 1 }
        guard colon < line.upperBound else { throw .missingColon }
        guard bytes[colon] == UInt8(ascii: ":") else {
            throw reasonForName(endingWith: bytes[colon], isFirst: colon == line.lowerBound)
        }
        guard colon > line.lowerBound else { throw .emptyFieldName }
        let value = bytes.trimmed((colon + 1)..<line.upperBound)
        guard bytes.allSatisfy(in: value, \.isFieldValueByte) else {
            throw bytes.firstIndex(of: .carriageReturn, in: value) == nil ? .controlInValue : .bareCarriageReturn
        }
        return (line.lowerBound..<colon, value)
    }

    private static func reasonForName(endingWith byte: UInt8, isFirst: Bool) -> Rejection {
        switch byte {
        case .space, .tab: isFirst ? .foldedLine : .whitespaceBeforeColon
        case .carriageReturn: .bareCarriageReturn
        default: .invalidFieldName
        }
    }
}

/// `uri-host [ ":" port ]` (RFC 9110 §7.2), narrowed to what a name or an address can contain.
///
/// The value ends up in `WWW-Authenticate` realms and in logs, so `sub-delims` and escapes are not let in.
enum Host {
    /// The longest name of the DNS, and a port.
    private static let lengthLimit = 253 + 6

    static func isValid(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        // RFC 9110 §4.2.1: an http URI with an empty host is invalid.
        guard !range.isEmpty, range.count <= lengthLimit else { return false }
        let host = hostRange(bytes, range)
        return host.count > 0 && isValidPort(bytes, host.upperBound..<range.upperBound)
    }

    /// The longest beginning of `range` that is a host; empty when there is none.
    private static func hostRange(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Range<Int> {
        var end = range.lowerBound
        guard bytes[end] == UInt8(ascii: "[") else {
            while end < range.upperBound, isNameByte(bytes[end]) { end += 1 }
            return range.lowerBound..<end
        }
        end += 1
        while end < range.upperBound, isAddressByte(bytes[end]) { end += 1 }
        let isClosed = end < range.upperBound && bytes[end] == UInt8(ascii: "]") && end > range.lowerBound + 1
        return range.lowerBound..<(isClosed ? end + 1 : range.lowerBound)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool { byte.isUnreserved && byte != UInt8(ascii: "~") }

    private static func isAddressByte(_ byte: UInt8) -> Bool {
        byte.hexValue != nil || byte == UInt8(ascii: ":") || byte == UInt8(ascii: ".")
    }

    /// Nothing, or a colon and up to five digits.
    private static func isValidPort(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        guard let colon = range.first else { return true }
        guard bytes[colon] == UInt8(ascii: ":"), range.count <= 6 else { return false }
        for index in range.dropFirst() where !bytes[index].isDigit { return false }
        return true
    }
}
