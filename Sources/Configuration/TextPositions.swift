extension String {
    /// The place of the first character that YAML 1.1 §4.1 does not accept in a document.
    var firstForbiddenCharacter: Position? {
        scan { _, scalar in !scalar.isPrintableInYAML }?.position
    }

    /// The same text where the key `name` at `position` begins with `scalar`; nil when it is not
    /// written there as it is called.
    func renaming(_ name: String, at position: Position, to scalar: Unicode.Scalar) -> String? {
        guard !name.isEmpty, var start = scan({ place, _ in place == position })?.index else { return nil }
        if unicodeScalars[start] == "\"" || unicodeScalars[start] == "'" {
            start = unicodeScalars.index(after: start)
        }
        guard unicodeScalars[start...].starts(with: name.unicodeScalars) else { return nil }
        var text = unicodeScalars
        text.replaceSubrange(start...start, with: CollectionOfOne(scalar))
        return String(text)
    }

    /// The first scalar that satisfies `predicate`, and its place as libyaml counts.
    private func scan(_ predicate: (Position, Unicode.Scalar) -> Bool) -> (index: String.Index, position: Position)? {
        var (line, column) = (1, 1)
        var previous: Unicode.Scalar = " "
        for index in unicodeScalars.indices {
            let scalar = unicodeScalars[index]
            let position = Position(line: line, column: column)
            if predicate(position, scalar) { return (index, position) }
            switch scalar {
            case "\n" where previous == "\r": break  // The break was counted with its first half.
            case "\n", "\r", "\u{85}", "\u{2028}", "\u{2029}": (line, column) = (line + 1, 1)
            default: column += 1
            }
            previous = scalar
        }
        return nil
    }
}

extension Unicode.Scalar {
    fileprivate var isPrintableInYAML: Bool {
        switch value {
        case 0x09, 0x0A, 0x0D, 0x20...0x7E, 0x85, 0xA0...0xD7FF, 0xE000...0xFFFD, 0x10000...0x10FFFF: true
        default: false
        }
    }
}
