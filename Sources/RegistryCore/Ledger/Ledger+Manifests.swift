package import OCI
import SQLite

/// A manifest as a repository holds it.
package struct StoredManifest: Sendable {
    /// Under which it was pushed.
    package let digest: Digest
    /// What the repository was told it is.
    package let mediaType: String
    /// Bytes of it.
    package let size: Int64
    /// The bytes, when they were asked for.
    package let content: [UInt8]
}

/// One referrer, ready to be listed.
package struct StoredReferrer: Sendable {
    /// Its place in the list, for the next page.
    package let key: Int64
    /// Its descriptor as JSON.
    package let descriptor: String
}

extension LedgerReader {
    /// The manifest of a tag or a digest in a repository.
    ///
    /// - Parameter content: whether the bytes are wanted; `HEAD` does without.
    package func manifest(
        _ reference: Reference, in repository: RepositoryName, content: Bool
    ) throws -> StoredManifest? {
        switch (reference, content) {
        case (.tag(let tag), true):
            try connection.first(
                """
                SELECT manifest.digest, entry.media_type, manifest.size, manifest.content
                FROM repository JOIN tag ON tag.repository = repository.id
                JOIN repository_manifest AS entry ON entry.repository = repository.id AND entry.manifest = tag.manifest
                JOIN manifest ON manifest.id = tag.manifest
                WHERE repository.name = ?1 AND tag.name = ?2
                """, repository.rawValue, tag.rawValue, read: Self.withContent)
        case (.tag(let tag), false):
            try connection.first(
                """
                SELECT manifest.digest, entry.media_type, manifest.size
                FROM repository JOIN tag ON tag.repository = repository.id
                JOIN repository_manifest AS entry ON entry.repository = repository.id AND entry.manifest = tag.manifest
                JOIN manifest ON manifest.id = tag.manifest
                WHERE repository.name = ?1 AND tag.name = ?2
                """, repository.rawValue, tag.rawValue, read: Self.withoutContent)
        case (.digest(let digest), true):
            try connection.first(
                """
                SELECT manifest.digest, entry.media_type, manifest.size, manifest.content
                FROM repository, manifest
                JOIN repository_manifest AS entry ON entry.repository = repository.id AND entry.manifest = manifest.id
                WHERE repository.name = ?1 AND manifest.digest = ?2
                """, repository.rawValue, digest.encoded, read: Self.withContent)
        case (.digest(let digest), false):
            try connection.first(
                """
                SELECT manifest.digest, entry.media_type, manifest.size
                FROM repository, manifest
                JOIN repository_manifest AS entry ON entry.repository = repository.id AND entry.manifest = manifest.id
                WHERE repository.name = ?1 AND manifest.digest = ?2
                """, repository.rawValue, digest.encoded, read: Self.withoutContent)
        }
    }

    private static func withContent(_ row: borrowing Row) throws(SQLiteError) -> StoredManifest {
        StoredManifest(
            digest: try row.digest(0), mediaType: row.text(1), size: row.int64(2), content: row.blob(3))
    }

    private static func withoutContent(_ row: borrowing Row) throws(SQLiteError) -> StoredManifest {
        StoredManifest(digest: try row.digest(0), mediaType: row.text(1), size: row.int64(2), content: [])
    }

    /// Manifests of a repository, without their bytes, in the order in which any repository first had them.
    ///
    /// - Parameter key: the place of the last one of the page before; 0 for the first page.
    package func manifests(
        of repository: RepositoryName, after key: Int64, limit: Int
    ) throws -> [(key: Int64, manifest: StoredManifest)] {
        try connection.all(
            """
            SELECT manifest.digest, entry.media_type, manifest.size, entry.manifest
            FROM repository JOIN repository_manifest AS entry ON entry.repository = repository.id
            JOIN manifest ON manifest.id = entry.manifest
            WHERE repository.name = ?1 AND entry.manifest > ?2 ORDER BY entry.manifest LIMIT ?3
            """, repository.rawValue, key, limit
        ) { row throws(SQLiteError) in (row.int64(3), try Self.withoutContent(row)) }
    }

    /// Manifests of `repository` whose subject is `subject`, in the order in which they were first pushed.
    package func referrers(
        to subject: Digest, in repository: RepositoryName, artifactType: String?, after key: Int64, limit: Int
    ) throws -> [StoredReferrer] {
        guard let artifactType else {
            return try connection.all(
                """
                SELECT referrer.manifest, referrer.descriptor
                FROM repository JOIN referrer ON referrer.repository = repository.id
                WHERE repository.name = ?1 AND referrer.subject = ?2 AND referrer.manifest > ?3
                ORDER BY referrer.manifest LIMIT ?4
                """, repository.rawValue, subject.encoded, key, limit, read: Self.referrer)
        }
        return try connection.all(
            """
            SELECT referrer.manifest, referrer.descriptor
            FROM repository JOIN referrer INDEXED BY referrer_by_type ON referrer.repository = repository.id
            WHERE repository.name = ?1 AND referrer.subject = ?2 AND referrer.artifact_type = ?3 AND referrer.manifest > ?4
            ORDER BY referrer.manifest LIMIT ?5
            """, repository.rawValue, subject.encoded, artifactType, key, limit, read: Self.referrer)
    }

    private static func referrer(_ row: borrowing Row) -> StoredReferrer {
        StoredReferrer(key: row.int64(0), descriptor: row.text(1))
    }
}

extension LedgerTransaction {
    /// What a manifest names that `repository` does not have.
    func missing(_ references: [Digest], in repository: Int64) throws -> [Digest] {
        try references.filter { digest in
            let isBlob = try isLinked(digest, to: repository)
            return try !isBlob && manifestID(digest, in: repository) == nil
        }
    }

    private func manifestID(_ digest: Digest, in repository: Int64) throws -> Int64? {
        try connection.first(
            """
            SELECT manifest.id FROM manifest JOIN repository_manifest AS entry ON entry.manifest = manifest.id
            WHERE manifest.digest = ?1 AND entry.repository = ?2
            """, digest.encoded, repository
        ) { $0.int64(0) }
    }

    /// Stores a manifest and what it names, and puts it into the repository. Storing it again changes its media type.
    ///
    /// - Throws: `RegistryError.quotaExceeded`.
    func putManifest(
        _ manifest: Manifest, digest: Digest, content: [UInt8], in repository: Int64
    ) throws -> Int64 {
        let id = try storeManifest(manifest, digest: digest, content: content)
        try withinQuotas(of: repository) {
            try connection.execute(
                """
                INSERT INTO repository_manifest (repository, manifest, media_type, pushed) VALUES (?1, ?2, ?3, ?4)
                ON CONFLICT (repository, manifest) DO UPDATE
                SET media_type = excluded.media_type, pushed = excluded.pushed
                """, repository, id, manifest.mediaType.rawValue, now)
        }
        if let subject = manifest.subject {
            try connection.execute(
                """
                INSERT INTO referrer (repository, subject, manifest, artifact_type, descriptor)
                VALUES (?1, ?2, ?3, ?4, ?5)
                ON CONFLICT (repository, subject, manifest) DO UPDATE SET descriptor = excluded.descriptor
                """, repository, subject.digest.encoded, id, manifest.referrerArtifactType,
                manifest.referrerDescriptor(digest: digest, size: content.count))
        }
        return id
    }

    private func storeManifest(_ manifest: Manifest, digest: Digest, content: [UInt8]) throws -> Int64 {
        let known = try connection.first("SELECT id FROM manifest WHERE digest = ?1", digest.encoded) { $0.int64(0) }
        if let known { return known }
        try connection.execute(
            "INSERT INTO manifest (digest, size, created, content) VALUES (?1, ?2, ?3, ?4)",
            digest.encoded, content.count, now, content)
        let id = connection.lastInsertRowID
        for (position, reference) in manifest.references.enumerated() {
            try connection.execute(
                "INSERT INTO reference (manifest, position, digest, role, descriptor) VALUES (?1, ?2, ?3, ?4, ?5)",
                id, position, reference.descriptor.digest.encoded, reference.role.rawValue,
                String(decoding: reference.descriptor.json.serialized(), as: UTF8.self))
        }
        return id
    }

    /// Points a tag at a manifest; gives the digest that it pointed at before.
    func moveTag(_ tag: Tag, in repository: Int64, to manifest: Int64) throws -> Digest? {
        let previous = try connection.first(
            """
            SELECT manifest.digest FROM tag JOIN manifest ON manifest.id = tag.manifest
            WHERE tag.repository = ?1 AND tag.name = ?2
            """, repository, tag.rawValue
        ) { row throws(SQLiteError) in try row.digest(0) }
        try connection.execute(
            """
            INSERT INTO tag (repository, name, manifest, updated) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT (repository, name) DO UPDATE SET manifest = excluded.manifest, updated = excluded.updated
            """, repository, tag.rawValue, manifest, now)
        return previous
    }

    /// Removes a tag; gives the digest that it pointed at, or nil when there was no such tag.
    func deleteTag(_ tag: Tag, in repository: Int64) throws -> Digest? {
        try connection.first(
            """
            DELETE FROM tag WHERE repository = ?1 AND name = ?2
            RETURNING (SELECT digest FROM manifest WHERE manifest.id = tag.manifest)
            """, repository, tag.rawValue
        ) { row throws(SQLiteError) in try row.digest(0) }
    }

    /// Takes a manifest out of a repository with the tags that point at it; gives their names, or nil when it was not
    /// there. The blobs that it names are leased again: whoever was told that they are here may be about to name them.
    func deleteManifest(_ digest: Digest, in repository: Int64) throws -> [String]? {
        guard let id = try manifestID(digest, in: repository) else { return nil }
        let tags = try connection.all(
            "SELECT name FROM tag WHERE repository = ?1 AND manifest = ?2 ORDER BY name", repository, id
        ) { $0.text(0) }
        try connection.execute("DELETE FROM tag WHERE repository = ?1 AND manifest = ?2", repository, id)
        try connection.execute("DELETE FROM referrer WHERE manifest = ?1 AND repository = ?2", id, repository)
        try connection.execute(
            "DELETE FROM repository_manifest WHERE repository = ?1 AND manifest = ?2", repository, id)
        try connection.execute(
            """
            UPDATE repository_blob SET leased = ?3 WHERE repository = ?1 AND blob IN (
                SELECT blob.id FROM reference JOIN blob ON blob.digest = reference.digest WHERE reference.manifest = ?2)
            """, repository, id, now)
        return tags
    }

    /// How many manifests of a repository name a blob, counted up to `limit`.
    func referenceCount(_ digest: Digest, in repository: Int64, limit: Int) throws -> Int {
        try connection.first(
            """
            SELECT count(*) FROM (
                SELECT 1 FROM reference JOIN repository_manifest AS entry ON entry.manifest = reference.manifest
                WHERE reference.digest = ?1 AND entry.repository = ?2 LIMIT ?3)
            """, digest.encoded, repository, limit
        ) { $0.int(0) } ?? 0
    }
}

extension Manifest {
    /// Reads a manifest that was accepted once: under the type that was said then, and whatever the limits are now.
    package init?(stored content: [UInt8], mediaType: String?) {
        do {
            self = try Manifest(parsing: content, contentType: mediaType, limits: JSONLimits(depth: .max))
        } catch {
            return nil
        }
    }
}

extension Manifest {
    /// How the referrers API lists this manifest, as JSON.
    fileprivate func referrerDescriptor(digest: Digest, size: Int) -> String {
        var descriptor = Descriptor(mediaType: mediaType, digest: digest, size: Int64(size))
        descriptor.artifactType = referrerArtifactType
        descriptor.annotations = annotations
        return String(decoding: descriptor.json.serialized(), as: UTF8.self)
    }
}
