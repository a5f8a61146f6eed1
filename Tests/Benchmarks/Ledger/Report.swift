import BenchmarkLoad
import Glibc
import OCI

/// The figures, with what is wanted of them.
struct Report {
    private struct Row {
        let name: String
        var connections: Int?
        /// A second.
        var rate: Double?
        /// In milliseconds.
        var median: Double?
        var p99: Double?
        /// Processor time for each, in microseconds.
        var cost: Double?
        var wanted: String?
        var isMet: Bool?
    }

    private var rows: [Row] = []
    private var refused = 0
    var records = 0
    var databaseBytes: Int64 = 0
    var startUp = Duration.zero
    var residentKiB: Int64 = 0
    /// How the server ended.
    var status: Int32 = 0

    // MARK: - Figures

    mutating func append(_ filling: LedgerStore.Filling) {
        guard filling.written > 0 else { return }
        let rate = Double(filling.written) / filling.time.seconds
        let cost = filling.processorTime / Double(filling.written) * 1e6
        rows.append(
            Row(name: "append, 512 at a time", rate: rate, cost: cost, wanted: "≥ 2000/s", isMet: rate >= 2000))
        rows.append(Row(name: "append, slowest ten seconds", rate: filling.slowest))
    }

    mutating func append(_ proofs: Latencies) {
        let times = proofs.percentiles(0.5, 0.99)
        rows.append(
            Row(name: "proof without HTTP", median: times[0], p99: times[1], wanted: "< 2 ms", isMet: times[1] < 2))
    }

    mutating func append(
        _ name: String, _ load: Load, connections: Int, p99Limit: Double? = nil, leastRate: Double? = nil
    ) {
        let times = load.latencies.percentiles(0.5, 0.99)
        var row = Row(name: name, connections: connections, rate: load.rate, median: times[0], p99: times[1])
        row.cost = load.processorTime / Double(max(1, load.latencies.count)) * 1e6
        if let p99Limit { (row.wanted, row.isMet) = ("p99 < \(Int(p99Limit)) ms", times[1] < p99Limit) }
        if let leastRate { (row.wanted, row.isMet) = ("≥ \(Int(leastRate))/s", load.rate >= leastRate) }
        rows.append(row)
        refused += load.refused
    }

    private var allRows: [Row] {
        rows + [
            Row(
                name: "start-up, to the first 200", median: startUp.milliseconds, wanted: "< 1 s",
                isMet: startUp.seconds < 1)
        ]
    }

    // MARK: - Forms

    var text: String {
        var lines = [Self.line("", "connections", "rate/s", "p50 ms", "p99 ms", "CPU µs", "wanted")]
        for row in allRows {
            let wanted = row.wanted.map { "\($0)\(row.isMet == true ? "" : "  MISSED")" } ?? ""
            lines.append(
                Self.line(
                    row.name, row.connections.map { "\($0)" } ?? "", row.rate.map { "\(Int($0.rounded()))" } ?? "",
                    row.median?.text(places: 3) ?? "", row.p99?.text(places: 3) ?? "",
                    row.cost.map { "\(Int($0.rounded()))" } ?? "", wanted))
        }
        lines.append(
            "\(records) records in \(databaseBytes >> 20) MiB; the server had \(residentKiB >> 10) MiB in memory at the end"
        )
        lines.append("\(sysconf(Int32(_SC_NPROCESSORS_ONLN))) cores, load \(Self.load)")
        if refused > 0 { lines.append("\(refused) answers had another status than expected") }
        if status != 0 { lines.append("the server ended with \(status)") }
        return lines.joined(separator: "\n")
    }

    var json: JSONValue {
        [
            "records": .integer(Int64(records)), "databaseBytes": .integer(databaseBytes),
            "residentKiB": .integer(residentKiB), "load": .string(Self.load), "refused": .integer(Int64(refused)),
            "figures": .array(
                allRows.map { row in
                    var object: JSONObject = ["name": .string(row.name)]
                    object["connections"] = row.connections.map { .integer(Int64($0)) }
                    object["rate"] = Self.number(row.rate)
                    object["p50Milliseconds"] = Self.number(row.median)
                    object["p99Milliseconds"] = Self.number(row.p99)
                    object["processorMicroseconds"] = Self.number(row.cost)
                    object["wanted"] = row.wanted.map { .string($0) }
                    object["met"] = row.isMet.map { .bool($0) }
                    return .object(object)
                }),
        ]
    }

    private static func number(_ value: Double?) -> JSONValue? {
        value.flatMap { JSONNumber(($0 * 1000).rounded() / 1000) }.map { .number($0) }
    }

    private static func line(_ name: String, _ columns: String...) -> String {
        let widths = [11, 8, 9, 9, 8]
        var line = name + String(repeating: " ", count: max(0, 46 - name.count))
        for (column, width) in zip(columns, widths) {
            line += String(repeating: " ", count: max(1, width - column.count)) + column
        }
        return columns.last.map { $0.isEmpty ? line : "\(line)  \($0)" } ?? line
    }

    /// What the machine had to do in the last minute, with this.
    private static var load: String {
        var loads = [0.0, 0.0, 0.0]
        guard getloadavg(&loads, 3) == 3 else { return "unknown" }
        return String(Double(Int(loads[0] * 100)) / 100)
    }
}
