package import OCI

/// What allowed or denied something, as records name it.
package struct AccessGround: Sendable, Equatable {
    /// What kind of thing decided.
    package enum Kind: String, Sendable {
        /// A rule of the configuration.
        case rule
        /// A rule of the configuration that makes an administrator.
        case administrator
        /// The scopes of a robot's key.
        case scope
        /// There is no rule for it.
        case none
        /// The registry's own rules for tags: some never move, and some are for administrators.
        case tag
        /// Whose content it is about.
        case subject
    }

    private let kind: Kind
    private let rule: Int?
    private let match: String?

    /// Names what decided.
    ///
    /// - Parameters:
    ///   - rule: the number of the rule in the configuration of that moment, from 0.
    ///   - match: the pattern of the rule or scope.
    package init(_ kind: Kind, rule: Int? = nil, match: String? = nil) {
        self.kind = kind
        self.rule = rule
        self.match = match
    }

    /// As records have it.
    package var json: JSONObject {
        var object: JSONObject = ["ground": .string(kind.rawValue)]
        object["rule"] = rule.map { .integer(Int64($0)) }
        object["match"] = match.map { .string($0) }
        return object
    }
}
