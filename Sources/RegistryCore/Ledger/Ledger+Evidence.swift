import Attestation
package import OCI
import SQLite

/// Evidence as it is kept.
package struct StoredEvidence: Sendable {
    package let digest: Digest
    package let mediaType: String
    package let size: Int64
    /// The bytes; nil when they are a file in blobs/.
    package let content: [UInt8]?
}

extension LedgerReader {
    /// The evidence that a record was read from; nil when there is none, or it was removed.
    func evidence(of record: StoredRecord) throws -> StoredEvidence? {
        guard let id = record.evidence else { return nil }
        return try connection.first(
            "SELECT digest, media_type, size, content FROM evidence WHERE id = ?1", id, read: StoredEvidence.init)
    }

    /// What was sent through Archivista's API, by the name that it has there.
    func evidence(_ gitoid: Gitoid) throws -> StoredEvidence? {
        try connection.first(
            """
            SELECT digest, media_type, size, content FROM archivista JOIN evidence ON evidence.id = archivista.evidence
            WHERE gitoid = ?1
            """, gitoid.digest.hash, read: StoredEvidence.init)
    }

    /// The request that came with an idempotency key, and its record.
    func request(idempotencyKey key: String) throws -> (hash: [UInt8], record: Int64)? {
        try connection.first("SELECT request, record FROM idempotency_key WHERE key = ?1", key) {
            ($0.blob(0), $0.int64(1))
        }
    }
}

extension StoredEvidence {
    fileprivate init(_ row: borrowing Row) throws(SQLiteError) {
        self.init(
            digest: try row.digest(0), mediaType: row.text(1), size: row.int64(2), content: row.blobOrNil(3))
    }
}

extension LedgerTransaction {
    /// Keeps evidence, and gives the key of its row.
    ///
    /// - Parameter content: nil when the bytes are a durable file in blobs/.
    func putEvidence(_ digest: Digest, mediaType: String, size: Int, content: [UInt8]?) throws -> Int64 {
        try connection.execute(
            "INSERT INTO evidence (digest, media_type, size, content) VALUES (?1, ?2, ?3, ?4)", digest.encoded,
            mediaType, size, content)
        return connection.lastInsertRowID
    }

    /// Gives evidence the name that it has in Archivista's API.
    func name(evidence: Int64, _ gitoid: Gitoid) throws {
        try connection.execute(
            "INSERT INTO archivista (gitoid, evidence) VALUES (?1, ?2)", gitoid.digest.hash, evidence)
    }

    /// Remembers the request that came with an idempotency key.
    func keep(idempotencyKey key: String, request: [UInt8], record: Int64) throws {
        try connection.execute(
            "INSERT INTO idempotency_key (key, request, record) VALUES (?1, ?2, ?3)", key, request, record)
    }
}
