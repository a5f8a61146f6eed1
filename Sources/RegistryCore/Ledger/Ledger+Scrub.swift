package import OCI
import SQLite

/// A pass over everything that is stored.
struct ScrubPass: Sendable, Equatable {
    /// When it began, in milliseconds since 1970-01-01 UTC.
    var begun: Int64
    /// Blobs up to this row are done; 0 before the first.
    var position: Int64 = 0
    /// When it ended; nil while it goes on.
    var finished: Int64?
}

/// A blob whose bytes were not what was pushed.
package struct DamagedBlob: Sendable, Equatable {
    package let digest: Digest
    package let size: Int64
    /// When that was found, in milliseconds since 1970-01-01 UTC.
    package let found: Int64
    package let reason: String
}

extension LedgerReader {
    /// Blobs that some repository has, in the order of their rows.
    func storedBlobs(after key: Int64, limit: Int) throws -> [BlobRow] {
        try connection.all(
            """
            SELECT id, digest, size, NOT EXISTS (SELECT 1 FROM blob_content WHERE blob = blob.id) FROM blob
            WHERE id > ?1 ORDER BY id LIMIT ?2
            """, key, limit
        ) { row throws(SQLiteError) in
            BlobRow(key: row.int64(0), digest: try row.digest(1), size: row.int64(2), isFile: row.int(3) != 0)
        }
    }

    /// The bytes of a blob that is not a file; nil for one that is.
    func blobContent(of blob: BlobRow) throws -> [UInt8]? {
        blob.isFile ? nil : try blobContent(key: blob.key)
    }

    /// Evidence that is a file, in the order of its digests.
    ///
    /// - Parameter last: where to go on; nil for the first.
    func evidenceFiles(after last: Digest?, limit: Int) throws -> [(digest: Digest, size: Int64)] {
        try connection.all(
            """
            SELECT digest, size FROM evidence INDEXED BY evidence_file
            WHERE content IS NULL AND digest > ?1 ORDER BY digest LIMIT ?2
            """, last?.encoded ?? [], limit
        ) { row throws(SQLiteError) in (try row.digest(0), row.int64(1)) }
    }

    /// The last pass; nil before the first.
    func scrubPass() throws -> ScrubPass? {
        try connection.first("SELECT begun, position, finished FROM scrub WHERE id = 1") {
            ScrubPass(begun: $0.int64(0), position: $0.int64(1), finished: $0.int64OrNil(2))
        }
    }

    /// Whether the row of a blob is still there.
    func hasBlob(_ key: Int64) throws -> Bool {
        try connection.first("SELECT 1 FROM blob WHERE id = ?1", key) { _ in true } ?? false
    }

    /// Blobs that were found damaged and were not pushed again since, in the order of their digests.
    package func damagedBlobs(limit: Int) throws -> [DamagedBlob] {
        try connection.all(
            """
            SELECT digest, size, found, reason FROM damaged_blob
            WHERE NOT EXISTS (SELECT 1 FROM blob WHERE blob.digest = damaged_blob.digest) ORDER BY digest LIMIT ?1
            """, limit
        ) { row throws(SQLiteError) in
            DamagedBlob(digest: try row.digest(0), size: row.int64(1), found: row.int64(2), reason: row.text(3))
        }
    }
}

extension LedgerTransaction {
    /// Writes down how far a pass is.
    func put(_ pass: ScrubPass) throws {
        try connection.execute(
            """
            INSERT INTO scrub (id, begun, position, finished) VALUES (1, ?1, ?2, ?3)
            ON CONFLICT (id) DO UPDATE SET begun = excluded.begun, position = excluded.position, finished = excluded.finished
            """, pass.begun, pass.position, pass.finished)
    }

    /// Takes a damaged blob out of every repository, each with a record, so that nobody is served it and pushing it again heals.
    ///
    /// - Returns: the names of the repositories; nil when the row is gone.
    func quarantine(_ blob: BlobRow, because reason: String) throws -> [RepositoryName]? {
        guard try reader.hasBlob(blob.key) else { return nil }
        let repositories = try connection.all(
            """
            SELECT repository.name FROM repository_blob AS link JOIN repository ON repository.id = link.repository
            WHERE link.blob = ?1
            """, blob.key
        ) { row throws(SQLiteError) in try row.repository(0) }
        for repository in repositories {
            try append(
                RecordDraft(
                    kind: .delete, repository: repository, digest: blob.digest,
                    document: [
                        "deleted": "blob", "reason": "damaged", "size": .integer(blob.size), "fault": .string(reason),
                    ]), by: Actor())
        }
        try connection.execute("DELETE FROM repository_blob WHERE blob = ?1", blob.key)
        try dropBlob(blob.key)
        try connection.execute(
            """
            INSERT INTO damaged_blob (digest, size, found, reason) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT (digest) DO UPDATE SET found = excluded.found, reason = excluded.reason
            """, blob.digest.encoded, blob.size, now, reason)
        return repositories
    }
}
