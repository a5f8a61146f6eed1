/// Which bytes of an upload a chunk holds, as OCI clients write it in `Content-Range`: `<start>-<end>`, inclusive.
///
/// The specification says `^[0-9]+-[0-9]+$`. Clients that follow RFC 9110 §14.4 instead write `bytes 0-9/10` or
/// `bytes 0-9/*`, which means the same and is let in.
package enum ContentRange: Sendable, Equatable {
    case absent
    /// There is a field and it names no range: `416` or `400`, never the same as none.
    case invalid
    case range(ClosedRange<Int64>)

    package init(_ field: String?) {
        guard let field else {
            self = .absent
            return
        }
        self = Self.parse(field.utf8.span).map(Self.range) ?? .invalid
    }

    /// The value for a response with one range (RFC 9110 §14.4): `bytes 0-9/100`.
    package static func text(_ range: ClosedRange<Int64>, size: Int64) -> String {
        "bytes \(range.lowerBound)-\(range.upperBound)/\(size)"
    }

    /// The value for `416` (RFC 9110 §14.4): `bytes */100`.
    package static func unsatisfiedText(size: Int64) -> String { "bytes */\(size)" }

    private static func parse(_ bytes: Span<UInt8>) -> ClosedRange<Int64>? {
        let start = bytes.count > 6 && bytes.equals("bytes ", ignoringCaseIn: 0..<6) ? 6 : 0
        let slash = bytes.firstIndex(of: UInt8(ascii: "/"), in: start..<bytes.count) ?? bytes.count
        guard let dash = bytes.firstIndex(of: UInt8(ascii: "-"), in: start..<slash),
            let first = bytes.decimal(start..<dash), let last = bytes.decimal((dash + 1)..<slash),
            !last.overflows, first.value <= last.value,
            isSize(bytes, after: slash, containing: last.value)
        else { return nil }
        return first.value...last.value
    }

    /// Nothing, `/*`, or a slash and a size that has room for the byte at `last`.
    private static func isSize(_ bytes: Span<UInt8>, after slash: Int, containing last: Int64) -> Bool {
        guard slash < bytes.count else { return true }
        let size = (slash + 1)..<bytes.count
        if size.count == 1, bytes[size.lowerBound] == UInt8(ascii: "*") { return true }
        guard let number = bytes.decimal(size) else { return false }
        return number.value > last
    }
}
