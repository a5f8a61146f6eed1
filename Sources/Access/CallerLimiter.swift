package import LinuxIO
import Synchronization

/// Keeps one caller from taking what is there for all: how often it may ask, and how many uploads it may send at once.
package final class CallerLimiter: Sendable {
    /// What one caller may do. Each is a field of the configuration file; 0 is no limit.
    package struct Options: Sendable {
        /// Requests a second in the long run. Ten times as many may come at once.
        package var requestsPerSecond = 0
        /// Uploads that receive bytes at the same time.
        package var uploads = 0

        /// No limits.
        package init() {}
    }

    /// Seconds' worth of requests that may come at once: clients ask in bursts, an image has many layers.
    private static let burst = 10.0
    /// Callers that are remembered.
    static let mostCallers = 65_536

    fileprivate struct Bucket {
        var requests: Double
        var filled: Instant
    }

    private struct State {
        var buckets: [String: Bucket] = [:]
        var uploads: [String: Int] = [:]
    }

    private let options: Options
    private let state = Mutex(State())

    /// A limiter with these limits.
    package init(_ options: Options) {
        self.options = options
    }

    /// Counts a request; says how long the caller has to wait when it is one too many.
    package func countRequest(of caller: String, at now: Instant = .now) -> Duration? {
        guard options.requestsPerSecond > 0 else { return nil }
        let rate = Double(options.requestsPerSecond)
        return state.withLock { state in
            if state.buckets.count >= Self.mostCallers { Self.forgetSome(&state.buckets, rate, now) }
            var bucket = state.buckets[caller] ?? Bucket(requests: rate * Self.burst, filled: now)
            bucket.refill(rate, upTo: rate * Self.burst, now)
            defer { state.buckets[caller] = bucket }
            guard bucket.requests >= 1 else { return .seconds((1 - bucket.requests) / rate) }
            bucket.requests -= 1
            return nil
        }
    }

    /// Begins an upload; false when the caller sends as many as it may. After true, `endUpload` must follow.
    package func beginUpload(of caller: String) -> Bool {
        guard options.uploads > 0 else { return true }
        return state.withLock { state in
            let count = state.uploads[caller] ?? 0
            guard count < options.uploads else { return false }
            state.uploads[caller] = count + 1
            return true
        }
    }

    /// Ends an upload that was begun.
    package func endUpload(of caller: String) {
        guard options.uploads > 0 else { return }
        state.withLock { state in
            let count = (state.uploads[caller] ?? 1) - 1
            state.uploads[caller] = count > 0 ? count : nil
        }
    }

    /// Makes room: a full bucket is like none. When all are in use, everybody begins anew.
    private static func forgetSome(_ buckets: inout [String: Bucket], _ rate: Double, _ now: Instant) {
        buckets = buckets.filter { entry in
            var bucket = entry.value
            bucket.refill(rate, upTo: rate * burst, now)
            return bucket.requests < rate * burst
        }
        if buckets.count >= mostCallers { buckets = [:] }
    }
}

extension CallerLimiter.Bucket {
    fileprivate mutating func refill(_ rate: Double, upTo most: Double, _ now: Instant) {
        let seconds = Double(max(0, now.nanoseconds - filled.nanoseconds)) / 1e9
        requests = min(most, requests + seconds * rate)
        filled = now
    }
}
