/// One step of the schema: a file of SQL, and its place in the order.
package struct Migration: Sendable, Equatable {
    package let version: Int
    package let name: String
    /// Any number of statements. They run inside a transaction, so they may not begin or end one.
    package let sql: String

    package init(version: Int, name: String, sql: String) {
        self.version = version
        self.name = name
        self.sql = sql
    }
}

/// Why a schema cannot be brought up to date. Whatever is thrown, no migration is half done.
package enum MigrationError: Error, Equatable {
    /// The program's own list is not 1, 2, 3, …: `version` stands where `expected` should.
    case brokenSequence(version: Int, expected: Int)
    /// A migration was edited after it had run on this database.
    case changed(version: Int, name: String, recorded: String, found: String)
    /// A newer program has migrated this database; these are the migrations that this one does not have.
    case databaseIsNewer(unknown: [String])
    /// The database has run a later migration, but not this one.
    case neverRun(version: Int, name: String)
    case failed(version: Int, name: String, SQLiteError)
    /// The migration would have left this many rows that refer to a row that is not there.
    case danglingReferences(version: Int, name: String, rows: Int)
}

/// Brings the schema of a database from where it is to where the program needs it: forward only.
///
/// Table `migration` says what has run. Each migration is one transaction, so after a failure or a
/// crash the database stands between two of them, and the next start goes on from there.
package struct Migrator {
    private let migrations: [Migration]
    private let checksum: (String) -> String

    /// - Parameter checksum: a hash of the text of a migration, by which an edited one is recognised.
    package init(_ migrations: [Migration], checksum: @escaping (String) -> String) {
        self.migrations = migrations.sorted { $0.version < $1.version }
        self.checksum = checksum
    }

    /// What `migrate` would run, in order. Writes nothing, so a read-only connection will do.
    ///
    /// - Throws: `MigrationError` when this program and this database do not belong together.
    package func pending(on connection: Connection) throws -> [Migration] {
        try requireSequence()
        let records = try readRecords(connection)
        let unknown = records.filter { $0.version < 1 || $0.version > migrations.count }
        guard unknown.isEmpty else {
            throw MigrationError.databaseIsNewer(unknown: unknown.map { "\($0.version) \($0.name)" })
        }
        for (record, migration) in zip(records, migrations) { try require(record, matches: migration) }
        return Array(migrations.dropFirst(records.count))
    }

    /// Runs what is pending. Several processes may do so at once: each migration still runs only once.
    ///
    /// Foreign keys are not enforced meanwhile, so that a table can be rebuilt without deleting what refers to it;
    /// instead all of them are checked at the end of each migration.
    ///
    /// - Parameter progress: is told each migration before it runs, its index from 0, and how many there are.
    package func migrate(
        _ connection: Connection, progress: (_ next: Migration, _ index: Int, _ total: Int) -> Void = { _, _, _ in }
    ) throws {
        let pending = try pending(on: connection)
        guard !pending.isEmpty else { return }
        try connection.withoutForeignKeys {
            for (index, migration) in pending.enumerated() {
                progress(migration, index, pending.count)
                try run(migration, on: connection)
            }
        }
    }
}

extension Migrator {
    private struct Record {
        let version: Int
        let name: String
        let checksum: String
    }

    private func requireSequence() throws(MigrationError) {
        for (index, migration) in migrations.enumerated() where migration.version != index + 1 {
            throw .brokenSequence(version: migration.version, expected: index + 1)
        }
    }

    private func require(_ record: Record, matches migration: Migration) throws(MigrationError) {
        guard record.version == migration.version else {
            throw .neverRun(version: migration.version, name: migration.name)
        }
        let found = checksum(migration.sql)
        guard record.checksum == found else {
            throw .changed(
                version: migration.version, name: migration.name, recorded: record.checksum, found: found)
        }
    }

    private func readRecords(_ connection: Connection) throws(SQLiteError) -> [Record] {
        let exists = try connection.first("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'migration'") {
            _ in true
        }
        guard exists == true else { return [] }
        return try connection.all("SELECT version, name, checksum FROM migration ORDER BY version") { row in
            Record(version: row.int(0), name: row.text(1), checksum: row.text(2))
        }
    }

    private func run(_ migration: Migration, on connection: Connection) throws {
        try connection.transaction(.immediate) {
            // Another process may have been faster while this one waited for the lock.
            guard try pending(on: connection).first == migration else { return }
            do {
                try connection.withoutTransactionControl { () throws(SQLiteError) in
                    try connection.run(script: migration.sql)
                }
            } catch let error as SQLiteError {
                throw MigrationError.failed(version: migration.version, name: migration.name, error)
            }
            try requireReferences(migration, on: connection)
            try record(migration, on: connection)
        }
    }

    private func requireReferences(_ migration: Migration, on connection: Connection) throws {
        let rows = try connection.first("SELECT count(*) FROM pragma_foreign_key_check") { row in row.int(0) } ?? 0
        guard rows == 0 else {
            throw MigrationError.danglingReferences(version: migration.version, name: migration.name, rows: rows)
        }
    }

    private func record(_ migration: Migration, on connection: Connection) throws(SQLiteError) {
        try connection.execute(
            """
            CREATE TABLE IF NOT EXISTS migration (
                version  INTEGER PRIMARY KEY,
                name     TEXT NOT NULL,
                checksum TEXT NOT NULL
            ) STRICT
            """)
        try connection.execute(
            "INSERT INTO migration (version, name, checksum) VALUES (?1, ?2, ?3)",
            migration.version, migration.name, checksum(migration.sql))
    }
}

extension MigrationError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .brokenSequence(let version, let expected):
            "migration \(version) stands where migration \(expected) should"
        case .changed(let version, let name, let recorded, let found):
            "migration \(version) \(name) was edited after it had run here: recorded \(recorded), found \(found)"
        case .databaseIsNewer(let unknown):
            "the database is newer than this program, which does not know: \(unknown.joined(separator: ", "))"
        case .neverRun(let version, let name): "migration \(version) \(name) never ran here, but a later one did"
        case .failed(let version, let name, let error): "migration \(version) \(name) failed: \(error)"
        case .danglingReferences(let version, let name, let rows):
            "migration \(version) \(name) would leave \(rows) rows that refer to nothing"
        }
    }
}
