package import OCI
import SQLite

/// Which records are asked for. All conditions must hold; nil is no condition.
package struct RecordFilter: Sendable {
    package var repository: RepositoryName?
    package var kind: RecordKind?
    /// A whole revision, or at least seven hexadecimal digits with which it begins.
    package var revision: String?
    package var builder: String?
    /// The repository of the source code, in the one spelling that records have.
    package var source: String?
    /// A predicate type, or what stands before a slash in it.
    package var predicateType: String?
    /// An image that was used, or that it is based on.
    package var base: Digest?
    package var label: (key: String, value: String)?
    /// Not before, in milliseconds since 1970-01-01 UTC.
    package var since: Int64?
    /// Before, in milliseconds since 1970-01-01 UTC.
    package var until: Int64?

    /// No condition at all.
    package init() {}
}

extension LedgerReader {
    /// Records that match, the oldest first, after the record `id`.
    ///
    /// Goes by the condition that fewest records meet, and looks at the others row by row; where many records meet each of them and
    /// few meet all, that takes long. So it runs on a lane.
    func records(
        matching filter: RecordFilter, in visible: RepositorySelection = .all, after id: Int64, limit: Int
    ) throws -> RecordPage {
        let (low, high) = try bounds(of: filter, after: id)
        let page = RecordPage(limit: limit)
        let check = RecordCheck(filter, connection: connection)
        let sight = Sight(reader: self, selection: visible)
        guard let path = try path(to: filter, low, high) else { return page }
        try forEachRecord(on: path, low, high) { row throws(SQLiteError) in
            guard try check.matches(row) else { return true }
            if !sight.isWhole, try !sight.shows(StoredRecord(row)) { return true }
            return try page.take(row)
        }
        return page
    }

    private func forEachRecord(
        on path: SearchPath, _ low: Int64, _ high: Int64, body: (borrowing Row) throws(SQLiteError) -> Bool
    ) throws(SQLiteError) {
        switch path {
        case .base(let base):
            try connection.forEach(
                """
                SELECT id, kind, time, repository, record.digest, principal, client_address, user_agent, builder,
                       predicate_type, revision, evidence, document, source
                FROM record_base AS base CROSS JOIN record ON record.id = base.record
                WHERE base.digest = ?1 AND base.record BETWEEN ?2 AND ?3 ORDER BY base.record
                """, base.encoded, low, high, body: body)
        case .revision(let revision) where revision.isWhole:
            try connection.forEach(
                """
                SELECT id, kind, time, repository, digest, principal, client_address, user_agent, builder,
                       predicate_type, revision, evidence, document, source
                FROM record INDEXED BY record_by_revision
                WHERE revision = ?1 AND id BETWEEN ?2 AND ?3 ORDER BY id
                """, revision.low, low, high, body: body)
        case .revision(let revision):
            // The index has them by revision first. Their numbers are put in order, not the records.
            try connection.forEach(
                """
                SELECT id, kind, time, repository, digest, principal, client_address, user_agent, builder,
                       predicate_type, revision, evidence, document, source
                FROM record WHERE id IN (
                    SELECT id FROM record INDEXED BY record_by_revision
                    WHERE revision BETWEEN ?1 AND ?2 AND id BETWEEN ?3 AND ?4)
                ORDER BY id
                """, revision.low, revision.high, low, high, body: body)
        case .label(let key, let value):
            try connection.forEach(
                """
                SELECT id, kind, time, repository, digest, principal, client_address, user_agent, builder,
                       predicate_type, revision, evidence, document, source
                FROM record_label AS label CROSS JOIN record ON record.id = label.record
                WHERE label.key = ?1 AND label.value = ?2 AND label.record BETWEEN ?3 AND ?4 ORDER BY label.record
                """, key, value, low, high, body: body)
        case .source(let source):
            try connection.forEach(
                """
                SELECT id, kind, time, repository, digest, principal, client_address, user_agent, builder,
                       predicate_type, revision, evidence, document, source
                FROM record INDEXED BY record_by_source
                WHERE source = ?1 AND id BETWEEN ?2 AND ?3 ORDER BY id
                """, source, low, high, body: body)
        case .repository(let repository):
            try connection.forEach(
                """
                SELECT id, kind, time, repository, digest, principal, client_address, user_agent, builder,
                       predicate_type, revision, evidence, document, source
                FROM record INDEXED BY record_by_repository
                WHERE repository = ?1 AND id BETWEEN ?2 AND ?3 ORDER BY id
                """, repository.rawValue, low, high, body: body)
        case .builder(let builder):
            try connection.forEach(
                """
                SELECT id, kind, time, repository, digest, principal, client_address, user_agent, builder,
                       predicate_type, revision, evidence, document, source
                FROM record INDEXED BY record_by_builder
                WHERE kind IN ('push', 'build') AND coalesce(builder, principal, user_agent) = ?1
                  AND id BETWEEN ?2 AND ?3 ORDER BY id
                """, builder, low, high, body: body)
        case .predicateType, .kind, .all: try forEachOfMany(on: path, low, high, body: body)
        }
    }

    /// Conditions that many records meet.
    private func forEachOfMany(
        on path: SearchPath, _ low: Int64, _ high: Int64, body: (borrowing Row) throws(SQLiteError) -> Bool
    ) throws(SQLiteError) {
        switch path {
        case .predicateType(let type):
            try connection.forEach(
                """
                SELECT id, kind, time, repository, digest, principal, client_address, user_agent, builder,
                       predicate_type, revision, evidence, document, source
                FROM record INDEXED BY record_by_predicate_type
                WHERE predicate_type = ?1 AND id BETWEEN ?2 AND ?3 ORDER BY id
                """, type, low, high, body: body)
        case .kind(let kind):
            try connection.forEach(
                """
                SELECT id, kind, time, repository, digest, principal, client_address, user_agent, builder,
                       predicate_type, revision, evidence, document, source
                FROM record INDEXED BY record_by_kind WHERE kind = ?1 AND id BETWEEN ?2 AND ?3 ORDER BY id
                """, kind.rawValue, low, high, body: body)
        default:
            try connection.forEach(
                """
                SELECT id, kind, time, repository, digest, principal, client_address, user_agent, builder,
                       predicate_type, revision, evidence, document, source
                FROM record WHERE id BETWEEN ?1 AND ?2 ORDER BY id
                """, low, high, body: body)
        }
    }

    /// Times never go back, so a span of time is a span of records.
    private func bounds(of filter: RecordFilter, after id: Int64) throws -> (low: Int64, high: Int64) {
        // A client may send any number as a cursor. No record has the largest, so nothing is lost by not passing it.
        var (low, high) = (id == .max ? id : id + 1, shown - 1)
        if let since = filter.since { low = max(low, try firstRecord(since: since)) }
        if let until = filter.until { high = min(high, try firstRecord(since: until) - 1) }
        return (low, high)
    }

    /// The first record of that time or later, or the one that will be written next: halves what is left until it is found.
    private func firstRecord(since time: Int64) throws -> Int64 {
        var (low, high) = (Int64(0), try recordCount())
        while low < high {
            let middle = low + (high - low) / 2
            let found = try connection.first("SELECT time FROM record WHERE id = ?1", middle) { $0.int64(0) }
            if (found ?? .max) < time { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// How many records have each value of a field by which they can be searched, the most frequent first.
    package func facets(of field: String, limit: Int) throws -> [(value: String, count: Int64)] {
        try connection.all(
            "SELECT value, count FROM facet WHERE field = ?1 ORDER BY count DESC, value LIMIT ?2", field, limit
        ) { ($0.text(0), $0.int64(1)) }
    }
}

/// Every condition of a filter, checked on a row; each costs little, and a document is read only when all hold.
private struct RecordCheck {
    private let filter: RecordFilter
    private let revision: RevisionRange?
    private let connection: Connection

    init(_ filter: RecordFilter, connection: Connection) {
        self.filter = filter
        revision = filter.revision.map(RevisionRange.init)
        self.connection = connection
    }

    func matches(_ row: borrowing Row) throws(SQLiteError) -> Bool {
        if let kind = filter.kind, row.text(1) != kind.rawValue { return false }
        if let repository = filter.repository, row.text(3) != repository.rawValue { return false }
        if let revision {
            guard let found = row.textOrNil(10), revision.contains(found) else { return false }
        }
        if let source = filter.source, row.textOrNil(13) != source { return false }
        if let builder = filter.builder {
            guard row.text(1) == "push" || row.text(1) == "build" else { return false }
            guard row.textOrNil(8) ?? row.textOrNil(5) ?? row.textOrNil(7) == builder else { return false }
        }
        if let type = filter.predicateType {
            guard let found = row.textOrNil(9), found.isOrExtends(type) else { return false }
        }
        return try hasLabelAndBase(row.int64(0))
    }

    private func hasLabelAndBase(_ id: Int64) throws(SQLiteError) -> Bool {
        if let label = filter.label {
            let found = try connection.first(
                "SELECT 1 FROM record_label WHERE key = ?1 AND value = ?2 AND record = ?3", label.key, label.value, id
            ) { _ in true }
            guard found == true else { return false }
        }
        if let base = filter.base {
            let found = try connection.first(
                "SELECT 1 FROM record_base WHERE digest = ?1 AND record = ?2", base.encoded, id
            ) { _ in true }
            guard found == true else { return false }
        }
        return true
    }
}

/// A whole revision, or all that begin with at least seven hexadecimal digits of one.
struct RevisionRange {
    let low: String
    let high: String

    init(_ text: String) {
        let isPrefix = (7..<40).contains(text.utf8.count) && text.utf8.allSatisfy(\.isHexDigit)
        low = text
        high = isPrefix ? text + "\u{7f}" : text
    }

    /// Whether it is one revision.
    var isWhole: Bool { low == high }

    /// Compares bytes, as SQLite does.
    func contains(_ text: String) -> Bool {
        !text.utf8.lexicographicallyPrecedes(low.utf8) && !high.utf8.lexicographicallyPrecedes(text.utf8)
    }
}

extension String {
    /// Whether it is that name, or goes on behind it with a slash.
    func isOrExtends(_ name: String) -> Bool {
        guard utf8.starts(with: name.utf8) else { return false }
        let rest = utf8.dropFirst(name.utf8.count)
        return rest.isEmpty || rest.first == UInt8(ascii: "/") || name.utf8.last == UInt8(ascii: "/")
    }
}

extension UInt8 {
    fileprivate var isHexDigit: Bool { (0x30...0x39).contains(self) || (0x61...0x66).contains(self) }
}
