import Dispatch
import Glibc
import LinuxIO
import OCI
import RegistryTesting
import SQLite
import Synchronization
import Testing

@testable import RegistryCore

extension RecordDraft {
    /// A record about nothing in particular.
    static func note(_ number: Int = 0, in repository: RepositoryName = "notes") -> RecordDraft {
        RecordDraft(
            kind: .push, repository: repository, digest: Digest(.sha256, of: Array("\(number)".utf8)),
            document: ["number": .integer(Int64(number))])
    }
}

extension Ledger {
    /// Writes a record, and nothing else.
    @discardableResult
    func note(_ number: Int = 0, durable: Bool = true) async throws -> Int64 {
        try await write(durable: durable) { try $0.append(.note(number), by: .tester) }
    }

    func records() throws -> [StoredRecord] {
        try read { try $0.records(matching: RecordFilter(), after: -1, limit: 10_000).records }
    }
}

/// A ledger in a folder of its own.
private struct Book {
    let folder: TemporaryFolder
    let ledger: Ledger

    init(
        folder: TemporaryFolder = TemporaryFolder(), clock: WallClock = .system, flush: FlushSwitch = FlushSwitch(),
        _ adjust: (inout Ledger.Options) -> Void = { _ in }
    ) throws {
        var options = Ledger.Options()
        adjust(&options)
        self.folder = folder
        ledger = try Ledger(
            path: "\(folder.path)/waybill.db", identity: .test, options: options, clock: clock,
            flush: { log throws(SQLiteError) in try flush.run(log) })
    }

    /// A second way into the database, for what the ledger would never do.
    func connection() throws -> Connection {
        try Connection(path: "\(folder.path)/waybill.db", mode: .readWrite)
    }
}

@Suite struct `Writes that wait together` {
    private struct Refusal: Error, Equatable {}

    @Test func `are all answered, and their records have no gap`() async throws {
        let book = try Book()
        var ids: [Int64] = []
        try await withThrowingTaskGroup(of: Int64.self) { group in
            for number in 0..<600 {
                group.addTask { try await book.ledger.note(number, durable: number.isMultiple(of: 2)) }
            }
            for try await id in group { ids.append(id) }
        }
        #expect(ids.sorted() == Array(0..<600))
        #expect(try book.ledger.readAnew { try $0.contradictions() } == [])
    }

    @Test func `do not disturb each other when one is refused`() async throws {
        let book = try Book()
        let writer = Held(book.ledger)
        let good = (0..<5).map { number in Task.immediate { try await book.ledger.note(number) } }
        let refused = Task.immediate {
            try await book.ledger.write { transaction in
                try transaction.append(.note(99), by: .tester)
                throw Refusal()
            }
        }
        let broken = Task.immediate {
            try await book.ledger.write { try $0.connection.execute("INSERT INTO tag VALUES (77, 'x', 77, 0)") }
        }
        let late = Task.immediate { try await book.ledger.note(6) }
        await writer.release()
        for task in good { _ = try await task.value }
        _ = try await late.value
        #expect(await failure(Refusal.self) { try await refused.value } == Refusal())
        let error = await failure(LedgerError.self) { try await broken.value }
        guard case .storage(let reason) = error else { Issue.record("the foreign key was not checked"); return }
        #expect(reason.isConstraint)
        #expect(try book.ledger.records().map { $0["number"] } == [0, 1, 2, 3, 4, 6])
        #expect(Set(try book.ledger.records().map(\.time)).count == 1)
        #expect(try book.ledger.readAnew { try $0.contradictions() } == [])
    }

    @Test func `share one flush, as soon as one of them must be durable`() async throws {
        let flush = FlushSwitch()
        let book = try Book(flush: flush)
        for (first, second, flushes) in [(false, false, 0), (false, true, 1), (true, false, 1), (true, true, 1)] {
            let writer = Held(book.ledger, durable: false)
            let before = flush.count
            let one = Task.immediate { try await book.ledger.write(durable: first) { _ in } }
            let other = Task.immediate { try await book.ledger.write(durable: second) { _ in } }
            await writer.release()
            try await one.value
            try await other.value
            #expect(flush.count - before == flushes)
        }
    }

    @Test func `past the limit are refused at once`() async throws {
        let book = try Book { $0.queuedWrites = 3 }
        let writer = Held(book.ledger)
        let waiting = (0..<3).map { number in Task.immediate { try await book.ledger.note(number) } }
        let error = await failure(LedgerError.self) { try await book.ledger.note(9) }
        guard case .busy(waiting: 3) = error else { Issue.record("\(error as Any) is not busy"); return }
        await writer.release()
        for task in waiting { _ = try await task.value }
        #expect(try await book.ledger.note(3) == 3)
    }

    @Test func `fit although one among them is too large for the disk`() async throws {
        let book = try Book { $0.maxPageCount = 256 }
        let writer = Held(book.ledger)
        let before = Task.immediate { try await book.ledger.note(0) }
        let huge = Task.immediate {
            try await book.ledger.write { transaction in
                try transaction.connection.execute(
                    "INSERT INTO manifest (digest, size, created, content) VALUES (x'01', 1, 0, zeroblob(4000000))")
            }
        }
        let after = Task.immediate { try await book.ledger.note(1) }
        await writer.release()
        let error = await failure(LedgerError.self) { try await huge.value }
        guard case .outOfSpace = error else { Issue.record("\(error as Any) is not outOfSpace"); return }
        #expect(try await before.value == 0)
        #expect(try await after.value == 1)
        #expect(try book.ledger.readAnew { try $0.contradictions() } == [])
    }
}

@Suite struct `The history` {
    @Test func `never goes back in time when the clock does, also after a restart`() async throws {
        let clock = ManualClock(1_000_000)
        let book = try Book(clock: clock.wallClock)
        try await book.ledger.note(0)
        clock.advance(by: -500)
        try await book.ledger.note(1)
        clock.advance(by: 600)
        try await book.ledger.note(2)
        await book.ledger.close()
        clock.advance(by: -10_000)
        let again = try Book(folder: book.folder, clock: clock.wallClock)
        try await again.ledger.note(3)
        #expect(try again.ledger.records().map(\.time) == [1_000_000, 1_000_000, 1_000_100, 1_000_100])
        #expect(try again.ledger.read { try $0.contradictions() } == [])
    }

    @Test func `lets nobody change, remove or skip a record`() async throws {
        let book = try Book()
        try await book.ledger.note(0)
        let connection = try book.connection()
        let document = #expect(throws: SQLiteError.self) { try connection.execute("UPDATE record SET document = '{}'") }
        #expect(document?.message == "a record is never changed")
        let time = #expect(throws: SQLiteError.self) { try connection.execute("UPDATE record SET time = 0") }
        #expect(time?.message == "a record is never changed")
        let deletion = #expect(throws: SQLiteError.self) { try connection.execute("DELETE FROM record") }
        #expect(deletion?.message == "a record is never deleted")
        let gap = #expect(throws: SQLiteError.self) {
            try connection.execute("INSERT INTO record (id, kind, time, document) VALUES (2, 'push', 9e15, '{}')")
        }
        #expect(gap?.message == "the next record continues the count, and is not older than the last")
        let older = #expect(throws: SQLiteError.self) {
            try connection.execute("INSERT INTO record (id, kind, time, document) VALUES (1, 'push', 0, '{}')")
        }
        #expect(older?.message == "the next record continues the count, and is not older than the last")
        let again = #expect(throws: SQLiteError.self) {
            try connection.execute("INSERT INTO record (id, kind, time, document) VALUES (0, 'push', 9e15, '{}')")
        }
        #expect(again?.message == "the next record continues the count, and is not older than the last")
        let moved = #expect(throws: SQLiteError.self) { try connection.execute("DELETE FROM record_digest") }
        #expect(moved?.message == "a record is never deleted")
        let other = #expect(throws: SQLiteError.self) { try connection.execute("UPDATE record SET principal = 'x'") }
        #expect(other?.message == "who did it is erased or kept, never changed")
        #expect(try book.ledger.records().map(\.id) == [0])
    }

    @Test func `lets who did it be forgotten`() async throws {
        let book = try Book()
        try await book.ledger.note(0)
        try book.connection().execute("UPDATE record SET user_agent = NULL, user_agent_salt = NULL")
        #expect(try book.ledger.records().map(\.userAgent) == [nil])
        #expect(
            try book.ledger.readAnew { try $0.contradictions() }
                == ["record 0: its userAgent is gone, and no later record says that it was erased"])
    }

    @Test func `goes on where it was after the process ended without closing`() async throws {
        let first = try Book()
        for number in 0..<3 { try await first.ledger.note(number) }
        let second = try Book(folder: first.folder)
        #expect(try await second.ledger.note(3) == 3)
        #expect(try second.ledger.records().map { $0["number"] } == [0, 1, 2, 3])
    }
}

@Suite struct `Reading the ledger` {
    @Test func `sees one state from its first look to its end`() async throws {
        let book = try Book()
        try await book.ledger.note(0)
        let connection = try book.connection()
        let seen = try book.ledger.read { reader in
            let before = try reader.hasRepository("late")
            try connection.execute("INSERT INTO repository (name, created) VALUES ('late', 0)")
            return (before, try reader.hasRepository("late"))
        }
        #expect(seen == (false, false))
        #expect(try book.ledger.readAnew { try $0.hasRepository("late") })
    }

    @Test func `from many threads is never refused while there are writes`() async throws {
        let book = try Book()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<100 {
                group.addTask { try await book.ledger.note(number) }
                group.addTask { _ = try book.ledger.records() }
            }
            try await group.waitForAll()
        }
        #expect(try book.ledger.records().count == 100)
    }

    @Test func `changes nothing`() async throws {
        let book = try Book()
        let error = #expect(throws: LedgerError.self) {
            try book.ledger.read { try $0.connection.execute("DELETE FROM repository") }
        }
        guard case .storage = error else { Issue.record("\(error as Any)"); return }
    }
}

@Suite struct `Opening a ledger` {
    @Test func `brings a database of the first version up to date, with what is in it`() async throws {
        let folder = TemporaryFolder()
        let digest = Digest(.sha256, of: [1])
        do {
            let old = try Connection(path: "\(folder.path)/waybill.db", mode: .create)
            try Migrator([Migrations.all[0]]) { Digest(.sha256, of: Array($0.utf8)).hex }.migrate(old)
            try old.execute("INSERT INTO repository (id, name, created) VALUES (1, 'old', 5)")
            try old.execute("INSERT INTO blob (id, digest, size, created) VALUES (1, ?1, 1, 5)", digest.encoded)
            try old.execute("INSERT INTO repository_blob VALUES (1, 1, 5)")
        }
        var migrated: [String] = []
        let ledger = try Ledger(
            path: "\(folder.path)/waybill.db", identity: .test,
            progress: { name, index, total in
                migrated.append("\(name) \(index) of \(total)")
            })
        #expect(migrated.first == "record 0 of \(Migrations.all.count - 1)")
        #expect(try ledger.read { try $0.blobSize(digest, in: "old") } == 1)
        #expect(try await ledger.note() == 0)
        #expect(try ledger.read { try $0.contradictions() } == [])
    }

    @Test func `migrates nothing the second time`() throws {
        let book = try Book()
        var migrated = 0
        _ = try Ledger(path: "\(book.folder.path)/waybill.db", identity: .test, progress: { _, _, _ in migrated += 1 })
        #expect(migrated == 0)
    }

    @Test func `refuses a database of a newer program`() throws {
        let book = try Book()
        try book.connection().execute("INSERT INTO migration (version, name, checksum) VALUES (900, 'later', '')")
        #expect(throws: MigrationError.databaseIsNewer(unknown: ["900 later"])) { try Book(folder: book.folder) }
    }

    @Test func `refuses a database that was made by other migrations`() throws {
        let book = try Book()
        try book.connection().execute("UPDATE migration SET checksum = 'x' WHERE version = 1")
        #expect(throws: MigrationError.self) { try Book(folder: book.folder) }
    }
}

/// Counts the flushes of a ledger, and lets them wait or fail.
final class FlushSwitch: Sendable {
    private struct State {
        var count = 0
        var failure: SQLiteError?
        var gate: DispatchSemaphore?
    }

    private let state = Mutex(State())
    /// Signalled whenever a flush begins.
    let begun = DispatchSemaphore(value: 0)

    var count: Int { state.withLock { $0.count } }

    /// Lets the flush that is held, or else the next one, fail; those after it succeed.
    func fail(with error: SQLiteError) { state.withLock { $0.failure = error } }

    /// From now on flushes wait, each for one signal.
    func hold() -> DispatchSemaphore {
        let gate = DispatchSemaphore(value: 0)
        state.withLock { $0.gate = gate }
        return gate
    }

    func run(_ log: WriteAheadLog) throws(SQLiteError) {
        let gate = state.withLock { state in
            state.count += 1
            return state.gate
        }
        begun.signal()
        gate?.wait()
        if let failure = state.withLock({ $0.failure.take() }) { throw failure }
        try log.flush()
    }
}

@Suite struct `While a commit is made durable` {
    /// Writes record 0, and record 1 up to its flush, which goes on with one signal of the gate.
    private func hold(
        _ flush: FlushSwitch, of ledger: Ledger
    ) async throws -> (gate: DispatchSemaphore, first: Task<Int64, any Error>) {
        try await ledger.note(0)
        let gate = flush.hold()
        while flush.begun.wait(timeout: .now()) == .success {}
        let first = Task.immediate { try await ledger.note(1) }
        #expect(flush.begun.wait(timeout: .now() + 120) == .success)
        return (gate, first)
    }

    /// Writes record 2; returns when that has run, in a group of its own.
    private func runMeanwhile(_ ledger: Ledger) -> Task<Int64, any Error> {
        let ran = DispatchSemaphore(value: 0)
        let second = Task.immediate {
            try await ledger.write { transaction in
                ran.signal()
                return try transaction.append(.note(2), by: .tester)
            }
        }
        #expect(ran.wait(timeout: .now() + 120) == .success)
        return second
    }

    @Test func `nobody sees its records, and the next group runs`() async throws {
        let flush = FlushSwitch()
        let book = try Book(flush: flush)
        let (gate, first) = try await hold(flush, of: book.ledger)
        #expect(try book.ledger.records().map(\.id) == [0])
        #expect(try book.ledger.read { try $0.record(1) } == nil)
        #expect(try book.ledger.read { try $0.publishedSize() } == 1)
        #expect(try book.ledger.read { try $0.checkpoint(size: 2) } == nil)
        let second = runMeanwhile(book.ledger)
        #expect(try book.ledger.records().map(\.id) == [0])
        gate.signal()
        #expect(try await first.value == 1)
        #expect(try book.ledger.records().map(\.id).prefix(2) == [0, 1])
        gate.signal()
        #expect(try await second.value == 2)
        #expect(try book.ledger.read { try $0.publishedSize() } == 3)
        #expect(try book.ledger.readAnew { try $0.contradictions() } == [])
    }

    @Test func `a failing disk fails it, hides it, and ends all writing`() async throws {
        let flush = FlushSwitch()
        let book = try Book(flush: flush)
        try await book.ledger.note(0)
        flush.fail(
            with: SQLiteError(extendedCode: 1034, message: "the write-ahead log cannot be flushed", systemErrno: EIO))
        let failed = await failure(LedgerError.self) { try await book.ledger.note(1) }
        guard case .storage(let reason) = failed else { Issue.record("\(failed as Any)"); return }
        #expect(reason.isDiskFailure)
        #expect(try book.ledger.records().map(\.id) == [0])
        #expect(try book.ledger.read { try $0.publishedSize() } == 1)
        let refused = await failure(LedgerError.self) { try await book.ledger.note(2) }
        guard case .readOnly(let why) = refused else { Issue.record("\(refused as Any)"); return }
        #expect(why == "the disk failed: the write-ahead log cannot be flushed (SQLite 1034, errno 5)")
    }

    @Test func `a failing disk fails the group that ran meanwhile as well`() async throws {
        let flush = FlushSwitch()
        let book = try Book(flush: flush)
        let (gate, first) = try await hold(flush, of: book.ledger)
        let second = runMeanwhile(book.ledger)
        flush.fail(with: SQLiteError(extendedCode: 1034, message: "lost", systemErrno: EIO))
        gate.signal()
        let errors = await (
            failure(LedgerError.self) { _ = try await first.value },
            failure(LedgerError.self) { _ = try await second.value }
        )
        for error in [errors.0, errors.1] {
            guard case .storage(let reason) = error else { Issue.record("\(error as Any)"); continue }
            #expect(reason.isDiskFailure && reason.message == "lost")
        }
        #expect(try book.ledger.records().map(\.id) == [0])
        #expect(try book.ledger.read { try $0.publishedSize() } == 1)
    }

    @Test(arguments: [false, true]) func `the write-ahead log stays small`(_ isRead: Bool) async throws {
        let book = try Book { $0.logPages = 64 }
        let text = String(repeating: "x", count: 8000)
        for number in 0..<1500 {
            // Two connections: the one that is taken last keeps the snapshot that it has for some time.
            if isRead {
                try book.ledger.read { first in
                    _ = try first.publishedSize()
                    if number.isMultiple(of: 100) { _ = try book.ledger.read { try $0.publishedSize() } }
                }
            }
            try await book.ledger.write { transaction in
                var draft = RecordDraft.note(number)
                draft.document["text"] = .string(text)
                try transaction.append(draft, by: .tester)
            }
        }
        var status = stat()
        stat("\(book.folder.path)/waybill.db-wal", &status)
        // The threshold, what comes in while that is moved, and what is in one commit.
        #expect(status.st_size < 64 * 8 * 4096, "\(status.st_size) bytes")
        #expect(try book.ledger.readAnew { try $0.contradictions() } == [])
    }
}

@Suite struct `A read` {
    private struct Refusal: Error {}

    @Test func `sees what was committed before it began, also on a connection that has read before`() async throws {
        let book = try Book()
        for number in 0..<200 {
            let index = try await book.ledger.note(number)
            try book.ledger.read { first in
                let records = try [first.record(index), book.ledger.read { try $0.record(index) }]
                #expect(records.allSatisfy { $0 != nil })
            }
        }
    }

    @Test func `does not see what is committed meanwhile`() async throws {
        let book = try Book()
        try await book.ledger.note(0)
        let (size, later) = try book.ledger.read { reader in
            let size = try reader.recordCount()
            let done = DispatchSemaphore(value: 0)
            Task.detached {
                try await book.ledger.note(1)
                done.signal()
            }
            done.wait()
            return (size, try reader.recordCount())
        }
        #expect((size, later) == (1, 1))
        #expect(try book.ledger.read { try $0.recordCount() } == 2)
    }

    @Test func `that failed leaves nothing to the next one`() async throws {
        let book = try Book()
        #expect(throws: Refusal.self) {
            try book.ledger.read { reader in
                _ = try reader.recordCount()
                throw Refusal()
            }
        }
        try await book.ledger.note(0)
        #expect(try book.ledger.read { try $0.recordCount() } == 1)
    }
}

@Suite struct `A write that refuses in the middle` {
    private struct Refusal: Error {}

    @Test func `takes back what it wrote, and nothing of others`() async throws {
        let book = try Book()
        let writer = Held(book.ledger)
        let before = Task.immediate { try await book.ledger.note(0) }
        let broken = Task.immediate {
            try await book.ledger.write { transaction in
                try transaction.append(.note(1), by: .tester)
                throw Refusal()
            }
        }
        let idle = Task.immediate { try await book.ledger.write { _ in throw Refusal() } }
        let after = Task.immediate { try await book.ledger.note(2) }
        await writer.release()
        await #expect(throws: Refusal.self) { try await broken.value }
        await #expect(throws: Refusal.self) { try await idle.value }
        #expect(try await (before.value, after.value) == (0, 1))
        #expect(try book.ledger.records().map { $0["number"] } == [0, 2])
        #expect(try book.ledger.readAnew { try $0.contradictions() } == [])
    }
}
