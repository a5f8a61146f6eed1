import Synchronization

/// The outcomes of many runs, and the table of them.
final class Results: Sendable {
    private struct Cell {
        var runs = 0
        var acknowledged = 0
        var refused: [Int: Int] = [:]
        var unanswered = 0
        var lost = 0
        var contradictory = 0
        var otherAnswers = 0

        mutating func add(_ outcome: Outcome) {
            runs += 1
            acknowledged += outcome.counts.acknowledged
            refused.merge(outcome.counts.refused, uniquingKeysWith: +)
            unanswered += outcome.counts.unanswered
            for finding in outcome.findings {
                if finding.hasPrefix("CONTRADICTION") {
                    contradictory += 1
                } else if finding.hasPrefix("STATUS") {
                    otherAnswers += 1
                } else {
                    lost += 1
                }
            }
        }

        mutating func add(_ other: Cell) {
            runs += other.runs
            acknowledged += other.acknowledged
            refused.merge(other.refused, uniquingKeysWith: +)
            unanswered += other.unanswered
            lost += other.lost
            contradictory += other.contradictory
            otherAnswers += other.otherAnswers
        }

        static let head = """
            | runs | acknowledged | refused | unanswered | lost | contradictory | wrong status |
            |---|---|---|---|---|---|---|
            """

        var text: String {
            let refused = refused.sorted { $0.key < $1.key }.map { status, count in
                "\(status < 100 ? "exit \(status)" : "\(status)"): \(count)"
            }.joined(separator: ", ")
            return
                "\(runs) | \(acknowledged) | \(refused) | \(unanswered) | \(lost) | \(contradictory) | \(otherAnswers) |"
        }
    }

    private struct State {
        var outcomes: [Outcome] = []
        /// Runs in which the fault found no call.
        var missed = 0
    }

    private let state = Mutex(State())

    func add(_ outcome: Outcome?) {
        state.withLock { state in
            if let outcome { state.outcomes.append(outcome) } else { state.missed += 1 }
        }
    }

    var count: Int { state.withLock { $0.outcomes.count } }
    var findings: [String] {
        state.withLock { $0.outcomes.flatMap { outcome in outcome.findings.map { "\($0) — \(outcome.summary)" } } }
    }

    /// All of it as Markdown.
    ///
    /// - Parameter possible: how many calls each fault could have struck in each scenario, and how many moments there are for a cut.
    func markdown(title: String, possible: [DiskFault: Int]) -> String {
        let (outcomes, missed) = state.withLock { ($0.outcomes, $0.missed) }
        var text = title + "\n\n## Each fault\n\n"
        text += "| fault | places | " + Cell.head.dropFirst(2).replacing("\n|", with: "\n|---|---|")
        var all = Cell()
        for fault in DiskFault.allCases {
            var cell = Cell()
            for outcome in outcomes where outcome.fault == fault { cell.add(outcome) }
            all.add(cell)
            text += "\n| \(fault.rawValue) | \(possible[fault] ?? 0) | \(cell.text)"
        }
        text += "\n| all | \(possible.values.reduce(0, +)) | \(all.text)\n\n"
        if missed > 0 {
            text += "In \(missed) further runs the fault found no call: the scenario had ended before.\n\n"
        }
        for fault in DiskFault.allCases {
            text += "## \(fault.rawValue)\n\n| step | " + Cell.head.dropFirst(2).replacing("\n|", with: "\n|---|")
            for step in Step.allCases {
                var cell = Cell()
                for outcome in outcomes where outcome.fault == fault && outcome.step == step { cell.add(outcome) }
                if cell.runs > 0 { text += "\n| \(step.name) | \(cell.text)" }
            }
            text += "\n\n"
        }
        let findings = findings
        text += "## What was found\n\n" + (findings.isEmpty ? "Nothing.\n" : "")
        for finding in findings.prefix(200) { text += "- \(finding.replacing("\n", with: " "))\n" }
        return text
    }
}
