package import OCI
import SQLite

extension LedgerReader {
    /// The row of a repository; nil when nothing was ever pushed to it.
    func repositoryID(_ name: RepositoryName) throws -> Int64? {
        try connection.first("SELECT id FROM repository WHERE name = ?1", name.rawValue) { $0.int64(0) }
    }

    /// Whether anything was ever pushed to the repository.
    package func hasRepository(_ name: RepositoryName) throws -> Bool {
        try repositoryID(name) != nil
    }

    /// Repositories that hold a manifest, in the order of their bytes, after `last`.
    package func repositories(after last: String?, limit: Int) throws -> [String] {
        try connection.all(
            """
            SELECT name FROM repository
            WHERE name > ?1 AND EXISTS (SELECT 1 FROM repository_manifest WHERE repository = repository.id)
            ORDER BY name LIMIT ?2
            """, last ?? "", limit
        ) { $0.text(0) }
    }

    /// Tags of a repository in the order of their bytes, after `last`.
    package func tags(of repository: RepositoryName, after last: String?, limit: Int) throws -> [String] {
        try connection.all(
            """
            SELECT tag.name FROM repository JOIN tag ON tag.repository = repository.id
            WHERE repository.name = ?1 AND tag.name > ?2 ORDER BY tag.name LIMIT ?3
            """, repository.rawValue, last ?? "", limit
        ) { $0.text(0) }
    }
}

extension LedgerTransaction {
    /// The row of a repository, made if need be.
    func ensureRepository(_ name: RepositoryName) throws -> Int64 {
        if let id = try reader.repositoryID(name) { return id }
        try connection.execute("INSERT INTO repository (name, created) VALUES (?1, ?2)", name.rawValue, now)
        let id = connection.lastInsertRowID
        try countForQuotas(id, called: name)
        return id
    }
}
