import Dispatch
import SQLite
import Synchronization

/// Moves the pages of the write-ahead log into the database beside the writer, which goes on committing meanwhile.
///
/// SQLite calls that a checkpoint, and would do it inside a commit: then every write waits until the disk has taken a whole
/// log. But a log can begin anew only when nothing in it is left to be moved, which under steady load is never so. So the
/// bulk is moved here, and the writer moves the little that has come in since.
///
/// `@unchecked Sendable`: the connection is used on `queue` only.
final class Backfill: @unchecked Sendable {
    private enum Phase {
        case idle, moving, moved
        case failed(SQLiteError)
    }

    /// Times that the bulk is moved before the writer moves the rest: in each, less comes in than in the one before.
    private static let mostRounds = 4
    /// As many times the pages at which moving starts, the writer waits for it: the disk does not keep up.
    private static let patience = 4

    private let queue = DispatchQueue(label: "waybill.backfill")
    private let connection: Connection
    private let threshold: Int
    private let phase = Mutex(Phase.idle)

    /// - Parameters:
    ///   - connection: one of its own, that may write.
    ///   - threshold: pages in the log at which they are moved.
    init(_ connection: Connection, threshold: Int) {
        self.connection = connection
        self.threshold = threshold
    }

    /// Called by the writer after a commit, with the pages in the log. True asks it to move what is left.
    ///
    /// - Throws: when the disk failed, after which nobody knows what it holds.
    func isRestForWriter(logPages: Int) throws(SQLiteError) -> Bool {
        guard logPages >= threshold else { return false }
        if logPages >= Self.patience * threshold { queue.sync {} }
        return try phase.withLock { phase throws(SQLiteError) in
            switch phase {
            case .idle:
                phase = .moving
                queue.async { self.move() }
                return false
            case .moving: return false
            case .moved:
                phase = .idle
                return true
            case .failed(let error): throw error
            }
        }
    }

    private func move() {
        var result = Phase.moved
        for _ in 0..<Self.mostRounds {
            do {
                // What a reader still needs stays, and is moved another time.
                let rest = try connection.checkpoint(.passive)
                try connection.flushFile()
                if rest <= threshold / 64 { break }
            } catch {
                // Without room in the file, or while somebody else moves them, pages just stay in the log.
                if error.isDiskFailure { result = .failed(error) }
                break
            }
        }
        phase.withLock { $0 = result }
    }

    /// Ends what is going on. Nothing may follow.
    func close() {
        queue.sync { connection.close() }
    }
}
