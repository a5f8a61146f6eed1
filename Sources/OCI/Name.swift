/// The name of a repository, such as `team/app`.
///
/// Always matches the distribution specification's grammar and is at most 255 characters, so it is
/// safe in a path, a header and a log line.
package struct RepositoryName: Hashable, Sendable {
    /// The name exactly as clients write it.
    package let rawValue: String

    /// Checks the name against `component("/"component)*`, where a component is runs of `[a-z0-9]` joined by
    /// `.`, `_`, `__` or any number of `-`.
    package init(parsing text: some StringProtocol) throws(NameError) { try self.init(parsing: String(text)) }

    /// The same, compiled for the one type of text that nearly all callers have.
    package init(parsing text: String) throws(NameError) {
        let length = text.utf8.count
        guard length <= 255 else { throw .repositoryTooLong(length) }
        guard Self.isWellFormed(text.utf8) else { throw .malformedRepository(text) }
        rawValue = text
    }

    private static func isWellFormed(_ text: String.UTF8View) -> Bool {
        var state = NameState.start
        for character in text {
            guard let next = state.after(character) else { return false }
            state = next
        }
        return state == .alphanumeric
    }
}

/// Where a scanner is inside a repository name. Only `alphanumeric` may end one.
private enum NameState {
    case start, alphanumeric, dot, underscore, doubleUnderscore, dashes

    func after(_ character: UInt8) -> NameState? {
        switch (character, self) {
        case (UInt8(ascii: "a")...UInt8(ascii: "z"), _), (UInt8(ascii: "0")...UInt8(ascii: "9"), _): .alphanumeric
        case (UInt8(ascii: "/"), .alphanumeric): .start
        case (UInt8(ascii: "."), .alphanumeric): .dot
        case (UInt8(ascii: "_"), .alphanumeric): .underscore
        case (UInt8(ascii: "_"), .underscore): .doubleUnderscore
        case (UInt8(ascii: "-"), .alphanumeric), (UInt8(ascii: "-"), .dashes): .dashes
        default: nil
        }
    }
}

/// The name of a tag, such as `latest`: `[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}`.
package struct Tag: Hashable, Sendable {
    /// The tag exactly as clients write it; tags that differ in case are different tags.
    package let rawValue: String

    /// Checks the text against the specification's grammar.
    package init(parsing text: some StringProtocol) throws(NameError) { try self.init(parsing: String(text)) }

    /// The same, compiled for the one type of text that nearly all callers have.
    package init(parsing text: String) throws(NameError) {
        let length = text.utf8.count
        guard length <= 128 else { throw .tagTooLong(length) }
        guard let first = text.utf8.first, Self.mayStart(first), text.utf8.allSatisfy(Self.mayContain) else {
            throw .malformedTag(text)
        }
        rawValue = text
    }

    /// For text whose construction already proves the grammar.
    init(wellFormed text: String) {
        rawValue = text
    }

    private static func mayStart(_ character: UInt8) -> Bool {
        switch character {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"): true
        default: false
        }
    }

    private static func mayContain(_ character: UInt8) -> Bool {
        mayStart(character) || character == UInt8(ascii: ".") || character == UInt8(ascii: "-")
    }
}

extension RepositoryName: Comparable, CustomStringConvertible {
    /// Orders as Go's `sort.Strings` does.
    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

    /// The name itself.
    package var description: String { rawValue }
}

extension Tag: Comparable, CustomStringConvertible {
    /// Orders as Go's `sort.Strings` does, which the tag list must follow.
    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

    /// The tag itself.
    package var description: String { rawValue }
}

/// Why some text names neither a repository nor a tag.
package enum NameError: Error, Equatable {
    case malformedRepository(String)
    case repositoryTooLong(Int)
    case malformedTag(String)
    case tagTooLong(Int)
}

extension NameError: CustomStringConvertible {
    /// One sentence, safe to show and to log whatever the value was.
    package var description: String {
        switch self {
        case .malformedRepository(let text):
            "\(text.quoted()) is not a repository name: "
                + "use lower-case letters and digits, joined by '.', '_', '__' or '-', in components joined by '/'"
        case .repositoryTooLong(let length):
            "a repository name has at most 255 characters, this one has \(length)"
        case .malformedTag(let text):
            "\(text.quoted()) is not a tag: use letters, digits, '_', '.' and '-', and start with none of '.' and '-'"
        case .tagTooLong(let length):
            "a tag has at most 128 characters, this one has \(length)"
        }
    }
}
