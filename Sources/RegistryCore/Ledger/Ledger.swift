import Glibc
package import LinuxIO
import OCI
package import SQLite
import Synchronization
package import TransparencyLog

/// The database of record: catalogue and history together, so that a push is one transaction.
///
/// All SQL of the program is in this folder and in migrations/.
package final class Ledger: Sendable {
    /// How the database is opened. Each is a field of the configuration file.
    package struct Options: Sendable {
        /// KiB of pages that each reader may keep in memory.
        package var cacheKiB = 8 * 1024
        /// KiB of pages that the writer may keep in memory; at least as much as `cacheKiB`. A group of records changes about ten
        /// pages for each. What it cannot keep until the commit goes into the write-ahead log twice.
        package var writerCacheKiB = 64 * 1024
        /// Pages in the write-ahead log past which they are moved into the database. A page that many commits have changed is
        /// moved once. Under load the log has some times as many.
        package var logPages = 16 * 1024
        /// Writes that may wait for the writer; past it `LedgerError.busy`.
        package var queuedWrites = 10_000
        /// The largest the database may become, in pages; for tests that fill it.
        package var maxPageCount: Int?
        /// Put in force when the database is opened; with nil, those that it has stay.
        package var quotas: [Quota]?

        /// The defaults.
        package init() {}
    }

    /// Where the database is.
    let path: String
    private let readers: ReaderPool
    private let writer: LedgerWriter
    /// The name of the log and its keys.
    package let identity: LogIdentity
    private let quotas: CountedQuotas

    /// Opens or makes the database at `path`, brings its schema up to date, and continues or begins its log.
    ///
    /// - Parameters:
    ///   - identity: who signs the log.
    ///   - random: for nonces and salts.
    ///   - flush: makes durable what was committed before; tests let it fail.
    ///   - published: told of each new checkpoint once it is durable; those whose writes it covers wait for it, so it is quick.
    ///   - progress: told of each migration before it runs: its name, its number, and how many there are.
    /// - Throws: `MigrationError` when the database is newer than the program or a migration was changed afterwards, and
    ///   `LogError` when the log cannot be continued with these keys.
    package init(
        path: String, identity: LogIdentity, options: Options = Options(), clock: WallClock = .system,
        random: RandomBytes = .system,
        flush: @escaping @Sendable (WriteAheadLog) throws(SQLiteError) -> Void = { log throws(SQLiteError) in
            try log.flush()
        }, published: @escaping @Sendable (SignedCheckpoint) -> Void = { _ in },
        progress: (_ name: String, _ index: Int, _ total: Int) -> Void = { _, _, _ in }
    ) throws {
        self.path = path
        self.identity = identity
        var settings = Connection.Options()
        settings.cacheKiB = max(options.cacheKiB, options.writerCacheKiB)
        settings.checkpointPages = nil
        // Until it is known that the disk has it: the pages of a log that was not flushed must not get into the database.
        settings.keepsLog = true
        settings.synchronous = .normal
        settings.maxPageCount = options.maxPageCount
        let connection = try Connection(path: path, mode: .create, options: settings)
        try Migrations.migrator.migrate(connection) { migration, index, total in
            progress(migration.name, index, total)
        }
        if let quotas = options.quotas { try connection.setQuotas(quotas) }
        quotas = try connection.countedQuotas()
        var reading = Connection.Options()
        reading.cacheKiB = options.cacheKiB
        readers = ReaderPool(path: path, options: reading, logPages: options.logPages)
        var beside = Connection.Options()
        beside.keepsLog = true
        let moving = try Connection(path: path, mode: .readWrite, options: beside)
        let log = try WriteAheadLog(of: path)
        try log.flushName()
        try log.rewrite()
        writer = try LedgerWriter(
            connection, flushLog: { () throws(SQLiteError) in try flush(log) },
            backfill: Backfill(moving, threshold: options.logPages), identity: identity, quotas: quotas,
            queueLimit: options.queuedWrites, clock: clock, random: random,
            committed: readers.committed, published: published)
    }

    /// Runs `body` on a snapshot of the database, which has every write that was answered before. Does not block for writers,
    /// so it may run on a loop.
    package func read<Value>(_ body: (LedgerReader) throws -> Value) throws -> Value {
        try read(isAnew: false, body)
    }

    /// The same on a snapshot that has also what was written past the ledger: for checks.
    package func readAnew<Value>(_ body: (LedgerReader) throws -> Value) throws -> Value {
        try read(isAnew: true, body)
    }

    private func read<Value>(isAnew: Bool, _ body: (LedgerReader) throws -> Value) throws -> Value {
        // Before the snapshot, which therefore has everything that is shown.
        let shown = writer.durableSize
        do {
            return try readers.withSnapshot(isAnew: isAnew) { try body(LedgerReader(connection: $0, shown: shown)) }
        } catch let error as SQLiteError {
            throw LedgerError(error)
        }
    }

    /// The quotas that hold for a repository, and what counts for them; also for a repository that is to be.
    func quotas(for repository: RepositoryName) throws -> [QuotaUsage] {
        quotas.isEmpty ? [] : try read { try $0.quotas(for: repository, among: quotas) }
    }

    /// Runs `body` in a transaction together with other waiting writes, and returns once it is committed.
    ///
    /// When it throws, nothing of it was written. `body` may run more than once, so it changes nothing but the database.
    ///
    /// - Parameter durable: whether the commit must survive a power failure when this returns; without, it survives
    ///   only the end of the process. A commit with a record always does.
    package func write<Value: Sendable>(
        durable: Bool = true, _ body: @escaping @Sendable (LedgerTransaction) throws -> Value
    ) async throws -> Value {
        try await writer.submit(durable: durable, body)
    }

    /// Runs `body` before every write that is submitted from now on. They wait for it, and fail if it refuses writes.
    func beforeWrites(_ body: @escaping @Sendable () -> Void) {
        writer.beforeWrites(body)
    }

    /// Why nothing is written any more; nil while everything is well.
    package var refusal: String? { writer.refusal }

    /// From now on refuses every write with `LedgerError.readOnly`; everything can still be read. The first reason stays.
    package func refuseWrites(because reason: String) {
        writer.refuseWrites(because: reason)
    }

    /// Empties the write-ahead log into the database. Called when the server stops.
    package func close() async {
        // Their snapshots would hold the log up.
        readers.close()
        await writer.close()
    }
}

/// Reads from one consistent state of the database.
package struct LedgerReader {
    let connection: Connection
    /// The size of the newest checkpoint that may be shown, with the records below it; what is above may still be lost in a
    /// power failure. All of them for the writer itself, and where nobody writes.
    var shown = Int64.max
}

/// Reads and writes inside the transaction of one change.
package struct LedgerTransaction {
    let connection: Connection
    /// When this transaction happens, in milliseconds since 1970-01-01 UTC; never earlier than the last record.
    package let now: Int64
    /// What the leaves that it writes have in common.
    let stamp: LeafStamp
    /// For which quotas a new repository counts.
    var quotas = CountedQuotas.none

    /// The same state, for reading.
    package var reader: LedgerReader { LedgerReader(connection: connection) }
}
