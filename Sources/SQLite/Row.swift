internal import CSQLite

/// One row of a result, readable only inside the closure that it is given to.
///
/// It cannot be copied, so it cannot outlive that closure. Columns count from 0. Reading converts as
/// SQLite does and never traps on what is stored: `NULL` reads as 0, `""` or no bytes where the form
/// without `OrNil` is used. A column that the statement does not have is our own bug, and traps.
package struct Row: ~Copyable {
    private let statement: OpaquePointer
    private let columnCount: Int32

    init(of statement: OpaquePointer) {
        self.statement = statement
        self.columnCount = sqlite3_data_count(statement)
    }

    package func isNull(_ column: Int) -> Bool { sqlite3_column_type(statement, index(column)) == SQLITE_NULL }

    package func int(_ column: Int) -> Int { Int(int64(column)) }

    package func int64(_ column: Int) -> Int64 { sqlite3_column_int64(statement, index(column)) }

    package func int64OrNil(_ column: Int) -> Int64? { isNull(column) ? nil : int64(column) }

    /// Whether the column holds a number other than 0.
    package func bool(_ column: Int) -> Bool { int64(column) != 0 }

    package func double(_ column: Int) -> Double { sqlite3_column_double(statement, index(column)) }

    /// The text of the column. Bytes that are not UTF-8, which only a foreign hand can have written, read as U+FFFD.
    package func text(_ column: Int) -> String {
        // The order matters: asking for the text may convert the value, and so change its length.
        guard let start = sqlite3_column_text(statement, index(column)) else { return "" }
        let count = Int(sqlite3_column_bytes(statement, index(column)))
        return String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    }

    package func textOrNil(_ column: Int) -> String? { isNull(column) ? nil : text(column) }

    package func blob(_ column: Int) -> [UInt8] { withBlobBytes(column) { bytes in [UInt8](bytes) } }

    package func blobOrNil(_ column: Int) -> [UInt8]? { isNull(column) ? nil : blob(column) }

    /// Reads the bytes where SQLite keeps them, without a copy. They are valid only inside `body`.
    package func withBlobBytes<T, Failure: Error>(
        _ column: Int, _ body: (UnsafeRawBufferPointer) throws(Failure) -> T
    ) throws(Failure) -> T {
        let start = sqlite3_column_blob(statement, index(column))
        let count = Int(sqlite3_column_bytes(statement, index(column)))
        return try body(UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : count))
    }

    private func index(_ column: Int) -> Int32 {
        precondition(column >= 0 && column < Int(columnCount), "column \(column) of a row that has \(columnCount)")
        return Int32(truncatingIfNeeded: column)
    }
}
