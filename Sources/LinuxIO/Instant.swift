import Glibc

/// A point on the monotonic clock of this machine, in nanoseconds.
package struct Instant: Comparable, Hashable, Sendable {
    /// Nanoseconds since an arbitrary start; only differences have a meaning.
    package var nanoseconds: Int64

    /// A point at a given count, for tests and arithmetic.
    package init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    /// Later than any other: a deadline that never comes.
    package static let distantFuture = Instant(nanoseconds: .max)

    /// Now.
    package static var now: Instant {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Instant(nanoseconds: Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec))
    }

    /// This point moved by `duration`; stops at the ends of time instead of overflowing.
    package func advanced(by duration: Duration) -> Instant {
        let (seconds, attoseconds) = duration.components
        let end = Instant(nanoseconds: duration < .zero ? .min : .max)
        let (scaled, tooLong) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, overflow) = nanoseconds.addingReportingOverflow(scaled)
        let (result, beyond) = sum.addingReportingOverflow(attoseconds / 1_000_000_000)
        return tooLong || overflow || beyond ? end : Instant(nanoseconds: result)
    }

    package static func < (left: Instant, right: Instant) -> Bool { left.nanoseconds < right.nanoseconds }
}

/// The wall clock, as what it is: something that is read from outside and handed in.
package struct WallClock: Sendable {
    private let read: @Sendable () -> Int64

    /// A clock that answers `read` in milliseconds since 1970-01-01 UTC; tests hand in their own.
    package init(_ read: @escaping @Sendable () -> Int64) {
        self.read = read
    }

    /// Milliseconds since 1970-01-01 UTC.
    package var milliseconds: Int64 { read() }

    /// The machine's clock.
    package static let system = WallClock {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}
