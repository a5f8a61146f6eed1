/// How long each of many requests took.
package struct Latencies: Sendable {
    private var nanoseconds: [Int64] = []

    package init() {}

    package mutating func append(_ time: Duration) {
        let (seconds, attoseconds) = time.components
        nanoseconds.append(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    }

    package mutating func append(_ others: Latencies) { nanoseconds += others.nanoseconds }

    package var count: Int { nanoseconds.count }

    /// The time within which this part of the requests was answered, in milliseconds; zero when there were none.
    package func percentiles(_ parts: Double...) -> [Double] {
        let sorted = nanoseconds.sorted()
        guard !sorted.isEmpty else { return parts.map { _ in 0 } }
        return parts.map { part in Double(sorted[min(sorted.count - 1, Int(Double(sorted.count) * part))]) / 1e6 }
    }
}

/// What a load came to.
package struct Load {
    package var latencies = Latencies()
    package var time = Duration.zero
    /// Answers with another status or length than was expected.
    package var refused = 0
    /// Of the server, in seconds.
    package var processorTime = 0.0

    package init() {}

    package var rate: Double { time == .zero ? 0 : Double(latencies.count) / time.seconds }
}
