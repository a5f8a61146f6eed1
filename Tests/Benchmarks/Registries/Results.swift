/// What one server did in one round.
struct Measurement: Sendable {
    /// One for each measure of the workload.
    let values: [Double]
    /// Of the server, in milliseconds for each operation; nil where that has no meaning.
    let processorTime: Double?
    /// The most memory that the server occupied.
    let peakMiB: Double
    /// Cores that neither the server nor the client used.
    let foreignCores: Double
}

/// What a server came to in all rounds.
enum Cell: Sendable {
    case measured([Measurement])
    /// The server cannot do it correctly, for this reason.
    case notApplicable(String)
    /// It should, and did not.
    case failed(String)

    var measurements: [Measurement] {
        if case .measured(let measurements) = self { measurements } else { [] }
    }
}

/// What all servers came to in one workload.
struct Row: Sendable {
    let workload: Workload
    /// By the name of the server.
    var cells: [String: Cell] = [:]

    func measurements(_ server: String) -> [Measurement] { cells[server]?.measurements ?? [] }

    /// The values of one measure, by round.
    func values(_ server: String, _ measure: Int) -> [Double] { measurements(server).map { $0.values[measure] } }

    /// Processor time for one operation, by round.
    func processorTimes(_ server: String) -> [Double] { measurements(server).compactMap(\.processorTime) }

    /// What others took in each measurement.
    var foreignCores: [Double] { cells.values.flatMap(\.measurements).map(\.foreignCores) }

    /// The most memory in any round.
    func peakMiB(_ server: String) -> Double? { measurements(server).map(\.peakMiB).max() }
}

/// The median of several numbers, and between which they lie.
struct Spread: Sendable {
    let median: Double
    let least: Double
    let most: Double

    /// Nil when there are no numbers.
    init?(_ numbers: [Double]) {
        let sorted = numbers.sorted()
        guard let least = sorted.first, let most = sorted.last else { return nil }
        (self.least, self.most) = (least, most)
        let middle = sorted.count / 2
        median = sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
    }

    /// Of what was measured in the same rounds, so that both sides had the same minute.
    init?(ratios dividends: [Double], to divisors: [Double]) {
        self.init(zip(dividends, divisors).filter { $0 > 0 && $1 > 0 }.map { $0 / $1 })
    }
}
