/// How long each of many requests took.
struct Latencies {
    private var nanoseconds: [Int64] = []

    mutating func append(_ time: Duration) {
        let (seconds, attoseconds) = time.components
        nanoseconds.append(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    }

    var count: Int { nanoseconds.count }

    /// The time within which this part of the requests was answered, in milliseconds.
    func percentiles(_ parts: Double...) -> [Double] {
        let sorted = nanoseconds.sorted()
        guard !sorted.isEmpty else { return parts.map { _ in 0 } }
        return parts.map { part in Double(sorted[min(sorted.count - 1, Int(Double(sorted.count) * part))]) / 1e6 }
    }
}

/// What a load came to.
struct Load {
    var latencies = Latencies()
    var time = Duration.zero
    /// Answers with another status than was expected.
    var refused = 0
    /// Of the server, in seconds.
    var processorTime = 0.0

    var rate: Double { time == .zero ? 0 : Double(latencies.count) / time.seconds }
}
