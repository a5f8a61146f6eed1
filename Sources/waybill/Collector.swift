import Configuration
import LinuxIO
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
        var watch = ClockWatch(over: registry, promise: max(rules.grace, registry.uploadLifetime))
        while true {
            do { try await Task.sleep(for: interval) } catch { return }
            guard watch.trusts(registry, logger: logger) else { continue }
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

extension ClockWatch {
    /// Watches the clock that a registry goes by.
    ///
    /// - Parameter promise: how long the longest promise lasts that is judged by it, in milliseconds.
    init(over registry: Registry, promise: Int64) {
        self.init(promise: promise, wall: registry.now, steady: Self.steady)
    }

    /// Whether what has expired by the clock may go. Says when it was set.
    mutating func trusts(_ registry: Registry, logger: Logger) -> Bool {
        switch look(wall: registry.now, steady: Self.steady) {
        case .steady: return true
        case .held: return false
        case .wasSet(let time):
            logger.warning(
                "the clock was set: what it says has expired stays for as long as it was promised",
                metadata: ["by": "\(Duration.milliseconds(time))"])
            return time < 0
        }
    }

    private static var steady: Int64 { Instant.now.nanoseconds / 1_000_000 }
}
