import Dispatch
import Glibc
import LinuxIO
import Synchronization
package import TransparencyLog

/// The last checkpoint that anybody may have seen, kept apart from the database: a database that was put back from an older
/// copy is known by it.
///
/// Written behind the commits, at most five times a second, and not forced to the disk: the database is, and may only be
/// ahead of this file.
package final class CheckpointFile: Sendable {
    private struct State {
        /// Whether one was written a moment ago, so that the next ones wait.
        var isResting = false
        var waiting: SignedCheckpoint?
    }

    private static let rest = DispatchTimeInterval.milliseconds(200)

    private let path: String
    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "waybill.checkpoint-file")

    /// The file in `folder`, which exists.
    package init(folder: String) {
        path = "\(folder)/checkpoint"
    }

    /// The checkpoint that was written last; nil when there is none that can be read.
    package func read() throws -> SignedCheckpoint? {
        let disk = Disk()
        guard let size = try disk.size(of: path), size > 0, size <= Int64(SignedNote.longest) else { return nil }
        return try? SignedCheckpoint(parsing: try disk.openForReading(path).read(Int(size)))
    }

    /// Replaces the checkpoint, at once or in a moment together with those that follow it. Called in their order.
    package func write(_ checkpoint: SignedCheckpoint) {
        let mustWait = state.withLock { state in
            if state.isResting { state.waiting = checkpoint }
            defer { state.isResting = true }
            return state.isResting
        }
        guard !mustWait else { return }
        replace(with: checkpoint)
        queue.asyncAfter(deadline: .now() + Self.rest) { self.writeWaiting() }
    }

    /// Writes what is still waiting. Called when nothing follows, after the ledger was closed.
    package func flush() {
        queue.sync {
            if let checkpoint = state.withLock({ $0.waiting.take() }) { replace(with: checkpoint) }
        }
    }

    private func writeWaiting() {
        let checkpoint = state.withLock { state in
            state.isResting = state.waiting != nil
            return state.waiting.take()
        }
        guard let checkpoint else { return }
        replace(with: checkpoint)
        queue.asyncAfter(deadline: .now() + Self.rest) { self.writeWaiting() }
    }

    /// The file has the old checkpoint or the new one at any time. A failure is only a weaker guard.
    private func replace(with checkpoint: SignedCheckpoint) {
        let (new, bytes) = ("\(path).new", checkpoint.bytes)
        let number = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard number >= 0 else { return }
        let written = bytes.withUnsafeBytes { Glibc.write(number, $0.baseAddress, $0.count) }
        close(number)
        if written == bytes.count { _ = rename(new, path) }
    }
}

extension Ledger {
    /// Why this ledger must not sign any more after somebody has seen `checkpoint`; nil when it continues it.
    package func contradiction(to seen: SignedCheckpoint) throws -> String? {
        guard seen.checkpoint.origin == identity.origin else { return nil }
        return try read { try $0.contradiction(to: seen) }
    }
}

extension LedgerReader {
    /// Why what is here does not continue a checkpoint of this log that somebody has seen; nil when it does.
    package func contradiction(to seen: SignedCheckpoint) throws -> String? {
        let (size, published) = (seen.checkpoint.size, try publishedSize())
        guard size <= published else {
            return "a checkpoint of size \(size) was published, and this ledger has \(published) leaves: "
                + "it was put back from an older copy"
        }
        let root: TreeHash
        do { root = try self.root(size: size) } catch LogError.damaged(let reason) {
            return "the tree of the published checkpoint of size \(size) cannot be computed: \(reason)"
        }
        guard root == seen.checkpoint.root else {
            return "the published checkpoint of size \(size) has the root \(seen.checkpoint.root), and this ledger "
                + "has \(root): it is another history"
        }
        return nil
    }
}
