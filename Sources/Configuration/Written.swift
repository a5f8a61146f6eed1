/// What somebody wrote, before it has a type: a YAML value, or the text of a variable or an option.
struct Written: Equatable, Sendable {
    /// How a text was written, which decides whether it can be a number.
    enum Style: Equatable, Sendable {
        /// YAML without quotes: `5` is a number here.
        case plain
        /// YAML in quotes: `"5"` is a text here.
        case quoted
        /// Outside YAML, where everything is a text and is read as the key needs it.
        case untyped
    }

    /// One key of a section and its value.
    struct Entry: Equatable, Sendable {
        let key: String
        let position: Position
        let value: Written
    }

    /// The shapes a value can have.
    enum Content: Equatable, Sendable {
        case nothing
        case scalar(String, Style)
        case list([Written])
        case section([Entry])
        /// What the report refuses already, so that nothing more is said about it.
        case refused
    }

    let position: Position
    let content: Content

    init(_ content: Content, at position: Position = .start) {
        self.content = content
        self.position = position
    }

    /// The text of a variable or an option.
    init(untyped text: String) {
        self.init(.scalar(text, .untyped))
    }
}

extension Written {
    /// The text, for keys whose values are texts.
    func requireText() throws(Refusal) -> String {
        guard case .scalar(let text, let style) = content else { throw .wrongKind }
        guard style != .plain || !Written.hasOtherType(text) else { throw .because("needs quotes to be a text") }
        return text
    }

    /// The text, for keys whose values are numbers or truth values.
    func requireBareText() throws(Refusal) -> String {
        guard case .scalar(let text, let style) = content else { throw .wrongKind }
        guard style != .quoted else { throw .because("must stand without quotes") }
        return text
    }

    /// The text, for keys whose values can only be meant in one way.
    func requireScalar() throws(Refusal) -> String {
        guard case .scalar(let text, _) = content else { throw .wrongKind }
        return text
    }

    /// The items, for keys whose values are lists; what stands alone is a list of one.
    func requireItems() throws(Refusal) -> [Written] {
        switch content {
        case .list(let items): return items
        case .scalar: return [self]
        case .nothing, .section, .refused: throw .wrongKind
        }
    }

    /// Whether YAML 1.1 or 1.2 reads `text` without quotes as a number or a truth value.
    private static func hasOtherType(_ text: String) -> Bool {
        Double(text) != nil || ["true", "false", "yes", "no", "on", "off", "y", "n"].contains(text.lowercased())
    }
}
