internal import CSQLite
internal import Glibc

/// One open database file.
///
/// A connection belongs to whoever made it and is used by one thread at a time: it is opened without a
/// mutex of its own, and is not `Sendable`. Every statement is prepared once and then kept.
package final class Connection {
    package enum Mode: Sendable {
        /// Reads and writes; makes the file, readable by its owner only, when there is none; sets WAL.
        case create
        /// Reads and writes a file that must exist.
        case readWrite
        /// Reads a file that must exist, and can change nothing.
        case readOnly
    }

    package enum Synchronous: Sendable {
        /// A commit survives a power failure.
        case full
        /// A commit survives the death of the process; the newest ones may not survive a power failure.
        case normal
    }

    package struct Options: Sendable {
        /// How long a statement waits for another connection's lock before it fails with `isBusy`.
        package var busyTimeoutMilliseconds = 10_000
        /// Memory for pages that were read. 2 MiB is SQLite's own default.
        package var cacheKiB = 2048
        /// Bytes of the file that are read through a memory map; 0 is none. A failing disk is then a SIGBUS.
        package var mmapBytes = 0
        package var foreignKeys = true
        package var synchronous = Synchronous.full
        /// The most pages that the file may have, past which a write fails with `isFull`; nil is SQLite's own limit.
        package var maxPageCount: Int?
        /// Pages in the write-ahead log past which a commit moves them into the file; nil when somebody calls `checkpoint`
        /// instead. 1000 is SQLite's own default.
        package var checkpointPages: Int? = 1000
        /// Whether the write-ahead log stays as it is when the last connection is closed, until `dropLogOnClose` is called.
        package var keepsLog = false
        /// Whether triggers run: without, derived tables can be mended that are never changed otherwise.
        package var runsTriggers = true

        package init() {}
    }

    /// Stops what this connection is doing, from any thread.
    package let interrupter: Interrupter

    /// Nil once the connection is closed.
    private(set) var handle: OpaquePointer?
    /// The statements of this connection, by the address of their literal.
    var statements: [UnsafePointer<UInt8>: Statement] = [:]
    /// How many statements are between their first step and their reset.
    var runningStatements = 0
    var transactionState = TransactionState.none
    /// Pages in the write-ahead log after the last commit of this connection, moved or not. Counted only when
    /// `Options.checkpointPages` is nil.
    package private(set) var logPages = 0

    package init(path: String, mode: Mode, options: Options = Options()) throws(SQLiteError) {
        if mode == .create { try Connection.createFile(path) }
        let access = mode == .readOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE
        let handle = try Connection.open(path, flags: access)
        self.handle = handle
        self.interrupter = Interrupter(handle)
        // From here on a throw runs `deinit`, which closes.
        try configure(handle, mode, options)
    }

    deinit { close() }

    /// Closes the file. An open transaction is taken back; every later use throws. Closing twice is allowed.
    ///
    /// The last connection to close copies the write-ahead log into the file, so this may take a while, unless
    /// `Options.keepsLog` says otherwise.
    package func close() {
        precondition(runningStatements == 0, "a connection was closed while one of its rows was being read")
        guard let handle else { return }
        interrupter.detach()
        statements.removeAll()
        self.handle = nil
        sqlite3_close_v2(handle)
    }

    /// The handle, when the connection is open and not in the middle of a transaction that is already lost.
    func usableHandle() throws(SQLiteError) -> OpaquePointer {
        guard let handle else { throw .misuse("the connection is closed") }
        if case .none = transactionState { return handle }
        try requireWholeTransaction(handle)
        return handle
    }

    func check(_ result: Int32, sql: String? = nil) throws(SQLiteError) {
        guard result == SQLITE_OK else { throw SQLiteError(result, on: handle, sql: sql) }
    }
}

extension Connection {
    /// Opens `path` as the name of a file and as nothing else.
    static func open(_ path: String, flags: Int32) throws(SQLiteError) -> OpaquePointer {
        guard !path.utf8.contains(0) else { throw .misuse("a path has a NUL in it") }
        _ = Library.configured
        // Behind a "./", neither "", ":memory:" nor a "file:" URI means anything but a file of that name.
        let name = path.hasPrefix("/") ? path : "./" + path
        var handle: OpaquePointer?
        let result = sqlite3_open_v2(name, &handle, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nil)
        guard result == SQLITE_OK, let handle else {
            let failure = SQLiteError(result, on: handle, sql: nil)
            sqlite3_close_v2(handle)
            throw failure.about(path)
        }
        return handle
    }

    /// Makes an empty file that only its owner can read, unless there is a file already.
    static func createFile(_ path: String, mustBeNew: Bool = false) throws(SQLiteError) {
        // SQLite would make it readable by all. An existing file is not opened here, since closing it again would
        // drop the locks of every connection of this process: https://sqlite.org/howtocorrupt.html §2.2.
        guard !path.utf8.contains(0) else { throw .misuse("a path has a NUL in it") }
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        if descriptor >= 0 {
            _ = Glibc.close(descriptor)
            return
        }
        let reason = errno
        if reason == EEXIST, !mustBeNew { return }
        throw SQLiteError(
            extendedCode: SQLITE_CANTOPEN, message: String(cString: strerror(reason)), systemErrno: reason
        ).about(path)
    }

    private func configure(_ handle: OpaquePointer, _ mode: Mode, _ options: Options) throws(SQLiteError) {
        try check(sqlite3_busy_timeout(handle, Int32(clamping: options.busyTimeoutMilliseconds)))
        try set(SQLITE_DBCONFIG_DEFENSIVE, to: true)
        try set(SQLITE_DBCONFIG_TRUSTED_SCHEMA, to: false)
        // Otherwise "name" is a string where there is no such column, and a misspelling goes unnoticed.
        try set(SQLITE_DBCONFIG_DQS_DDL, to: false)
        try set(SQLITE_DBCONFIG_DQS_DML, to: false)
        try setForeignKeys(options.foreignKeys)
        if !options.runsTriggers { try set(SQLITE_DBCONFIG_ENABLE_TRIGGER, to: false) }
        if options.keepsLog { try set(SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, to: true) }
        try run(script: "PRAGMA cache_size = -\(options.cacheKiB)")
        try run(script: "PRAGMA mmap_size = \(options.mmapBytes)")
        try setSynchronous(options.synchronous)
        // The first look at the content: what is not a database is found here, not by the first request.
        try run(script: "PRAGMA schema_version")
        switch mode {
        case .create:
            try requireWriteAheadLog()
            if let pages = options.checkpointPages {
                try run(script: "PRAGMA wal_autocheckpoint = \(pages)")
            } else {
                countLogPages(handle)
            }
        case .readWrite: break
        case .readOnly: try run(script: "PRAGMA query_only = ON")
        }
        if let limit = options.maxPageCount { try run(script: "PRAGMA max_page_count = \(limit)") }
    }

    /// In the place of SQLite's own hook, which moves pages.
    private func countLogPages(_ handle: OpaquePointer) {
        sqlite3_wal_hook(
            handle,
            { context, _, _, pages in
                guard let context else { return SQLITE_OK }
                Unmanaged<Connection>.fromOpaque(context).takeUnretainedValue().logPages = Int(pages)
                return SQLITE_OK
            }, Unmanaged.passUnretained(self).toOpaque())
    }

    /// From now on the last connection to close copies the write-ahead log into the file, whatever `Options.keepsLog` said.
    package func dropLogOnClose() throws(SQLiteError) {
        try set(SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, to: false)
    }

    func setForeignKeys(_ on: Bool) throws(SQLiteError) {
        try set(SQLITE_DBCONFIG_ENABLE_FKEY, to: on)
    }

    private func set(_ option: Int32, to on: Bool) throws(SQLiteError) {
        try check(waybill_sqlite3_switch(usableHandle(), option, on ? 1 : 0))
    }

    private func requireWriteAheadLog() throws(SQLiteError) {
        let journal = try first("PRAGMA journal_mode = WAL") { row in row.text(0) }
        guard journal == "wal" else {
            throw SQLiteError(
                extendedCode: SQLITE_CANTOPEN,
                message: "the file system gave journal mode \(journal ?? "none") instead of wal")
        }
    }
}

extension SQLiteError {
    fileprivate func about(_ path: String) -> SQLiteError {
        SQLiteError(extendedCode: extendedCode, message: "\(message): \(path)", sql: sql, systemErrno: systemErrno)
    }
}

/// What holds for the whole library, said before the first use of it.
private enum Library {
    /// SQLite counts its memory under a lock that all connections share: two loops that read met there twice in each request.
    static let configured = waybill_sqlite3_forget_memory_use()
}
