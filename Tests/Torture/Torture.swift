import Glibc
import RegistryTesting
import Synchronization

/// All of the matrix: every moment of a power cut that differs from the one before, and each other fault at as many calls as
/// there is time for, in an order that the seed decides.
struct Torture: Sendable {
    let seed: UInt64
    /// Seconds for the faults; the power cuts take as long as they take.
    let seconds: Int
    /// The most runs with faults.
    let runs: Int
    let workers: Int
    /// The faults that are wanted; all when it is empty.
    let only: String

    /// As the environment says.
    init(seed: UInt64) {
        func number(_ name: String, _ otherwise: Int) -> Int {
            getenv(name).flatMap { Int(String(cString: $0)) } ?? otherwise
        }
        self.seed = seed
        seconds = number("WAYBILL_TORTURE_SECONDS", 900)
        runs = number("WAYBILL_TORTURE_RUNS", 100_000)
        workers = number("WAYBILL_TORTURE_WORKERS", 2)
        only = getenv("WAYBILL_TORTURE_ONLY").map { String(cString: $0) } ?? ""
    }

    func run(in folder: TemporaryFolder) async throws -> (results: Results, text: String) {
        let start = ContinuousClock.now
        let (matrix, results) = (try await Matrix(in: folder), Results())
        var possible: [DiskFault: Int] = [:]
        var queue: [@Sendable () async throws -> Void] = []
        var faults: [Place] = []
        for scenario in Scenario.allCases {
            let recording = try await matrix.record(scenario)
            for fault in DiskFault.allCases where only.isEmpty || fault.rawValue.contains(only) {
                guard let plan = fault.plan else {
                    let cuts = recording.history.cuts
                    possible[fault, default: 0] += cuts.count
                    for part in stride(from: 0, to: cuts.count, by: 20) {
                        let moments = Array(cuts[part..<min(part + 20, cuts.count)])
                        queue.append { [seed] in
                            await matrix.cut(recording, at: moments, fault, seed: seed) { outcome in
                                results.add(outcome)
                                return true
                            }
                        }
                    }
                    continue
                }
                for (step, count) in (recording.calls[plan.fault] ?? [:]).sorted(by: {
                    $0.key.rawValue < $1.key.rawValue
                }) {
                    possible[fault, default: 0] += Int(count)
                    faults += (1...count).map { Place(fault: fault, scenario: scenario, step: step, number: $0) }
                }
            }
        }
        var random = SeededNumbers(seed)
        let chosen = Self.fairly(faults.shuffled(using: &random)).prefix(runs)
        let deadline = start + .seconds(seconds)
        for place in chosen {
            queue.append { [seed] in
                guard ContinuousClock.now < deadline else { return }
                let outcome = try await matrix.run(
                    place.fault, at: place.number, of: place.step, in: place.scenario, seed: seed)
                results.add(outcome)
            }
        }
        try await work(through: queue, results)
        let minutes = (ContinuousClock.now - start) / .seconds(60)
        let title = """
            # The crash matrix

            Written by `make torture`: the built program on a disk that fails, seed \(seed), \(results.count) runs in \
            \(Int(minutes.rounded())) minutes. "Places" are the calls that the fault could strike, or the moments at which a power \
            cut leaves something else than at the one before; there is a run for each moment, for each call that flushes or opens, and for as many of the others as there was time. \
            "Acknowledged" to "unanswered" count requests; "lost" is what was acknowledged and is not there, is not \
            what it was, or came back after it was deleted; "contradictory" is what `waybill ledger verify`, the check of every \
            invariant or a proof finds, or a server that does not start or takes nothing more; "wrong status" is a refusal other than \
            507 for a full disk and 500 or 503 for a broken one. After each fault but the power cut the program is killed, started on \
            the same disk and compared; killed, and the power cut; and compared again.
            """
        return (results, results.markdown(title: title, possible: possible))
    }

    /// Where a fault can strike.
    private struct Place: Sendable {
        let fault: DiskFault
        let scenario: Scenario
        let step: Step
        let number: UInt64
    }

    /// First every call that flushes or opens, which are few; then in turn one of each fault and step, so that an end of the time
    /// cuts all of them alike.
    private static func fairly(_ places: [Place]) -> [Place] {
        var seen: [String: Int] = [:]
        let ranked = places.map { place in
            let kind = "\(place.fault) \(place.scenario) \(place.step)"
            seen[kind, default: 0] += 1
            let isFew = place.fault == .syncError || place.fault == .noDescriptor
            return (rank: isFew ? 0 : seen[kind] ?? 0, place: place)
        }
        return ranked.enumerated().sorted { ($0.element.rank, $0.offset) < ($1.element.rank, $1.offset) }
            .map(\.element.place)
    }

    private func work(through queue: [@Sendable () async throws -> Void], _ results: Results) async throws {
        let next = Turn()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<workers {
                group.addTask { @Sendable in
                    while case let index = next.take(), index < queue.count {
                        try await queue[index]()
                        if index.isMultiple(of: 50) {
                            print("torture: \(results.count) runs, \(results.findings.count) findings")
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
    }
}

/// Numbers, each for one worker.
private final class Turn: Sendable {
    private let next = Mutex(0)

    func take() -> Int {
        next.withLock { next in
            defer { next += 1 }
            return next
        }
    }
}
