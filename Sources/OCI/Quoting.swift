extension StringProtocol {
    /// The text as an error message may show it: in double quotes, ASCII only, and short.
    ///
    /// Error messages end in logs, JSON bodies and HTTP status lines, so a value that came from outside
    /// brings neither line breaks nor terminal escapes nor megabytes into them.
    package func quoted(limit: Int = 96) -> String {
        var result = "\""
        var shown = 0
        for scalar in unicodeScalars {
            guard shown < limit else { return result + "\"..." }
            shown += 1
            result += scalar.escapedForMessage
        }
        return result + "\""
    }
}

extension Unicode.Scalar {
    fileprivate var escapedForMessage: String {
        switch self {
        case "\"": "\\\""
        case "\\": "\\\\"
        case " "..."~": String(self)
        default: "\\u{" + String(value, radix: 16) + "}"
        }
    }
}
