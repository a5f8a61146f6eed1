import OCI
import SQLite

/// What of the history somebody may see who may not see every repository.
///
/// A record that happened in a repository belongs to it. One that happened nowhere in particular, such as a build, belongs to
/// the repositories that serve or ever served what it is about. What belongs to none is for those who may see everything.
struct Sight {
    /// Repositories of one digest that are looked at; further ones do not make it visible.
    private static let mostRepositories = 1000

    let reader: LedgerReader
    let selection: RepositorySelection

    /// Whether everything can be seen.
    var isWhole: Bool { selection.isAll }

    /// Whether a repository that can be seen serves the digest or ever did.
    func shows(_ digest: Digest) throws(SQLiteError) -> Bool {
        if isWhole { return true }
        return try shows(digest, at: try reader.places(of: digest))
    }

    /// The same, where the rows of the digest are known.
    func shows(_ digest: Digest, at place: (manifest: Int64?, blob: Int64?)) throws(SQLiteError) -> Bool {
        if isWhole { return true }
        let serving = try reader.repositories(
            servingManifest: place.manifest, blob: place.blob, limit: Self.mostRepositories)
        if serving.contains(where: { selection.contains($0) }) { return true }
        return try reader.repositories(onRecordOf: digest, limit: Self.mostRepositories)
            .contains { selection.contains($0) }
    }

    /// Whether the record can be seen.
    func shows(_ record: StoredRecord) throws(SQLiteError) -> Bool {
        if isWhole { return true }
        if let repository = record.repository { return selection.contains(repository) }
        guard let digest = record.digest else { return false }
        if try shows(digest) { return true }
        for digest in reader.digests(of: record) where try shows(digest) { return true }
        return false
    }
}

extension LedgerReader {
    /// The repositories in which something happened to the digest, in no order.
    fileprivate func repositories(onRecordOf digest: Digest, limit: Int) throws(SQLiteError) -> [String] {
        try connection.all(
            """
            SELECT DISTINCT record.repository FROM record_digest AS about JOIN record ON record.id = about.record
            WHERE about.digest = ?1 AND about.record < ?2 AND record.repository IS NOT NULL LIMIT ?3
            """, digest.encoded, shown, limit
        ) { $0.text(0) }
    }

    /// What a record without a repository says that it is about, besides its first digest.
    fileprivate func digests(of record: StoredRecord) -> [Digest] {
        (record.json["subjects"]?.array ?? []).prefix(256).compactMap { value in
            value.string.flatMap { try? Digest(parsing: $0) }
        }
    }
}
