internal import CSQLite
internal import Glibc

/// How far a checkpoint goes.
package enum CheckpointMode: Sendable {
    /// Copies what it can from the write-ahead log into the file, and waits for nobody.
    case passive
    /// Copies everything and empties the log. Waits for readers and writers; fails with `isBusy` when they stay.
    case truncate
}

extension Connection {
    /// Chooses what a commit survives. Only outside a transaction: inside one it throws.
    func setSynchronous(_ synchronous: Synchronous) throws(SQLiteError) {
        switch synchronous {
        case .full: try execute("PRAGMA synchronous = FULL")
        case .normal: try execute("PRAGMA synchronous = NORMAL")
        }
    }

    /// Moves pages from the write-ahead log into the file, and gives how many are left.
    @discardableResult
    package func checkpoint(_ mode: CheckpointMode) throws(SQLiteError) -> Int {
        let number =
            switch mode {
            case .passive: SQLITE_CHECKPOINT_PASSIVE
            case .truncate: SQLITE_CHECKPOINT_TRUNCATE
            }
        var (pages, moved): (Int32, Int32) = (0, 0)
        try check(sqlite3_wal_checkpoint_v2(usableHandle(), "main", number, &pages, &moved))
        return Int(pages - moved)
    }

    /// Makes durable what checkpoints have moved into the file. A checkpoint does so by itself only when it leaves nothing in
    /// the log, and then whoever runs it waits for all that was moved before.
    package func flushFile() throws(SQLiteError) {
        let handle = try usableHandle()
        let result = waybill_sqlite3_sync(handle)
        guard result == SQLITE_OK else { throw SQLiteError(result, on: handle) }
    }

    /// Reads the whole file and returns what is wrong with it, one sentence each; nothing when all is well.
    package func quickCheck() throws(SQLiteError) -> [String] {
        var findings: [String] = []
        do throws(SQLiteError) {
            try forEach("PRAGMA quick_check") { row in
                findings.append(row.text(0))
                return true
            }
        } catch {
            // Some damage ends the check itself, after what it has found so far.
            guard error.isCorrupt else { throw error }
            findings.append(error.message)
        }
        return findings.filter { $0 != "ok" }
    }
}

extension Connection {
    /// Copies the database as it is now into a new file that only its owner can read. Others may go on writing.
    ///
    /// The copy is durable when this returns; when it throws, there is no file. `path` must not exist yet.
    ///
    /// - Parameter progress: is told the pages copied and the pages in all, now and then; it cancels by throwing.
    package func backup(
        to path: String, progress: (_ copied: Int, _ total: Int) throws -> Void = { _, _ in }
    ) throws {
        try Connection.createFile(path, mustBeNew: true)
        do {
            try copy(to: path, progress)
        } catch {
            for suffix in ["", "-journal"] { unlink(path + suffix) }
            throw error
        }
    }

    private func copy(to path: String, _ progress: (Int, Int) throws -> Void) throws {
        let target = try Connection.open(path, flags: SQLITE_OPEN_READWRITE)
        defer { sqlite3_close_v2(target) }
        // Held for the whole copy, or each commit of another connection would make it start again:
        // https://sqlite.org/c3ref/backup_finish.html ("restarted by the next call").
        try transaction(.deferred) {
            try execute("PRAGMA schema_version")
            guard let copy = sqlite3_backup_init(target, "main", try usableHandle(), "main") else {
                throw SQLiteError(sqlite3_extended_errcode(target), on: target)
            }
            defer { sqlite3_backup_finish(copy) }
            try step(copy, into: target, progress)
        }
    }

    private func step(
        _ copy: OpaquePointer, into target: OpaquePointer, _ progress: (Int, Int) throws -> Void
    ) throws {
        // 4 MiB at a time, at the usual page size.
        let pagesAtATime: Int32 = 1024
        while true {
            let result = sqlite3_backup_step(copy, pagesAtATime)
            guard result == SQLITE_OK || result == SQLITE_DONE else {
                throw SQLiteError(
                    extendedCode: result, message: String(cString: sqlite3_errstr(result)),
                    systemErrno: sqlite3_system_errno(target))
            }
            let total = Int(sqlite3_backup_pagecount(copy))
            try progress(total - Int(sqlite3_backup_remaining(copy)), total)
            if result == SQLITE_DONE { return }
        }
    }
}
