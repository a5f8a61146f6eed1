import OCI
import SQLite

/// An upload session's row.
struct StoredUpload: Sendable {
    let algorithm: Digest.Algorithm
    let expires: Int64
}

extension LedgerReader {
    /// The session, if it is one of this repository's and has not expired.
    func upload(_ id: UploadID, in repository: RepositoryName, at now: Int64) throws -> StoredUpload? {
        try connection.first(
            """
            SELECT algorithm, expires FROM upload WHERE id = ?1 AND repository = ?2 AND expires > ?3
            """, id.description, repository.rawValue, now
        ) { row throws(SQLiteError) in
            guard let algorithm = Digest.Algorithm(rawValue: row.text(0)) else {
                throw .corrupt("an upload names no algorithm")
            }
            return StoredUpload(algorithm: algorithm, expires: row.int64(1))
        }
    }

    /// Sessions that have expired.
    func expiredUploads(at now: Int64, limit: Int) throws -> [UploadID] {
        try connection.all("SELECT id FROM upload WHERE expires <= ?1 ORDER BY expires LIMIT ?2", now, limit) {
            UploadID(parsing: $0.text(0))
        }.compactMap(\.self)
    }

    /// Whether a session is known.
    func hasUpload(_ id: UploadID) throws -> Bool {
        try connection.first("SELECT 1 FROM upload WHERE id = ?1", id.description) { _ in true } ?? false
    }
}

extension LedgerTransaction {
    /// Begins a session.
    ///
    /// - Throws: `UploadError.tooManyUploads` when the repository has `limit` of them.
    func beginUpload(
        _ id: UploadID, algorithm: Digest.Algorithm, in repository: RepositoryName, lifetime: Int64, limit: Int
    ) throws {
        let count = try connection.first(
            "SELECT count(*) FROM upload WHERE repository = ?1 AND expires > ?2", repository.rawValue, now
        ) { $0.int(0) }
        guard count ?? 0 < limit else { throw UploadError.tooManyUploads(limit: limit) }
        try connection.execute(
            "INSERT INTO upload (id, repository, algorithm, started, expires) VALUES (?1, ?2, ?3, ?4, ?5)",
            id.description, repository.rawValue, algorithm.rawValue, now, now + lifetime)
    }

    /// Gives a session another lifetime.
    func extendUpload(_ id: UploadID, lifetime: Int64) throws {
        try connection.execute("UPDATE upload SET expires = ?2 WHERE id = ?1", id.description, now + lifetime)
    }

    /// Ends a session that has expired; false when it was given another lifetime meanwhile, or is gone.
    func endUpload(_ id: UploadID, expiredAt time: Int64) throws -> Bool {
        try connection.execute("DELETE FROM upload WHERE id = ?1 AND expires <= ?2", id.description, time)
        return connection.changes > 0
    }

    /// Ends a session; false when there was none.
    @discardableResult
    func endUpload(_ id: UploadID) throws -> Bool {
        try connection.execute("DELETE FROM upload WHERE id = ?1", id.description)
        return connection.changes > 0
    }
}
