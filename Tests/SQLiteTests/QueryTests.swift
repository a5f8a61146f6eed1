import SQLite
import Testing

@Suite struct `Running a statement` {
    let folder = TemporaryFolder()

    @Test func `tells how many rows it changed and which key it gave`() throws {
        let connection = try folder.notebook()
        for text in ["a", "b", "c"] { try connection.addNote(text) }
        #expect(connection.lastInsertRowID == 3)
        try connection.execute("UPDATE note SET text = text || '!' WHERE id <> ?1", 2)
        #expect(connection.changes == 2)
    }

    @Test func `reads the first row, all rows, or rows until told to stop`() throws {
        let connection = try folder.notebook()
        for text in ["a", "b", "c"] { try connection.addNote(text) }
        #expect(try connection.first("SELECT text FROM note ORDER BY id DESC") { row in row.text(0) } == "c")
        #expect(try connection.notes() == ["a", "b", "c"])
        var seen: [String] = []
        try connection.forEach("SELECT text FROM note WHERE id > ?1 ORDER BY id", 0) { row in
            seen.append(row.text(0))
            return seen.count < 2
        }
        #expect(seen == ["a", "b"])
    }

    @Test func `finds nothing where there is nothing`() throws {
        let connection = try folder.notebook()
        #expect(try connection.first("SELECT text FROM note") { row in row.text(0) } == nil)
        #expect(try connection.notes() == [])
    }

    @Test func `writes with RETURNING although only one row is read`() throws {
        let connection = try folder.notebook()
        let key = try connection.first("INSERT INTO note (text) VALUES ('a'), ('b') RETURNING id") { row in row.int(0) }
        #expect(key == 1)
        #expect(try folder.connection().notes() == ["a", "b"])
    }

    @Test func `throws when it could not commit what it returned`() throws {
        let connection = try folder.notebook()
        try connection.execute("CREATE TABLE remark (note REFERENCES note(id) DEFERRABLE INITIALLY DEFERRED)")
        let error = #expect(throws: SQLiteError.self) {
            try connection.first("INSERT INTO remark VALUES (77) RETURNING note") { row in row.int(0) }
        }
        #expect(error?.isConstraint == true)
        #expect(error?.sql == "INSERT INTO remark VALUES (77) RETURNING note")
    }

    @Test func `starts afresh after a body that threw or stopped early`() throws {
        let connection = try folder.notebook()
        for text in ["a", "b"] { try connection.addNote(text) }
        let read = { (limit: String?, fails: Bool) throws(SQLiteError) -> [String] in
            try connection.all("SELECT text FROM note WHERE text >= ?1 OR ?1 IS NULL", limit) {
                row throws(SQLiteError) in
                if fails { throw .corrupt("the row is not as it should be") }
                return row.text(0)
            }
        }
        let error = #expect(throws: SQLiteError.self) { try read("b", true) }
        #expect(error?.isCorrupt == true)
        #expect(try read(nil, false) == ["a", "b"])
        // Were the statement not reset, it would hold its snapshot and this write could not be checkpointed.
        try connection.checkpoint(.truncate)
    }

    @Test func `may happen inside its own rows`() throws {
        let connection = try folder.notebook()
        for text in ["a", "b", "c"] { try connection.addNote(text) }
        #expect(try pairs(connection, depth: 3) == 3 + 9 + 27)
        #expect(try pairs(connection, depth: 1) == 3)
    }

    private func pairs(_ connection: Connection, depth: Int) throws(SQLiteError) -> Int {
        guard depth > 0 else { return 0 }
        var count = 0
        try connection.forEach("SELECT id FROM note") { _ throws(SQLiteError) in
            count += 1 + (try pairs(connection, depth: depth - 1))
            return true
        }
        return count
    }

    @Test func `refuses a text with several statements, and runs none of them`() throws {
        let connection = try folder.notebook()
        let attempts: [StaticSQL] = [
            "DELETE FROM note; DELETE FROM note", "SELECT 1; nonsense", "SELECT 1;; /* x */ SELECT 2", "SELECT 1\0;",
        ]
        try connection.addNote("kept")
        for sql in attempts {
            let error = #expect(throws: SQLiteError.self) { try connection.execute(sql) }
            #expect(error?.message == "there is more than one statement in this text")
        }
        #expect(try connection.notes() == ["kept"])
    }

    @Test func `allows a semicolon and comments behind it`() throws {
        let connection = try folder.connection()
        #expect(try connection.first("SELECT 1; ; -- one\n /* two */ \n") { row in row.int(0) } == 1)
    }

    @Test func `refuses a text without a statement`() throws {
        let connection = try folder.connection()
        let attempts: [StaticSQL] = ["", " ", ";", "-- nothing", "\0"]
        for sql in attempts { #expect(throws: SQLiteError.self) { try connection.execute(sql) } }
    }

    @Test func `refuses too many and too few values`() throws {
        let connection = try folder.notebook()
        #expect(throws: SQLiteError.self) { try connection.execute("INSERT INTO note VALUES (?1, ?2)", 1) }
        let error = #expect(throws: SQLiteError.self) {
            try connection.execute("INSERT INTO note VALUES (?1, ?2)", 1, 2, 3)
        }
        #expect(error?.message == "the statement has 2 parameters and was given 3 values")
        try connection.execute("INSERT INTO note VALUES (?1, ?2)", 1, 2)
    }

    @Test func `says what is wrong, with the statement and never with the values`() throws {
        let connection = try folder.notebook()
        try connection.addNote("secret")
        let error = try #require(#expect(throws: SQLiteError.self) { try connection.addNote("secret") })
        #expect(error.isConstraint)
        #expect(error.code == 19)
        #expect(error.extendedCode == 2067)
        #expect(
            error.description
                == "UNIQUE constraint failed: note.text (SQLite 2067) in: INSERT INTO note (text) VALUES (?1)")
        #expect([error.isFull, error.isBusy, error.isCorrupt, error.isInterrupt] == [false, false, false, false])
    }

    @Test func `follows the schema when it changes under a kept statement`() throws {
        let connection = try folder.notebook()
        try connection.addNote("a")
        #expect(try connection.first("SELECT * FROM note") { row in row.text(1) } == "a")
        let other = try Connection(path: folder.database, mode: .readWrite)
        try other.execute("ALTER TABLE note ADD COLUMN more TEXT DEFAULT 'm'")
        #expect(try connection.first("SELECT * FROM note") { row in row.text(2) } == "m")
    }

    @Test func `enforces foreign keys`() throws {
        let connection = try folder.notebook()
        try connection.execute("CREATE TABLE remark (note INTEGER REFERENCES note(id))")
        let error = #expect(throws: SQLiteError.self) { try connection.execute("INSERT INTO remark VALUES (1)") }
        #expect(error?.isConstraint == true)
    }

    @Test func `can be explained, so that a test finds a full scan`() throws {
        let connection = try folder.notebook()
        #expect(
            try connection.explain("SELECT text FROM note WHERE id = ?1")
                == ["SEARCH note USING INTEGER PRIMARY KEY (rowid=?)"])
        #expect(try connection.explain("SELECT id FROM note WHERE id + 1 = ?1").contains { $0.hasPrefix("SCAN") })
        #expect(throws: SQLiteError.self) { try connection.explain("SELECT nothing FROM nowhere") }
    }
}
