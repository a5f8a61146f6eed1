/// Sizes and durations as an operator writes them: a whole number and a unit.
enum Quantity {
    /// One unit: how it is written, and how many of the smallest unit it holds.
    struct Unit: Sendable {
        let name: String
        let factor: Int
    }

    /// Units of bytes; a number without unit is bytes.
    static let bytes = [
        Unit(name: "", factor: 1),
        Unit(name: "KB", factor: 1000), Unit(name: "KiB", factor: 1 << 10),
        Unit(name: "MB", factor: 1_000_000), Unit(name: "MiB", factor: 1 << 20),
        Unit(name: "GB", factor: 1_000_000_000), Unit(name: "GiB", factor: 1 << 30),
        Unit(name: "TB", factor: 1_000_000_000_000), Unit(name: "TiB", factor: 1 << 40),
    ]

    /// Units of milliseconds; a duration always has a unit.
    static let milliseconds = [
        Unit(name: "ms", factor: 1), Unit(name: "s", factor: 1000),
        Unit(name: "m", factor: 60_000), Unit(name: "h", factor: 3_600_000),
    ]

    /// The number of smallest units that `text` stands for; nil when it is no number with one of `units`.
    ///
    /// What is too large to count becomes `Int.max`, which no range contains.
    static func parse(_ text: String, _ units: [Unit]) -> Int? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let suffix = text[digits.endIndex...]
        guard !digits.isEmpty, let unit = units.first(where: { $0.name == suffix }) else { return nil }
        guard let number = Int(digits) else { return .max }
        let (product, overflow) = number.multipliedReportingOverflow(by: unit.factor)
        return overflow ? .max : product
    }

    /// `count` with the unit that makes the number smallest; `parse` reads it back unchanged.
    static func text(_ count: Int, _ units: [Unit]) -> String {
        let exact = units.filter { count.isMultiple(of: $0.factor) && (count != 0 || $0.factor == 1) }
        guard let unit = exact.max(by: { $0.factor < $1.factor }) else { return String(count) }
        return "\(count / unit.factor)\(unit.name)"
    }
}

extension Duration {
    /// The duration of whole milliseconds.
    init(wholeMilliseconds count: Int) {
        self = .seconds(count / 1000) + .milliseconds(count % 1000)
    }

    /// Milliseconds; what is finer is dropped.
    var wholeMilliseconds: Int {
        let (seconds, attoseconds) = components
        return Int(seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000)
    }
}
