package import LinuxIO
import Synchronization

/// Slows down whoever guesses: after some failures under one key, an address or a name at one, it has to wait before it may try
/// again, longer each time.
package final class FailureBrake: Sendable {
    /// The longest wait, after which the address begins anew.
    package static let longestWait = Duration.seconds(60)
    /// Keys that are remembered; with more, those whose wait is over are forgotten first.
    static let mostKeys = 65_536

    private struct Failures {
        var count: Int
        /// Until when nothing is tried.
        var until: Instant
        /// When the key is forgotten.
        var end: Instant
    }

    private let freeFailures: Int
    private let known = Mutex<[String: Failures]>([:])

    /// A brake that nobody has touched.
    ///
    /// - Parameter freeFailures: failures that cost nothing, because people mistype.
    package init(freeFailures: Int) {
        self.freeFailures = freeFailures
    }

    /// How long whoever has the key has to wait before the next try; nil when it may be now.
    package func wait(of key: String, at now: Instant = .now) -> Duration? {
        known.withLock { known in
            guard let failures = known[key], failures.until > now else { return nil }
            return .nanoseconds(failures.until.nanoseconds - now.nanoseconds)
        }
    }

    /// Notes a failure. Behind the free ones, the first makes wait for a second, the next for two, then four.
    package func failed(_ key: String, at now: Instant = .now) {
        known.withLock { known in
            if known.count >= Self.mostKeys { Self.forget(&known, now) }
            var failures = known[key] ?? Failures(count: 0, until: now, end: now)
            if failures.end <= now { failures.count = 0 }
            failures.count += 1
            let steps = failures.count - freeFailures
            let wait = steps > 0 ? min(Duration.seconds(1 << min(steps - 1, 16)), Self.longestWait) : .zero
            failures.until = now.advanced(by: wait)
            failures.end = failures.until.advanced(by: Self.longestWait)
            known[key] = failures
        }
    }

    /// Notes that whoever has the key proved who they are.
    package func succeeded(_ key: String) {
        known.withLock { $0[key] = nil }
    }

    private static func forget(_ known: inout [String: Failures], _ now: Instant) {
        known = known.filter { $0.value.end > now }
        // Whoever has so many addresses cannot be slowed down by them.
        if known.count >= mostKeys { known = known.filter { $0.value.until > now } }
        if known.count >= mostKeys { known = [:] }
    }
}
