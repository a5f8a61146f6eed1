import BenchmarkLoad
import OCI

/// What is written down of a run, in Markdown.
struct Report {
    let machine: Machine
    let memory: FreeMemory
    let sizes: Sizes
    let limits: (before: Limits, after: Limits)
    let rows: [Row]
    let tlsRows: [Row]

    /// Whether a server failed at what it should be able to do.
    var hasFailures: Bool { !failures.isEmpty }

    var text: String {
        """
        # Waybill beside docker-registry and nginx

        Written by `make bench\(sizes.name == "full" ? "" : "-quick")` at \(machine.date). \(machine.cores) cores (\(machine.processor)), \
        \(machine.memoryMiB) MiB of memory, Linux \(machine.kernel), data on \(machine.fileSystem).
        \(machine.programs.joined(separator: ", ")).

        A \(sizes.name) run: \(sizes.rounds) rounds of \(sizes.seconds.text) s for each server and workload. The rounds interleave \
        the servers (A B C, B C A, C A B), and the others are frozen while one is measured.
        \(failures.isEmpty ? "" : "\n**FAILED**: \(failures.joined(separator: "; ")).\n")
        ## How to read it

        - A ratio is of one round, so both sides had the same minute: the median, and the least and the most of the rounds. Above \
        1, Waybill is better, also where less is better. Where the range has 1 in it there is no result.
        - Everything stays on loopback, and the clients share the cores with the server. Where the client is the limit the rates \
        draw near to each other: then the processor time for an operation says more, and so it does when others use the machine.
        - What is read is in the page cache; no disk is measured there. The client counts what it receives and drops it.
        - docker-registry 2 is the peer: both answer a push when it is durable. It flushes each file, but no folder; Waybill \
        flushes both. nginx serves static files of the same paths and bytes: the limit, and not a competitor. It keeps no promise \
        but to send a file.
        - docker-registry 2 builds its table of routes anew for each request: 65 % of its processor time for a ping, when it was \
        looked at with perf (2.8.2 of Debian 12). So ratios to it in rows of small requests say much about that, and less about \
        Waybill; nginx is the better measure there.
        - n/a is what a server cannot do or answers wrongly; it is looked at before it is timed. Status and length of each \
        answer are checked, with wrk the status of each and the bytes of all, and a wrong one fails its row.
        - Before the run, \(memory.touched.text) GiB of free memory were written to once, at \(memory.first.text) MiB a second \
        (again: \(memory.again.text)). Where these differ much, the host gives memory only when it is used, and may take back what \
        is free: then rows that write much have that in them too, for each server alike.
        - Memory is the peak of what is resident (VmHWM), begun anew for each workload; for nginx the sum of its processes.
        - Others, among them the kernel's own threads, took \(foreign). A column says it for each row, at its worst: where it is \
        not near 0, the rates are those of a machine that was shared. Processor time suffers too: between two quick runs, one \
        nearly alone and one with others, it and its ratios differed by a sixth in the median and by half at most.

        ## Limits of the machine

        At the beginning, and at the end of the run.

        \(limitTable)

        ## Rates and times

        \(rateTable)

        ## Processor time and memory

        Milliseconds of the server for one operation (user and system, all its processes), and MiB at the peak.

        \(costTable)

        ## TLS beside plain HTTP

        The ratio is TLS to plain. Each new connection has a full handshake and one request. All of it is \
        HTTP/1.1, so that encryption is the only difference. Blobs are of \(Sizes.large >> 20) MiB, with curl.

        \(tlsTable)

        ## Not applicable

        \(reasons.isEmpty ? "Nothing." : reasons.joined(separator: "\n"))

        """
    }

    // MARK: - Tables

    private static let subject = ServerKind.waybill.rawValue
    private static let peer = ServerKind.dockerRegistry.rawValue
    private static let limit = ServerKind.nginx.rawValue
    private static let all = [subject, peer, limit]

    private var limitTable: String {
        let lines: [(String, KeyPath<Limits, Double>, String)] = [
            ("SHA-256 on one core", \.hashing, "MiB/s"), ("memory copy", \.copying, "MiB/s"),
            ("disk: write and fdatasync of 64 MiB", \.writing, "MiB/s"),
            ("disk: 4 KiB and fdatasync", \.flushes, "/s"),
            ("SQLite: durable commits of one row", \.singleCommits, "rows/s"),
            ("SQLite: durable commits of 64 rows", \.groupCommits, "rows/s"),
        ]
        return Self.table(
            ["", "unit", "before", "after"],
            lines.map { [$0, $2, limits.before[keyPath: $1].text, limits.after[keyPath: $1].text] })
    }

    private var rateTable: String {
        let head =
            ["workload", "unit"] + Self.all + ["against docker-registry", "against nginx", "others, cores"]
        return Self.table(
            head, rows.flatMap { row in row.workload.measures.indices.map { Self.rateLine(row, $0) } })
    }

    private static func rateLine(_ row: Row, _ index: Int) -> [String] {
        let measure = row.workload.measures[index]
        let unit = measure.isLessBetter ? "\(measure.unit), less is better" : measure.unit
        var line = [measure.name ?? row.workload.name, unit]
        line += all.map { text(row, $0) { $0.values[index] } }
        line += [peer, limit].map { ratio(row, index, to: $0) }
        return line + [foreign(row)]
    }

    private var costTable: String {
        var head = ["workload", "operation"] + Self.all.map { "\($0), ms" }
        head += ["docker-registry ÷ waybill", "nginx ÷ waybill"]
        return Self.table(head + Self.all.map { "\($0), MiB" }, rows.map(Self.costLine))
    }

    private static func costLine(_ row: Row) -> [String] {
        var line = [row.workload.name, row.workload.operation ?? "–"]
        line += all.map { text(row, $0, \.processorTime) }
        line += [peer, limit].map { other in
            text(Spread(ratios: row.processorTimes(other), to: row.processorTimes(subject)))
        }
        return line + all.map { row.peakMiB($0)?.text(places: 0) ?? "" }
    }

    private var tlsTable: String {
        Self.table(
            ["", "unit", "server", "TLS", "plain", "ratio", "ms for each, TLS", "plain", "others, cores"],
            tlsRows.flatMap { row in
                [Self.subject, Self.peer].map { server in
                    let tls = "\(server), TLS"
                    return [
                        row.workload.name, row.workload.measures[0].unit, server,
                        Self.text(row, tls) { $0.values[0] }, Self.text(row, server) { $0.values[0] },
                        Self.text(Spread(ratios: row.values(tls, 0), to: row.values(server, 0))),
                        Self.text(row, tls, \.processorTime), Self.text(row, server, \.processorTime),
                        Self.foreign(row),
                    ]
                }
            })
    }

    private static func table(_ head: [String], _ lines: [[String]]) -> String {
        let rule = head.indices.map { $0 == 0 ? "---" : "---:" }
        return ([head, rule] + lines).map { "| \($0.joined(separator: " | ")) |" }.joined(separator: "\n")
    }

    // MARK: - Cells

    /// The median of the rounds, or why there is none.
    private static func text(_ row: Row, _ server: String, _ value: (Measurement) -> Double?) -> String {
        switch row.cells[server] {
        case .measured(let measurements): Spread(measurements.compactMap(value))?.median.text ?? "–"
        case .notApplicable: "n/a"
        case .failed: "**FAILED**"
        case nil: ""
        }
    }

    private static func ratio(_ row: Row, _ measure: Int, to other: String) -> String {
        let (ours, theirs) = (row.values(subject, measure), row.values(other, measure))
        let isLessBetter = row.workload.measures[measure].isLessBetter
        return text(isLessBetter ? Spread(ratios: theirs, to: ours) : Spread(ratios: ours, to: theirs))
    }

    private static func text(_ ratio: Spread?) -> String {
        guard let ratio else { return "" }
        return "\(ratio.median.text(places: 2)) (\(ratio.least.text(places: 2))–\(ratio.most.text(places: 2)))"
    }

    // MARK: - Sentences

    private var failures: [String] {
        sentences { cell in if case .failed(let reason) = cell { reason } else { nil } }
    }

    private var reasons: [String] {
        sentences { cell in if case .notApplicable(let reason) = cell { reason } else { nil } }.map { "- \($0)." }
    }

    private func sentences(_ reason: (Cell) -> String?) -> [String] {
        (rows + tlsRows).flatMap { row in
            row.cells.sorted { $0.key < $1.key }.compactMap { server, cell in
                reason(cell).map { "\(row.workload.name): \(server): \($0)" }
            }
        }
    }

    private var foreign: String {
        let cores = (rows + tlsRows).flatMap(\.foreignCores).sorted()
        guard let spread = Spread(cores) else { return "nothing" }
        let most = cores[min(cores.count - 1, cores.count * 9 / 10)]
        return """
            \(spread.median.text(places: 2)) cores in the median of all measurements, \(most.text(places: 2)) in one of \
            ten or more, and \(spread.most.text(places: 2)) at most
            """
    }

    private static func foreign(_ row: Row) -> String { row.foreignCores.max()?.text(places: 2) ?? "" }
}

extension Double {
    /// Three digits that count, with the thousands apart.
    var text: String {
        switch magnitude {
        case 1000...: grouped
        case 100...: text(places: 0)
        case 10...: text(places: 1)
        case 1...: text(places: 2)
        default: text(places: 3)
        }
    }

    private var grouped: String {
        let digits = Array(text(places: 0))
        return String(
            digits.enumerated().flatMap { index, digit in
                index > 0 && (digits.count - index) % 3 == 0 ? [",", digit] : [digit]
            })
    }
}
