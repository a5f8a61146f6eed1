import Glibc
import RegistryTesting
import Testing

/// The crash matrix: the built program on a disk that fails, and what is left of its promises. `make torture` runs all of it.
@Suite(.serialized, .timeLimit(.minutes(120))) struct `A server on a failing disk` {
    private let folder = TemporaryFolder()
    private let seed: UInt64

    init() {
        let wanted = getenv("WAYBILL_TEST_SEED").flatMap { UInt64(String(cString: $0)) }
        seed = wanted ?? 20_261_128
    }

    @Test(arguments: Scenario.allCases)
    func `keeps its promises through a power cut`(_ scenario: Scenario) async throws {
        let matrix = try await Matrix(in: folder)
        let recording = try await matrix.record(scenario)
        var random = SeededNumbers(seed)
        let cuts = recording.history.cuts.shuffled(using: &random)
        let count = scenario == .life ? 8 : 4
        for fault in [DiskFault.powerCut, .powerCutSome] {
            let moments = Array(cuts.prefix(count)) + [recording.history.entries.count]
            await matrix.cut(recording, at: moments, fault, seed: seed) { outcome in
                #expect(outcome.findings == [], "\(outcome.summary)")
                return true
            }
        }
    }

    @Test(arguments: DiskFault.allCases.filter { $0.plan != nil })
    func `keeps its promises through a fault`(_ fault: DiskFault) async throws {
        let matrix = try await Matrix(in: folder)
        var random = SeededNumbers(seed)
        for scenario in Scenario.allCases {
            let recording = try await matrix.record(scenario)
            guard let plan = fault.plan, let calls = recording.calls[plan.fault] else { continue }
            let steps = calls.keys.sorted { $0.rawValue < $1.rawValue }.shuffled(using: &random)
            for step in steps.prefix(scenario == .life ? 2 : 1) {
                let number = UInt64.random(in: 1...(calls[step] ?? 1), using: &random)
                let outcome = try await matrix.run(fault, at: number, of: step, in: scenario, seed: seed)
                #expect(outcome?.findings ?? [] == [], "\(outcome?.summary ?? "")")
            }
        }
    }

    /// Most of these once lost what was acknowledged afterwards.
    @Test(arguments: [
        ("/uploads/", Step.commit), ("waybill.db-wal", .tagMove), ("waybill.db-wal", .restart), ("data/keys", .start),
        ("data/waybill.db", .stop),
    ])
    func `keeps its promises when a flush fails`(_ path: String, _ step: Step) async throws {
        let matrix = try await Matrix(in: folder)
        let flushes = try await matrix.record(.life).history.flushes.filter { $0.step == step }
        let index = try #require(
            flushes.firstIndex { $0.path.hasSuffix(path) || path.hasSuffix("/") && $0.path.contains(path) })
        let outcome = try await matrix.run(.syncError, at: UInt64(index + 1), of: step, in: .life, seed: seed)
        #expect(outcome?.call.contains(path) == true && outcome?.findings == [], "\(String(describing: outcome))")
    }

    /// Among these is the open with which SQLite makes the name of its log durable, and of whose failure it says nothing.
    @Test(arguments: 15...20)
    func `keeps its promises when it can open nothing more while it starts`(_ number: Int) async throws {
        let matrix = try await Matrix(in: folder)
        let outcome = try await matrix.run(.noDescriptor, at: UInt64(number), of: .start, in: .life, seed: seed)
        #expect(outcome?.findings ?? [] == [], "\(outcome?.summary ?? "")")
    }

    @Test(arguments: ["-wal", "uploads/"])
    func `is caught when its flushes do nothing`(_ kind: String) async throws {
        let matrix = try await Matrix(in: folder)
        let recording = try await matrix.record(.life)
        var found: [String] = []
        await matrix.cut(
            recording, at: [recording.history.entries.count], .powerCut, seed: seed, lies: { $0.contains(kind) }
        ) { outcome in
            found += outcome.findings
            return true
        }
        #expect(found.contains { $0.hasPrefix("LOST") }, "\(found)")
    }

    /// The file that the table goes to; nil when this is not `make torture`.
    private static let table = getenv("WAYBILL_TORTURE").map { String(cString: $0) }

    @Test(.enabled(if: table != nil, "make torture"))
    func `keeps its promises at every call`() async throws {
        let (results, text) = try await Torture(seed: seed).run(in: folder)
        guard let table = Self.table else { return }
        let file = fopen(table, "w")
        #expect(fputs(text, file) >= 0)
        fclose(file)
        #expect(results.findings == [])
    }
}
