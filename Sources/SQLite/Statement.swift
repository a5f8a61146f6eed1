internal import CSQLite

/// One prepared statement, finalised with its last reference.
///
/// The connection that made it keeps it, and lets go of it before it closes.
final class Statement {
    let handle: OpaquePointer
    /// Set from the first step to the reset: while it is, the same SQL runs in a second statement.
    var isRunning = false
    private let parameterCount: Int

    /// Prepares the first statement of `sql` and moves `sql` past it. There is none in white space and comments.
    init?(next sql: inout UnsafeBufferPointer<UInt8>, on connection: OpaquePointer, kept: Bool) throws(SQLiteError) {
        guard let start = sql.baseAddress else { return nil }
        guard let count = Int32(exactly: sql.count) else { throw .misuse("a text of SQL is longer than 2 GiB") }
        var handle: OpaquePointer?
        var tail: UnsafePointer<CChar>?
        let result = start.withMemoryRebound(to: CChar.self, capacity: sql.count) { text in
            sqlite3_prepare_v3(connection, text, count, kept ? UInt32(SQLITE_PREPARE_PERSISTENT) : 0, &handle, &tail)
        }
        guard result == SQLITE_OK, let tail else {
            throw SQLiteError(result, on: connection, sql: Statement.beginning(of: sql))
        }
        sql = UnsafeBufferPointer(rebasing: sql.dropFirst(UnsafeRawPointer(tail) - UnsafeRawPointer(start)))
        guard let handle else { return nil }
        self.handle = handle
        self.parameterCount = Int(sqlite3_bind_parameter_count(handle))
    }

    deinit { sqlite3_finalize(handle) }

    func bind(_ values: [any Bindable]) throws(SQLiteError) {
        guard values.count == parameterCount else {
            let text = "the statement has \(parameterCount) parameters and was given \(values.count) values"
            throw SQLiteError(extendedCode: SQLITE_RANGE, message: text, sql: sql)
        }
        var index: Int32 = 0
        for value in values {
            index += 1
            try check(value.bind(to: Parameter(statement: handle, index: index)))
        }
    }

    /// Returns whether there is a row to read.
    func step() throws(SQLiteError) -> Bool {
        let result = sqlite3_step(handle)
        if result == SQLITE_ROW { return true }
        if result == SQLITE_DONE { return false }
        throw failure(result)
    }

    /// Makes the statement ready for its next use, and gives back the memory of the values that were bound.
    ///
    /// After a failed step this repeats that failure's code.
    func reset() -> Int32 {
        let result = sqlite3_reset(handle)
        sqlite3_clear_bindings(handle)
        return result
    }

    func check(_ result: Int32) throws(SQLiteError) {
        guard result == SQLITE_OK else { throw failure(result) }
    }

    private func failure(_ result: Int32) -> SQLiteError {
        SQLiteError(result, on: sqlite3_db_handle(handle), sql: sql)
    }

    var sql: String? { sqlite3_sql(handle).map { String(cString: $0) } }
}

extension Statement {
    /// Prepares the one statement that `sql` must consist of.
    static func only(
        _ sql: UnsafeBufferPointer<UInt8>, on connection: OpaquePointer, kept: Bool
    ) throws(SQLiteError) -> Statement {
        var remaining = sql
        guard let statement = try Statement(next: &remaining, on: connection, kept: kept) else {
            throw .misuse("there is no statement in this text", sql: String(decoding: sql, as: UTF8.self))
        }
        guard isBlank(remaining, on: connection) else {
            throw .misuse("there is more than one statement in this text", sql: String(decoding: sql, as: UTF8.self))
        }
        return statement
    }

    /// Enough of `sql`, which may be a whole script, to find the statement that it begins with.
    private static func beginning(of sql: UnsafeBufferPointer<UInt8>) -> String {
        String(decoding: sql.drop { $0 <= 0x20 }.prefix(400), as: UTF8.self)
    }

    /// Whether SQLite finds nothing to run in `sql`: only white space, comments and semicolons.
    private static func isBlank(_ sql: UnsafeBufferPointer<UInt8>, on connection: OpaquePointer) -> Bool {
        var remaining = sql
        do throws(SQLiteError) {
            while !remaining.isEmpty {
                let before = remaining.count
                if try Statement(next: &remaining, on: connection, kept: false) != nil { return false }
                // SQLite stops at a NUL: what stands behind it would never run, so it may not stand there.
                if remaining.count == before { return false }
            }
            return true
        } catch {
            // What cannot be prepared is something to run, too.
            return false
        }
    }
}
