package import Attestation
package import OCI
import SQLite

/// Evidence as it is kept.
package struct StoredEvidence: Sendable {
    package let digest: Digest
    /// The name that Archivista's API gives it.
    package let gitoid: Gitoid
    package let mediaType: String
    package let size: Int64
    /// The bytes; nil when they are a file in blobs/.
    package let content: [UInt8]?
}

extension LedgerReader {
    /// Evidence by the digest of its bytes.
    package func evidence(_ digest: Digest) throws -> StoredEvidence? {
        try connection.first(
            "SELECT digest, gitoid, media_type, size, content FROM evidence WHERE digest = ?1", digest.encoded,
            read: StoredEvidence.init)
    }

    /// Evidence by the name that Archivista's API gives it.
    package func evidence(_ gitoid: Gitoid) throws -> StoredEvidence? {
        try connection.first(
            "SELECT digest, gitoid, media_type, size, content FROM evidence WHERE gitoid = ?1", gitoid.hex,
            read: StoredEvidence.init)
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
        guard let gitoid = Gitoid(row.text(1)) else { throw .corrupt("a gitoid cannot be read") }
        self.init(
            digest: try row.digest(0), gitoid: gitoid, mediaType: row.text(2), size: row.int64(3),
            content: row.blobOrNil(4))
    }
}

extension LedgerTransaction {
    /// Keeps evidence; what is there already stays as it is.
    ///
    /// - Parameter content: nil when the bytes are a durable file in blobs/.
    func putEvidence(_ digest: Digest, gitoid: Gitoid, mediaType: String, size: Int, content: [UInt8]?) throws {
        try connection.execute(
            """
            INSERT INTO evidence (digest, gitoid, media_type, size, content) VALUES (?1, ?2, ?3, ?4, ?5)
            ON CONFLICT (digest) DO NOTHING
            """, digest.encoded, gitoid.hex, mediaType, size, content)
    }

    /// Remembers the request that came with an idempotency key.
    func keep(idempotencyKey key: String, request: [UInt8], record: Int64) throws {
        try connection.execute(
            "INSERT INTO idempotency_key (key, request, record) VALUES (?1, ?2, ?3)", key, request, record)
    }
}
