/// How the index tables differ from what the records say.
package struct IndexReport: Sendable, Equatable {
    /// What is wrong in one table.
    package struct Difference: Sendable, Equatable {
        /// Rows that are not there.
        package fileprivate(set) var missing = 0
        /// Where the first of them belongs.
        package fileprivate(set) var firstMissing: String?
        /// Rows that are there and that no record accounts for.
        package fileprivate(set) var superfluous = 0
        /// Where the first of them leads.
        package fileprivate(set) var firstSuperfluous: String?
    }

    /// How many records were read.
    package internal(set) var records: Int64 = 0
    /// Records that do not say all that they are found by, and whose evidence does not either: what they have is kept.
    package internal(set) var incomplete: Int64 = 0
    /// The tables that differ.
    package private(set) var differences: [IndexTable: Difference] = [:]

    /// Whether nothing differs.
    package var isClean: Bool { differences.isEmpty }

    mutating func miss(in table: IndexTable, _ place: @autoclosure () -> String) {
        differences[table, default: Difference()].missing += 1
        if differences[table]?.firstMissing == nil { differences[table]?.firstMissing = place() }
    }

    mutating func exceed(in table: IndexTable, _ place: @autoclosure () -> String) {
        differences[table, default: Difference()].superfluous += 1
        if differences[table]?.firstSuperfluous == nil { differences[table]?.firstSuperfluous = place() }
    }

    /// One sentence for each table that differs, in their order.
    package var sentences: [String] {
        IndexTable.allCases.compactMap { table in differences[table].map { "\(table.rawValue): \($0)" } }
    }
}

extension IndexReport.Difference: CustomStringConvertible {
    /// Such as `2 rows missing (first of record 7), 1 row without reason (first of record 600)`.
    package var description: String {
        [Self.text(missing, "missing", firstMissing), Self.text(superfluous, "without reason", firstSuperfluous)]
            .compactMap(\.self).joined(separator: ", ")
    }

    private static func text(_ count: Int, _ fault: String, _ first: String?) -> String? {
        first.map { "\(count) \(count == 1 ? "row" : "rows") \(fault) (first of \($0))" }
    }
}
