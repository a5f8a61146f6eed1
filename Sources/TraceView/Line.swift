/// How a part of a line looks, where there are colours.
package enum Style: Sendable {
    case plain
    /// What the eye looks for.
    case strong
    /// What is rarely read.
    case faint
    /// Somebody trusted has vouched for it.
    case good
    /// It contradicts something, or is no proof.
    case bad
    /// Nobody has vouched for it.
    case doubtful

    /// The code of ECMA-48 §8.3.117, "Select Graphic Rendition".
    fileprivate var code: String? {
        switch self {
        case .plain: nil
        case .strong: "1"
        case .faint: "2"
        case .good: "32"
        case .bad: "1;31"
        case .doubtful: "33"
        }
    }
}

/// A line of text for people.
///
/// Written as a literal: what is between `\(` and `)` comes from somewhere else and is made visible, so nothing that
/// somebody put into a label can reach the terminal as it is.
package struct Line: Equatable, Sendable {
    /// Text in one style.
    package struct Span: Equatable, Sendable {
        package var text: String
        package let style: Style
    }

    /// The parts, whose texts may be shown as they are.
    package private(set) var spans: [Span] = []

    /// The text without colours.
    package var text: String { spans.map(\.text).joined() }

    fileprivate mutating func append(_ text: String, _ style: Style) {
        guard !text.isEmpty else { return }
        if spans.last?.style == style {
            spans[spans.count - 1].text += text
        } else {
            spans.append(Span(text: text, style: style))
        }
    }

    /// One line behind the other.
    package static func + (left: Line, right: Line) -> Line {
        right.spans.reduce(into: left) { $0.append($1.text, $1.style) }
    }
}

extension Line: ExpressibleByStringInterpolation {
    /// A text that the program has written itself.
    package init(stringLiteral text: String) {
        append(text, .plain)
    }

    /// Puts the parts together.
    package init(stringInterpolation: StringInterpolation) {
        self = stringInterpolation.line
    }

    /// Collects the parts of a literal.
    package struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var line = Line()

        /// An empty line.
        package init(literalCapacity: Int, interpolationCount: Int) {}

        /// What the program has written itself.
        package mutating func appendLiteral(_ text: String) {
            line.append(text, .plain)
        }

        /// What comes from somewhere else.
        package mutating func appendInterpolation(
            _ text: some StringProtocol, _ style: Style = .plain, limit: Int = 200
        ) {
            line.append(text.visible(limit: limit), style)
        }

        /// A number.
        package mutating func appendInterpolation(_ number: some BinaryInteger) {
            line.append("\(number)", .plain)
        }

        /// A part that is a line itself.
        package mutating func appendInterpolation(_ part: Line) {
            line = line + part
        }
    }
}

extension Line {
    /// The line in pieces of at most `first` and then `rest` columns, broken between words where that is possible.
    func wrapped(first: Int, rest: Int) -> [Line] {
        var lines: [Line] = [Line()]
        var room = first
        for word in words {
            let count = word.text.columns - (word.text.hasSuffix(" ") ? 1 : 0)
            if count > room, room < (lines.count == 1 ? first : rest), count <= rest || room < rest / 2 {
                lines.append(Line())
                room = rest
            }
            for (character, style) in word.characters {
                let columns = String(character).columns
                let isAtBreak = columns > room || (lines.count > 1 && lines[lines.count - 1].spans.isEmpty)
                if character == " ", isAtBreak { continue }
                if columns > room {
                    lines.append(Line())
                    room = rest
                }
                lines[lines.count - 1].append(String(character), style)
                room -= columns
            }
        }
        return lines.map(\.withoutTrailingSpaces)
    }

    /// Cut behind each space.
    private var words: [Line] {
        var words: [Line] = [Line()]
        for (character, style) in characters {
            words[words.count - 1].append(String(character), style)
            if character == " " { words.append(Line()) }
        }
        return words
    }

    private var characters: [(Character, Style)] { spans.flatMap { span in span.text.map { ($0, span.style) } } }

    private var withoutTrailingSpaces: Line {
        var line = self
        while let last = line.spans.last, last.text.hasSuffix(" ") {
            line.spans[line.spans.count - 1].text.removeLast()
            if last.text == " " { line.spans.removeLast() }
        }
        return line
    }

    /// The text as it is written to a terminal, with colours where they are wanted.
    func rendered(isColoured: Bool) -> String {
        guard isColoured else { return text }
        return spans.map { span in
            span.style.code.map { "\u{1B}[\($0)m\(span.text)\u{1B}[0m" } ?? span.text
        }.joined()
    }
}
