import Glibc
import LinuxIO
package import OCI

/// A blob that a scrub has taken out of service.
package struct QuarantinedBlob: Sendable {
    package let digest: Digest
    /// What is wrong with it, as the end of a sentence.
    package let fault: String
    /// The repositories that had it.
    package let repositories: [RepositoryName]
}

/// How a scrub is done.
package struct ScrubRules: Sendable {
    /// Bytes a second that are read; 0 for as fast as it goes.
    package var rate = 16 * 1024 * 1024
    /// From the beginning of one pass to that of the next, in milliseconds.
    package var interval: Int64 = 7 * 24 * 60 * 60 * 1000

    /// The defaults.
    package init() {}
}

extension Registry {
    /// Blobs that are compared before it is written down how far the pass is.
    private static let blobsAtOnce = 100

    /// Whether a pass is under way or due. The first is due an interval after this was asked for the first time: what is pushed
    /// has just been compared.
    package func isScrubDue(_ rules: ScrubRules) async throws -> Bool {
        guard let pass = try ledger.read({ try $0.scrubPass() }) else {
            let now = now
            try await ledger.write(durable: false) { try $0.put(ScrubPass(begun: now, finished: now)) }
            return false
        }
        return pass.finished == nil || now - pass.begun >= rules.interval
    }

    /// Compares the bytes of every blob with its digest, from where the last pass stopped if it did not end, and takes what is damaged out of
    /// service: its rows go, each with a record, and its file into `quarantine/`. Pulls are answered with 404 then, and a push heals.
    ///
    /// Works on a thread that gets what nobody else wants.
    ///
    /// - Parameters:
    ///   - progress: told after some blobs how many were compared.
    ///   - report: told of each blob that was taken out.
    /// - Returns: how many blobs were compared.
    /// - Throws: what the ledger throws, and `CancellationError` within about a second of being cancelled; the next call goes on there.
    @discardableResult
    package func scrub(
        _ rules: ScrubRules, progress: (Int) -> Void = { _ in }, report: (QuarantinedBlob) -> Void = { _ in }
    ) async throws -> Int {
        var pass = try ledger.read { try $0.scrubPass() } ?? ScrubPass(begun: now)
        if pass.finished != nil { pass = ScrubPass(begun: now) }
        var pace = Pace(rate: rules.rate)
        var compared = 0
        while true {
            try Task.checkCancellation()
            let after = pass.position
            let page = try ledger.readAnew { try $0.storedBlobs(after: after, limit: Self.blobsAtOnce) }
            guard let last = page.last else { break }
            for blob in page {
                try Task.checkCancellation()
                if let fault = try await fault(of: blob, &pace),
                    let quarantined = try await quarantine(blob, because: fault)
                {
                    report(quarantined)
                }
                compared += 1
                progress(compared)
            }
            pass.position = last.key
            try await write(pass)
        }
        pass.position = 0
        pass.finished = now
        try await write(pass)
        return compared
    }

    private func write(_ pass: ScrubPass) async throws {
        try await ledger.write(durable: false) { try $0.put(pass) }
    }

    private func fault(of blob: BlobRow, _ pace: inout Pace) async throws -> (fault: BlobFault, file: FileIdentity?)? {
        let (blobs, ledger, started) = (blobs, ledger, pace)
        let (fault, file, after) = try await IdleThread.run { isCancelled in
            var pace = started
            // Before it is read: one that has taken its place since is another file.
            let file = try blobs.identity(of: blob.digest)
            let content = try ledger.readAnew { try $0.blobContent(of: blob) }
            let fault = try blob.fault(content: content, in: blobs.root) { count in
                try pace.wait(for: count, unless: isCancelled)
            }
            return (fault, file, pace)
        }
        pace = after
        return fault.map { ($0, file) }
    }

    private func quarantine(
        _ blob: BlobRow, because found: (fault: BlobFault, file: FileIdentity?)
    ) async throws -> QuarantinedBlob? {
        let reason = "\(found.fault)"
        let repositories = try await ledger.write { try $0.quarantine(blob, because: reason) }
        guard let repositories else { return nil }
        if let file = found.file {
            let (blobs, digest) = (blobs, blob.digest)
            try await aside { try blobs.quarantine(digest, if: file) }
        }
        return QuarantinedBlob(digest: blob.digest, fault: reason, repositories: repositories)
    }

    /// How many blobs there are.
    package func blobCount() async throws -> Int { try await readAside { try $0.blobCount() } }

    /// Whether anything may be written.
    package var isWritable: Bool { ledger.refusal == nil }

    /// Blobs that were found damaged and not pushed again since, some of them.
    package func damagedBlobs() throws -> [DamagedBlob] {
        try ledger.read { try $0.damagedBlobs(limit: 1000) }
    }
}

/// Keeps work to so many bytes a second.
private struct Pace: Sendable {
    /// The longest rest, in microseconds, before it is asked whether the work is still wanted.
    private static let longestRest = 100_000.0

    private let rate: Int
    private var due = ContinuousClock.now

    /// - Parameter rate: bytes a second; 0 for no limit.
    init(rate: Int) {
        self.rate = rate
    }

    /// Rests for as long as `count` bytes may take.
    ///
    /// - Throws: `CancellationError` when the work is not wanted any more.
    mutating func wait(for count: Int, unless isCancelled: () -> Bool) throws {
        if isCancelled() { throw CancellationError() }
        guard rate > 0 else { return }
        // Time that was not used is not made up for.
        due = max(due, .now) + .microseconds(Int64(Double(count) / Double(rate) * 1e6))
        while case let rest = (due - .now) / .microseconds(1), rest > 0 {
            usleep(useconds_t(min(rest, Self.longestRest)))
            if isCancelled() { throw CancellationError() }
        }
    }
}
