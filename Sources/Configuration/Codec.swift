/// How one type of value is written: from what it is read, what it accepts, and how it is shown.
struct Codec<Value: Sendable>: Sendable {
    /// Completes "limits.head is not …".
    let noun: String
    /// Says what is accepted, for problems and documentation.
    let accepts: String
    var form = Form.text
    /// Reads the value of the key called by the second argument; puts problems that have a place
    /// of their own into the report and throws `.reported`.
    let decode: @Sendable (Written, String, inout Report) throws(Refusal) -> Value
    /// The value as YAML on one line.
    let encode: @Sendable (Value) -> String
}

/// How the text of a variable becomes a `Written`.
enum Form: Sendable {
    case text
    case commaSeparated
    case yaml
}

/// Why a codec reads no value.
enum Refusal: Error {
    /// It is something else altogether.
    case wrongKind
    /// It is of the right kind, and too small or too large.
    case outOfRange
    /// Completes "limits.head …".
    case because(String)
    /// The report says it already.
    case reported
}

extension Codec {
    /// Reads `written` as the value of `key`; nil, and a problem in the report, when it is none.
    func read(_ written: Written, as key: String, _ report: inout Report) -> Value? {
        if case .refused = written.content { return nil }
        let reason: String
        do throws(Refusal) {
            return try decode(written, key, &report)
        } catch {
            switch error {
            case .wrongKind: reason = "is not \(noun)"
            case .outOfRange: reason = "is out of range"
            case .because(let why): reason = why
            case .reported: return nil
            }
        }
        report.refuse("\(key) \(reason)", at: written.position, given: report.shown(written), accepted: accepts)
        return nil
    }
}

extension Codec<Bool> {
    static let bool = Codec(
        noun: "true or false", accepts: "true or false",
        decode: { written, _, _ throws(Refusal) in
            switch try written.requireBareText() {
            case "true": return true
            case "false": return false
            default: throw .wrongKind
            }
        },
        encode: { "\($0)" })
}

extension Codec where Value: CaseIterable & RawRepresentable<String> {
    static func choice() -> Codec {
        let names = Value.allCases.map(\.rawValue).joined(separator: ", ")
        return Codec(
            noun: "one of the choices", accepts: names,
            decode: { written, _, _ throws(Refusal) in
                guard let value = Value(rawValue: try written.requireScalar()) else { throw .wrongKind }
                return value
            },
            encode: { $0.rawValue })
    }
}

extension Codec<Int> {
    static func count(_ range: ClosedRange<Int>, zero: String? = nil) -> Codec {
        Codec(
            noun: "a whole number",
            accepts: "a whole number from \(range.lowerBound) to \(range.upperBound)\(note(zero))",
            decode: { written, _, _ throws(Refusal) in
                let text = try written.requireBareText()
                let digits = text.hasPrefix("-") ? text.dropFirst() : text[...]
                guard !digits.isEmpty, digits.utf8.allSatisfy(\.isDigit) else { throw .wrongKind }
                guard let value = Int(text), range.contains(value) else { throw .outOfRange }
                return value
            },
            encode: { String($0) })
    }

    static func size(_ range: ClosedRange<Int>, zero: String? = nil) -> Codec {
        let lower = Quantity.text(range.lowerBound, Quantity.bytes)
        let upper = Quantity.text(range.upperBound, Quantity.bytes)
        return Codec(
            noun: "a size",
            accepts: "a size from \(lower) to \(upper), in bytes or with a unit such as KiB or MB\(note(zero))",
            decode: { written, _, _ throws(Refusal) in
                guard let bytes = Quantity.parse(try written.requireScalar(), Quantity.bytes) else { throw .wrongKind }
                guard range.contains(bytes) else { throw .outOfRange }
                return bytes
            },
            encode: { Quantity.text($0, Quantity.bytes) })
    }

}

extension Codec<Duration> {
    static func duration(_ range: ClosedRange<Duration>, zero: String? = nil) -> Codec {
        let bounds = range.lowerBound.wholeMilliseconds...range.upperBound.wholeMilliseconds
        let lower = Quantity.text(bounds.lowerBound, Quantity.milliseconds)
        let upper = Quantity.text(bounds.upperBound, Quantity.milliseconds)
        return Codec(
            noun: "a duration",
            accepts: "a duration from \(lower) to \(upper), with the unit ms, s, m or h\(note(zero))",
            decode: { written, _, _ throws(Refusal) in
                let text = try written.requireScalar()
                guard let count = Quantity.parse(text, Quantity.milliseconds) else { throw .wrongKind }
                guard bounds.contains(count) else { throw .outOfRange }
                return Duration(wholeMilliseconds: count)
            },
            encode: { Quantity.text($0.wholeMilliseconds, Quantity.milliseconds) })
    }
}

/// What 0 means, where it is no number like the others.
private func note(_ zero: String?) -> String {
    zero.map { "; 0 means \($0)" } ?? ""
}
