import OCI
import SQLite

extension LedgerReader {
    /// What contradicts itself in the database, a sentence each; empty when all is well. Reads everything.
    ///
    /// - Parameter files: answers with the bytes of evidence that is a file; nil to leave it out.
    func contradictions(evidence files: LedgerAudit.EvidenceFiles? = nil) throws -> [String] {
        var found = try connection.quickCheck()
        found += try connection.all(
            """
            SELECT tag.name, repository.name FROM tag JOIN repository ON repository.id = tag.repository
            WHERE NOT EXISTS (SELECT 1 FROM repository_manifest AS entry
                              WHERE entry.repository = tag.repository AND entry.manifest = tag.manifest)
            """
        ) { "tag \($0.text(0)) of \($0.text(1)) points at a manifest that the repository does not have" }
        found += try connection.all(
            """
            SELECT repository.name FROM referrer JOIN repository ON repository.id = referrer.repository
            WHERE NOT EXISTS (SELECT 1 FROM repository_manifest AS entry
                              WHERE entry.repository = referrer.repository AND entry.manifest = referrer.manifest)
            """
        ) { "\($0.text(0)) lists a referrer that it does not have" }
        found += try manifestsWithoutPush()
        found += try miscountedQuotas()
        found += try damagedManifests()
        let audit = LedgerAudit(.everything, files: files, comparesIndex: false)
        if let fault = try audit.run({ try $0(self) }) { return found + ["\(fault)"] }
        return try found + indexDifferences(evidence: files).sentences
    }

    /// A push without its record cannot be.
    private func manifestsWithoutPush() throws -> [String] {
        try connection.all(
            """
            SELECT repository.name, manifest.digest FROM repository_manifest AS entry
            JOIN repository ON repository.id = entry.repository JOIN manifest ON manifest.id = entry.manifest
            WHERE NOT EXISTS (SELECT 1 FROM record_digest AS about JOIN record ON record.id = about.record
                              WHERE about.digest = manifest.digest AND record.kind = 'push'
                                AND record.repository = repository.name)
            """
        ) { row throws(SQLiteError) in "\(try row.digest(1)) is in \(row.text(0)) without a record of its push" }
    }

    private func miscountedQuotas() throws -> [String] {
        try connection.all(
            """
            SELECT match, used, counted FROM (
                SELECT quota.match, quota.used,
                    (SELECT coalesce(sum(size), 0) FROM blob WHERE id IN (
                        SELECT link.blob FROM quota_repository AS counted
                        JOIN repository_blob AS link ON link.repository = counted.repository
                        WHERE counted.quota = quota.id))
                    + (SELECT coalesce(sum(size), 0) FROM manifest WHERE id IN (
                        SELECT entry.manifest FROM quota_repository AS counted
                        JOIN repository_manifest AS entry ON entry.repository = counted.repository
                        WHERE counted.quota = quota.id)) AS counted
                FROM quota)
            WHERE used <> counted
            """
        ) { "the quota of \($0.text(0)) has \($0.int64(1)) bytes in use by its count, and \($0.int64(2)) in truth" }
    }

    private func damagedManifests() throws -> [String] {
        var found: [String] = []
        try connection.forEach("SELECT digest, size, content FROM manifest") { row throws(SQLiteError) in
            let (digest, content) = (try row.digest(0), row.blob(2))
            if Digest(digest.algorithm, of: content) != digest { found.append("manifest \(digest) is damaged") }
            if row.int(1) != content.count { found.append("manifest \(digest) has another size than its row says") }
            return true
        }
        return found
    }

    /// How many blobs there are. Reads the whole index.
    func blobCount() throws -> Int {
        try connection.first("SELECT count(*) FROM blob") { $0.int(0) } ?? 0
    }
}
