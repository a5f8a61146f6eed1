package import SQLite

/// Why the ledger could not be read or written. Nothing was changed.
package enum LedgerError: Error, Sendable {
    /// The disk has no room.
    case outOfSpace
    /// So many writes wait that another would wait too long; the client may come again.
    case busy(waiting: Int)
    /// Nothing may be written: signing more would contradict what was signed before, or what is stored is damaged.
    case readOnly(because: String)
    /// The database failed in another way.
    case storage(SQLiteError)

    init(_ error: SQLiteError) {
        self = error.isFull ? .outOfSpace : .storage(error)
    }
}
