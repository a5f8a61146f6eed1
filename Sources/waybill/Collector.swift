import Configuration
import Logging
import OCI
import RegistryCore

/// Collects garbage again and again while the server serves.
struct Collector: Sendable {
    private let interval: Duration
    private let rules: CollectionRules
    private let logger: Logger

    /// nil when the settings want none.
    init?(_ settings: Settings, logger: Logger) {
        guard settings.gc.interval > .zero else { return nil }
        interval = settings.gc.interval
        rules = settings.collectionRules
        self.logger = logger
    }

    /// Runs until the task is cancelled. The first collection comes after an interval: a server that restarts all the time has
    /// something else to do.
    func run(_ registry: Registry) async {
        while true {
            do { try await Task.sleep(for: interval) } catch { return }
            do {
                let start = ContinuousClock.now
                let summary = try await registry.collect(rules) { garbage in
                    logger.debug(
                        "collected",
                        metadata: [
                            "kind": "\(garbage.kind.rawValue)", "digest": "\(garbage.digest)",
                            "repository": "\(garbage.repository?.rawValue ?? "")", "bytes": "\(garbage.size)",
                        ])
                }
                guard summary != CollectionSummary() else { continue }
                logger.info(
                    "garbage collected",
                    metadata: [
                        "tags": "\(summary.tags)", "manifests": "\(summary.manifests)", "blobs": "\(summary.blobs)",
                        "files": "\(summary.files)",
                        "uploads": "\(summary.uploads)", "bytes": "\(summary.bytes)",
                        "duration": "\(ContinuousClock.now - start)",
                    ])
            } catch is CancellationError {
                return
            } catch {
                logger.error("garbage could not be collected", metadata: ["error": "\(error)"])
            }
        }
    }
}
