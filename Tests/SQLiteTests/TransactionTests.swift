import SQLite
import Testing

@Suite struct `A transaction` {
    let folder = TemporaryFolder()

    @Test func `is there entirely when it returns`() throws {
        let connection = try folder.notebook()
        let reader = try folder.connection()
        let answer = try connection.transaction(.immediate) {
            try connection.addNote("a")
            try connection.addNote("b")
            #expect(try reader.notes() == [])
            return 42
        }
        #expect(answer == 42)
        #expect(try reader.notes() == ["a", "b"])
    }

    @Test func `is not there at all when it throws`() throws {
        let connection = try folder.notebook()
        #expect(throws: Mishap()) {
            try connection.transaction(.deferred) {
                try connection.addNote("a")
                throw Mishap()
            }
        }
        #expect(try connection.noteCount() == 0)
        try connection.transaction(.immediate) { try connection.addNote("b") }
        #expect(try connection.notes() == ["b"])
    }

    @Test func `goes on after a statement that broke a rule`() throws {
        let connection = try folder.notebook()
        try connection.transaction(.immediate) {
            try connection.addNote("a")
            #expect(throws: SQLiteError.self) { try connection.addNote("a") }
            try connection.addNote("b")
        }
        #expect(try connection.notes() == ["a", "b"])
    }

    @Test func `takes everything back when its commit fails`() throws {
        let connection = try folder.notebook()
        try connection.execute(
            "CREATE TABLE remark (note INTEGER REFERENCES note(id) DEFERRABLE INITIALLY DEFERRED)")
        let error = #expect(throws: SQLiteError.self) {
            try connection.transaction(.immediate) {
                try connection.addNote("a")
                try connection.execute("INSERT INTO remark VALUES (77)")
            }
        }
        #expect(error?.isConstraint == true)
        #expect(error?.sql == "COMMIT")
        #expect(try connection.noteCount() == 0)
        try connection.transaction(.immediate) { try connection.addNote("b") }
    }

    @Test func `that SQLite took back lets nothing more through, and throws what the reason was`() throws {
        let connection = try folder.notebook()
        let error = #expect(throws: SQLiteError.self) {
            try connection.transaction(.immediate) {
                try connection.addNote("a")
                try? connection.execute("INSERT OR ROLLBACK INTO note (text) VALUES ('a')")
                // Without a guard this would be a transaction of its own, and stay.
                try? connection.addNote("b")
                try? connection.savepoint { try connection.addNote("c") }
            }
        }
        #expect(error?.extendedCode == 2067)
        #expect(try connection.notes() == [])
        try connection.transaction(.immediate) { try connection.addNote("d") }
        #expect(try connection.notes() == ["d"])
    }

    @Test func `that its body ended lets nothing more through`() throws {
        let connection = try folder.notebook()
        #expect(throws: SQLiteError.self) {
            try connection.transaction(.immediate) {
                try connection.execute("ROLLBACK")
                try? connection.addNote("b")
            }
        }
        #expect(try connection.notes() == [])
    }

    @Test func `does not nest`() throws {
        let connection = try folder.notebook()
        try connection.transaction(.immediate) {
            try connection.addNote("a")
            #expect(throws: SQLiteError.self) { try connection.transaction(.immediate) {} }
            try connection.addNote("b")
        }
        #expect(try connection.notes() == ["a", "b"])
    }

    @Test func `gives readers one snapshot while a writer writes`() throws {
        let writer = try folder.notebook()
        let reader = try Connection(path: folder.database, mode: .readOnly)
        try writer.addNote("before")
        try reader.transaction(.deferred) {
            #expect(try reader.noteCount() == 1)
            try writer.transaction(.immediate) { try writer.addNote("meanwhile") }
            #expect(try reader.noteCount() == 1)
        }
        #expect(try reader.noteCount() == 2)
    }

    @Test func `is busy when another one writes`() throws {
        let one = try folder.notebook()
        let other = try folder.connection { options in options.busyTimeoutMilliseconds = 0 }
        try one.transaction(.immediate) {
            let error = #expect(throws: SQLiteError.self) { try other.transaction(.immediate) {} }
            #expect(error?.isBusy == true)
        }
        try other.transaction(.immediate) { try other.addNote("a") }
    }

    @Test func `that only read is busy when it writes after another one did`() throws {
        let one = try folder.notebook()
        let other = try folder.connection()
        let error = #expect(throws: SQLiteError.self) {
            try other.transaction(.deferred) {
                _ = try other.noteCount()
                try one.addNote("a")
                try other.addNote("b")
            }
        }
        #expect(error?.isBusy == true)
        #expect(try other.notes() == ["a"])
    }
}

@Suite struct `A savepoint` {
    let folder = TemporaryFolder()

    @Test func `fails by itself`() throws {
        let connection = try folder.notebook()
        try connection.transaction(.immediate) {
            for text in ["a", "b", "c"] {
                try? connection.savepoint {
                    try connection.addNote(text)
                    if text == "b" { throw Mishap() }
                }
            }
        }
        #expect(try connection.notes() == ["a", "c"])
    }

    @Test func `keeps what it did when one inside it fails`() throws {
        let connection = try folder.notebook()
        try connection.transaction(.immediate) {
            try connection.savepoint {
                try connection.addNote("outer")
                try? connection.savepoint {
                    try connection.addNote("inner")
                    throw Mishap()
                }
            }
        }
        #expect(try connection.notes() == ["outer"])
    }

    @Test func `takes back what one inside it did`() throws {
        let connection = try folder.notebook()
        try connection.transaction(.immediate) {
            try connection.addNote("before")
            try? connection.savepoint {
                try connection.savepoint { try connection.addNote("inner") }
                throw Mishap()
            }
        }
        #expect(try connection.notes() == ["before"])
    }

    @Test func `needs a transaction`() throws {
        let connection = try folder.notebook()
        #expect(throws: SQLiteError.self) { try connection.savepoint { try connection.addNote("a") } }
        #expect(try connection.noteCount() == 0)
    }
}
