package import OCI
import SQLite

/// A record that is about to be written.
struct RecordDraft: Sendable {
    var kind: RecordKind
    var repository: RepositoryName
    /// What the record is about.
    var digest: Digest
    /// Other digests under which it is found, for example the one that a tag left.
    var alsoAbout: [Digest] = []
    var builder: String?
    var revision: String?
    var labels: [String: String] = [:]
    /// Everything else, without who did it from where.
    var document: JSONObject
}

/// What a record tells of.
package enum RecordKind: String, Sendable, CaseIterable {
    /// A manifest was pushed, by digest or under tags.
    case push
    /// A tag that pointed at something else was moved.
    case tag
    /// A tag, a manifest or a blob was deleted.
    case delete
}

/// A record as it was written.
package struct StoredRecord: Sendable {
    /// Its place in the history, from 0.
    package let id: Int64
    /// What it tells of.
    package let kind: String
    /// When, in milliseconds since 1970-01-01 UTC.
    package let time: Int64
    package let repository: String
    package let digest: Digest
    /// Who did it, as far as that has not been erased.
    package let principal: String?
    package let clientAddress: String?
    package let userAgent: String?
    /// The rest, as JSON.
    package let document: String
}

/// Which records are asked for. All conditions must hold; nil is no condition.
package struct RecordFilter: Sendable {
    package var repository: RepositoryName?
    package var kind: RecordKind?
    package var revision: String?
    package var builder: String?
    package var label: (key: String, value: String)?
    /// Not before, in milliseconds since 1970-01-01 UTC.
    package var since: Int64?
    /// Before, in milliseconds since 1970-01-01 UTC.
    package var until: Int64?

    /// No condition at all.
    package init() {}
}

extension LedgerReader {
    /// When the last record was written.
    func lastRecordTime() throws -> Int64? {
        try connection.first("SELECT time FROM record ORDER BY id DESC LIMIT 1") { $0.int64(0) }
    }

    /// Records about a digest, the oldest first, after the record `id`.
    package func records(about digest: Digest, after id: Int64, limit: Int) throws -> [StoredRecord] {
        try connection.all(
            """
            SELECT id, kind, time, repository, record.digest, principal, client_address, user_agent, document
            FROM record_digest AS about JOIN record ON record.id = about.record
            WHERE about.digest = ?1 AND about.record > ?2 ORDER BY about.record LIMIT ?3
            """, digest.encoded, id, limit, read: Self.record)
    }

    /// The newest push of a manifest, to one repository or to any.
    func lastPush(of digest: Digest, to repository: RepositoryName? = nil) throws -> StoredRecord? {
        try connection.first(
            """
            SELECT id, kind, time, repository, record.digest, principal, client_address, user_agent, document
            FROM record_digest AS about JOIN record ON record.id = about.record
            WHERE about.digest = ?1 AND record.kind = 'push' AND (?2 IS NULL OR record.repository = ?2)
            ORDER BY about.record DESC LIMIT 1
            """, digest.encoded, repository?.rawValue, read: Self.record)
    }

    /// Records that match, the oldest first, after the record `id`.
    ///
    /// One statement for each index, so that the most selective condition drives and none scans the whole table.
    package func records(matching filter: RecordFilter, after id: Int64, limit: Int) throws -> [StoredRecord] {
        let (low, high) = try bounds(of: filter, after: id)
        let repository = filter.repository?.rawValue
        let revision = filter.revision.map(RevisionRange.init)
        if let label = filter.label {
            return try connection.all(
                """
                SELECT id, kind, time, repository, digest, principal, client_address, user_agent, document
                FROM record_label AS label JOIN record ON record.id = label.record
                WHERE label.key = ?1 AND label.value = ?2 AND label.record BETWEEN ?3 AND ?4
                  AND (?5 IS NULL OR repository = ?5) AND (?6 IS NULL OR kind = ?6)
                  AND (?7 IS NULL OR revision BETWEEN ?7 AND ?8) AND (?9 IS NULL OR builder = ?9)
                ORDER BY label.record LIMIT ?10
                """, label.key, label.value, low, high, repository, filter.kind?.rawValue, revision?.low,
                revision?.high, filter.builder, limit, read: Self.record)
        }
        if let revision {
            return try connection.all(
                """
                SELECT id, kind, time, repository, digest, principal, client_address, user_agent, document
                FROM record INDEXED BY record_by_revision
                WHERE revision BETWEEN ?1 AND ?2 AND id BETWEEN ?3 AND ?4
                  AND (?5 IS NULL OR repository = ?5) AND (?6 IS NULL OR kind = ?6) AND (?7 IS NULL OR builder = ?7)
                ORDER BY id LIMIT ?8
                """, revision.low, revision.high, low, high, repository, filter.kind?.rawValue, filter.builder, limit,
                read: Self.record)
        }
        if let builder = filter.builder {
            return try connection.all(
                """
                SELECT id, kind, time, repository, digest, principal, client_address, user_agent, document
                FROM record INDEXED BY record_by_builder
                WHERE builder = ?1 AND id BETWEEN ?2 AND ?3
                  AND (?4 IS NULL OR repository = ?4) AND (?5 IS NULL OR kind = ?5)
                ORDER BY id LIMIT ?6
                """, builder, low, high, repository, filter.kind?.rawValue, limit, read: Self.record)
        }
        if let repository {
            return try connection.all(
                """
                SELECT id, kind, time, repository, digest, principal, client_address, user_agent, document
                FROM record INDEXED BY record_by_repository
                WHERE repository = ?1 AND id BETWEEN ?2 AND ?3 AND (?4 IS NULL OR kind = ?4)
                ORDER BY id LIMIT ?5
                """, repository, low, high, filter.kind?.rawValue, limit, read: Self.record)
        }
        return try connection.all(
            """
            SELECT id, kind, time, repository, digest, principal, client_address, user_agent, document
            FROM record WHERE id BETWEEN ?1 AND ?2 AND (?3 IS NULL OR kind = ?3) ORDER BY id LIMIT ?4
            """, low, high, filter.kind?.rawValue, limit, read: Self.record)
    }

    /// Times never go back, so a span of time is a span of records.
    private func bounds(of filter: RecordFilter, after id: Int64) throws -> (low: Int64, high: Int64) {
        // A client may send any number as a cursor. No record has the largest, so nothing is lost by not passing it.
        var (low, high) = (id == .max ? id : id + 1, Int64.max)
        if let since = filter.since {
            let first = try connection.first(
                "SELECT id FROM record WHERE time >= ?1 ORDER BY time, id LIMIT 1", since
            ) { $0.int64(0) }
            low = max(low, first ?? .max)
        }
        if let until = filter.until {
            let last = try connection.first(
                "SELECT id FROM record WHERE time < ?1 ORDER BY time DESC, id DESC LIMIT 1", until
            ) { $0.int64(0) }
            high = last ?? -1
        }
        return (low, high)
    }

    private static func record(_ row: borrowing Row) throws(SQLiteError) -> StoredRecord {
        StoredRecord(
            id: row.int64(0), kind: row.text(1), time: row.int64(2), repository: row.text(3),
            digest: try row.digest(4), principal: row.textOrNil(5), clientAddress: row.textOrNil(6),
            userAgent: row.textOrNil(7), document: row.text(8))
    }
}

/// A whole revision, or all that begin with at least seven hexadecimal digits of one.
private struct RevisionRange {
    let low: String
    let high: String

    init(_ text: String) {
        let isPrefix = (7..<40).contains(text.utf8.count) && text.utf8.allSatisfy(\.isHexDigit)
        low = text
        high = isPrefix ? text + "\u{7f}" : text
    }
}

extension UInt8 {
    fileprivate var isHexDigit: Bool { (0x30...0x39).contains(self) || (0x61...0x66).contains(self) }
}

extension LedgerTransaction {
    /// Labels of a record by which it can be found; the rest is in its document only.
    private static let indexedLabels = 256
    private static let indexedLabelBytes = 1024

    /// Writes a record behind all others, and gives its place.
    @discardableResult
    func append(_ draft: RecordDraft, by actor: Actor) throws -> Int64 {
        let last = try connection.first("SELECT id FROM record ORDER BY id DESC LIMIT 1") { $0.int64(0) }
        let id = (last ?? -1) + 1
        try connection.execute(
            """
            INSERT INTO record (id, kind, time, repository, digest, principal, client_address, user_agent, builder,
                                revision, document)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
            """, id, draft.kind.rawValue, now, draft.repository.rawValue, draft.digest.encoded, actor.principal,
            actor.clientAddress, actor.userAgent, draft.builder, draft.revision,
            String(decoding: JSONValue.object(draft.document).serialized(), as: UTF8.self))
        for digest in Set([draft.digest] + draft.alsoAbout) {
            try connection.execute(
                "INSERT INTO record_digest (digest, record) VALUES (?1, ?2)", digest.encoded, id)
        }
        let labels = draft.labels.filter { $0.key.utf8.count + $0.value.utf8.count <= Self.indexedLabelBytes }
        for (key, value) in labels.sorted(by: { $0.key < $1.key }).prefix(Self.indexedLabels) {
            try connection.execute(
                "INSERT INTO record_label (key, value, record) VALUES (?1, ?2, ?3)", key, value, id)
        }
        return id
    }
}
