internal import CSQLite

extension Connection {
    /// Runs one statement to its end. Rows that it returns are passed over.
    package func execute(_ sql: StaticSQL, _ values: any Bindable...) throws(SQLiteError) {
        try run(sql, values) { _ in true }
    }

    /// Reads the first row, or returns nil when there is none.
    ///
    /// What a statement with `RETURNING` wrote stays written when `read` throws, unless a transaction takes it back.
    package func first<T>(
        _ sql: StaticSQL, _ values: any Bindable..., read: (borrowing Row) throws(SQLiteError) -> T
    ) throws(SQLiteError) -> T? {
        var result: T?
        try run(sql, values) { row throws(SQLiteError) in
            result = try read(row)
            return false
        }
        return result
    }

    /// Reads every row. For a result with no bound of its own, `forEach` needs no memory for all of it.
    package func all<T>(
        _ sql: StaticSQL, _ values: any Bindable..., read: (borrowing Row) throws(SQLiteError) -> T
    ) throws(SQLiteError) -> [T] {
        var results: [T] = []
        try run(sql, values) { row throws(SQLiteError) in
            results.append(try read(row))
            return true
        }
        return results
    }

    /// Gives each row to `body`, until there are no more or until it returns false.
    ///
    /// `body` may use this connection, and may even run the same statement again.
    package func forEach(
        _ sql: StaticSQL, _ values: any Bindable..., body: (borrowing Row) throws(SQLiteError) -> Bool
    ) throws(SQLiteError) {
        try run(sql, values, body)
    }

    /// How many rows the last `INSERT`, `UPDATE` or `DELETE` changed, without what its triggers did.
    package var changes: Int { handle.map { Int(sqlite3_changes64($0)) } ?? 0 }

    /// How many rows were changed since the connection was opened, also by triggers and by what was taken back.
    package var totalChanges: Int64 { handle.map { sqlite3_total_changes64($0) } ?? 0 }

    /// The key of the last row that was inserted into a table with row ids.
    package var lastInsertRowID: Int64 { handle.map { sqlite3_last_insert_rowid($0) } ?? 0 }

    /// How SQLite would answer `sql`, one step in each line: for a test that forbids a full scan.
    package func explain(_ sql: StaticSQL) throws(SQLiteError) -> [String] {
        let text = Array("EXPLAIN QUERY PLAN \(sql)".utf8)
        let handle = try usableHandle()
        let statement = try text.withUnsafeBufferPointer { bytes throws(SQLiteError) in
            try Statement.only(bytes, on: handle, kept: false)
        }
        var steps: [String] = []
        try drive(statement) { row in
            steps.append(row.text(3))
            return true
        }
        return steps
    }
}

extension Connection {
    /// Runs `sql` with its kept statement; or with a second one, while the kept one is in the middle of its rows.
    func run(
        _ sql: StaticSQL, _ values: [any Bindable], _ onRow: (borrowing Row) throws(SQLiteError) -> Bool
    ) throws(SQLiteError) {
        let statement = try statement(for: sql)
        do throws(SQLiteError) {
            try statement.bind(values)
        } catch {
            _ = statement.reset()
            throw error
        }
        try drive(statement, onRow)
    }

    /// Steps through the rows and leaves the statement ready for its next use, whatever happens.
    func drive(_ statement: Statement, _ onRow: (borrowing Row) throws(SQLiteError) -> Bool) throws(SQLiteError) {
        statement.isRunning = true
        runningStatements += 1
        defer {
            statement.isRunning = false
            runningStatements -= 1
        }
        do throws(SQLiteError) {
            while try statement.step() {
                guard try onRow(Row(of: statement.handle)) else { break }
            }
        } catch {
            noteLostTransaction(error)
            _ = statement.reset()
            throw error
        }
        // A statement that is left before its last row commits here, and this is where that can fail.
        let result = statement.reset()
        guard result == SQLITE_OK else {
            let failure = SQLiteError(result, on: handle, sql: statement.sql)
            noteLostTransaction(failure)
            throw failure
        }
    }

    private func statement(for sql: StaticSQL) throws(SQLiteError) -> Statement {
        let handle = try usableHandle()
        let kept = statements[sql.address]
        if let kept, !kept.isRunning { return kept }
        let statement = try Statement.only(sql.bytes, on: handle, kept: kept == nil)
        if kept == nil { statements[sql.address] = statement }
        return statement
    }
}
