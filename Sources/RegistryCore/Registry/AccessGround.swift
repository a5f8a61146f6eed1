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

/// Something that somebody was refused.
package struct Denial: Sendable {
    /// What they wanted to do.
    package let permission: String
    /// Where; nil for the whole registry.
    package let repository: RepositoryName?
    /// With which content or tag, if the request named one.
    package let reference: Reference?
    /// What decided.
    package let ground: AccessGround

    /// Describes what was refused.
    package init(_ permission: String, in repository: RepositoryName?, _ reference: Reference?, ground: AccessGround) {
        self.permission = permission
        self.repository = repository
        self.reference = reference
        self.ground = ground
    }
}

extension Registry {
    /// Writes down, durably, that somebody was refused something.
    ///
    /// - Parameter omitted: denials of the same actor before this one that are in no record.
    package func record(_ denial: Denial, omitted: Int, by actor: Actor) async throws {
        var draft = RecordDraft(kind: .decision, repository: denial.repository, document: [:])
        draft.document = ["decision": "denied", "permission": .string(denial.permission)]
        // Only in the document: the history of an image is not for whoever may not have it to fill.
        draft.document["reference"] = denial.reference.map { .string("\($0)") }
        if omitted > 0 { draft.document["omitted"] = .integer(Int64(omitted)) }
        draft.members = ["decision": "denied"]
        let record = draft
        var actor = actor
        actor.ground = denial.ground
        let denied = actor
        _ = try await ledger.write { try $0.append(record, by: denied) }
    }
}
