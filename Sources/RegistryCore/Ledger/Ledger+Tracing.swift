package import OCI
import SQLite

/// A manifest that names some content, and in which role.
package struct Containment: Sendable {
    package let manifest: Digest
    /// `config`, `layer`, `manifest` or `blob`.
    package let role: String
}

/// A tag that points at a manifest now.
package struct TagLocation: Sendable {
    package let repository: String
    package let tag: String
}

extension LedgerReader {
    /// Whether the digest was ever stored, or named by a manifest that was.
    package func wasSeen(_ digest: Digest) throws -> Bool {
        try connection.first(
            """
            SELECT 1 WHERE EXISTS (SELECT 1 FROM manifest WHERE digest = ?1)
                OR EXISTS (SELECT 1 FROM blob WHERE digest = ?1)
                OR EXISTS (SELECT 1 FROM reference WHERE digest = ?1)
                OR EXISTS (SELECT 1 FROM record_digest WHERE digest = ?1)
            """, digest.encoded
        ) { _ in true } ?? false
    }

    /// The bytes of a manifest, in whatever repository it is or was.
    package func manifestContent(_ digest: Digest) throws -> [UInt8]? {
        try connection.first("SELECT content FROM manifest WHERE digest = ?1", digest.encoded) { $0.blob(0) }
    }

    /// Manifests that name the digest, in the order in which they were first pushed.
    package func containers(of digest: Digest, limit: Int) throws -> [Containment] {
        try connection.all(
            """
            SELECT DISTINCT manifest.digest, reference.role
            FROM reference JOIN manifest ON manifest.id = reference.manifest
            WHERE reference.digest = ?1 ORDER BY reference.manifest LIMIT ?2
            """, digest.encoded, limit
        ) { row throws(SQLiteError) in Containment(manifest: try row.digest(0), role: row.text(1)) }
    }

    /// The repositories that serve the digest now, as a manifest or as a blob.
    package func repositories(serving digest: Digest, limit: Int) throws -> [String] {
        try connection.all(
            """
            SELECT name FROM repository WHERE id IN (
                SELECT entry.repository FROM manifest JOIN repository_manifest AS entry
                    ON entry.manifest = manifest.id WHERE manifest.digest = ?1
                UNION SELECT link.repository FROM blob JOIN repository_blob AS link
                    ON link.blob = blob.id WHERE blob.digest = ?1)
            ORDER BY name LIMIT ?2
            """, digest.encoded, limit
        ) { $0.text(0) }
    }

    /// The tags that point at a manifest now.
    package func tags(pointingAt digest: Digest, limit: Int) throws -> [TagLocation] {
        try connection.all(
            """
            SELECT repository.name, tag.name
            FROM manifest JOIN repository_manifest AS entry ON entry.manifest = manifest.id
            JOIN tag ON tag.repository = entry.repository AND tag.manifest = manifest.id
            JOIN repository ON repository.id = entry.repository
            WHERE manifest.digest = ?1 ORDER BY repository.name, tag.name LIMIT ?2
            """, digest.encoded, limit
        ) { TagLocation(repository: $0.text(0), tag: $0.text(1)) }
    }
}
