internal import CSQLite

extension Connection {
    /// Runs every statement of `script`, a file of ours, one after the other; triggers included.
    ///
    /// The error of a statement names that statement, not the whole script.
    func run(script: String) throws(SQLiteError) {
        try Array(script.utf8).withUnsafeBufferPointer { text throws(SQLiteError) in
            // SQLite would stop there, and the rest would be passed over in silence.
            guard !text.contains(0) else { throw .misuse("a script has a NUL in it") }
            var remaining = text
            while !remaining.isEmpty {
                guard let statement = try Statement(next: &remaining, on: usableHandle(), kept: false) else { continue }
                try drive(statement) { _ in true }
            }
        }
    }

    /// Runs `body` while every statement that is prepared may not begin, end or mark a transaction.
    func withoutTransactionControl<T>(_ body: () throws(SQLiteError) -> T) throws(SQLiteError) -> T {
        let handle = try usableHandle()
        try check(
            sqlite3_set_authorizer(
                handle,
                { _, action, _, _, _, _ in
                    action == SQLITE_TRANSACTION || action == SQLITE_SAVEPOINT ? SQLITE_DENY : SQLITE_OK
                }, nil))
        defer { sqlite3_set_authorizer(handle, nil, nil) }
        do throws(SQLiteError) {
            return try body()
        } catch {
            guard error.code == SQLITE_AUTH else { throw error }
            let sentence = "a migration may not begin or end a transaction"
            throw SQLiteError(extendedCode: error.extendedCode, message: sentence, sql: error.sql)
        }
    }
}

extension Connection {
    /// Runs `body` without enforcing foreign keys, and then enforces them again if that was so before.
    func withoutForeignKeys(_ body: () throws -> Void) throws {
        let enforced = try first("PRAGMA foreign_keys") { row in row.bool(0) } ?? false
        try setForeignKeys(false)
        let result = Result { try body() }
        try setForeignKeys(enforced)
        try result.get()
    }
}
