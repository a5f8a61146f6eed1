import Glibc
import LinuxIO
import Logging
import RegistryCore

/// Compares the whole ledger with its log while the server serves. At the start there was time for the newest records only.
enum LedgerCheck {
    /// As many times as long as it was busy it rests after some milliseconds, so that it leaves the machine cool.
    private static let rest = 3
    /// The longest rest, in microseconds: a machine that was suspended seems to have been busy for hours.
    private static let longestRest = 1_000_000

    /// Runs to the end of the ledger or until the task is cancelled.
    static func run(_ ledger: Ledger, logger: Logger) async {
        do {
            guard ledger.refusal == nil, try ledger.needsFullCheck() else { return }
            let start = ContinuousClock.now
            let fault = try await IdleThread.run { isCancelled in
                var pieceStart = start
                return try ledger.checkAll { _, _ in
                    let wanted = (ContinuousClock.now - pieceStart) * rest / .microseconds(1)
                    usleep(useconds_t(min(max(wanted, 0), Double(longestRest))))
                    pieceStart = .now
                    if isCancelled() { throw CancellationError() }
                }
            }
            if let fault {
                logger.error("the ledger is damaged and read-only from now on", metadata: ["fault": "\(fault)"])
            } else {
                logger.info("the whole ledger was checked", metadata: ["duration": "\(ContinuousClock.now - start)"])
            }
        } catch is CancellationError {
        } catch {
            logger.error("the ledger could not be checked", metadata: ["error": "\(error)"])
        }
    }
}
