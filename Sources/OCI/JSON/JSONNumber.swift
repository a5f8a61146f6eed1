/// A number as the document wrote it: no digit is lost by reading and writing it again.
///
/// Every number is finite, so it has a canonical form.
package struct JSONNumber: Hashable, Sendable {
    /// The literal, which matches RFC 8259's grammar. `1`, `1.0` and `1e0` are different literals.
    package let text: String

    /// An integer.
    package init(_ value: Int64) {
        text = String(value)
    }

    /// A fraction; `nil` for infinities and NaN, which JSON cannot say.
    package init?(_ value: Double) {
        guard value.isFinite else { return nil }
        text = value.ecmaScriptText
    }

    /// For a literal that has passed the grammar; `nil` when it overflows a double.
    init?(grammatical literal: String) {
        guard let value = Double(literal), value.isFinite else { return nil }
        text = literal
    }

    /// The value when the literal is an integer (no fraction, no exponent) that fits.
    package var int64: Int64? { Int64(text) }

    /// The nearest double: what JavaScript and RFC 8785 take the number to be.
    package var double: Double { Double(text) ?? 0 }

    /// RFC 8785 §3.2.2.3. An integer beyond ±2^53 becomes the nearest double, as that section wants.
    var canonicalText: String {
        if let value = int64, value.magnitude <= 1 << 53 { return String(value) }
        return double.ecmaScriptText
    }
}

extension Double {
    /// `Number::toString` of ECMA-262, for finite numbers.
    ///
    /// Swift and ECMAScript agree on which digits to write (the fewest that read back as the same double); they
    /// disagree only on when to use an exponent.
    fileprivate var ecmaScriptText: String {
        guard self != 0 else { return "0" }  // RFC 8785: minus zero is written as zero.
        let (digits, point) = magnitude.decimalDigits
        return (self < 0 ? "-" : "") + Self.layOut(digits, point: point)
    }

    /// The significant digits d, and the n such that the value is 0.d × 10^n.
    private var decimalDigits: (digits: Substring, point: Int) {
        let parts = description.split(separator: "e", maxSplits: 1)
        let mantissa = (parts.first ?? "0").split(separator: ".", maxSplits: 1)
        let exponent = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
        let all = mantissa.joined()
        let digits = all.drop { $0 == "0" }
        let point = (mantissa.first?.count ?? 0) + exponent - (all.count - digits.count)
        return (digits.trimmingTrailingZeros, point)
    }

    private static func layOut(_ digits: Substring, point: Int) -> String {
        switch point {
        case 1...21 where point >= digits.count:
            return digits + String(repeating: "0", count: point - digits.count)
        case 1...21:
            return "\(digits.prefix(point)).\(digits.dropFirst(point))"
        case -5...0:
            return "0." + String(repeating: "0", count: -point) + digits
        default:
            let fraction = digits.count > 1 ? "." + digits.dropFirst() : ""
            let exponent = point - 1
            return "\(digits.prefix(1))\(fraction)e\(exponent < 0 ? "-" : "+")\(exponent.magnitude)"
        }
    }
}

extension Substring {
    fileprivate var trimmingTrailingZeros: Substring {
        var rest = self
        while rest.last == "0" { rest.removeLast() }
        return rest
    }
}
