import Glibc
import SQLite
import Testing

@Suite struct `A checkpoint` {
    let folder = TemporaryFolder()

    private var logSize: Int {
        var status = stat()
        stat(folder.database + "-wal", &status)
        return Int(status.st_size)
    }

    @Test func `empties the log`() throws {
        let connection = try folder.notebook()
        try connection.addNote("a")
        #expect(logSize > 0)
        try connection.checkpoint(.passive)
        try connection.checkpoint(.truncate)
        #expect(logSize == 0)
        #expect(try connection.notes() == ["a"])
    }

    @Test func `is busy while a reader needs the log, unless it is passive`() throws {
        let writer = try folder.notebook { options in options.busyTimeoutMilliseconds = 0 }
        let reader = try folder.connection()
        try reader.transaction(.deferred) {
            _ = try reader.noteCount()
            try writer.addNote("a")
            try writer.checkpoint(.passive)
            let error = #expect(throws: SQLiteError.self) { try writer.checkpoint(.truncate) }
            #expect(error?.isBusy == true)
        }
        try writer.checkpoint(.truncate)
    }
}

@Suite struct `A write-ahead log` {
    let folder = TemporaryFolder()

    @Test func `is the same when it was written again`() throws {
        let connection = try folder.notebook { options in options.checkpointPages = nil }
        try connection.transaction(.immediate) {
            for number in 0..<1000 { try connection.addNote("\(number) " + String(repeating: "x", count: 2000)) }
        }
        let log = try WriteAheadLog(of: folder.database)
        try log.rewrite()
        try log.flush()
        #expect(try folder.connection().noteCount() == 1000)
        try connection.addNote("last")
        #expect(try connection.quickCheck() == [])
        #expect(try folder.connection().noteCount() == 1001)
    }

    @Test func `stays when the last connection is closed, if that is wanted`() throws {
        try folder.notebook().close()
        for (text, drops) in [("a", false), ("b", true)] {
            let connection = try folder.connection { options in options.keepsLog = true }
            try connection.addNote(text)
            if drops { try connection.dropLogOnClose() }
            connection.close()
            #expect((access(folder.database + "-wal", F_OK) == 0) == !drops)
        }
        #expect(try folder.connection().notes() == ["a", "b"])
    }
}

@Suite struct `A backup` {
    let folder = TemporaryFolder()
    private var copy: String { folder.path + "/copy.db" }

    private func filledNotebook() throws -> Connection {
        let connection = try folder.notebook()
        try connection.transaction(.immediate) {
            for number in 0..<3000 { try connection.addNote("\(number) " + String(repeating: "x", count: 2000)) }
        }
        return connection
    }

    @Test func `is a whole database that only its owner can read`() throws {
        try filledNotebook().backup(to: copy)
        #expect(permissions(copy) == 0o600)
        let restored = try Connection(path: copy, mode: .readOnly)
        #expect(try restored.quickCheck() == [])
        #expect(try restored.noteCount() == 3000)
    }

    @Test func `is of one moment, although others go on writing`() throws {
        let source = try filledNotebook()
        let writer = try folder.connection()
        var reports: [Int] = []
        var total = 0
        try source.backup(to: copy) { copied, pages in
            try writer.addNote("after the backup began: \(copied)")
            reports.append(copied)
            total = pages
        }
        #expect(reports == reports.sorted())
        #expect(reports.count > 1)
        #expect(reports.last == total)
        #expect(try Connection(path: copy, mode: .readOnly).noteCount() == 3000)
        #expect(try source.noteCount() == 3000 + reports.count)
    }

    @Test func `that is cancelled leaves no file`() throws {
        let source = try filledNotebook()
        #expect(throws: Mishap()) { try source.backup(to: copy) { _, _ in throw Mishap() } }
        #expect(folder.names == ["test.db", "test.db-shm", "test.db-wal"])
        try source.addNote("the connection is as usable as before")
    }

    @Test func `replaces no file`() throws {
        let source = try filledNotebook()
        try source.backup(to: copy)
        let error = #expect(throws: SQLiteError.self) { try source.backup(to: copy) }
        #expect(error?.systemErrno == EEXIST)
        #expect(try Connection(path: copy, mode: .readOnly).noteCount() == 3000)
        #expect(throws: SQLiteError.self) { try source.backup(to: folder.path + "/no/such/folder.db") }
    }
}
