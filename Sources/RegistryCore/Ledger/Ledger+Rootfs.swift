import OCI
import SQLite

extension LedgerTransaction {
    /// Layers of one image whose chain is kept; real images have at most 127.
    private static let mostLayers = 512

    /// Keeps the chain of an image's layers; what is there already stays.
    func putRootfs(_ chain: [Digest], of manifest: Int64) throws {
        guard chain.count <= Self.mostLayers else { return }
        for (index, id) in chain.enumerated() {
            try connection.execute(
                """
                INSERT INTO rootfs (manifest, depth, chain, is_whole) VALUES (?1, ?2, ?3, ?4)
                ON CONFLICT (manifest, depth) DO NOTHING
                """, manifest, index + 1, id.encoded, index == chain.count - 1)
        }
    }
}

extension LedgerReader {
    /// The image with the most layers of which all are the first layers of another: what that one was built on.
    func imageUnder(_ digest: Digest) throws -> [Digest] {
        try connection.all(
            """
            SELECT base.digest FROM manifest JOIN rootfs AS mine ON mine.manifest = manifest.id
            JOIN rootfs AS theirs ON theirs.chain = mine.chain AND theirs.is_whole = 1
            JOIN manifest AS base ON base.id = theirs.manifest
            WHERE manifest.digest = ?1 AND mine.is_whole = 0 AND mine.depth = (
                SELECT max(deepest.depth) FROM rootfs AS deepest
                WHERE deepest.manifest = manifest.id AND deepest.is_whole = 0 AND EXISTS (
                    SELECT 1 FROM rootfs AS other WHERE other.chain = deepest.chain AND other.is_whole = 1))
            ORDER BY theirs.manifest LIMIT 16
            """, digest.encoded
        ) { row throws(SQLiteError) in try row.digest(0) }
    }

    /// Images that begin with all layers of another, and have more.
    func images(on digest: Digest, limit: Int) throws -> [Digest] {
        try connection.all(
            """
            SELECT derived.digest FROM rootfs AS theirs JOIN manifest AS derived ON derived.id = theirs.manifest
            WHERE theirs.is_whole = 0 AND theirs.chain = (
                SELECT mine.chain FROM manifest JOIN rootfs AS mine ON mine.manifest = manifest.id
                WHERE manifest.digest = ?1 AND mine.is_whole = 1)
            ORDER BY theirs.manifest LIMIT ?2
            """, digest.encoded, limit
        ) { row throws(SQLiteError) in try row.digest(0) }
    }

    /// Content of which a record says that it is based on an image, or was built with it; the same content once for each
    /// record.
    func contentOnRecord(basedOn digest: Digest, limit: Int) throws -> [(digest: Digest, kind: String)] {
        try connection.all(
            """
            SELECT record.digest, record.kind FROM record_base AS base CROSS JOIN record ON record.id = base.record
            WHERE base.digest = ?1 AND base.record < ?2 AND record.digest IS NOT NULL ORDER BY base.record LIMIT ?3
            """, digest.encoded, shown, limit
        ) { row throws(SQLiteError) in (try row.digest(0), row.text(1)) }
    }
}
