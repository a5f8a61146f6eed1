package import OCI
import SQLite

/// A blob that a repository may serve.
package struct StoredBlob: Sendable {
    /// Bytes of it.
    package let size: Int64
    /// The bytes; nil when they are a file in blobs/.
    package let content: [UInt8]?
    /// When a client was last told that the repository has it.
    let leased: Int64
}

extension LedgerReader {
    /// The blob, with its bytes if it is a small one; nil when `repository` may not serve it.
    package func blob(_ digest: Digest, in repository: RepositoryName) throws -> StoredBlob? {
        try connection.first(
            """
            SELECT blob.size, small.content, link.leased FROM repository, blob, repository_blob AS link
            LEFT JOIN blob_content AS small ON small.blob = blob.id
            WHERE repository.name = ?1 AND blob.digest = ?2 AND link.repository = repository.id AND link.blob = blob.id
            """, repository.rawValue, digest.encoded
        ) { StoredBlob(size: $0.int64(0), content: $0.blobOrNil(1), leased: $0.int64(2)) }
    }

    /// The bytes of a small blob; nil when they are a file in blobs/.
    func blobContent(key: Int64) throws -> [UInt8]? {
        try connection.first("SELECT content FROM blob_content WHERE blob = ?1", key) { $0.blob(0) }
    }

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
    package func isServed(_ digest: Digest, in visible: RepositorySelection) throws -> Bool {
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
    /// Lets `repository` serve a blob: its file is durable, or its bytes become so with this. Linking it again heals what
    /// has become of the bytes meanwhile, and changes nothing else.
    ///
    /// - Throws: `RegistryError.quotaExceeded`.
    package func linkBlob(_ blob: CommittedBlob, to repository: RepositoryName) throws {
        try connection.execute(
            "INSERT INTO blob (digest, size, created) VALUES (?1, ?2, ?3) ON CONFLICT (digest) DO NOTHING",
            blob.digest.encoded, blob.size, now)
        guard let id = try blobID(blob.digest) else { return }
        if let content = blob.content {
            try connection.execute(
                """
                INSERT INTO blob_content (blob, content) VALUES (?1, ?2)
                ON CONFLICT (blob) DO UPDATE SET content = excluded.content WHERE content <> excluded.content
                """, id, content)
        }
        try link(id, to: repository)
    }

    /// Lets `repository` serve a blob that the registry holds; false when it holds none.
    func mountBlob(_ digest: Digest, to repository: RepositoryName) throws -> Bool {
        guard let blob = try blobID(digest) else { return false }
        try link(blob, to: repository)
        return true
    }

    private func link(_ blob: Int64, to repository: RepositoryName) throws {
        let repository = try ensureRepository(repository)
        try withinQuotas(of: repository) {
            try connection.execute(
                """
                INSERT INTO repository_blob (repository, blob, leased) VALUES (?1, ?2, ?3)
                ON CONFLICT (repository, blob) DO UPDATE SET leased = excluded.leased
                """, repository, blob, now)
        }
    }

    /// Says that a client has just been told that the repository has the blob; false when it has it no more.
    func lease(_ digest: Digest, in repository: RepositoryName) throws -> Bool {
        guard let blob = try blobID(digest), let repository = try reader.repositoryID(repository) else { return false }
        try connection.execute(
            "UPDATE repository_blob SET leased = ?3 WHERE repository = ?1 AND blob = ?2", repository, blob, now)
        return connection.changes > 0
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
