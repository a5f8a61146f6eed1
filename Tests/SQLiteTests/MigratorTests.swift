import SQLite
import Testing

@Suite struct `Migrating` {
    let folder = TemporaryFolder()

    private static let note = Migration(
        version: 1, name: "note",
        sql: """
            -- Two tables and a trigger; semicolons in the trigger and in 'a;string' end nothing.
            CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL DEFAULT 'a;string') STRICT;
            CREATE TABLE journal (entry TEXT NOT NULL) STRICT;
            CREATE TRIGGER note_added AFTER INSERT ON note BEGIN
                INSERT INTO journal VALUES ('added ' || NEW.id);
                INSERT INTO journal VALUES ('with ' || NEW.text);
            END;
            INSERT INTO note DEFAULT VALUES;
            """)
    private static let remark = Migration(
        version: 2, name: "remark",
        sql: "CREATE TABLE remark (note INTEGER NOT NULL REFERENCES note(id) ON DELETE CASCADE) STRICT")
    private static let third = Migration(version: 3, name: "third", sql: "CREATE TABLE third (x)")

    private func migrator(_ migrations: Migration...) -> Migrator {
        // No hash, but a checksum that every edit changes.
        Migrator(migrations) { sql in "v1:" + sql }
    }

    private func tables(_ connection: Connection) throws -> [String] {
        try connection.all("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name") { $0.text(0) }
    }

    @Test func `runs every statement of every file, in order, and tells what it does`() throws {
        let connection = try folder.connection()
        var told: [String] = []
        try migrator(Self.remark, Self.note).migrate(connection) { migration, index, total in
            told.append("\(migration.name) \(index) of \(total)")
        }
        #expect(told == ["note 0 of 2", "remark 1 of 2"])
        #expect(try tables(connection) == ["journal", "migration", "note", "remark"])
        #expect(try connection.all("SELECT entry FROM journal") { $0.text(0) } == ["added 1", "with a;string"])
    }

    @Test func `runs each migration once, and later only what is new`() throws {
        let connection = try folder.connection()
        #expect(try migrator(Self.note).pending(on: connection) == [Self.note])
        try migrator(Self.note).migrate(connection)
        #expect(try migrator(Self.note).pending(on: connection) == [])
        try migrator(Self.note).migrate(connection)
        #expect(try migrator(Self.note, Self.remark).pending(on: connection) == [Self.remark])
        try migrator(Self.note, Self.remark).migrate(connection)
        #expect(try connection.noteCount() == 1)
    }

    @Test func `asks a read-only connection without writing`() throws {
        try migrator(Self.note).migrate(try folder.connection())
        let reader = try Connection(path: folder.database, mode: .readOnly)
        #expect(try migrator(Self.note, Self.remark).pending(on: reader) == [Self.remark])
        try migrator(Self.note).migrate(reader)
    }

    @Test func `does nothing without migrations`() throws {
        let connection = try folder.connection()
        try migrator().migrate(connection)
        #expect(try tables(connection) == [])
    }

    @Test func `leaves nothing of a migration that fails, and all of those before it`() throws {
        let connection = try folder.connection()
        let broken = Migration(version: 2, name: "broken", sql: "CREATE TABLE a (x); CREATE TABLE a (y);")
        let error = #expect(throws: MigrationError.self) { try migrator(Self.note, broken).migrate(connection) }
        guard case .failed(2, "broken", let reason) = error else { throw try #require(error) }
        #expect(reason.message == "table a already exists")
        #expect(reason.sql == "CREATE TABLE a (y);")
        #expect(try tables(connection) == ["journal", "migration", "note"])
        // After the file was corrected, the next start goes on from there.
        try migrator(Self.note, Self.remark, Self.third).migrate(connection)
        #expect(try tables(connection) == ["journal", "migration", "note", "remark", "third"])
    }

    @Test(arguments: [
        "CREATE TABLE a (x); COMMIT; CREATE TABLE b (x);", "CREATE TABLE a (x); ROLLBACK;",
        "BEGIN; CREATE TABLE a (x);",
        "CREATE TABLE a (x); SAVEPOINT s;", "CREATE TABLE a (x); END",
    ])
    func `refuses a file that begins or ends a transaction`(_ sql: String) throws {
        let connection = try folder.connection()
        let error = #expect(throws: MigrationError.self) {
            try migrator(Migration(version: 1, name: "escape", sql: sql)).migrate(connection)
        }
        #expect(error?.description.contains("a migration may not begin or end a transaction") == true)
        #expect(try tables(connection) == [])
        try connection.transaction(.immediate) { try connection.execute("CREATE TABLE usable (x)") }
    }

    @Test(arguments: ["CREATE TABLE a (x); nonsense", "CREATE TABLE a (x);\0CREATE TABLE b (x)", "CREATE TABLE a (x"])
    func `refuses a file that is not SQL to its end`(_ sql: String) throws {
        let connection = try folder.connection()
        #expect(throws: MigrationError.self) {
            try migrator(Migration(version: 1, name: "odd", sql: sql)).migrate(connection)
        }
        #expect(try tables(connection) == [])
    }

    @Test func `refuses a migration that was edited after it ran`() throws {
        let connection = try folder.connection()
        try migrator(Self.note).migrate(connection)
        let edited = Migration(version: 1, name: "note", sql: Self.note.sql + " ")
        let expected = MigrationError.changed(
            version: 1, name: "note", recorded: "v1:" + Self.note.sql, found: "v1:" + edited.sql)
        #expect(throws: expected) { try migrator(edited, Self.remark).migrate(connection) }
        #expect(throws: expected) { try migrator(edited).pending(on: connection) }
        #expect(try tables(connection) == ["journal", "migration", "note"])
    }

    @Test func `refuses a database that is newer than the program`() throws {
        let connection = try folder.connection()
        try migrator(Self.note, Self.remark, Self.third).migrate(connection)
        #expect(throws: MigrationError.databaseIsNewer(unknown: ["2 remark", "3 third"])) {
            try migrator(Self.note).migrate(connection)
        }
    }

    @Test func `refuses a database that skipped a migration`() throws {
        let connection = try folder.connection()
        try migrator(Self.note, Self.remark, Self.third).migrate(connection)
        try connection.execute("DELETE FROM migration WHERE version = 2")
        #expect(throws: MigrationError.neverRun(version: 2, name: "remark")) {
            try migrator(Self.note, Self.remark, Self.third).migrate(connection)
        }
    }

    @Test func `refuses a list with a gap, a duplicate or a wrong start`() throws {
        let connection = try folder.connection()
        #expect(throws: MigrationError.brokenSequence(version: 3, expected: 2)) {
            try migrator(Self.note, Self.third).migrate(connection)
        }
        #expect(throws: MigrationError.brokenSequence(version: 1, expected: 2)) {
            try migrator(Self.note, Self.note).pending(on: connection)
        }
        #expect(throws: MigrationError.brokenSequence(version: 2, expected: 1)) {
            try migrator(Self.remark).migrate(connection)
        }
        #expect(try tables(connection) == [])
    }

    @Test func `happens once although two processes start together`() throws {
        let one = try folder.connection()
        let other = try folder.connection()
        let migrator = migrator(Self.note, Self.remark)
        try migrator.migrate(one) { _, index, _ in
            // Here `one` has read what is pending, and has not begun.
            if index == 0 { #expect(throws: Never.self) { try migrator.migrate(other) } }
        }
        #expect(try one.noteCount() == 1)
        #expect(try one.all("SELECT version FROM migration") { $0.int(0) } == [1, 2])
    }

    @Test func `can rebuild a table without losing what refers to it`() throws {
        let connection = try folder.connection()
        try migrator(Self.note, Self.remark).migrate(connection)
        try connection.execute("INSERT INTO remark VALUES (1)")
        let rebuild = Migration(
            version: 3, name: "rebuild",
            sql: """
                CREATE TABLE wider (id INTEGER PRIMARY KEY, text TEXT NOT NULL, more TEXT) STRICT;
                INSERT INTO wider (id, text) SELECT id, text FROM note;
                DROP TABLE note;
                ALTER TABLE wider RENAME TO note;
                """)
        try migrator(Self.note, Self.remark, rebuild).migrate(connection)
        #expect(try connection.first("SELECT count(*) FROM remark") { row in row.int(0) } == 1)
        #expect(try connection.first("PRAGMA foreign_keys") { row in row.bool(0) } == true)
    }

    @Test func `refuses a migration after which a row refers to nothing`() throws {
        let connection = try folder.connection()
        try migrator(Self.note, Self.remark).migrate(connection)
        try connection.execute("INSERT INTO remark VALUES (1)")
        let careless = Migration(version: 3, name: "careless", sql: "DELETE FROM note")
        #expect(throws: MigrationError.danglingReferences(version: 3, name: "careless", rows: 1)) {
            try migrator(Self.note, Self.remark, careless).migrate(connection)
        }
        #expect(try connection.noteCount() == 1)
        #expect(try connection.first("PRAGMA foreign_keys") { row in row.bool(0) } == true)
    }
}
