import Attestation
import OCI
import SQLite

/// Compares the tables that are derived from records with the records, row by row, and mends them on the way if it may.
///
/// Rows that are missing are found from the records, in their order. Rows too many show in the count of a table; only then the table is
/// walked, and each row compared with its record. So what it holds at a time is one record with its evidence, one page of rows,
/// and one number for each value of a facet.
struct IndexComparison {
    /// Told now and then how many records are done, and how many there are.
    typealias Progress = (_ done: Int64, _ total: Int64) -> Void

    /// Rows that are read at a time.
    private static let page = 256

    private let connection: Connection
    private let mends: Bool
    private let files: LedgerAudit.EvidenceFiles?
    private var report = IndexReport()
    private var leaf = AuditedLeaf()
    /// Rows of each table that are as they should be by now.
    private var found: [IndexTable: Int64] = [:]
    private var facets = FacetCounts()

    /// - Parameters:
    ///   - mends: whether rows are added and taken away; then in a transaction, on a connection without triggers.
    ///   - files: answers with the bytes of evidence that is a file.
    init(on connection: Connection, mends: Bool, files: LedgerAudit.EvidenceFiles?) {
        self.connection = connection
        self.mends = mends
        self.files = files
    }

    /// Compares all records, which have been compared with the log.
    mutating func run(progress: Progress = { _, _ in }) throws -> IndexReport {
        let total = try LedgerReader(connection: connection).recordCount()
        while report.records < total {
            let start = report.records
            try forEachRecord(from: start, limit: Self.page) { comparison, row, id, index throws(SQLiteError) in
                comparison.report.records = id + 1
                comparison.facets.count(row, from: 8)
                try comparison.compare(index, of: id)
            }
            guard report.records > start else { throw SQLiteError.corrupt("record \(start) is missing") }
            progress(report.records, total)
        }
        for table in [IndexTable.digest, .base, .label] { try removeSuperfluous(in: table) }
        try compareFacets()
        return report
    }

    // MARK: - What is missing

    private mutating func compare(_ index: RecordIndex, of id: Int64) throws(SQLiteError) {
        if !index.gaps.isEmpty { report.incomplete += 1 }
        for row in index.rows {
            let isThere = mends ? try !connection.insert(row, of: id) : try connection.has(row, of: id)
            if !isThere { report.miss(in: row.table, "record \(id)") }
            if isThere || mends { found[row.table, default: 0] += 1 }
        }
    }

    /// What each record is found by, in the order of records.
    private mutating func forEachRecord(
        from start: Int64, limit: Int,
        _ body: (
            _ comparison: inout IndexComparison, _ row: borrowing Row, _ id: Int64, _ index: RecordIndex
        ) throws(SQLiteError) -> Void
    ) throws(SQLiteError) {
        try connection.forEach(
            """
            SELECT record.id, time, record.digest, document, leaf.entry, evidence.digest, evidence.size, evidence.content,
                   kind, builder, predicate_type
            FROM record LEFT JOIN leaf ON leaf.id = record.id LEFT JOIN evidence ON evidence.id = record.evidence
            WHERE record.id >= ?1 ORDER BY record.id LIMIT ?2
            """, start, limit
        ) { row throws(SQLiteError) in
            try body(&self, row, row.int64(0), try index(of: row))
            return true
        }
    }

    private mutating func index(of row: borrowing Row) throws(SQLiteError) -> RecordIndex {
        guard let document = (try? JSONValue(parsing: row.blob(3)))?.object,
            row.withBlobBytes(4, { leaf.read($0) })
        else { throw .corrupt("record \(row.int64(0)) or its leaf is not JSON") }
        let isForeign = row.withBlobBytes(8) { $0.elementsEqual(RecordKind.hashedrekord.rawValue.utf8) }
        let facts = RecordFacts(
            digest: try row.digestOrNil(2), document: document, envelope: leaf.sha256("envelopeSha256"),
            statement: leaf.sha256("statementSha256"), entry: isForeign ? leaf.bytes : nil)
        var index = RecordIndex(facts)
        if !index.gaps.isEmpty, let evidence = try evidence(row) {
            index.complete(facts, from: evidence, at: Timestamp(milliseconds: row.int64(1)))
        }
        return index
    }

    /// The evidence of a record; nil when there is none to be read.
    private func evidence(_ row: borrowing Row) throws(SQLiteError) -> [UInt8]? {
        guard let digest = try row.digestOrNil(5) else { return nil }
        return row.isNull(7) ? try? files?(digest, row.int64(6)) : row.blob(7)
    }

    // MARK: - What is too much

    private mutating func removeSuperfluous(in table: IndexTable) throws {
        var rest = try connection.rowCount(of: table) - found[table, default: 0]
        var last = StoredIndexRow.first(of: table)
        while rest > 0, case let page = try connection.indexRows(of: table, after: last, limit: Self.page),
            let end = page.last
        {
            for stored in page where rest > 0 {
                let isJust = try isJust(stored)
                if isJust != true { rest -= 1 }
                guard isJust == false else { continue }
                report.exceed(in: table, "record \(stored.record)")
                if mends { try connection.remove(stored) }
            }
            last = end
        }
    }

    /// Whether a row is one of its record; nil when nothing tells.
    private mutating func isJust(_ stored: StoredIndexRow) throws(SQLiteError) -> Bool? {
        var isJust: Bool? = false
        try forEachRecord(from: stored.record, limit: 1) { _, _, id, index throws(SQLiteError) in
            guard id == stored.record else { return }
            if index.rows.contains(stored.row) {
                isJust = true
            } else if index.gaps.contains(stored.row.table) {
                isJust = nil
            }
        }
        return isJust
    }

    // MARK: - Facets

    private mutating func compareFacets() throws(SQLiteError) {
        var wrong: [FacetCounts.Facet] = []
        try connection.forEach("SELECT field, value, count FROM facet") { row in
            let facet = FacetCounts.Facet(field: row.text(0), value: row.blob(1))
            guard facets.counts[facet] == row.int64(2) else {
                wrong.append(facet)
                return true
            }
            _ = facets.remove(facet)
            return true
        }
        for facet in wrong {
            report.exceed(in: .facet, "\(facet)")
            if mends {
                try connection.execute(
                    "DELETE FROM facet WHERE field = ?1 AND value = CAST(?2 AS TEXT)", facet.field, facet.value)
            }
        }
        for (facet, count) in facets.counts.sorted(by: { $0.key < $1.key }) {
            report.miss(in: .facet, "\(facet)")
            if mends { try connection.add(count, to: facet) }
        }
    }
}

/// A row as it is stored.
private struct StoredIndexRow {
    let row: RecordIndex.Row
    let record: Int64

    /// Where a walk through a table begins, before every row.
    static func first(of table: IndexTable) -> StoredIndexRow {
        switch table {
        case .digest: StoredIndexRow(row: .digest([]), record: .min)
        case .base: StoredIndexRow(row: .base([]), record: .min)
        case .label, .facet: StoredIndexRow(row: .label(key: [], value: []), record: .min)
        }
    }
}

extension Connection {
    /// Whether a record is found by something.
    fileprivate func has(_ row: RecordIndex.Row, of record: Int64) throws(SQLiteError) -> Bool {
        switch row {
        case .digest(let digest):
            try first("SELECT 1 FROM record_digest WHERE digest = ?1 AND record = ?2", digest, record) { _ in true }
                ?? false
        case .base(let digest):
            try first("SELECT 1 FROM record_base WHERE digest = ?1 AND record = ?2", digest, record) { _ in true }
                ?? false
        case .label(let key, let value):
            try first(
                """
                SELECT 1 FROM record_label
                WHERE key = CAST(?1 AS TEXT) AND value = CAST(?2 AS TEXT) AND record = ?3
                """, key, value, record
            ) { _ in true } ?? false
        }
    }

    fileprivate func rowCount(of table: IndexTable) throws(SQLiteError) -> Int64 {
        let count =
            switch table {
            case .digest: try first("SELECT count(*) FROM record_digest") { $0.int64(0) }
            case .base: try first("SELECT count(*) FROM record_base") { $0.int64(0) }
            case .label: try first("SELECT count(*) FROM record_label") { $0.int64(0) }
            case .facet: try first("SELECT count(*) FROM facet") { $0.int64(0) }
            }
        return count ?? 0
    }

    /// Rows of a table behind one of it, in the order of its key.
    fileprivate func indexRows(
        of table: IndexTable, after last: StoredIndexRow, limit: Int
    ) throws(SQLiteError) -> [StoredIndexRow] {
        switch last.row {
        case .digest(let digest):
            try all(
                """
                SELECT digest, record FROM record_digest WHERE (digest, record) > (?1, ?2)
                ORDER BY digest, record LIMIT ?3
                """, digest, last.record, limit
            ) { StoredIndexRow(row: .digest($0.blob(0)), record: $0.int64(1)) }
        case .base(let digest):
            try all(
                """
                SELECT digest, record FROM record_base WHERE (digest, record) > (?1, ?2)
                ORDER BY digest, record LIMIT ?3
                """, digest, last.record, limit
            ) { StoredIndexRow(row: .base($0.blob(0)), record: $0.int64(1)) }
        case .label(let key, let value):
            try all(
                """
                SELECT key, value, record FROM record_label
                WHERE (key, value, record) > (CAST(?1 AS TEXT), CAST(?2 AS TEXT), ?3)
                ORDER BY key, value, record LIMIT ?4
                """, key, value, last.record, limit
            ) { StoredIndexRow(row: .label(key: $0.blob(0), value: $0.blob(1)), record: $0.int64(2)) }
        }
    }

    /// Takes a row away, past the triggers that forbid it.
    fileprivate func remove(_ stored: StoredIndexRow) throws(SQLiteError) {
        switch stored.row {
        case .digest(let digest):
            try execute("DELETE FROM record_digest WHERE digest = ?1 AND record = ?2", digest, stored.record)
        case .base(let digest):
            try execute("DELETE FROM record_base WHERE digest = ?1 AND record = ?2", digest, stored.record)
        case .label(let key, let value):
            try execute(
                "DELETE FROM record_label WHERE key = CAST(?1 AS TEXT) AND value = CAST(?2 AS TEXT) AND record = ?3",
                key, value, stored.record)
        }
    }
}
