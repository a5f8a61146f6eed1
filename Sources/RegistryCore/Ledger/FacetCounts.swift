import OCI
import SQLite

/// How many records have each value of a field by which they can be searched.
struct FacetCounts {
    /// A value of a field, in stored bytes.
    struct Facet: Hashable, Comparable, CustomStringConvertible {
        let field: String
        let value: [UInt8]

        var description: String { "\(field) \(String(decoding: value, as: UTF8.self).quoted())" }

        static func < (left: Facet, right: Facet) -> Bool {
            left.field == right.field
                ? left.value.lexicographicallyPrecedes(right.value) : left.field < right.field
        }
    }

    private(set) var counts: [Facet: Int64] = [:]

    /// Counts a record, of which the columns from `column` on are its kind, builder and type of predicate.
    mutating func count(_ row: borrowing Row, from column: Int = 0) {
        for (index, field) in ["kind", "builder", "predicateType"].enumerated() {
            guard let value = row.blobOrNil(column + index) else { continue }
            counts[Facet(field: field, value: value), default: 0] += 1
        }
    }

    /// Takes a value out, and gives how many records have it.
    mutating func remove(_ facet: Facet) -> Int64? { counts.removeValue(forKey: facet) }
}

extension Connection {
    /// Adds to the count of a value.
    func add(_ count: Int64, to facet: FacetCounts.Facet) throws(SQLiteError) {
        try execute(
            """
            INSERT INTO facet (field, value, count) VALUES (?1, CAST(?2 AS TEXT), ?3)
            ON CONFLICT (field, value) DO UPDATE SET count = count + excluded.count
            """, facet.field, facet.value, count)
    }
}
