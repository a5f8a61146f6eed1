import OCI
import SQLite

/// A condition of a search whose records an index has in their order: those are gone through, and the other conditions are looked
/// at row by row.
enum SearchPath {
    case base(Digest)
    case revision(RevisionRange)
    case label(key: String, value: String)
    case source(String)
    case repository(RepositoryName)
    case builder(String)
    /// One whole type.
    case predicateType(String)
    case kind(RecordKind)
    /// Every record.
    case all
}

extension LedgerReader {
    /// Records that meet a condition are counted up to here to find the condition that fewest meet.
    private static let few = 256
    /// Predicate types that are looked at to find those that a search may mean.
    private static let mostTypes = 16

    /// The way that leads past fewest records; nil when no record can match.
    ///
    /// The first condition that only a few records meet is good enough: to count more would take as long as to look at them.
    func path(to filter: RecordFilter, _ low: Int64, _ high: Int64) throws(SQLiteError) -> SearchPath? {
        var paths: [SearchPath] = []
        if let base = filter.base { paths.append(.base(base)) }
        if let revision = filter.revision { paths.append(.revision(RevisionRange(revision))) }
        if let label = filter.label { paths.append(.label(key: label.key, value: label.value)) }
        if let source = filter.source { paths.append(.source(source)) }
        if let repository = filter.repository { paths.append(.repository(repository)) }
        if let builder = filter.builder { paths.append(.builder(builder)) }
        if let type = filter.predicateType {
            let types = try predicateTypes(type)
            if types == [] { return nil }
            if let types, types.count == 1 { paths.append(.predicateType(types[0])) }
        }
        if let kind = filter.kind { paths.append(.kind(kind)) }
        guard paths.count > 1 else { return paths.first ?? .all }
        for path in paths where try count(on: path, low, high) < Self.few { return path }
        return paths[0]
    }

    /// The predicate types that are meant by a type or its beginning; nil when there are too many to say.
    private func predicateTypes(_ type: String) throws(SQLiteError) -> [String]? {
        var (types, last) = ([String](), "")
        for _ in 0..<Self.mostTypes {
            let next = try connection.first(
                """
                SELECT predicate_type FROM record INDEXED BY record_by_predicate_type
                WHERE predicate_type > ?1 AND predicate_type BETWEEN ?2 AND ?3 ORDER BY predicate_type LIMIT 1
                """, last, type, type + "\u{10ffff}"
            ) { $0.text(0) }
            guard let next else { return types }
            if next.isOrExtends(type) { types.append(next) }
            last = next
        }
        return nil
    }

    /// How many records there are on it, up to `few`.
    private func count(on path: SearchPath, _ low: Int64, _ high: Int64) throws(SQLiteError) -> Int {
        func number(_ row: borrowing Row) -> Int { row.int(0) }
        let few = Self.few
        let found: Int?
        switch path {
        case .base(let digest):
            found = try connection.first(
                """
                SELECT count(*) FROM (
                    SELECT 1 FROM record_base WHERE digest = ?1 AND record BETWEEN ?2 AND ?3 LIMIT ?4)
                """, digest.encoded, low, high, few, read: number)
        case .revision(let revision):
            found = try connection.first(
                """
                SELECT count(*) FROM (
                    SELECT 1 FROM record INDEXED BY record_by_revision
                    WHERE revision BETWEEN ?1 AND ?2 AND id BETWEEN ?3 AND ?4 LIMIT ?5)
                """, revision.low, revision.high, low, high, few, read: number)
        case .label(let key, let value):
            found = try connection.first(
                """
                SELECT count(*) FROM (
                    SELECT 1 FROM record_label WHERE key = ?1 AND value = ?2 AND record BETWEEN ?3 AND ?4 LIMIT ?5)
                """, key, value, low, high, few, read: number)
        case .source(let source):
            found = try connection.first(
                """
                SELECT count(*) FROM (
                    SELECT 1 FROM record INDEXED BY record_by_source WHERE source = ?1 AND id BETWEEN ?2 AND ?3 LIMIT ?4)
                """, source, low, high, few, read: number)
        case .repository(let repository):
            found = try connection.first(
                """
                SELECT count(*) FROM (
                    SELECT 1 FROM record INDEXED BY record_by_repository
                    WHERE repository = ?1 AND id BETWEEN ?2 AND ?3 LIMIT ?4)
                """, repository.rawValue, low, high, few, read: number)
        case .builder(let builder):
            found = try connection.first(
                """
                SELECT count(*) FROM (
                    SELECT 1 FROM record INDEXED BY record_by_builder
                    WHERE kind IN ('push', 'build') AND coalesce(builder, principal, user_agent) = ?1
                      AND id BETWEEN ?2 AND ?3 LIMIT ?4)
                """, builder, low, high, few, read: number)
        case .predicateType(let type):
            found = try connection.first(
                """
                SELECT count(*) FROM (
                    SELECT 1 FROM record INDEXED BY record_by_predicate_type
                    WHERE predicate_type = ?1 AND id BETWEEN ?2 AND ?3 LIMIT ?4)
                """, type, low, high, few, read: number)
        case .kind(let kind):
            found = try connection.first(
                """
                SELECT count(*) FROM (
                    SELECT 1 FROM record INDEXED BY record_by_kind WHERE kind = ?1 AND id BETWEEN ?2 AND ?3 LIMIT ?4)
                """, kind.rawValue, low, high, few, read: number)
        case .all: found = nil
        }
        return found ?? few
    }
}
