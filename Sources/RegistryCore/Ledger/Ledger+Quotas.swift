package import OCI
import SQLite

/// How many bytes the repositories of a pattern may hold together.
package struct Quota: Sendable, Equatable {
    /// The names of the repositories that count.
    package let match: Glob
    /// Bytes of all blobs and manifests that they link to, each counted once.
    package let bytes: Int64

    /// A quota for the repositories that match.
    package init(match: Glob, bytes: Int64) {
        self.match = match
        self.bytes = bytes
    }
}

/// What is left of a quota.
package struct QuotaUsage: Sendable, Equatable {
    package let quota: Quota
    /// Bytes that count for it; more than it allows when it was made smaller afterwards.
    package let used: Int64

    /// How many more it takes.
    package var room: Int64 { max(0, quota.bytes - used) }

    /// Says to a client why `needed` more bytes are not taken.
    package func refusal(of needed: Int64) -> String {
        "the quota of \(quota.match) is \(quota.bytes) bytes, \(used) are in use, and this needs \(needed) more: "
            + "remove images and let them be collected, or ask for a larger quota"
    }
}

/// The quotas that are in force, as a transaction needs them: whose repositories a new one is among.
struct CountedQuotas: Sendable {
    static let none = CountedQuotas(matches: [])

    let matches: [(row: Int64, match: Glob)]

    var isEmpty: Bool { matches.isEmpty }
}

extension LedgerReader {
    /// Every quota and what counts for it, in the order of their patterns.
    package func quotas() throws -> [QuotaUsage] {
        try connection.all("SELECT match, bytes, used FROM quota ORDER BY match", read: Self.usage)
    }

    /// The quotas that hold for a repository; also for one that is to be.
    func quotas(for repository: RepositoryName, among counted: CountedQuotas) throws -> [QuotaUsage] {
        try counted.matches.filter { $0.match.matches(repository.rawValue) }.compactMap { row, _ in
            try connection.first("SELECT match, bytes, used FROM quota WHERE id = ?1", row, read: Self.usage)
        }
    }

    fileprivate func quotas(ofRepository repository: Int64) throws -> [QuotaUsage] {
        try connection.all(
            """
            SELECT quota.match, quota.bytes, quota.used FROM quota_repository AS counted
            JOIN quota ON quota.id = counted.quota WHERE counted.repository = ?1
            """, repository, read: Self.usage)
    }

    fileprivate static func usage(_ row: borrowing Row) throws(SQLiteError) -> QuotaUsage {
        guard let match = try? Glob(parsing: row.text(0)) else { throw .corrupt("a quota has no pattern") }
        return QuotaUsage(quota: Quota(match: match, bytes: row.int64(1)), used: row.int64(2))
    }
}

extension LedgerTransaction {
    /// Runs what may add content to a repository.
    ///
    /// - Throws: `RegistryError.quotaExceeded` when it then holds more than a quota of it allows, and more than before. What was
    ///   there before may always be pushed again.
    func withinQuotas<Value>(of repository: Int64, _ body: () throws -> Value) throws -> Value {
        guard !quotas.isEmpty else { return try body() }
        let before = try reader.quotas(ofRepository: repository)
        let value = try body()
        for (before, after) in zip(before, try reader.quotas(ofRepository: repository))
        where after.used > after.quota.bytes && after.used > before.used {
            throw RegistryError.quotaExceeded(before, needed: after.used - before.used)
        }
        return value
    }

    /// Counts a repository that has just come to be for the quotas that are about it.
    func countForQuotas(_ repository: Int64, called name: RepositoryName) throws {
        for (row, match) in quotas.matches where match.matches(name.rawValue) {
            try connection.execute(
                "INSERT INTO quota_repository (repository, quota) VALUES (?1, ?2)", repository, row)
        }
    }
}

extension Connection {
    /// The quotas that the database counts for.
    func countedQuotas() throws -> CountedQuotas {
        CountedQuotas(
            matches: try all("SELECT id, match FROM quota") { row throws(SQLiteError) in
                guard let match = try? Glob(parsing: row.text(1)) else { throw .corrupt("a quota has no pattern") }
                return (row.int64(0), match)
            })
    }

    /// Puts these quotas in force in place of those before. What counts for one that is new is counted once, so that takes some
    /// microseconds for each link of its repositories.
    func setQuotas(_ quotas: [Quota]) throws {
        try transaction(.immediate) {
            for (row, match) in try countedQuotas().matches where !quotas.contains(where: { $0.match == match }) {
                // Before what counts for it, so that nothing is subtracted row by row.
                try execute("DELETE FROM quota WHERE id = ?1", row)
                try execute("DELETE FROM quota_content WHERE quota = ?1", row)
                try execute("DELETE FROM quota_repository WHERE quota = ?1", row)
            }
            for quota in quotas {
                try execute(
                    """
                    INSERT INTO quota (match, bytes, used) VALUES (?1, ?2, 0)
                    ON CONFLICT (match) DO UPDATE SET bytes = excluded.bytes WHERE bytes <> excluded.bytes
                    """, quota.match.description, quota.bytes)
            }
            let counted = try countedQuotas()
            guard !counted.isEmpty else { return }
            for (repository, name) in try all("SELECT id, name FROM repository", read: { ($0.int64(0), $0.text(1)) }) {
                for (row, match) in counted.matches where match.matches(name) {
                    try execute(
                        """
                        INSERT INTO quota_repository (repository, quota) VALUES (?1, ?2)
                        ON CONFLICT (repository, quota) DO NOTHING
                        """, repository, row)
                }
            }
        }
    }
}
