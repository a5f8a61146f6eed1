/// A place in a text: line and column, both from 1.
package struct Position: Hashable, Comparable, Sendable {
    /// Lines end with LF, CR LF or CR.
    package let line: Int
    /// Counts Unicode scalars, as libyaml and most editors do.
    package let column: Int

    /// The first character of a text.
    package static let start = Position(line: 1, column: 1)

    /// The place at `line` and `column`.
    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    /// Reading order.
    package static func < (one: Position, other: Position) -> Bool {
        (one.line, one.column) < (other.line, other.column)
    }
}

/// Where a value was given.
package enum Place: Hashable, Sendable, CustomStringConvertible {
    /// In the configuration file, or with the file as a whole.
    case file(String, Position?)
    /// In the environment variable of this name.
    case environment(String)
    /// In the option of this name, with its dashes.
    case flag(String)

    /// As problems begin.
    package var description: String {
        switch self {
        case .file(let path, let position?): "\(path.printable):\(position.line):\(position.column)"
        case .file(let path, nil): path.printable
        case .environment(let name): "environment \(name.printable)"
        case .flag(let name): name
        }
    }
}

/// Where each value that is not a default was given.
package struct Origins: Sendable, Equatable {
    /// By the path of the key.
    package var places: [String: Place] = [:]

    /// No value but defaults.
    package init() {}

    /// Where a value came from is not part of what it is, so it never makes settings differ.
    package static func == (one: Origins, other: Origins) -> Bool { true }
}

/// One reason to refuse the configuration: where, and a sentence for the operator.
package struct SettingsProblem: Hashable, Sendable, CustomStringConvertible {
    /// What to look at.
    package let place: Place
    /// What is wrong, what was given and what is accepted. Shows no secret and no control character.
    package let sentence: String

    /// `place: sentence`, on one line.
    package var description: String { "\(place): \(sentence)" }
}

/// Every reason to refuse the configuration: those of the file in reading order, then of the environment, then of
/// the command line. Never empty.
package struct SettingsErrors: Error, Equatable, CustomStringConvertible {
    /// All of them, also those that `description` leaves out.
    package let problems: [SettingsProblem]

    /// More would not be read; also bounds the output for a file that is something else altogether.
    package static let mostShown = 100

    /// One line for each problem.
    package var description: String {
        let lines = problems.prefix(SettingsErrors.mostShown).map(\.description)
        let hidden = problems.count - lines.count
        return (lines + (hidden > 0 ? ["and \(hidden) more problems"] : [])).joined(separator: "\n")
    }
}
