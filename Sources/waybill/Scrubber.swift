import Configuration
import Logging
import OCI
import RegistryCore

/// Compares stored bytes with their digests again and again while the server serves.
struct Scrubber: Sendable {
    /// How often it is asked whether a pass is due.
    private static let rest = Duration.seconds(60)

    private let rules: ScrubRules
    private let rest: Duration
    private let logger: Logger

    /// nil when the settings want none.
    init?(_ settings: Settings, logger: Logger) {
        guard settings.scrub.interval > .zero else { return nil }
        rules = settings.scrubRules
        rest = min(Self.rest, settings.scrub.interval)
        self.logger = logger
    }

    /// Runs until the task is cancelled.
    func run(_ registry: Registry) async {
        while true {
            do {
                try await Task.sleep(for: rest)
                guard registry.isWritable, try await registry.isScrubDue(rules) else { continue }
                let start = ContinuousClock.now
                let count = try await registry.scrub(
                    rules,
                    report: { blob in
                        logger.error(
                            "a blob is damaged and was taken out of service",
                            metadata: [
                                "digest": "\(blob.digest)", "fault": "\(blob.fault)",
                                "repositories": "\(blob.repositories.map(\.rawValue).joined(separator: " "))",
                            ])
                    })
                logger.info(
                    "all blobs were compared with their digests",
                    metadata: ["blobs": "\(count)", "duration": "\(ContinuousClock.now - start)"])
            } catch is CancellationError {
                return
            } catch {
                logger.error("blobs could not be compared with their digests", metadata: ["error": "\(error)"])
            }
        }
    }
}
