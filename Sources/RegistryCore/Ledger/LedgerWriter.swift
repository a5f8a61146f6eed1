import Dispatch
import LinuxIO
import SQLite
import Synchronization
import TransparencyLog

/// The one writer: takes what is waiting, runs it in one transaction, commits once, and then answers every waiter.
///
/// One commit costs a flush of the disk whether it holds one write or a hundred, so waiting writes share it.
///
/// Leaves get their place in the tree and their checkpoint in the same transaction, so each group is one checkpoint.
///
/// `@unchecked Sendable`: the connection, the sequencer and `lastTime` are used on `queue` only.
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

    private struct State {
        var waiting: [Write] = []
        var isRunning = false
        /// Why nothing may be written any more.
        var refusal: String?
    }

    /// Writes in one commit: enough to share its cost, few enough that the first does not wait long.
    private static let groupLimit = 256

    private let queue = DispatchQueue(label: "waybill.writer")
    private let state = Mutex(State())
    private let queueLimit: Int
    private let clock: WallClock
    private let connection: Connection
    private let sequencer: Sequencer
    private let identity: LogIdentity
    private let random: RandomBytes
    /// Told of each new checkpoint once it is durable, before those who wait for it.
    private let published: @Sendable (SignedCheckpoint) -> Void
    private var lastTime: Int64
    private var synchronous = Connection.Synchronous.full

    init(
        _ connection: Connection, identity: LogIdentity, queueLimit: Int, clock: WallClock, random: RandomBytes,
        published: @escaping @Sendable (SignedCheckpoint) -> Void
    ) throws {
        self.connection = connection
        self.queueLimit = queueLimit
        self.clock = clock
        self.identity = identity
        self.random = random
        self.published = published
        lastTime = try LedgerReader(connection: connection).lastRecordTime() ?? 0
        sequencer = try Sequencer(identity, on: connection, now: clock.milliseconds)
        if let damage = sequencer.damage { refuseWrites(because: "the log is damaged: \(damage)") }
    }

    /// Why nothing is written any more; nil while everything is well.
    var refusal: String? { state.withLock { $0.refusal } }

    /// From now on refuses every write. The first reason stays.
    func refuseWrites(because reason: String) {
        state.withLock { $0.refusal = $0.refusal ?? reason }
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
            let group = state.withLock { state -> [Write] in
                let group = Array(state.waiting.prefix(Self.groupLimit))
                state.waiting.removeFirst(group.count)
                if group.isEmpty { state.isRunning = false }
                return group
            }
            guard !group.isEmpty else { return }
            commit(group)
        }
    }

    /// Commits a group. When there is no room for all of it, each write is tried alone, so that one that is too large does
    /// not fail the others. After any other failure of the database nothing is tried again: a lock that somebody else
    /// holds would be waited for once for each, and after a failed flush nobody knows what has reached the disk.
    private func commit(_ group: [Write]) {
        do {
            for answer in try transact(group) { answer() }
        } catch {
            guard group.count > 1, (error as? SQLiteError)?.isFull == true else {
                return group.forEach { $0.fail(error) }
            }
            for write in group { commit([write]) }
        }
    }

    private func transact(_ group: [Write]) throws -> [@Sendable () -> Void] {
        let wanted: Connection.Synchronous = group.contains(where: \.durable) ? .full : .normal
        if wanted != synchronous {
            try connection.setSynchronous(wanted)
            synchronous = wanted
        }
        let stamp = LeafStamp(
            origin: identity.origin, previousCheckpoint: sequencer.lastCheckpointDigest, random: random)
        let transaction = LedgerTransaction(
            connection: connection, now: max(clock.milliseconds, lastTime), stamp: stamp)
        let size = sequencer.lastCheckpoint.checkpoint.size
        do {
            let answers = try connection.transaction(.immediate) {
                let answers = try group.map { try run($0, in: transaction) }
                try sequencer.seal(on: connection, now: transaction.now)
                return answers
            }
            sequencer.committed()
            lastTime = transaction.now
            if sequencer.lastCheckpoint.checkpoint.size > size { published(sequencer.lastCheckpoint) }
            return answers
        } catch {
            sequencer.rolledBack()
            throw error
        }
    }

    /// Runs one write; when it refuses, only its own changes are undone.
    private func run(_ write: Write, in transaction: LedgerTransaction) throws -> @Sendable () -> Void {
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
                // What cannot be moved now is moved at the next start.
                try? self.connection.checkpoint(.truncate)
                self.connection.close()
                continuation.resume()
            }
        }
    }
}

/// The database itself failed, so that nothing of the group can stand.
private struct GroupFailure: Error {
    let error: SQLiteError
}

extension Result {
    fileprivate var failure: Failure? {
        if case .failure(let error) = self { error } else { nil }
    }
}
