package import OCI
import SQLite

extension LedgerReader {
    /// The size of a blob that `repository` may serve; nil when it may not.
    package func blobSize(_ digest: Digest, in repository: RepositoryName) throws -> Int64? {
        try connection.first(
            """
            SELECT blob.size FROM repository, blob, repository_blob AS link
            WHERE repository.name = ?1 AND blob.digest = ?2 AND link.repository = repository.id AND link.blob = blob.id
            """, repository.rawValue, digest.encoded
        ) { $0.int64(0) }
    }

    /// Whether any repository may serve the blob.
    func isServed(_ digest: Digest, in visible: RepositorySelection) throws -> Bool {
        var isServed = false
        try connection.forEach(
            """
            SELECT repository.name FROM blob JOIN repository_blob AS link ON link.blob = blob.id
            JOIN repository ON repository.id = link.repository WHERE blob.digest = ?1
            """, digest.encoded
        ) { row in
            isServed = visible.contains(row.text(0))
            return !isServed
        }
        return isServed
    }
}

extension LedgerTransaction {
    /// Lets `repository` serve a blob whose file is durable. Linking it again changes nothing.
    package func linkBlob(_ digest: Digest, size: Int64, to repository: RepositoryName) throws {
        try connection.execute(
            "INSERT INTO blob (digest, size, created) VALUES (?1, ?2, ?3) ON CONFLICT (digest) DO NOTHING",
            digest.encoded, size, now)
        _ = try mountBlob(digest, to: repository)
    }

    /// Lets `repository` serve a blob that the registry holds; false when it holds none.
    func mountBlob(_ digest: Digest, to repository: RepositoryName) throws -> Bool {
        guard let blob = try blobID(digest) else { return false }
        try connection.execute(
            """
            INSERT INTO repository_blob (repository, blob, linked) VALUES (?1, ?2, ?3)
            ON CONFLICT (repository, blob) DO UPDATE SET linked = excluded.linked
            """, try ensureRepository(repository), blob, now)
        return true
    }

    /// Ends the link; false when there was none.
    func unlinkBlob(_ digest: Digest, from repository: RepositoryName) throws -> Bool {
        guard let blob = try blobID(digest), let repository = try reader.repositoryID(repository) else { return false }
        try connection.execute("DELETE FROM repository_blob WHERE repository = ?1 AND blob = ?2", repository, blob)
        return connection.changes > 0
    }

    private func blobID(_ digest: Digest) throws -> Int64? {
        try connection.first("SELECT id FROM blob WHERE digest = ?1", digest.encoded) { $0.int64(0) }
    }

    /// Whether the row of the repository may serve the blob.
    func isLinked(_ digest: Digest, to repository: Int64) throws -> Bool {
        try connection.first(
            """
            SELECT 1 FROM blob JOIN repository_blob AS link ON link.blob = blob.id
            WHERE blob.digest = ?1 AND link.repository = ?2
            """, digest.encoded, repository
        ) { _ in true } ?? false
    }
}
