import BenchmarkLoad
import Glibc

/// What reading costs in both stores, side by side.
struct Table {
    /// How much more reading may cost in the large store.
    static let mostGrowth = 1.3

    private(set) var missed = 0
    private var lines = [
        Table.line("", ["CPU µs", "", "ratio", "p50 ms", "", "p99 ms", ""]),
        Table.line("", ["small", "large", "", "small", "large", "small", "large"]),
    ]
    private var refused = 0

    mutating func append(_ comparison: Comparison) {
        guard !comparison.isUnanswered else {
            return append(comparison.read.name, ratio: .infinity, reason: nil, ["", "", "none"])
        }
        let (small, large) = (comparison.small, comparison.large)
        let ratio = large.cost / max(small.cost, 0.001)
        let times = (small.latencies.percentiles(0.5, 0.99), large.latencies.percentiles(0.5, 0.99))
        refused += small.refused + large.refused
        append(
            comparison.read.name, ratio: ratio, reason: comparison.read.reason,
            [small.cost.text(places: 0), large.cost.text(places: 0), ratio.text(places: 2)]
                + [times.0[0], times.1[0], times.0[1], times.1[1]].map { $0.text(places: 3) })
    }

    /// - Parameter small: from start to first answer, in each of several starts.
    mutating func append(startUp small: [Duration], _ large: [Duration]) {
        let times = [small, large].map { times in times.map(\.milliseconds).sorted()[times.count / 2] }
        let ratio = times[1] / max(times[0], 0.001)
        append(
            "start, to the first 200 (median, ms)", ratio: ratio, reason: nil,
            ["", "", ratio.text(places: 2), times[0].text(places: 0), times[1].text(places: 0)])
    }

    private mutating func append(_ name: String, ratio: Double, reason: String?, _ columns: [String]) {
        let isMissed = ratio > Self.mostGrowth && reason == nil
        if isMissed { missed += 1 }
        let remark = isMissed ? "  MISSED" : reason.map { "  (\($0))" } ?? ""
        lines.append(Self.line(name, columns) + remark)
    }

    var text: String {
        var lines = lines
        if refused > 0 { lines.append("\(refused) answers had another status than expected") }
        let limit = Self.mostGrowth.text(places: 1)
        lines.append("\(missed == 0 ? "nothing grows" : "\(missed) grow") by more than \(limit)")
        return lines.joined(separator: "\n")
    }

    private static func line(_ name: String, _ columns: [String]) -> String {
        columns.reduce(name + String(repeating: " ", count: max(0, 48 - name.count))) { line, column in
            line + String(repeating: " ", count: max(1, 9 - column.count)) + column
        }
    }
}
