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
    /// The rows of a digest in the catalogue; nil for what was never stored.
    func places(of digest: Digest) throws(SQLiteError) -> (manifest: Int64?, blob: Int64?) {
        let places = try connection.first(
            "SELECT (SELECT id FROM manifest WHERE digest = ?1), (SELECT id FROM blob WHERE digest = ?1)",
            digest.encoded
        ) { (manifest: $0.int64OrNil(0), blob: $0.int64OrNil(1)) }
        return places ?? (nil, nil)
    }

    /// Whether a record is about the digest.
    func hasRecords(about digest: Digest) throws -> Bool {
        try connection.first("SELECT 1 FROM record_digest WHERE digest = ?1 LIMIT 1", digest.encoded) { _ in true }
            ?? false
    }

    /// How many bytes a manifest has.
    func manifestSize(_ id: Int64) throws -> Int {
        try connection.first("SELECT size FROM manifest WHERE id = ?1", id) { $0.int(0) } ?? 0
    }

    /// The bytes of a manifest, in whatever repository it is or was.
    func manifestContent(_ id: Int64) throws -> [UInt8]? {
        try connection.first("SELECT content FROM manifest WHERE id = ?1", id) { $0.blob(0) }
    }

    /// Manifests that name the digest, in the order in which they were first pushed.
    func containers(of digest: Digest, limit: Int) throws -> [Containment] {
        var found: [Containment] = []
        var (last, roles) = (Int64(-1), Set<String>())
        try connection.forEach(
            """
            SELECT reference.manifest, manifest.digest, reference.role
            FROM reference CROSS JOIN manifest ON manifest.id = reference.manifest
            WHERE reference.digest = ?1 ORDER BY reference.manifest
            """, digest.encoded
        ) { row throws(SQLiteError) in
            // A manifest may name the same content several times.
            if row.int64(0) != last { (last, roles) = (row.int64(0), []) }
            guard roles.insert(row.text(2)).inserted else { return true }
            found.append(Containment(manifest: try row.digest(1), role: row.text(2)))
            return found.count < limit
        }
        return found
    }

    /// Repositories that serve a manifest or a blob now, by name. Where there are more than `limit`, those that are older.
    func repositories(
        servingManifest manifest: Int64?, blob: Int64?, limit: Int
    ) throws(SQLiteError) -> [String] {
        let ofManifest = try manifest.map { id throws(SQLiteError) in
            try connection.all(
                """
                SELECT name FROM (
                    SELECT repository FROM repository_manifest WHERE manifest = ?1 ORDER BY repository LIMIT ?2) AS serving
                JOIN repository ON repository.id = serving.repository ORDER BY name
                """, id, limit
            ) { $0.text(0) }
        }
        let ofBlob = try blob.map { id throws(SQLiteError) in
            try connection.all(
                """
                SELECT name FROM (
                    SELECT repository FROM repository_blob WHERE blob = ?1 ORDER BY repository LIMIT ?2) AS serving
                JOIN repository ON repository.id = serving.repository ORDER BY name
                """, id, limit
            ) { $0.text(0) }
        }
        guard let ofManifest, let ofBlob else { return ofManifest ?? ofBlob ?? [] }
        return Array(Set(ofManifest + ofBlob).sorted().prefix(limit))
    }

    /// Tags that point at a manifest now. Where there are more than `limit`, those of older repositories.
    func tags(pointingAt manifest: Int64, limit: Int) throws -> [TagLocation] {
        try connection.all(
            """
            SELECT repository.name, pointing.name FROM (
                SELECT tag.repository, tag.name FROM repository_manifest AS entry
                CROSS JOIN tag ON tag.repository = entry.repository AND tag.manifest = entry.manifest
                WHERE entry.manifest = ?1 LIMIT ?2) AS pointing
            JOIN repository ON repository.id = pointing.repository ORDER BY repository.name, pointing.name
            """, manifest, limit
        ) { TagLocation(repository: $0.text(0), tag: $0.text(1)) }
    }
}
