package import HTTPClient
package import Logging
import TransparencyLog

/// When the outside world is asked.
package struct AnchoringSchedule: Sendable {
    /// Between two cosignatures by one witness while nothing new is logged: how fresh the signed time stays.
    package var cosignatures = Duration.seconds(300)

    /// Between two time stamps by one authority, while there is something new.
    package var timestamps = Duration.seconds(600)

    /// After a round, before the next one: a busy log makes a checkpoint for each commit, and a witness need not see all.
    package var pause = Duration.seconds(1)

    /// Before the first repetition of what failed; doubles until `longestRetry`.
    package var firstRetry = Duration.seconds(1)

    /// Between repetitions of what goes on failing.
    package var longestRetry = Duration.seconds(60)

    /// The schedule by default.
    package init() {}
}

/// The log's ties to the outside world: has each new checkpoint cosigned by witnesses, and the newest time-stamped.
///
/// Nothing waits for it: a push is answered whether or not a witness can be reached.
package final class Anchors: Sendable {
    private let witnesses: [Witness]
    private let rounds: WitnessRounds
    private let stamps: TimestampRounds
    private let authorities: [OutboundURL]
    private let schedule: AnchoringSchedule
    private let clock: any Clock<Duration>
    private let logger: Logger
    /// One for each witness: a notice that is waiting swallows those that follow.
    private let notices: [(stream: AsyncStream<Void>, continuation: AsyncStream<Void>.Continuation)]

    /// Ties `log` to witnesses and time-stamp authorities; nothing is asked before `checkAtStart` or `run`.
    ///
    /// - Parameters:
    ///   - timestamps: the URLs of RFC 3161 authorities, each of which stamps for itself.
    ///   - clock: what the schedule is measured with.
    ///   - nonce: a number that nobody can guess, for each time stamp.
    package init(
        log: any AnchoredLog, witnesses: [Witness], timestamps: [OutboundURL], client: OutboundClient,
        schedule: AnchoringSchedule = AnchoringSchedule(), clock: any Clock<Duration> = ContinuousClock(),
        nonce: @escaping @Sendable () -> UInt64 = { .random(in: .min ... .max) }, logger: Logger
    ) {
        self.witnesses = witnesses
        rounds = WitnessRounds(log: log, client: client)
        stamps = TimestampRounds(log: log, client: client, nonce: nonce)
        authorities = timestamps
        self.schedule = schedule
        self.clock = clock
        self.logger = logger
        notices = witnesses.map { _ in AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1)) }
    }

    /// Says that there is a new checkpoint. Returns at once, on any thread, and may be called for each of them.
    package func notify() {
        for notice in notices { notice.continuation.yield() }
    }

    /// Asks every witness once, before the first write, so that a log that was rolled back signs nothing more.
    ///
    /// - Parameter timeout: for all of them together. A witness that does not answer by then is `.unreachable`, which is
    ///   no reason not to start.
    /// - Returns: an outcome for each witness, in their order.
    package func checkAtStart(timeout: Duration) async -> [RoundOutcome] {
        await withTaskGroup(of: (Int, RoundOutcome).self) { group in
            for (index, witness) in witnesses.enumerated() {
                group.addTask { (index, await self.round(with: witness, within: timeout)) }
            }
            var outcomes = witnesses.map { _ in RoundOutcome.nothingToCosign }
            for await (index, outcome) in group { outcomes[index] = outcome }
            return outcomes
        }
    }

    /// Asks witnesses and authorities until the task is cancelled. Called once.
    package func run() async {
        await withDiscardingTaskGroup { group in
            for (witness, notice) in zip(witnesses, notices) {
                group.addTask { await self.follow(witness, on: notice.stream) }
                group.addTask { await self.remind(notice.continuation) }
            }
            for authority in authorities { group.addTask { await self.stamp(at: authority) } }
        }
    }

    // MARK: - Witnesses

    /// Has the witness cosign whenever there is a notice, and again and again until it has.
    private func follow(_ witness: Witness, on notices: AsyncStream<Void>) async {
        for await _ in notices {
            var retry = Backoff(schedule)
            var outcome = await round(with: witness)
            while outcome.isWorthRepeating, await pause(retry.next()) { outcome = await round(with: witness) }
            if case .contradicted = outcome { return }  // there is nothing more to be signed
            guard await pause(schedule.pause) else { return }
        }
    }

    /// Gives notice at the start, and from time to time, so that the witness signs the present time.
    private func remind(_ notice: AsyncStream<Void>.Continuation) async {
        repeat { notice.yield() } while await pause(schedule.cosignatures)
    }

    private func round(with witness: Witness, within timeout: Duration) async -> RoundOutcome {
        let outcome = await withTaskGroup(of: RoundOutcome?.self) { group in
            group.addTask { await self.rounds.run(with: witness) }
            group.addTask {
                await self.pause(timeout)
                return nil
            }
            var outcome: RoundOutcome?
            if let first = await group.next() { outcome = first }
            group.cancelAll()
            // A round that was given up still says what became of it, in about a second.
            for await rest in group { outcome = outcome ?? rest }
            return outcome == .unreachable(.cancelled) ? .unreachable(.timedOut) : outcome
        }
        let result = outcome ?? .unreachable(.timedOut)
        report(result, of: witness)
        return result
    }

    private func round(with witness: Witness) async -> RoundOutcome {
        let outcome = await rounds.run(with: witness)
        if outcome != .unreachable(.cancelled) { report(outcome, of: witness) }
        return outcome
    }

    private func report(_ outcome: RoundOutcome, of witness: Witness) {
        let name: Logger.Metadata = ["witness": "\(witness.name)"]
        func with(_ reason: String) -> Logger.Metadata { name.merging(["reason": "\(reason)"]) { $1 } }
        switch outcome {
        case .nothingToCosign: break
        case .cosigned(let size):
            logger.debug("checkpoint cosigned", metadata: name.merging(["size": "\(size)"]) { $1 })
        case .unreachable(let error): logger.warning("witness does not answer", metadata: with(error.description))
        case .refused(let refusal): logger.warning("witness does not cosign", metadata: with(refusal.description))
        case .unusable(let reason): logger.warning("witness answers with nothing of use", metadata: with(reason))
        case .failed(let reason): logger.error("witness cannot be asked", metadata: with(reason))
        case .contradicted(let reason): logger.critical("witness contradicts the log", metadata: with(reason))
        }
    }

    // MARK: - Time stamps

    /// Has the newest checkpoint stamped, now and then, if it is newer than the last one that was.
    private func stamp(at authority: OutboundURL) async {
        var stamped: SignedCheckpoint?
        repeat {
            var retry = Backoff(schedule)
            while true {
                let outcome = await stamps.run(at: authority, after: stamped)
                report(outcome, of: authority)
                if case .stamped(let checkpoint, _) = outcome { stamped = checkpoint }
                guard outcome.isWorthRepeating, await pause(retry.next()) else { break }
            }
        } while await pause(schedule.timestamps)
    }

    private func report(_ outcome: TimestampOutcome, of authority: OutboundURL) {
        var metadata: Logger.Metadata = ["authority": "\(authority)"]
        switch outcome {
        case .nothingToStamp: break
        case .stamped(let checkpoint, let time):
            metadata["size"] = "\(checkpoint.checkpoint.size)"
            metadata["time"] = "\(time)"
            logger.info("checkpoint time-stamped", metadata: metadata)
        case .failed(let reason):
            guard !Task.isCancelled else { break }
            metadata["reason"] = "\(reason)"
            logger.warning("checkpoint not time-stamped", metadata: metadata)
        }
    }

    // MARK: - Time

    /// False when the task is cancelled.
    @discardableResult
    private func pause(_ duration: Duration) async -> Bool {
        do { try await clock.sleep(for: duration) } catch { return false }
        return !Task.isCancelled
    }
}

/// How long to wait before what failed is tried again: twice as long each time.
private struct Backoff {
    private var delay: Duration
    private let longest: Duration

    init(_ schedule: AnchoringSchedule) {
        delay = schedule.firstRetry
        longest = schedule.longestRetry
    }

    mutating func next() -> Duration {
        defer { delay = min(delay * 2, longest) }
        return delay
    }
}

extension RoundOutcome {
    fileprivate var isWorthRepeating: Bool {
        switch self {
        case .nothingToCosign, .cosigned, .contradicted: false
        case .unreachable, .refused, .unusable, .failed: true
        }
    }
}

extension WitnessRefusal {
    /// One sentence.
    fileprivate var description: String {
        switch self {
        case .malformed: "400: it finds the request malformed"
        case .untrusted: "403: it does not trust the key of this log"
        case .unknownLog: "404: it does not know this log"
        case .inconsistent: "422: it finds fault with a request that has no proof"
        case .other(let status): "it answers with the status \(status)"
        }
    }
}
