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
    func records(about digest: Digest, after id: Int64, limit: Int) throws -> RecordPage {
        let page = RecordPage(limit: limit)
        try connection.forEach(
            """
            SELECT id, kind, time, repository, record.digest, principal, client_address, user_agent, document
            FROM record_digest AS about JOIN record ON record.id = about.record
            WHERE about.digest = ?1 AND about.record > ?2 ORDER BY about.record
            """, digest.encoded, id, body: page.take)
        return page
    }

    /// The newest push of a manifest to a repository.
    func lastPush(of digest: Digest, to repository: RepositoryName) throws -> StoredRecord? {
        try connection.first(
            """
            SELECT id, kind, time, repository, digest, principal, client_address, user_agent, document
            FROM record INDEXED BY record_by_push
            WHERE kind = 'push' AND digest = ?1 AND repository = ?2 ORDER BY id DESC LIMIT 1
            """, digest.encoded, repository.rawValue, read: StoredRecord.init)
    }

    /// The newest push of a manifest, to whatever repository.
    func lastPush(of digest: Digest) throws -> StoredRecord? {
        try connection.first(
            """
            SELECT id, kind, time, repository, record.digest, principal, client_address, user_agent, document
            FROM record_digest AS about JOIN record ON record.id = about.record
            WHERE about.digest = ?1 AND record.digest = ?1 AND record.kind = 'push' ORDER BY about.record DESC LIMIT 1
            """, digest.encoded, read: StoredRecord.init)
    }

    /// Records that match, the oldest first, after the record `id`.
    ///
    /// One statement for each index, and the condition that selects most drives; the others are looked at row by row, so
    /// this may take long and runs on a lane.
    func records(matching filter: RecordFilter, after id: Int64, limit: Int) throws -> RecordPage {
        let (low, high) = try bounds(of: filter, after: id)
        let (repository, kind, builder) = (filter.repository?.rawValue, filter.kind?.rawValue, filter.builder)
        let page = RecordPage(limit: limit)
        if let revision = filter.revision.map(RevisionRange.init) {
            try connection.forEach(
                """
                SELECT id, kind, time, repository, digest, principal, client_address, user_agent, document
                FROM record INDEXED BY record_by_revision
                WHERE revision BETWEEN ?1 AND ?2 AND id BETWEEN ?3 AND ?4
                  AND (?5 IS NULL OR repository = ?5) AND (?6 IS NULL OR kind = ?6)
                  AND (?7 IS NULL OR (kind = 'push' AND coalesce(principal, user_agent) = ?7))
                  AND (?8 IS NULL OR EXISTS (SELECT 1 FROM record_label AS label
                       WHERE label.key = ?8 AND label.value = ?9 AND label.record = record.id))
                ORDER BY id
                """, revision.low, revision.high, low, high, repository, kind, builder, filter.label?.key,
                filter.label?.value, body: page.take)
        } else if let label = filter.label {
            try connection.forEach(
                """
                SELECT id, kind, time, repository, digest, principal, client_address, user_agent, document
                FROM record_label AS label CROSS JOIN record ON record.id = label.record
                WHERE label.key = ?1 AND label.value = ?2 AND label.record BETWEEN ?3 AND ?4
                  AND (?5 IS NULL OR repository = ?5) AND (?6 IS NULL OR kind = ?6)
                  AND (?7 IS NULL OR (kind = 'push' AND coalesce(principal, user_agent) = ?7))
                ORDER BY label.record
                """, label.key, label.value, low, high, repository, kind, builder, body: page.take)
        } else if let repository {
            try connection.forEach(
                """
                SELECT id, kind, time, repository, digest, principal, client_address, user_agent, document
                FROM record INDEXED BY record_by_repository
                WHERE repository = ?1 AND id BETWEEN ?2 AND ?3 AND (?4 IS NULL OR kind = ?4)
                  AND (?5 IS NULL OR (kind = 'push' AND coalesce(principal, user_agent) = ?5))
                ORDER BY id
                """, repository, low, high, kind, builder, body: page.take)
        } else if let builder {
            try connection.forEach(
                """
                SELECT id, kind, time, repository, digest, principal, client_address, user_agent, document
                FROM record INDEXED BY record_by_builder
                WHERE kind = 'push' AND coalesce(principal, user_agent) = ?1 AND id BETWEEN ?2 AND ?3
                  AND (?4 IS NULL OR kind = ?4)
                ORDER BY id
                """, builder, low, high, kind, body: page.take)
        } else if let kind {
            try connection.forEach(
                """
                SELECT id, kind, time, repository, digest, principal, client_address, user_agent, document
                FROM record INDEXED BY record_by_kind WHERE kind = ?1 AND id BETWEEN ?2 AND ?3 ORDER BY id
                """, kind, low, high, body: page.take)
        } else {
            try connection.forEach(
                """
                SELECT id, kind, time, repository, digest, principal, client_address, user_agent, document
                FROM record WHERE id BETWEEN ?1 AND ?2 ORDER BY id
                """, low, high, body: page.take)
        }
        return page
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
}

extension StoredRecord {
    /// Reads the columns in the order in which every statement here names them.
    fileprivate init(_ row: borrowing Row) throws(SQLiteError) {
        self.init(
            id: row.int64(0), kind: row.text(1), time: row.int64(2), repository: row.text(3),
            digest: try row.digest(4), principal: row.textOrNil(5), clientAddress: row.textOrNil(6),
            userAgent: row.textOrNil(7), document: row.text(8))
    }
}

/// Records for one page, taken until there are enough of them or they have enough bytes.
final class RecordPage {
    /// Bytes of documents in one page, so that a page of large records is not large without bound.
    private static let mostBytes = 4 * 1024 * 1024

    private let limit: Int
    private var bytes = 0
    private(set) var records: [StoredRecord] = []
    /// Whether there are more records than were taken.
    private(set) var isCut = false

    init(limit: Int) {
        self.limit = limit
    }

    /// Takes one more record; false when there is no place for it.
    func take(_ row: borrowing Row) throws(SQLiteError) -> Bool {
        guard records.count < limit, bytes < Self.mostBytes else {
            isCut = true
            return false
        }
        let record = try StoredRecord(row)
        bytes += record.document.utf8.count
        records.append(record)
        return true
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
            INSERT INTO record (id, kind, time, repository, digest, principal, client_address, user_agent, revision,
                                document)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
            """, id, draft.kind.rawValue, now, draft.repository.rawValue, draft.digest.encoded, actor.principal,
            actor.clientAddress, actor.userAgent, draft.revision,
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
