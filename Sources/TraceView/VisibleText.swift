extension StringProtocol {
    /// The text as a terminal may show it, whoever wrote it.
    ///
    /// What moves the cursor, changes colours, hides or turns around other text stands there as `\u{…}`, and a backslash
    /// twice, so that nobody can write what looks escaped. Past `limit` characters the text is cut, and that is said.
    package func visible(limit: Int = 200) -> String {
        var result = ""
        var shown = 0
        for scalar in unicodeScalars {
            guard shown < limit else { return result + "… (\(utf8.count) bytes)" }
            shown += 1
            switch scalar {
            case "\\": result += #"\\"#
            case _ where scalar.isVisible: result.unicodeScalars.append(scalar)
            default: result += #"\u{\#(String(scalar.value, radix: 16))}"#
            }
        }
        return result
    }

    /// Columns of a terminal that the text takes, as far as that can be known without asking the terminal.
    var columns: Int { unicodeScalars.reduce(0) { $0 + $1.columns } }
}

extension Unicode.Scalar {
    /// Whether it is something to see and nothing else.
    fileprivate var isVisible: Bool {
        switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned: false
        case .spaceSeparator: self == " "
        default: !properties.isDefaultIgnorableCodePoint
        }
    }

    /// Marks stand on the character before them; what East Asian scripts and pictures take is two columns (UAX #11).
    fileprivate var columns: Int {
        switch properties.generalCategory {
        case .nonspacingMark, .enclosingMark: 0
        default: Self.wide.contains { $0.contains(value) } ? 2 : 1
        }
    }

    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60,
        0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F680...0x1F6FF, 0x1F900...0x1FAFF, 0x20000...0x3FFFD,
    ]
}
