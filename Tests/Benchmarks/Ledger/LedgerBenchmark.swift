import ArgumentParser
import BenchmarkLoad
import BenchmarkStore
import OCI
import RegistryTesting

/// Fills a data folder with records, serves it with the built program, and prints how fast both are.
///
/// Everything stays on loopback and in a temporary folder. Says on standard error what it does.
@main struct LedgerBenchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ledger-benchmark", abstract: "Measure the ledger with many records in it.")

    @Option(help: "Records in the ledger before it is served.") var records = 1_000_000
    @Option(help: "Seconds of each kind of request.") var seconds = 5
    @Option(help: "Minutes after which filling stops, with as many records as there are by then.") var minutes = 20
    @Option(help: "A folder to use and keep; what an earlier run has put there is not written again.") var data: String?
    @Flag(help: "Print the figures as JSON.") var json = false

    func validate() throws {
        guard records >= 1000 else { throw ValidationError("there must be at least 1000 records") }
        guard seconds >= 1, minutes >= 1 else { throw ValidationError("times must be at least 1") }
    }

    func run() async throws {
        let temporary = data == nil ? TemporaryFolder() : nil
        let folder = data ?? temporary?.path ?? ""
        var report = Report()
        let documents = try Documents()
        let store = try LedgerStore(folder: folder, documents: documents)
        let filling = try await store.fill(upTo: records, deadline: .seconds(60 * minutes))
        report.append(filling)
        report.append(try store.proofs(among: filling.records))
        await store.close()
        DataFolder.readThrough(folder)
        report.databaseBytes = DataFolder.databaseBytes(folder)
        report.records = filling.records
        let serving = Serving(folder: folder, documents: documents, records: filling.records, seconds: seconds)
        try await serving.measure(into: &report)
        print(json ? String(decoding: report.json.serialized(), as: UTF8.self) : report.text)
        withExtendedLifetime(temporary) {}
    }
}
