package import OCI

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
