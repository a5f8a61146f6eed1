import Dispatch
import LinuxIO
import SQLite
import Synchronization
import TransparencyLog

/// The one writer: takes what is waiting, runs it in one transaction, commits once, makes that durable, and then answers
/// every waiter.
///
/// A flush of the disk costs about the same whether it is for one write or a hundred, so waiting writes share it; and while
/// the disk works for one group, the next one runs up to its commit. Until its flush has ended, a group is seen by no one
/// who asks for records or checkpoints (`durableSize`), because a checkpoint that was seen must never be lost.
///
/// Leaves get their place in the tree and their checkpoint in the same transaction, so each group is one checkpoint.
///
/// `@unchecked Sendable`: the connection, the sequencer and `lastTime` are used on `queue` only, `diskFailure` on `flushes`.
final class LedgerWriter: @unchecked Sendable {
    /// A write that waits. Running it gives what its caller will be told if the group commits.
    private struct Write: Sendable {
        let durable: Bool
        let run: @Sendable (LedgerTransaction) -> Outcome
        let fail: @Sendable (any Error) -> Void
    }

    /// What running a write came to: an error to undo it, and the answer to its caller.
    private struct Outcome {
        let error: (any Error)?
        let answer: @Sendable () -> Void
    }

    /// Writes that are committed together.
    private struct Group {
        var writes: [Write]
        /// Whether the disk is free and kept so for the flush of this group.
        var hasDisk = false
    }

    /// A group that is committed and has not been answered.
    private struct Commit: Sendable {
        let writes: [Write]
        let answers: [@Sendable () -> Void]
        /// The checkpoint that covers what it wrote; nil when it wrote no record.
        let checkpoint: SignedCheckpoint?

        func answer() {
            for answer in answers { answer() }
        }
    }

    private struct State {
        var waiting: [Write] = []
        var isRunning = false
        /// Why nothing may be written any more.
        var refusal: String?
    }

    /// Writes in one commit: enough to share its cost, few enough that the first does not wait long.
    private static let groupLimit = 256

    private let queue = DispatchQueue(label: "waybill.writer")
    private let flushes = DispatchQueue(label: "waybill.flush")
    /// Held from the commit of a group to the end of its flush.
    private let disk = DispatchSemaphore(value: 1)
    private let state = Mutex(State())
    private let queueLimit: Int
    private let clock: WallClock
    private let connection: Connection
    private let backfill: Backfill
    private let flushLog: @Sendable () throws(SQLiteError) -> Void
    private let durable: Atomic<Int64>
    private let sequencer: Sequencer
    private let identity: LogIdentity
    private let quotas: CountedQuotas
    private let random: RandomBytes
    /// Told after each commit, with the pages in the log, before anybody hears of it.
    private let committed: @Sendable (Int) -> Void
    /// Told of each new checkpoint once it is durable, before those who wait for it.
    private let published: @Sendable (SignedCheckpoint) -> Void
    private var lastTime: Int64
    /// Why a flush failed. What it should have made durable is lost, whatever later flushes answer.
    private var diskFailure: SQLiteError?

    /// - Parameters:
    ///   - connection: opened with `Synchronous.normal`.
    ///   - flushLog: makes durable what was committed before.
    init(
        _ connection: Connection, flushLog: @escaping @Sendable () throws(SQLiteError) -> Void, backfill: Backfill,
        identity: LogIdentity, quotas: CountedQuotas, queueLimit: Int, clock: WallClock,
        random: RandomBytes, committed: @escaping @Sendable (Int) -> Void,
        published: @escaping @Sendable (SignedCheckpoint) -> Void
    ) throws {
        self.connection = connection
        self.backfill = backfill
        self.queueLimit = queueLimit
        self.clock = clock
        self.identity = identity
        self.quotas = quotas
        self.random = random
        self.committed = committed
        self.published = published
        lastTime = try LedgerReader(connection: connection).lastRecordTime() ?? 0
        sequencer = try Sequencer(identity, on: connection, now: clock.milliseconds)
        self.flushLog = flushLog
        // What a process that was killed had committed may be in the log, and not on the disk. It was written again.
        try flushLog()
        // Of a damaged log everything is shown, and nothing is written any more.
        durable = Atomic(sequencer.damage == nil ? sequencer.lastCheckpoint.checkpoint.size : .max)
        if let damage = sequencer.damage { refuseWrites(because: "the log is damaged: \(damage)") }
    }

    /// Why nothing is written any more; nil while everything is well.
    var refusal: String? { state.withLock { $0.refusal } }

    /// The size of the newest checkpoint that survives a power failure.
    var durableSize: Int64 { durable.load(ordering: .acquiring) }

    /// From now on refuses every write. The first reason stays.
    func refuseWrites(because reason: String) {
        state.withLock { $0.refusal = $0.refusal ?? reason }
    }

    /// Runs `body` before every write that is submitted from now on; they wait for it.
    func beforeWrites(_ body: @escaping @Sendable () -> Void) {
        queue.async(execute: body)
    }

    func submit<Value: Sendable>(
        durable: Bool, _ body: @escaping @Sendable (LedgerTransaction) throws -> Value
    ) async throws -> Value {
        let result: Result<Value, any Error> = await withUnsafeContinuation { continuation in
            let write = Write(
                durable: durable,
                run: { transaction in
                    let result = Result { try body(transaction) }
                    return Outcome(error: result.failure, answer: { continuation.resume(returning: result) })
                },
                fail: { continuation.resume(returning: .failure($0)) })
            enqueue(write)
        }
        do {
            return try result.get()
        } catch let error as SQLiteError {
            throw LedgerError(error)
        }
    }

    private func enqueue(_ write: Write) {
        let (error, mustStart) = state.withLock { state -> (LedgerError?, Bool) in
            if let refusal = state.refusal { return (.readOnly(because: refusal), false) }
            guard state.waiting.count < queueLimit else { return (.busy(waiting: queueLimit), false) }
            state.waiting.append(write)
            defer { state.isRunning = true }
            return (nil, !state.isRunning)
        }
        if let error { return write.fail(error) }
        if mustStart { queue.async { self.drain() } }
    }

    private func drain() {
        while true {
            var group = Group(writes: take(atMost: Self.groupLimit, endsWhenEmpty: true))
            guard !group.writes.isEmpty else { return }
            if let refusal {
                for write in group.writes { write.fail(LedgerError.readOnly(because: refusal)) }
                continue
            }
            let commits = commit(&group)
            if group.hasDisk {
                flushes.async {
                    self.flush(commits)
                    self.disk.signal()
                }
            } else {
                for commit in commits { commit.answer() }
            }
            moveLogPages()
        }
    }

    private func take(atMost limit: Int, endsWhenEmpty: Bool = false) -> [Write] {
        state.withLock { state in
            let taken = Array(state.waiting.prefix(limit))
            state.waiting.removeFirst(taken.count)
            if endsWhenEmpty, taken.isEmpty { state.isRunning = false }
            return taken
        }
    }

    /// Makes commits durable, shows them, and answers those who wait for them.
    private func flush(_ commits: [Commit]) {
        do throws(SQLiteError) {
            if let diskFailure { throw diskFailure }
            try flushLog()
        } catch {
            diskFailure = error
            refuseWrites(because: "the disk failed: \(error)")
            return commits.flatMap(\.writes).forEach { $0.fail(error) }
        }
        if let checkpoint = commits.last(where: { $0.checkpoint != nil })?.checkpoint {
            durable.store(checkpoint.checkpoint.size, ordering: .releasing)
            published(checkpoint)
        }
        for commit in commits { commit.answer() }
    }

    /// Commits a group. When there is no room for all of it, each write is tried alone, so that one that is too large does
    /// not fail the others. After any other failure of the database nothing is tried again: a lock that somebody else
    /// holds would be waited for once for each, and after a failed flush nobody knows what has reached the disk.
    private func commit(_ group: inout Group) -> [Commit] {
        do {
            return [try transact(&group)]
        } catch {
            guard group.writes.count > 1, (error as? SQLiteError)?.isFull == true else {
                for write in group.writes { write.fail(error) }
                return []
            }
            return group.writes.flatMap { write in
                var alone = Group(writes: [write], hasDisk: group.hasDisk)
                defer { group.hasDisk = alone.hasDisk }
                return commit(&alone)
            }
        }
    }

    /// - Parameter apart: whether each write can be undone by itself. That costs a copy of every page it changes, and a write
    ///   that refuses has rarely changed anything; so it is done only for a group in which one had.
    private func transact(_ group: inout Group, apart: Bool = false) throws -> Commit {
        let stamp = LeafStamp(
            origin: identity.origin, previousCheckpoint: sequencer.lastCheckpointDigest, random: random)
        let transaction = LedgerTransaction(
            connection: connection, now: max(clock.milliseconds, lastTime), stamp: stamp, quotas: quotas)
        let size = sequencer.lastCheckpoint.checkpoint.size
        do {
            let answers = try connection.transaction(.immediate) {
                var answers = try run(group.writes, in: transaction, apart: apart)
                let hasRecords = try transaction.reader.recordCount() > size
                if !group.hasDisk, hasRecords || group.writes.contains(where: \.durable) {
                    disk.wait()
                    group.hasDisk = true
                    // What has come in meanwhile shares the flush.
                    let more = take(atMost: Self.groupLimit - group.writes.count)
                    group.writes += more
                    answers += try run(more, in: transaction, apart: apart)
                }
                try transaction.countFacets(from: size)
                try sequencer.seal(on: connection, now: transaction.now)
                return answers
            }
            committed(connection.logPages)
            sequencer.committed()
            lastTime = transaction.now
            let checkpoint = sequencer.lastCheckpoint
            return Commit(
                writes: group.writes, answers: answers,
                checkpoint: checkpoint.checkpoint.size > size ? checkpoint : nil)
        } catch is HalfWrite {
            sequencer.rolledBack()
            return try transact(&group, apart: true)
        } catch {
            sequencer.rolledBack()
            throw error
        }
    }

    private func run(
        _ writes: [Write], in transaction: LedgerTransaction, apart: Bool
    ) throws -> [@Sendable () -> Void] {
        try writes.map { try apart ? runApart($0, in: transaction) : run($0, in: transaction) }
    }

    private func moveLogPages() {
        do {
            if try backfill.isRestForWriter(logPages: connection.logPages) { try connection.checkpoint(.passive) }
        } catch {
            // Of no room the next commit tells; the pages stay in the log.
            if error.isDiskFailure { refuseWrites(because: "the disk failed: \(error)") }
        }
    }

    /// Runs one write.
    ///
    /// - Throws: `HalfWrite` when it refuses and has changed something already.
    private func run(_ write: Write, in transaction: LedgerTransaction) throws -> @Sendable () -> Void {
        let changes = connection.totalChanges
        let outcome = write.run(transaction)
        if let error = outcome.error {
            if let error = error as? SQLiteError, !error.isConstraint { throw error }
            guard connection.totalChanges == changes else { throw HalfWrite() }
        }
        return outcome.answer
    }

    /// Runs one write; when it refuses, only its own changes are undone.
    private func runApart(_ write: Write, in transaction: LedgerTransaction) throws -> @Sendable () -> Void {
        var answer: (@Sendable () -> Void)?
        do {
            try connection.savepoint {
                let outcome = write.run(transaction)
                if let error = outcome.error {
                    // SQLite may have rolled everything back already: the group must not go on.
                    if let error = error as? SQLiteError, !error.isConstraint { throw GroupFailure(error: error) }
                    answer = outcome.answer
                    throw error
                }
                answer = outcome.answer
            }
        } catch let failure as GroupFailure {
            throw failure.error
        } catch {
            if answer == nil { throw error }
        }
        guard let answer else { throw LedgerError.storage(.corrupt("a write gave no answer")) }
        return answer
    }

    func close() async {
        await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
            queue.async {
                let hasFailed = self.flushes.sync { self.diskFailure != nil }
                self.backfill.close()
                // What cannot be moved now is moved at the next start. After a failed flush the log stays as it is: what it has
                // and the disk does not must not get into the database page by page.
                if !hasFailed {
                    try? self.connection.dropLogOnClose()
                    _ = try? self.connection.checkpoint(.truncate)
                }
                self.connection.close()
                continuation.resume()
            }
        }
    }
}

/// A write refused in the middle, so that all must run again, each apart from the others.
private struct HalfWrite: Error {}

/// The database itself failed, so that nothing of the group can stand.
private struct GroupFailure: Error {
    let error: SQLiteError
}

extension Result {
    fileprivate var failure: Failure? {
        if case .failure(let error) = self { error } else { nil }
    }
}
