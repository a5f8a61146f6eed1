import SQLite
import Synchronization

/// Read-only connections, as many as were ever needed at once.
///
/// A connection keeps its snapshot of the database from one read to the next for as long as nothing is committed: to begin
/// and end one takes locks on the file. But a snapshot also keeps the write-ahead log from beginning anew. So while the log
/// is long enough to be moved into the database, none is kept.
final class ReaderPool: Sendable {
    private let path: String
    private let options: Connection.Options
    private let logPages: Int
    private let idle = Mutex<[Reader]>([])
    /// Counts what may have changed the database. Only this process writes to it.
    private let commits = Atomic<UInt64>(0)
    private let keepsSnapshots = Atomic(true)

    /// - Parameter logPages: pages in the write-ahead log from which on no snapshot is kept.
    init(path: String, options: Connection.Options, logPages: Int) {
        self.path = path
        self.options = options
        self.logPages = logPages
    }

    /// Runs `body` on a snapshot that has everything of which `committed` was told before.
    ///
    /// - Parameter isAnew: whether the snapshot is as new as can be, so that it has also what others have committed.
    func withSnapshot<Value>(isAnew: Bool, _ body: (Connection) throws -> Value) throws -> Value {
        let commit = commits.load(ordering: .acquiring)
        let reader = try idle.withLock { $0.popLast() } ?? Reader(open())
        defer { idle.withLock { $0.append(reader) } }
        if isAnew { reader.end() }
        try reader.renew(unlessOf: commit)
        do {
            let value = try body(reader.connection)
            if !keepsSnapshots.load(ordering: .relaxed) { reader.end() }
            return value
        } catch {
            reader.end()
            throw error
        }
    }

    /// Told by the writer after each commit, before anybody hears of it; `logPages` is how long the log is now.
    func committed(logPages: Int) {
        commits.add(1, ordering: .releasing)
        let isShort = logPages < self.logPages
        keepsSnapshots.store(isShort, ordering: .relaxed)
        if !isShort { endIdle() }
    }

    /// Ends the snapshots that nobody is reading. Those in use end with their reads.
    private func endIdle() {
        idle.withLock { idle in
            for reader in idle { reader.end() }
        }
    }

    func close() {
        keepsSnapshots.store(false, ordering: .relaxed)
        let readers = idle.withLock { idle in
            defer { idle = [] }
            return idle
        }
        for reader in readers { reader.connection.close() }
    }

    private func open() throws -> Connection {
        try Connection(path: path, mode: .readOnly, options: options)
    }
}

/// A connection and its snapshot.
///
/// `@unchecked Sendable`: it is used only by who has taken it out of `ReaderPool.idle`, or under the lock of that.
private final class Reader: @unchecked Sendable {
    let connection: Connection
    /// The last commit that the snapshot is sure to have; nil while there is no snapshot.
    private var commit: UInt64?

    init(_ connection: Connection) {
        self.connection = connection
    }

    func renew(unlessOf commit: UInt64) throws(SQLiteError) {
        guard self.commit != commit else { return }
        end()
        try connection.beginSnapshot()
        self.commit = commit
    }

    func end() {
        guard commit != nil else { return }
        connection.endSnapshot()
        commit = nil
    }
}
