package import OCI

/// The rules of a registry, and what follows from them.
///
/// Of the rules whose pattern matches a repository, those with the longest pattern decide: what they allow to the caller, all
/// together, is what the caller may do, and no other rule adds to it. So a rule for `team/secret` takes away what a rule for
/// `**` gives. Nothing is allowed that no rule allows. Whoever a rule for `**` gives `admin` may do everything everywhere.
package struct AccessPolicy: Sendable {
    /// The rules, in the order of the configuration.
    package let rules: [AccessRule]
    /// Whether everybody may do everything, so that nobody needs to be asked.
    package let isOpen: Bool

    /// The policy of these rules.
    package init(_ rules: [AccessRule]) {
        self.rules = rules
        isOpen = rules == [Self.everything]
    }

    /// Everybody may do everything: a registry that asks nobody who they are.
    package static let open = AccessPolicy([everything])
    private static let everything = AccessRule(
        match: .everything, who: [.anonymous], allow: Set(Permission.allCases))

    /// Whoever has proved who they are may do everything in every repository: what users expect of a registry with a password
    /// file and no rules.
    package static let authenticated = AccessPolicy([
        AccessRule(
            match: .everything, who: [.authenticated],
            allow: [.pull, .push, .delete, .provenanceRead, .provenanceWrite, .ledger])
    ])

    /// Whether the caller may do it, and which rule says so.
    ///
    /// - Parameter repository: where; nil for the whole registry.
    package func decide(
        _ permission: Permission, in repository: RepositoryName?, by caller: Caller
    ) -> AccessDecision {
        if isOpen { return AccessDecision(isAllowed: true, ground: .rule(0)) }
        if let scopes = caller.scopes, !scopes.cover(permission, in: repository) {
            return AccessDecision(isAllowed: false, ground: .tokenScope)
        }
        let grant = caller.grants?.narrowest(for: permission, in: repository)
        if caller.grants != nil, grant == nil { return AccessDecision(isAllowed: false, ground: .noGrant) }
        if let rule = rules.firstIndex(where: { $0.allows(.admin, to: caller) && $0.match == .everything }) {
            return AccessDecision(isAllowed: true, ground: .administrator(rule))
        }
        let deciding = decidingRules(in: repository)
        // A grant is like a rule: one with a longer pattern may take away what it gives.
        if let grant, deciding.allSatisfy({ rules[$0].match.narrowness <= grant.match.narrowness }) {
            return AccessDecision(isAllowed: true, ground: .grant(grant))
        }
        guard let first = deciding.first else { return AccessDecision(isAllowed: false, ground: .noRule) }
        let rule = deciding.first { rules[$0].allows(permission, to: caller) }
        return AccessDecision(isAllowed: rule != nil, ground: .rule(rule ?? first))
    }

    /// Whether the caller may do it.
    package func allows(_ permission: Permission, in repository: RepositoryName?, to caller: Caller) -> Bool {
        decide(permission, in: repository, by: caller).isAllowed
    }

    /// Whether the caller may do it in every repository, so that no list has to be looked through.
    package func allowsEverywhere(_ permission: Permission, to caller: Caller) -> Bool {
        if isOpen { return true }
        if caller.scopes?.cover(permission, in: nil) == false { return false }
        if let grants = caller.grants, grants.narrowest(for: permission, in: nil) == nil { return false }
        if rules.contains(where: { $0.allows(.admin, to: caller) && $0.match == .everything }) { return true }
        // A longer pattern may take away what the rule for everything gives.
        let patterns = Set(rules.map(\.match)).union([.everything])
        return patterns.allSatisfy { pattern in
            if caller.grants != nil, pattern == .everything { return true }
            return rules.contains { $0.match == pattern && $0.allows(permission, to: caller) }
        }
    }

    /// Whether there is a repository in which the caller may do it.
    package func allowsSomewhere(_ permission: Permission, to caller: Caller) -> Bool {
        decideSomewhere(permission, by: caller).isAllowed
    }

    /// Whether there is a repository in which the caller may do it, and a rule that says so.
    package func decideSomewhere(_ permission: Permission, by caller: Caller) -> AccessDecision {
        if isOpen { return AccessDecision(isAllowed: true, ground: .rule(0)) }
        if let scopes = caller.scopes, !scopes.contains(where: { $0.covers(permission) }) {
            return AccessDecision(isAllowed: false, ground: .tokenScope)
        }
        if let grants = caller.grants {
            let grant = grants.first { $0.allow.contains(permission) }
            return AccessDecision(isAllowed: grant != nil, ground: grant.map { .grant($0) } ?? .noGrant)
        }
        if let rule = rules.firstIndex(where: { $0.match == .everything && $0.allows(.admin, to: caller) }) {
            return AccessDecision(isAllowed: true, ground: .administrator(rule))
        }
        let rule = rules.firstIndex { $0.allows(permission, to: caller) }
        return AccessDecision(isAllowed: rule != nil, ground: rule.map { .rule($0) } ?? .noRule)
    }

    /// The rules with the longest pattern of those that match.
    private func decidingRules(in repository: RepositoryName?) -> [Int] {
        guard let repository else { return rules.indices.filter { rules[$0].match == .everything } }
        let matching = rules.indices.filter { rules[$0].match.matches(repository.rawValue) }
        guard let longest = matching.map({ rules[$0].match.narrowness }).max() else { return [] }
        return matching.filter { rules[$0].match.narrowness == longest }
    }
}

/// Whether something is allowed, and why.
package struct AccessDecision: Sendable, Equatable {
    /// What decided.
    package enum Ground: Sendable, Equatable {
        /// The rule with this number: it allows it, or it is the first of those that would have to.
        case rule(Int)
        /// The rule with this number makes the caller an administrator.
        case administrator(Int)
        /// No rule is for the repository.
        case noRule
        /// The token was not made for this.
        case tokenScope
        /// The key of the robot was made for this.
        case grant(Grant)
        /// The key of the robot was not made for this.
        case noGrant
    }

    /// The answer.
    package let isAllowed: Bool
    /// What decided.
    package let ground: Ground

    /// A decision on this ground.
    package init(isAllowed: Bool, ground: Ground) {
        self.isAllowed = isAllowed
        self.ground = ground
    }
}

extension [Grant] {
    /// The grant with the longest pattern of those that are for it; only one for everything is for the whole registry.
    fileprivate func narrowest(for permission: Permission, in repository: RepositoryName?) -> Grant? {
        filter { grant in
            grant.allow.contains(permission)
                && (repository.map { grant.match.matches($0.rawValue) } ?? (grant.match == .everything))
        }.max { $0.match.narrowness < $1.match.narrowness }
    }
}

extension AccessRule {
    fileprivate func allows(_ permission: Permission, to caller: Caller) -> Bool {
        allow.contains(permission) && who.contains { $0.includes(caller) }
    }
}
