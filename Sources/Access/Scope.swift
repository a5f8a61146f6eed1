package import OCI

/// What a token may be used for: `repository:team/app:pull,push` (Docker's token scopes, auth-scope.md).
package struct Scope: Hashable, Sendable {
    /// What the actions are about.
    package enum Resource: Hashable, Sendable {
        case repository(RepositoryName)
        /// `registry:catalog`: questions about all repositories.
        case catalog
    }

    /// What the actions are about.
    package let resource: Resource
    /// What is wanted or granted, in the order of the text, each once.
    package let actions: [String]

    /// Scopes that one request for a token may name. Docker names two, for a mount.
    package static let mostAtOnce = 64
    /// Actions that one scope may name.
    private static let mostActions = 16

    /// A scope of these actions.
    package init(_ resource: Resource, _ actions: [String]) {
        self.resource = resource
        self.actions = actions
    }

    /// Reads one scope; nil for one that nothing here can be meant by, which is then not granted.
    ///
    /// `repository(plugin)` counts as `repository`. A name may have a colon in it only as a host's port, and no repository here
    /// has a host, so a scope with another number of colons means nothing.
    package init?(parsing text: String) {
        guard text.utf8.count <= 1024, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 3 else { return nil }
        switch parts[0] {
        case "repository", "repository(plugin)":
            guard let name = try? RepositoryName(parsing: String(parts[1])) else { return nil }
            resource = .repository(name)
        case "registry" where parts[1] == "catalog": resource = .catalog
        default: return nil
        }
        var actions: [String] = []
        for action in parts[2].split(separator: ",").map(String.init) where !actions.contains(action) {
            actions.append(action)
        }
        guard actions.count <= Self.mostActions else { return nil }
        self.actions = actions
    }
}

extension Scope: CustomStringConvertible {
    /// The scope as it is written in challenges and tokens.
    package var description: String {
        let actions = actions.joined(separator: ",")
        return switch resource {
        case .repository(let name): "repository:\(name):\(actions)"
        case .catalog: "registry:catalog:\(actions)"
        }
    }
}

extension Permission {
    /// The action of a scope that stands for it. Docker knows three, so what has no name of its own goes with one of them.
    package var scopeAction: String {
        switch self {
        case .pull, .provenanceRead: "pull"
        case .push, .provenanceWrite: "push"
        case .delete: "delete"
        case .ledger, .admin: "*"
        }
    }

    /// The scope of a token that a request with this need must have.
    package func scope(in repository: RepositoryName?) -> Scope {
        guard let repository else { return Scope(.catalog, ["*"]) }
        // Whoever pushes also looks what is there already.
        return Scope(.repository(repository), self == .push ? ["pull", "push"] : [scopeAction])
    }
}

extension Scope {
    /// Whether one of its actions stands for it.
    func covers(_ permission: Permission) -> Bool {
        actions.contains("*") || actions.contains(permission.scopeAction)
    }
}

extension [Scope] {
    /// Whether a token with these scopes may be used for it; the catalogue stands for the whole registry.
    package func cover(_ permission: Permission, in repository: RepositoryName?) -> Bool {
        contains { scope in
            switch scope.resource {
            case .catalog: repository == nil && scope.actions.contains("*")
            case .repository(let name): name == repository && scope.covers(permission)
            }
        }
    }
}
