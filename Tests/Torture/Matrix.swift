import Glibc
import RegistryTesting
import Synchronization

/// A row of the table: what the disk does.
enum DiskFault: String, CaseIterable, Sendable {
    case noSpaceOnce = "ENOSPC, once"
    case noSpaceForGood = "ENOSPC, from then on"
    case writeError = "EIO on a write"
    case syncError = "EIO on fsync"
    case shortWrite = "short write"
    case noDescriptor = "EMFILE on open"
    case interrupts = "EINTR, 60 calls"
    case killBefore = "kill before the call"
    case killAfter = "kill after the call"
    case powerCut = "power cut"
    case powerCutSome = "power cut, some unflushed data survives"

    /// What happens to the calls, and to how many; nil for a power cut, which is made afterwards from what was recorded.
    var plan: (fault: Fault, length: UInt64)? {
        switch self {
        case .noSpaceOnce: (.noSpace, 1)
        case .noSpaceForGood: (.noSpace, 1 << 40)
        case .writeError: (.writeError, 1)
        case .syncError: (.syncError, 1)
        case .shortWrite: (.shortWrite, 1)
        case .noDescriptor: (.noDescriptor, 1)
        case .interrupts: (.interrupt, 60)
        case .killBefore: (.killBefore, 1)
        case .killAfter: (.killAfter, 1)
        case .powerCut, .powerCutSome: nil
        }
    }

    /// The refusals that a client may get for it.
    var allowed: Set<Int> {
        switch self {
        // Once the disk of the ledger has failed it is read-only, which is a 503.
        case .noSpaceOnce, .noSpaceForGood: [507, 503]
        case .writeError, .syncError, .shortWrite, .noDescriptor, .interrupts: [500, 503]
        case .killBefore, .killAfter, .powerCut, .powerCutSome: []
        }
    }
}

/// One run: a fault at one call, or a power cut at one moment.
struct Outcome: Sendable {
    let fault: DiskFault
    let scenario: Scenario
    /// The number of the call in its step, or of the change, by which the run can be repeated.
    let number: UInt64
    let seed: UInt64
    /// What the server was at.
    let step: Step
    /// The call that was struck.
    let call: String
    let counts: Book.Counts
    let findings: [String]

    var summary: String {
        "\(fault.rawValue) at \(number) of \(step.name) in \(scenario.rawValue) (\(call); seed \(seed))"
    }
}

/// Runs scenarios on disks that fail.
struct Matrix: Sendable {
    /// The test itself could not do what it has to.
    struct Broken: Error { let reason: String }

    /// A scenario that ran on a good disk: what a fault can strike, and what a power cut can leave behind.
    struct Recording: Sendable {
        let scenario: Scenario
        let before: DiskImage.Snapshot
        let history: DiskHistory
        let book: Book
        /// Calls that each kind of fault could have struck, in each step.
        let calls: [Fault: [Step: UInt64]]
    }

    /// The folder of one run and what stands before it.
    private struct Stage {
        let folder: TemporaryFolder
        let layer: FaultLayer
        let book: Book
        let before: DiskImage.Snapshot

        var data: String { "\(layer.root)/data" }
    }

    private let library: String
    private let base: Base

    /// A folder that a server has filled and left in order.
    private struct Base: Sendable {
        let folder: TemporaryFolder
        let data: String
        let book: Book
    }

    /// Makes the layer, in `folder`, and the folder with which some scenarios begin.
    init(in folder: TemporaryFolder) async throws {
        library = try await FaultLayer.compile(into: folder)
        let own = TemporaryFolder()
        let layer = try FaultLayer(library: library, folder: own, root: "\(own.path)/root")
        let (book, data) = (Book(), "\(layer.root)/data")
        guard await Scenario.prepare(layer, data: data, book) else {
            throw Broken(reason: "a folder cannot be filled: \(book.findings) \(book.counts)")
        }
        base = Base(folder: own, data: data, book: book)
    }

    private func stage(_ scenario: Scenario) async throws -> Stage {
        let folder = TemporaryFolder()
        let layer = try FaultLayer(library: library, folder: folder, root: "\(folder.path)/root")
        if scenario.hasBase {
            let result = try await Program.run("/bin/cp", ["-a", base.data, "\(layer.root)/data"])
            guard result.status == 0 else { throw Broken(reason: result.text) }
        }
        return Stage(
            folder: folder, layer: layer, book: Book(after: scenario.hasBase ? base.book : nil),
            before: DiskImage.Snapshot(of: layer.root))
    }

    // MARK: - On a good disk

    /// Runs a scenario without a fault.
    func record(_ scenario: Scenario) async throws -> Recording {
        let stage = try await stage(scenario)
        let server = await scenario.run(stage.layer, data: stage.data, stage.book, allowed: [])
        await server?.kill()
        guard server != nil, stage.book.findings == [], !stage.book.hasFailures || scenario == .collection else {
            throw Broken(reason: "\(scenario) fails on a good disk: \(stage.book.findings) \(stage.book.counts)")
        }
        let faults = DiskFault.allCases.compactMap { $0.plan?.fault }
        let calls = Dictionary(faults.map { ($0, stage.layer.counts(for: $0)) }) { first, _ in first }
        return Recording(
            scenario: scenario, before: stage.before,
            history: DiskHistory(reading: DiskImage.bytes(of: stage.layer.log)),
            book: stage.book, calls: calls)
    }

    // MARK: - Faults

    /// Runs a scenario with a fault at one call. The program is then killed, started on the same disk, which is good again, and
    /// killed once more; and at last the power is cut.
    func run(
        _ fault: DiskFault, at number: UInt64, of step: Step, in scenario: Scenario, seed: UInt64
    ) async throws -> Outcome? {
        guard let plan = fault.plan else { return nil }
        let stage = try await stage(scenario)
        let (layer, book) = (stage.layer, stage.book)
        layer.arm(plan.fault, at: number, of: step, length: plan.length)
        let server = await scenario.run(layer, data: stage.data, book, allowed: fault.allowed)
        await server?.kill()
        layer.disarm()
        guard layer.fired > 0 else { return nil }
        let (call, counts) = (layer.struck, book.counts)
        var findings = await Aftermath.inspect(
            stage.data, book, cut: .max, isPowerCut: false, layer: layer, seed: 700)
        findings += book.findings
        findings += await Aftermath.verify(stage.data).map { "\($0) (killed)" }
        let history = DiskHistory(reading: DiskImage.bytes(of: layer.log))
        var random = SeededNumbers(seed &+ number)
        let end = history.entries.count
        // At the end, and once on the way there.
        for moment in [Int.random(in: 0...end, using: &random), end] {
            let image = DiskImage(stage.before)
            for entry in history.entries[..<moment] { image.apply(entry) }
            let disk = TemporaryFolder()
            // Every other time something has survived that was not flushed.
            image.write(to: "\(disk.path)/disk", some: number.isMultiple(of: 2) ? random.next() : nil)
            let cut = moment == 0 ? 0 : history.entries[moment - 1].sequence
            findings += await Aftermath.inspect(
                "\(disk.path)/disk/data", book, cut: cut, isPowerCut: true, layer: nil, seed: 701
            ).map { "\($0) (then the power was cut, at \(moment) of \(end))" }
        }
        return Outcome(
            fault: fault, scenario: scenario, number: number, seed: seed, step: step, call: call, counts: counts,
            findings: findings)
    }

    // MARK: - Power cuts

    /// Cuts the power at chosen moments of a recorded scenario, which are indices of its history, in order.
    ///
    /// - Parameters:
    ///   - fault: whether something survives that was not flushed.
    ///   - lies: files whose flushes do nothing, to see that this is found.
    func cut(
        _ recording: Recording, at moments: [Int], _ fault: DiskFault, seed: UInt64,
        lies: @escaping (String) -> Bool = { _ in false }, each: (Outcome) -> Bool
    ) async {
        let image = DiskImage(recording.before, lies: lies)
        var position = 0
        for moment in moments.sorted() {
            let entries = recording.history.entries
            while position < moment {
                image.apply(entries[position])
                position += 1
            }
            let last = position > 0 ? entries[position - 1] : nil
            let folder = TemporaryFolder()
            image.write(to: "\(folder.path)/disk", some: fault == .powerCutSome ? seed &+ UInt64(moment) : nil)
            let cut = last?.sequence ?? 0
            let findings = await Aftermath.inspect(
                "\(folder.path)/disk/data", recording.book, cut: cut, isPowerCut: true, layer: nil, seed: 702)
            let outcome = Outcome(
                fault: fault, scenario: recording.scenario, number: UInt64(moment), seed: seed,
                step: moment < entries.count ? entries[moment].step : last?.step ?? .start,
                call: "", counts: recording.book.acknowledged(at: cut), findings: findings)
            guard each(outcome) else { return }
        }
    }
}
