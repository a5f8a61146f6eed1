import SQLite
import Testing

@Suite struct `Opening a connection` {
    let folder = TemporaryFolder()

    @Test func `creates a file that only its owner can read, with a write-ahead log`() throws {
        let connection = try folder.notebook()
        #expect(try connection.first("PRAGMA journal_mode") { row in row.text(0) } == "wal")
        #expect(folder.names == ["test.db", "test.db-shm", "test.db-wal"])
        for name in folder.names { #expect(permissions("\(folder.path)/\(name)") == 0o600) }
    }

    @Test func `opens an existing file as it is`() throws {
        try folder.notebook().addNote("kept")
        #expect(try folder.connection().notes() == ["kept"])
    }

    @Test(arguments: [Connection.Mode.readWrite, .readOnly])
    func `does not make a file unless told to`(_ mode: Connection.Mode) {
        let error = #expect(throws: SQLiteError.self) { _ = try Connection(path: folder.database, mode: mode) }
        #expect(error?.description.contains("unable to open database file: \(folder.database)") == true)
        #expect(error?.systemErrno == 2)
        #expect(folder.names == [])
    }

    @Test(arguments: ["", "/no/such/folder/a.db", "no/such/folder/a.db", "/tmp", "a\0b"])
    func `refuses a path that cannot be a file`(_ path: String) {
        #expect(throws: SQLiteError.self) { _ = try Connection(path: path, mode: .create) }
        #expect(throws: SQLiteError.self) { _ = try Connection(path: path, mode: .readOnly) }
    }

    @Test(arguments: [":memory:", "file:test.db?mode=memory"])
    func `takes a name that is special to SQLite for a file's name`(_ name: String) {
        #expect(throws: SQLiteError.self) { _ = try Connection(path: name, mode: .readWrite) }
    }

    @Test func `changes nothing when it is read-only`() throws {
        try folder.notebook().addNote("kept")
        let reader = try Connection(path: folder.database, mode: .readOnly)
        #expect(throws: SQLiteError.self) { try reader.addNote("refused") }
        #expect(try reader.first("PRAGMA query_only") { row in row.bool(0) } == true)
        #expect(try reader.notes() == ["kept"])
    }

    @Test func `writes to an existing file in mode readWrite`() throws {
        try folder.notebook().addNote("one")
        let writer = try Connection(path: folder.database, mode: .readWrite)
        try writer.addNote("two")
        #expect(try writer.notes() == ["one", "two"])
    }

    @Test func `applies its options`() throws {
        let connection = try folder.connection { options in
            options.busyTimeoutMilliseconds = 77
            options.cacheKiB = 4096
            options.mmapBytes = 1 << 20
            options.foreignKeys = false
            options.synchronous = .normal
            options.maxPageCount = 99
        }
        #expect(try connection.first("PRAGMA busy_timeout") { row in row.int(0) } == 77)
        #expect(try connection.first("PRAGMA cache_size") { row in row.int(0) } == -4096)
        #expect(try connection.first("PRAGMA mmap_size") { row in row.int(0) } == 1 << 20)
        #expect(try connection.first("PRAGMA foreign_keys") { row in row.bool(0) } == false)
        #expect(try connection.first("PRAGMA synchronous") { row in row.int(0) } == 1)
        #expect(try connection.first("PRAGMA max_page_count") { row in row.int(0) } == 99)
    }

    @Test func `is safe by default`() throws {
        let connection = try folder.notebook()
        #expect(try connection.first("PRAGMA foreign_keys") { row in row.bool(0) } == true)
        #expect(try connection.first("PRAGMA synchronous") { row in row.int(0) } == 2)
        #expect(try connection.first("PRAGMA trusted_schema") { row in row.bool(0) } == false)
        // Defensive mode: these are passed over without an error, and without an effect.
        try connection.execute("PRAGMA journal_mode = OFF")
        #expect(try connection.first("PRAGMA journal_mode") { row in row.text(0) } == "wal")
        try connection.execute("PRAGMA writable_schema = ON")
        #expect(throws: SQLiteError.self) { try connection.execute("DELETE FROM sqlite_schema") }
    }

    @Test func `takes a quoted name for a column and never for a string`() throws {
        let connection = try folder.notebook()
        #expect(throws: SQLiteError.self) { try connection.execute("SELECT id FROM note WHERE text = \"misspelt\"") }
    }
}

@Suite struct `Closing a connection` {
    let folder = TemporaryFolder()

    @Test func `finalises every statement, so that the log is gone`() throws {
        let connection = try folder.notebook()
        try connection.addNote("a")
        _ = try connection.notes()
        connection.close()
        #expect(folder.names == ["test.db"])
    }

    @Test func `makes every later use throw, and may happen twice`() throws {
        let connection = try folder.notebook()
        connection.close()
        connection.close()
        connection.interrupter.interrupt()
        #expect(throws: SQLiteError.self) { try connection.addNote("late") }
        #expect(throws: SQLiteError.self) { try connection.transaction(.immediate) {} }
        #expect(throws: SQLiteError.self) { try connection.checkpoint(.passive) }
        #expect(connection.changes == 0)
    }

    @Test func `takes an open transaction back`() throws {
        let connection = try folder.notebook()
        #expect(throws: SQLiteError.self) {
            try connection.transaction(.immediate) {
                try connection.addNote("lost")
                connection.close()
            }
        }
        #expect(try folder.connection().noteCount() == 0)
    }

    @Test func `happens by itself with the last reference`() throws {
        do { try folder.notebook().addNote("a") }
        #expect(folder.names == ["test.db"])
    }

    @Test func `inside a read is our own bug, and traps`() async {
        await #expect(processExitsWith: .failure) {
            let connection = try TemporaryFolder().connection()
            try connection.forEach("SELECT 1") { _ in
                connection.close()
                return true
            }
        }
    }
}
