import OCI
import SQLite

/// An upload session's row: there is one once the session has kept something, or has ended without.
struct StoredUpload: Sendable {
    /// The name of the repository.
    let repository: String
    let algorithm: Digest.Algorithm
    let expires: Int64
    /// Whether it has become a blob, or was cancelled.
    let hasEnded: Bool
}

extension LedgerReader {
    /// The row of a session, if it has one.
    func upload(_ id: UploadID) throws -> StoredUpload? {
        try connection.first(
            "SELECT repository, algorithm, expires, ended FROM upload WHERE id = ?1", id.description
        ) { row throws(SQLiteError) in
            guard let algorithm = Digest.Algorithm(rawValue: row.text(1)) else {
                throw .corrupt("an upload names no algorithm")
            }
            return StoredUpload(
                repository: row.text(0), algorithm: algorithm, expires: row.int64(2), hasEnded: row.int(3) != 0)
        }
    }

    /// Sessions of a repository that have kept something, and have neither ended nor expired.
    func uploadCount(in repository: RepositoryName, at now: Int64) throws -> Int {
        try connection.first(
            "SELECT count(*) FROM upload WHERE repository = ?1 AND expires > ?2 AND ended = 0", repository.rawValue, now
        ) { $0.int(0) } ?? 0
    }

    /// Sessions that have expired.
    func expiredUploads(at now: Int64, limit: Int) throws -> [UploadID] {
        try connection.all("SELECT id FROM upload WHERE expires <= ?1 ORDER BY expires LIMIT ?2", now, limit) {
            UploadID(parsing: $0.text(0))
        }.compactMap(\.self)
    }

    /// Whether a session has kept something, and has not ended.
    func hasUpload(_ id: UploadID) throws -> Bool {
        try connection.first("SELECT 1 FROM upload WHERE id = ?1 AND ended = 0", id.description) { _ in true } ?? false
    }
}

extension LedgerTransaction {
    /// Gives a session its row, before it keeps anything. One that it has already stays as it is.
    ///
    /// - Throws: `UploadError.tooManyUploads` when the repository has `limit` of them.
    func keepUpload(_ session: UploadSession, in repository: RepositoryName, lifetime: Int64, limit: Int) throws {
        guard try reader.upload(session.id) == nil else { return }
        guard try reader.uploadCount(in: repository, at: now) < limit else {
            throw UploadError.tooManyUploads(limit: limit)
        }
        try connection.execute(
            "INSERT INTO upload (id, repository, algorithm, started, expires) VALUES (?1, ?2, ?3, ?4, ?5)",
            session.id.description, repository.rawValue, session.algorithm.rawValue, session.started, now + lifetime)
    }

    /// Gives a session another lifetime.
    func extendUpload(_ id: UploadID, lifetime: Int64) throws {
        try connection.execute("UPDATE upload SET expires = ?2 WHERE id = ?1", id.description, now + lifetime)
    }

    /// Forgets a session that has expired; false when it was given another lifetime meanwhile, or is gone.
    func forgetUpload(_ id: UploadID, expiredAt time: Int64) throws -> Bool {
        try connection.execute("DELETE FROM upload WHERE id = ?1 AND expires <= ?2", id.description, time)
        return connection.changes > 0
    }

    /// Ends a session that has kept something, when it has become a blob. Its row stays until it would have expired.
    func endUpload(_ id: UploadID) throws {
        try connection.execute("UPDATE upload SET ended = 1 WHERE id = ?1", id.description)
    }

    /// Ends a session, also one that has kept nothing.
    func cancelUpload(_ session: UploadSession, in repository: RepositoryName, lifetime: Int64) throws {
        try connection.execute(
            """
            INSERT INTO upload (id, repository, algorithm, started, expires, ended) VALUES (?1, ?2, ?3, ?4, ?5, 1)
            ON CONFLICT (id) DO UPDATE SET ended = 1
            """, session.id.description, repository.rawValue, session.algorithm.rawValue, session.started,
            now + lifetime)
    }
}
