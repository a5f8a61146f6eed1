import Dispatch
import SQLite
import Synchronization
import Testing

@Suite struct `A full database` {
    let folder = TemporaryFolder()

    @Test func `throws isFull and keeps what was there`() throws {
        let connection = try folder.notebook { options in options.maxPageCount = 20 }
        try connection.addNote("kept")
        let error = #expect(throws: SQLiteError.self) { try connection.addNote([UInt8](repeating: 1, count: 1 << 20)) }
        #expect(error?.isFull == true)
        #expect(try connection.notes() == ["kept"])
        #expect(try connection.quickCheck() == [])
        try connection.addNote("there is room for this")
    }

    @Test func `never commits half of a group`() throws {
        let connection = try folder.notebook { options in options.maxPageCount = 20 }
        var answered: [String] = []
        do {
            try connection.transaction(.immediate) {
                for (text, size) in [("a", 1), ("b", 1 << 20), ("c", 2)] {
                    do {
                        try connection.savepoint {
                            try connection.addNote(text)
                            try connection.addNote([UInt8](repeating: 1, count: size))
                        }
                        answered.append(text)
                    } catch let error as SQLiteError {
                        #expect(error.isFull)
                    }
                }
            }
        } catch let error as SQLiteError {
            #expect(error.isFull)
            answered = []
        }
        #expect(try connection.all("SELECT text FROM note WHERE typeof(text) = 'text'") { $0.text(0) } == answered)
        #expect(try connection.noteCount() == 2 * answered.count)
    }

    @Test func `is also a disk without space under a failed write`() {
        let (write, shared) = (Int32(778), Int32(4874))  // SQLITE_IOERR_WRITE, SQLITE_IOERR_SHMSIZE
        #expect(SQLiteError(extendedCode: write, message: "", systemErrno: 28).isFull)
        #expect(SQLiteError(extendedCode: shared, message: "", systemErrno: 122).isFull)
        #expect(!SQLiteError(extendedCode: write, message: "", systemErrno: 5).isFull)
        #expect(SQLiteError(extendedCode: 13, message: "").isFull)
    }
}

@Suite struct `A damaged file` {
    let folder = TemporaryFolder()

    init() throws {
        let connection = try folder.notebook()
        try connection.transaction(.immediate) {
            for number in 0..<1000 { try connection.addNote("note \(number) " + String(repeating: "x", count: 100)) }
        }
        connection.close()
    }

    @Test func `is found when it is opened, where it is no database`() {
        folder.damage(from: 0, count: 100, with: 0x55)
        let error = #expect(throws: SQLiteError.self) { _ = try folder.connection() }
        #expect(error?.isCorrupt == true)
    }

    @Test func `is found when it is read, where only pages are damaged`() throws {
        folder.damage(from: 2 * 4096, count: 10 * 4096, with: 0xff)
        let connection = try folder.connection()
        let error = #expect(throws: SQLiteError.self) { _ = try connection.notes() }
        #expect(error?.isCorrupt == true)
        #expect(try !connection.quickCheck().isEmpty)
    }

    @Test func `is not one that is whole`() throws {
        #expect(try folder.connection().quickCheck() == [])
    }
}

@Suite struct `Interrupting` {
    let folder = TemporaryFolder()

    /// Interrupts again and again, on another thread, until `body` has returned.
    private func whileInterrupting(_ connection: Connection, _ body: () throws -> Void) rethrows {
        let interrupter = connection.interrupter
        let done = Flag()
        let group = DispatchGroup()
        DispatchQueue.global().async(group: group) {
            while !done.isSet { interrupter.interrupt() }
        }
        defer {
            done.set()
            group.wait()
        }
        try body()
    }

    private func countForever(_ connection: Connection) throws {
        try connection.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n")
    }

    @Test func `stops a statement from another thread, and the next one runs`() throws {
        let connection = try folder.connection()
        whileInterrupting(connection) {
            let error = #expect(throws: SQLiteError.self) { try countForever(connection) }
            #expect(error?.isInterrupt == true)
        }
        #expect(try connection.first("SELECT 1") { row in row.int(0) } == 1)
    }

    @Test func `is not remembered for the next statement`() throws {
        let connection = try folder.connection()
        connection.interrupter.interrupt()
        #expect(try connection.first("SELECT 1") { row in row.int(0) } == 1)
    }

    @Test func `a write takes its whole transaction back`() throws {
        let connection = try folder.notebook()
        let error = #expect(throws: SQLiteError.self) {
            try connection.transaction(.immediate) {
                try connection.addNote("a")
                whileInterrupting(connection) {
                    try? connection.execute(
                        """
                        INSERT INTO note (text)
                        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n
                        """)
                }
                try? connection.addNote("b")
            }
        }
        #expect(error?.isInterrupt == true)
        #expect(try connection.noteCount() == 0)
    }

    @Test func `a savepoint that cannot be taken back spoils its transaction`() throws {
        let connection = try folder.notebook()
        let error = #expect(throws: SQLiteError.self) {
            try connection.transaction(.immediate) {
                try connection.forEach("SELECT 1") { _ in
                    try? connection.savepoint {
                        try connection.addNote("half")
                        connection.interrupter.interrupt()
                        throw Mishap()
                    }
                    return false
                }
            }
        }
        #expect(error?.isInterrupt == true)
        #expect(try connection.noteCount() == 0)
    }

    @Test func `a transaction that cannot be taken back at once takes it back before anything else`() throws {
        let connection = try folder.notebook()
        try? connection.forEach("SELECT 1 UNION SELECT 2") { _ in
            #expect(throws: Mishap()) {
                try connection.transaction(.immediate) {
                    try connection.addNote("half")
                    connection.interrupter.interrupt()
                    throw Mishap()
                }
            }
            return false
        }
        try connection.addNote("after")
        #expect(try folder.connection().notes() == ["after"])
    }
}

/// Says once, to other threads, that something is over.
private final class Flag: Sendable {
    private let value = Atomic(false)
    var isSet: Bool { value.load(ordering: .acquiring) }
    func set() { value.store(true, ordering: .releasing) }
}
