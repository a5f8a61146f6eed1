internal import CSQLite
internal import Glibc

/// What SQLite refused, and why.
///
/// It holds the text of the statement but never the values that were bound to it, so it may be logged.
package struct SQLiteError: Error, Sendable, Equatable {
    /// The primary result code, for instance `SQLITE_CONSTRAINT` (19).
    package let code: Int32
    /// The result code with its detail, for instance `SQLITE_CONSTRAINT_UNIQUE` (2067).
    package let extendedCode: Int32
    /// SQLite's own sentence, or ours where we refused before SQLite was asked.
    package let message: String
    /// The statement that failed, when there was one.
    package let sql: String?
    /// The `errno` behind a failed read, write or open; 0 for every other failure.
    package let systemErrno: Int32

    package init(extendedCode: Int32, message: String, sql: String? = nil, systemErrno: Int32 = 0) {
        self.code = extendedCode & 0xff
        self.extendedCode = extendedCode
        self.message = message
        self.sql = sql
        self.systemErrno = systemErrno
    }

    /// A row holds what its reader cannot make sense of: thrown by a `read` closure, and `isCorrupt`.
    package static func corrupt(_ message: String) -> SQLiteError {
        SQLiteError(extendedCode: SQLITE_CORRUPT, message: message)
    }
}

extension SQLiteError {
    /// No space is left: on the disk, in the quota, or under `Options.maxPageCount`.
    package var isFull: Bool {
        code == SQLITE_FULL || (code == SQLITE_IOERR && (systemErrno == ENOSPC || systemErrno == EDQUOT))
    }

    /// The disk failed: what was written last may be there or not, whatever it answers next.
    package var isDiskFailure: Bool { code == SQLITE_IOERR && !isFull }

    /// Another connection held the lock for longer than the busy timeout, or a read became too old to write from.
    package var isBusy: Bool { code == SQLITE_BUSY }

    /// A `UNIQUE`, `CHECK`, `NOT NULL`, `STRICT` or foreign key rule was broken.
    package var isConstraint: Bool { code == SQLITE_CONSTRAINT }

    /// The file is damaged or is no database. No retry helps.
    package var isCorrupt: Bool { code == SQLITE_CORRUPT || code == SQLITE_NOTADB }

    /// `Interrupter.interrupt()` stopped the statement.
    package var isInterrupt: Bool { code == SQLITE_INTERRUPT }
}

extension SQLiteError: CustomStringConvertible {
    package var description: String {
        var text = "\(message) (SQLite \(extendedCode)"
        if systemErrno != 0 { text += ", errno \(systemErrno)" }
        text += ")"
        if let sql { text += " in: \(sql)" }
        return text
    }
}

extension SQLiteError {
    /// The failure that `handle` has just reported with `result`. To be made before anything else is asked of it.
    init(_ result: Int32, on handle: OpaquePointer?, sql: String? = nil) {
        let touchedTheDisk = [SQLITE_IOERR, SQLITE_CANTOPEN, SQLITE_FULL].contains(result & 0xff)
        let sentence = handle.flatMap { sqlite3_errmsg($0) } ?? sqlite3_errstr(result)
        self.init(
            extendedCode: result, message: sentence.map { String(cString: $0) } ?? "no message", sql: sql,
            systemErrno: touchedTheDisk ? handle.map { sqlite3_system_errno($0) } ?? 0 : 0)
    }

    /// Our own refusal of something that the program asked for wrongly.
    static func misuse(_ message: String, sql: String? = nil) -> SQLiteError {
        SQLiteError(extendedCode: SQLITE_MISUSE, message: message, sql: sql)
    }
}
