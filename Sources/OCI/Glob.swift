/// A pattern over repository names.
///
/// `*` stands for any characters within one component of the name, `**` for any characters at all, and
/// `**/` at the start of a component for any number of whole components, also none: `**/base` matches
/// `base` and `team/x/base`. The pattern is for the whole name.
package struct Glob: Hashable, Sendable, CustomStringConvertible {
    private enum Step: Hashable {
        case byte(UInt8)
        case withinComponent
        case anything
        case components
    }

    /// Characters of the longest pattern; no repository name is longer.
    package static let longest = 255
    /// The pattern that matches every name.
    package static let everything = Glob(description: "**", steps: [.anything])

    /// The pattern as it was written.
    package let description: String
    private let steps: [Step]
}

/// Why a text is no pattern.
package enum GlobError: Error, Equatable {
    case empty
    case tooLong(Int)
    case forbiddenCharacter(Character)
    case emptyComponent
    case tooManyStars
}

extension Glob {
    /// Reads a pattern; refuses one that no repository name could match.
    package init(parsing text: String) throws(GlobError) {
        guard !text.isEmpty else { throw .empty }
        guard text.utf8.count <= Glob.longest else { throw .tooLong(text.utf8.count) }
        if let character = text.first(where: { !$0.isGlobCharacter }) { throw .forbiddenCharacter(character) }
        let components = text.split(separator: "/", omittingEmptySubsequences: false)
        guard components.allSatisfy({ !$0.isEmpty }) else { throw .emptyComponent }
        guard !text.contains("***") else { throw .tooManyStars }
        self.init(description: text, steps: Glob.steps(text.utf8))
    }

    private static func steps(_ text: String.UTF8View) -> [Step] {
        var rest = text[...]
        var steps: [Step] = []
        while let byte = rest.popFirst() {
            guard byte == .star else {
                steps.append(.byte(byte))
                continue
            }
            guard rest.first == .star else {
                steps.append(.withinComponent)
                continue
            }
            rest.removeFirst()
            let startsComponent = steps.last.map { $0 == .byte(.slash) || $0 == .components } ?? true
            if startsComponent, rest.first == .slash {
                rest.removeFirst()
                steps.append(.components)
            } else {
                steps.append(.anything)
            }
        }
        return steps
    }
}

extension Glob {
    /// Whether the pattern is for `name`.
    ///
    /// Follows every way to match at the same time, one byte of the name after the other, so the time is
    /// bounded by the length of the name times the length of the pattern, whatever they are.
    package func matches(_ name: String) -> Bool {
        var reached = [Bool](repeating: false, count: steps.count + 1)
        reach(0, &reached)
        for byte in name.utf8 {
            var next = [Bool](repeating: false, count: steps.count + 1)
            for (index, step) in steps.enumerated() where reached[index] {
                switch step {
                case .byte(let expected): if byte == expected { reach(index + 1, &next) }
                case .withinComponent: if byte != .slash { reach(index, &next) }
                case .anything: reach(index, &next)
                // Only behind a slash may the rest of the pattern begin.
                case .components: if byte == .slash { reach(index, &next) } else { next[index] = true }
                }
            }
            reached = next
        }
        return reached[steps.count]
    }

    /// How narrow the pattern is: of two that match a name, the one with more characters that stand for themselves, and of equals
    /// the one with fewer `**`, says more about it.
    package var narrowness: Int {
        steps.reduce(0) { sum, step in
            switch step {
            case .byte: sum + Glob.longest
            case .withinComponent: sum
            case .anything, .components: sum - 1
            }
        }
    }

    /// Marks `index` as reached, and what follows it for as long as a wildcard may stand for nothing.
    private func reach(_ index: Int, _ reached: inout [Bool]) {
        reached[index] = true
        guard index < steps.count else { return }
        switch steps[index] {
        case .byte: return
        case .withinComponent, .anything, .components: reach(index + 1, &reached)
        }
    }
}

extension Character {
    /// Whether this occurs in names of repositories or is a wildcard.
    fileprivate var isGlobCharacter: Bool {
        guard let ascii = asciiValue else { return false }
        switch ascii {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): return true
        default: return "._-/*".contains(self)
        }
    }
}

extension UInt8 {
    fileprivate static let star = UInt8(ascii: "*")
    fileprivate static let slash = UInt8(ascii: "/")
}
