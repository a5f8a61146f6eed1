import ArgumentParser
import BenchmarkLoad
import BenchmarkStore
import Glibc
import RegistryTesting

/// Fills a large and a small data folder alike, serves both with the built program, and compares what every way of reading costs.
///
/// Everything stays on loopback and in a temporary folder. Says on standard error what it does.
@main struct GrowthBenchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "growth-benchmark", abstract: "Compare what reading costs in a large store and in a small one.",
        discussion: """
            A store of a million records has 100,000 images in 10,000 repositories, and one repository with 100,000 tags. \
            What is judged is the processor time of the server for each request: the machine may be busy.
            """)

    @Option(help: "Records in the large store.") var records = 1_000_000
    @Option(help: "Records in the small store.") var few = 10_000
    @Option(help: "Turns of each store for each way of reading.") var rounds = 4
    @Option(help: "Milliseconds of each turn.") var milliseconds = 500
    @Option(help: "Only ways of reading whose name contains this.") var only: String?
    @Option(help: "A folder to use and keep; what an earlier run has put there is not written again.") var data: String?

    func validate() throws {
        guard few >= 10_000, records >= few else {
            throw ValidationError("the small store must have at least 10000 records, and the large one as many")
        }
        guard rounds >= 1, milliseconds >= 10 else { throw ValidationError("there must be something to measure") }
    }

    func run() async throws {
        let temporary = data == nil ? TemporaryFolder() : nil
        let folder = data ?? temporary?.path ?? ""
        mkdir(folder, 0o700)
        let companies = (small: Company(records: few), large: Company(records: records))
        let folders = (small: "\(folder)/\(few)-small", large: "\(folder)/\(records)-large")
        try await GrowthStore.fill(folders.small, for: companies.small)
        try await GrowthStore.fill(folders.large, for: companies.large)
        var table = Table()
        let small = try await Side(folders.small, of: companies.small)
        let large = try await Side(folders.large, of: companies.large)
        for (index, read) in small.reads.all.enumerated() where only.map(read.name.contains) ?? true {
            table.append(
                try Comparison.measure(index, small: small, large: large, rounds: rounds, .milliseconds(milliseconds)))
        }
        for side in [small, large] { await side.server.stop() }
        if only == nil { try await Self.startUp(folders, into: &table) }
        let sizes = [folders.small, folders.large].map { DataFolder.databaseBytes($0) >> 20 }
        print("\(few) records in \(sizes[0]) MiB, \(records) records in \(sizes[1]) MiB")
        print(table.text)
        withExtendedLifetime(temporary) {}
    }

    private static func startUp(_ folders: (small: String, large: String), into table: inout Table) async throws {
        announce("start")
        var times: (small: [Duration], large: [Duration]) = ([], [])
        for _ in 0..<5 {
            times.small.append(try await Side.startUp(folders.small))
            times.large.append(try await Side.startUp(folders.large))
        }
        table.append(startUp: times.small, times.large)
    }
}
