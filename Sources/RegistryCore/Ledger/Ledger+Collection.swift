import Attestation
import OCI
import SQLite

/// A repository, by its row.
struct RepositoryRow: Sendable {
    let key: Int64
    let name: RepositoryName
}

/// A blob in a repository, as a collection sees it.
struct BlobLink: Sendable {
    let blob: Int64
    let digest: Digest
    let size: Int64
    /// When a client was last told that it is here, or a manifest left that named it.
    let leased: Int64
}

/// A manifest in a repository, as a collection sees it.
struct ManifestEntry: Sendable {
    let manifest: Int64
    let digest: Digest
    let size: Int64
    let pushed: Int64
}

extension LedgerReader {
    /// Repositories in the order of their rows.
    func repositories(after key: Int64, limit: Int) throws -> [RepositoryRow] {
        try connection.all(
            "SELECT id, name FROM repository WHERE id > ?1 ORDER BY id LIMIT ?2", key, limit
        ) { row throws(SQLiteError) in RepositoryRow(key: row.int64(0), name: try row.repository(1)) }
    }

    /// What the next manifests of a repository name.
    ///
    /// - Returns: nil when there are no more; else where the next page begins.
    func forEachNamed(
        in repository: Int64, after manifest: Int64, manifests limit: Int, _ body: (Digest) -> Void
    ) throws -> Int64? {
        var last: Int64?
        try connection.forEach(
            """
            SELECT entry.manifest, reference.digest FROM (
                SELECT manifest FROM repository_manifest WHERE repository = ?1 AND manifest > ?2
                ORDER BY manifest LIMIT ?3) AS entry
            LEFT JOIN reference ON reference.manifest = entry.manifest
            """, repository, manifest, limit
        ) { row throws(SQLiteError) in
            last = max(last ?? 0, row.int64(0))
            if !row.isNull(1) { body(try row.digest(1)) }
            return true
        }
        return last
    }

    /// The blobs of a repository, in the order of their rows.
    func links(of repository: Int64, after blob: Int64, limit: Int) throws -> [BlobLink] {
        try connection.all(
            """
            SELECT link.blob, blob.digest, blob.size, link.leased
            FROM repository_blob AS link JOIN blob ON blob.id = link.blob
            WHERE link.repository = ?1 AND link.blob > ?2 ORDER BY link.blob LIMIT ?3
            """, repository, blob, limit
        ) { row throws(SQLiteError) in
            BlobLink(blob: row.int64(0), digest: try row.digest(1), size: row.int64(2), leased: row.int64(3))
        }
    }

    /// The tags of a repository, in the order of their names.
    func tags(of repository: Int64, after last: Tag?, limit: Int) throws -> [TagRow] {
        try connection.all(
            """
            SELECT tag.name, manifest.digest, tag.updated, entry.pulled
            FROM tag JOIN manifest ON manifest.id = tag.manifest
            JOIN repository_manifest AS entry ON entry.repository = tag.repository AND entry.manifest = tag.manifest
            WHERE tag.repository = ?1 AND tag.name > ?2 ORDER BY tag.name LIMIT ?3
            """, repository, last?.rawValue ?? "", limit
        ) { row throws(SQLiteError) in
            TagRow(tag: try row.tag(0), digest: try row.digest(1), updated: row.int64(2), pulled: row.int64(3))
        }
    }

    /// Whether a key that was trusted then has signed a manifest.
    func isSigned(_ digest: Digest) throws -> Bool {
        try connection.first(
            """
            SELECT 1 FROM record_digest JOIN record ON record.id = record_digest.record
            WHERE record_digest.digest = ?1 AND record.kind = 'signature'
                AND record.document ->> '$.verification.signature' = ?2 LIMIT 1
            """, digest.encoded, Verification.valid(keyids: []).name
        ) { _ in true } ?? false
    }

    /// The manifests of a repository, in the order of their rows.
    func entries(of repository: Int64, after manifest: Int64, limit: Int) throws -> [ManifestEntry] {
        try connection.all(
            """
            SELECT entry.manifest, manifest.digest, manifest.size, entry.pushed
            FROM repository_manifest AS entry JOIN manifest ON manifest.id = entry.manifest
            WHERE entry.repository = ?1 AND entry.manifest > ?2 ORDER BY entry.manifest LIMIT ?3
            """, repository, manifest, limit
        ) { row throws(SQLiteError) in
            ManifestEntry(manifest: row.int64(0), digest: try row.digest(1), size: row.int64(2), pushed: row.int64(3))
        }
    }

    /// The manifest in a repository; nil when it is not there.
    func entry(_ digest: Digest, of repository: Int64) throws -> ManifestEntry? {
        try connection.first(
            """
            SELECT manifest.id, manifest.size, entry.pushed
            FROM manifest JOIN repository_manifest AS entry ON entry.manifest = manifest.id AND entry.repository = ?2
            WHERE manifest.digest = ?1
            """, digest.encoded, repository
        ) { ManifestEntry(manifest: $0.int64(0), digest: digest, size: $0.int64(1), pushed: $0.int64(2)) }
    }

    /// The blob in a repository; nil when it is not there.
    func link(of digest: Digest, in repository: Int64) throws -> BlobLink? {
        try connection.first(
            """
            SELECT blob.id, blob.size, link.leased
            FROM blob JOIN repository_blob AS link ON link.blob = blob.id AND link.repository = ?2 WHERE blob.digest = ?1
            """, digest.encoded, repository
        ) { BlobLink(blob: $0.int64(0), digest: digest, size: $0.int64(1), leased: $0.int64(2)) }
    }

    /// Repositories that have a digest as a manifest or a blob, in the order of their names, up to a thousand of each.
    func repositories(with digest: Digest) throws -> [RepositoryRow] {
        let place = try places(of: digest)
        let names = try repositories(servingManifest: place.manifest, blob: place.blob, limit: 1000)
        return try Set(names).sorted().compactMap { text in
            guard let name = try? RepositoryName(parsing: text), let key = try repositoryID(name) else { return nil }
            return RepositoryRow(key: key, name: name)
        }
    }

    /// Whether another repository has the blob as well.
    func isLinked(_ blob: Int64, elsewhereThan repository: Int64) throws -> Bool {
        try connection.first(
            "SELECT 1 FROM repository_blob WHERE blob = ?1 AND repository <> ?2 LIMIT 1", blob, repository
        ) { _ in true } ?? false
    }

    /// Why a manifest stays in its repository; nil when it has no tag, no manifest of the repository names it, and its subject, if
    /// it has one, is not there.
    func holder(of entry: ManifestEntry, in repository: Int64) throws -> KeptBecause? {
        let tags = try connection.all(
            "SELECT name FROM tag WHERE repository = ?1 AND manifest = ?2 ORDER BY name LIMIT ?3",
            repository, entry.manifest, KeptBecause.mostNames
        ) { $0.text(0) }
        if !tags.isEmpty { return .tagged(tags) }
        let parents = try manifests(naming: entry.digest, in: repository)
        if !parents.isEmpty { return .named(by: parents) }
        let subject = try connection.first(
            """
            SELECT referrer.subject FROM referrer
            JOIN manifest ON manifest.digest = referrer.subject
            JOIN repository_manifest AS entry ON entry.manifest = manifest.id AND entry.repository = referrer.repository
            WHERE referrer.manifest = ?2 AND referrer.repository = ?1
            """, repository, entry.manifest
        ) { row throws(SQLiteError) in try row.digest(0) }
        return subject.map { .refers(to: $0) }
    }

    /// Some manifests of a repository that name a digest.
    func manifests(naming digest: Digest, in repository: Int64) throws -> [Digest] {
        try connection.all(
            """
            SELECT manifest.digest FROM reference
            JOIN repository_manifest AS entry ON entry.manifest = reference.manifest AND entry.repository = ?1
            JOIN manifest ON manifest.id = reference.manifest WHERE reference.digest = ?2 LIMIT ?3
            """, repository, digest.encoded, KeptBecause.mostNames
        ) { row throws(SQLiteError) in try row.digest(0) }
    }

    /// Whether the bytes of a digest are wanted as a file: by a blob that is not kept in the database, or by large evidence.
    func needsFile(of digest: Digest) throws -> Bool {
        let isBlob = try connection.first(
            """
            SELECT 1 FROM blob WHERE digest = ?1 AND NOT EXISTS (SELECT 1 FROM blob_content WHERE blob = blob.id)
            """, digest.encoded
        ) { _ in true }
        if isBlob != nil { return true }
        return try isEvidenceFile(digest)
    }

    /// Whether a digest is that of large evidence.
    func isEvidenceFile(_ digest: Digest) throws -> Bool {
        try connection.first(
            "SELECT 1 FROM evidence WHERE digest = ?1 AND content IS NULL", digest.encoded
        ) { _ in true } ?? false
    }

    /// What manifests name that were pushed to a repository from the record `first` on.
    fileprivate func named(in repository: RepositoryName, pushedSince first: Int64) throws -> Set<Digest> {
        var named: Set<Digest> = []
        try connection.forEach(
            """
            SELECT reference.digest FROM record INDEXED BY record_by_repository
            JOIN manifest ON manifest.digest = record.digest JOIN reference ON reference.manifest = manifest.id
            WHERE record.repository = ?1 AND record.id >= ?2 AND record.kind = 'push'
            """, repository.rawValue, first
        ) { row throws(SQLiteError) in
            named.insert(try row.digest(0))
            return true
        }
        return named
    }
}

extension LedgerTransaction {
    /// Ends links of blobs that no manifest of the repository names, and drops the rows of blobs that are left without any. Each is
    /// a record.
    ///
    /// - Parameters:
    ///   - first: no manifest named them when there were so many records.
    ///   - time: a link that was leased after this stays.
    /// - Returns: what has gone; of each, whether nothing holds the bytes any more.
    func collect(
        _ links: [BlobLink], of repository: RepositoryRow, unnamedAt first: Int64, leasedBefore time: Int64
    ) throws -> [Garbage] {
        let named = try reader.named(in: repository.name, pushedSince: first)
        var garbage: [Garbage] = []
        for link in links where !named.contains(link.digest) {
            try connection.execute(
                "DELETE FROM repository_blob WHERE repository = ?1 AND blob = ?2 AND leased <= ?3",
                repository.key, link.blob, time)
            guard connection.changes > 0 else { continue }
            let freesBytes = try dropUnlinked(link)
            let item = Garbage(
                .blob, link.digest, size: link.size, in: repository.name, freesBytes: freesBytes)
            try append(item.record, by: Actor())
            garbage.append(item)
        }
        return garbage
    }

    /// Drops the row of a blob that no repository has; false when one does, or when the bytes are evidence.
    private func dropUnlinked(_ link: BlobLink) throws -> Bool {
        let isLinked = try connection.first("SELECT 1 FROM repository_blob WHERE blob = ?1 LIMIT 1", link.blob) { _ in
            true
        }
        if isLinked != nil { return false }
        try dropBlob(link.blob)
        return try !reader.isEvidenceFile(link.digest)
    }

    /// Drops the row of a blob and, of a small one, its bytes.
    func dropBlob(_ key: Int64) throws {
        try connection.execute("DELETE FROM blob_content WHERE blob = ?1", key)
        try connection.execute("DELETE FROM blob WHERE id = ?1", key)
    }

    /// Says that a manifest was pulled, unless that is known to the hour.
    func setPulled(_ digest: Digest, in repository: RepositoryName, at time: Int64) throws {
        try connection.execute(
            """
            UPDATE repository_manifest SET pulled = ?3
            WHERE repository = (SELECT id FROM repository WHERE name = ?1)
                AND manifest = (SELECT id FROM manifest WHERE digest = ?2) AND pulled <= ?3 - ?4
            """, repository.rawValue, digest.encoded, time, TagRow.pullPrecision)
    }

    /// Removes a tag unless it was set again since it was looked at; nil when it stays.
    func collect(_ row: TagRow, of repository: RepositoryRow) throws -> Garbage? {
        let updated = try connection.first(
            "SELECT updated FROM tag WHERE repository = ?1 AND name = ?2", repository.key, row.tag.rawValue
        ) { $0.int64(0) }
        guard updated == row.updated, try deleteTag(row.tag, in: repository.key) == row.digest else { return nil }
        let item = Garbage(row, in: repository.name)
        try append(item.record, by: Actor())
        return item
    }

    /// Takes a manifest out of a repository if nothing there needs it and it was pushed before `time`; nil when it stays.
    func collect(_ entry: ManifestEntry, of repository: RepositoryRow, pushedBefore time: Int64) throws -> Garbage? {
        let pushed = try connection.first(
            "SELECT pushed FROM repository_manifest WHERE repository = ?1 AND manifest = ?2", repository.key,
            entry.manifest
        ) { $0.int64(0) }
        guard let pushed, pushed <= time, try reader.holder(of: entry, in: repository.key) == nil else { return nil }
        guard try deleteManifest(entry.digest, in: repository.key) != nil else { return nil }
        let item = Garbage(.manifest, entry.digest, size: entry.size, in: repository.name, freesBytes: false)
        try append(item.record, by: Actor())
        return item
    }
}

extension Row {
    fileprivate borrowing func tag(_ column: Int) throws(SQLiteError) -> Tag {
        do { return try Tag(parsing: text(column)) } catch { throw .corrupt("\(error)") }
    }

    /// The name of a repository.
    borrowing func repository(_ column: Int) throws(SQLiteError) -> RepositoryName {
        do { return try RepositoryName(parsing: text(column)) } catch { throw .corrupt("\(error)") }
    }
}
