internal import CSQLite

/// When a transaction takes the write lock.
package enum TransactionKind: Sendable {
    /// At its first write, which then fails with `isBusy` if another connection has written since the first read.
    case deferred
    /// At once, so that nothing read inside it can change under it.
    case immediate
}

/// What has become of the transaction that `Connection.transaction` began.
enum TransactionState {
    case none
    case open
    /// It cannot be committed any more, and its body is still running.
    case lost(SQLiteError)
    /// Its body has ended, but SQLite could not take it back yet.
    case stuck(SQLiteError)
}

extension Connection {
    /// Runs `body` as one transaction: what it wrote is there entirely when this returns, and not at all when it throws.
    ///
    /// A commit that fails throws, and takes everything back. When SQLite itself takes the transaction back in the
    /// middle (a full disk, a failed write), every statement up to the end of `body` fails with that same error, so
    /// a `body` that catches errors cannot commit half of its work. Transactions do not nest; see `savepoint`.
    package func transaction<T>(_ kind: TransactionKind, _ body: () throws -> T) throws -> T {
        try begin(kind)
        do {
            let result = try body()
            try execute("COMMIT")
            transactionState = .none
            return result
        } catch {
            rollback()
            throw error
        }
    }

    /// Begins to read one state of the database, which stays the same until `endSnapshot`. It is that of the first read.
    package func beginSnapshot() throws(SQLiteError) {
        try begin(.deferred)
    }

    /// Ends what `beginSnapshot` began, also after a failure.
    package func endSnapshot() {
        do throws(SQLiteError) {
            try execute("COMMIT")
            transactionState = .none
        } catch { rollback() }
    }

    /// Runs `body` as a part of a transaction that can fail by itself: when it throws, what it wrote is taken back and
    /// the transaction goes on.
    ///
    /// Only inside `transaction`. Savepoints nest.
    package func savepoint<T>(_ body: () throws -> T) throws -> T {
        _ = try usableHandle()
        guard case .open = transactionState else { throw SQLiteError.misuse("a savepoint needs an open transaction") }
        try execute("SAVEPOINT part")
        do {
            let result = try body()
            try execute("RELEASE part")
            return result
        } catch {
            takeBackSavepoint()
            throw error
        }
    }
}

extension Connection {
    /// Refuses to go on in a transaction that is lost: what ran now would be committed without the rest of it.
    func requireWholeTransaction(_ handle: OpaquePointer) throws(SQLiteError) {
        switch transactionState {
        case .none: return
        case .open:
            guard sqlite3_get_autocommit(handle) != 0 else { return }
            throw .misuse("the transaction was ended from inside")
        case .lost(let error): throw error
        case .stuck(let error):
            rollback()
            guard case .none = transactionState else { throw error }
        }
    }

    /// Remembers `error` when SQLite answered it by taking back the whole transaction.
    ///
    /// It does so after a full disk, a failed read or write, and an interrupted write:
    /// https://sqlite.org/lang_transaction.html §3.
    func noteLostTransaction(_ error: SQLiteError) {
        guard case .open = transactionState, let handle, sqlite3_get_autocommit(handle) != 0 else { return }
        transactionState = .lost(error)
    }

    private func begin(_ kind: TransactionKind) throws(SQLiteError) {
        _ = try usableHandle()
        guard case .none = transactionState else {
            throw .misuse("a transaction is open already: use a savepoint")
        }
        switch kind {
        case .deferred: try execute("BEGIN DEFERRED")
        case .immediate: try execute("BEGIN IMMEDIATE")
        }
        transactionState = .open
    }

    /// Ends the transaction without its changes, also when SQLite has already done so.
    private func rollback() {
        guard let handle else { return }
        if sqlite3_get_autocommit(handle) == 0 {
            // This fails when an interrupt is still stopping a statement further out, or without memory.
            let result = sqlite3_exec(handle, "ROLLBACK", nil, nil, nil)
            guard sqlite3_get_autocommit(handle) != 0 else {
                transactionState = .stuck(SQLiteError(result, on: handle, sql: "ROLLBACK"))
                return
            }
        }
        transactionState = .none
    }

    private func takeBackSavepoint() {
        guard case .open = transactionState else { return }
        do throws(SQLiteError) {
            try execute("ROLLBACK TO part")
            try execute("RELEASE part")
        } catch {
            // A part of the failed work may still be there, so the transaction must not be committed.
            transactionState = .lost(error)
        }
    }
}
