package import OCI

/// Some of the repositories: those that somebody may see.
package enum RepositorySelection: Sendable {
    /// Every one, so that nothing has to be looked through.
    case all
    /// Those for which the function says yes.
    case some(@Sendable (RepositoryName) -> Bool)

    /// Whether there is nothing to leave out.
    package var isAll: Bool {
        if case .all = self { true } else { false }
    }

    /// Whether the repository is among them.
    package func contains(_ name: RepositoryName) -> Bool {
        switch self {
        case .all: true
        case .some(let contains): contains(name)
        }
    }

    /// Whether the repository with this name is among them; a text that is no name is none.
    func contains(_ name: String) -> Bool {
        if isAll { return true }
        return (try? RepositoryName(parsing: name)).map(contains) ?? false
    }
}
