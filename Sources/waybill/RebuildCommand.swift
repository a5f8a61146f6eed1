import ArgumentParser
import Configuration
import OCI
import RegistryCore

/// `waybill rebuild`
struct RebuildCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rebuild",
        abstract: "Derive anew from the records by what they are found.",
        discussion: """
            For a database in which `waybill verify` finds that record_digest, record_base, record_label or facet do not say what the \
            records do. First all records are compared with the log: when one is not as it was written, nothing is done. Changes no \
            record, leaf or checkpoint. Without --dry-run the server must be stopped. Ends with 1 when records are not as they were \
            written, and with --dry-run also when something differs.
            """)

    @OptionGroup var options: ConfigurationOptions

    @Flag(help: "Change nothing, and say what differs; also beside a running server.")
    var dryRun = false

    @Flag(help: "Print the result as JSON.")
    var json = false

    func run() async throws {
        let settings = try options.settings()
        let report: IndexReport
        do {
            report = try await dryRun ? Self.compare(settings) : Self.rebuild(settings)
        } catch let fault as LedgerFault {
            if json { print(Self.text(["ok": false, "fault": .string("\(fault)")])) }
            throw Failure(.foundSomethingWrong, "nothing was changed, since the ledger is damaged: \(fault)")
        } catch let failure as Failure {
            throw failure
        } catch {
            throw Failure(
                .cannotStart, "cannot \(dryRun ? "read" : "rebuild") the ledger in \(settings.data): \(error)")
        }
        if json { print(Self.text(report.json(isMended: !dryRun))) } else { show(report) }
        if dryRun, !report.isClean { throw ExitCode(ExitStatus.foundSomethingWrong.rawValue) }
    }

    private static func compare(_ settings: Settings) throws -> IndexReport {
        let archive = try LedgerArchive(of: settings)
        defer { archive.close() }
        var progress = RebuildProgress()
        return try archive.indexDifferences(files: files(settings)) { progress.report($0, $1, $2) }
    }

    private static func rebuild(_ settings: Settings) async throws -> IndexReport {
        // Everything is compared before anything is written.
        let store = try Store(settings, comparesNewest: false)
        try store.requireWritable()
        var progress = RebuildProgress()
        let result = Result {
            try store.ledger.rebuildIndex(files: files(settings)) { progress.report($0, $1, $2) }
        }
        await store.close()
        return try result.get()
    }

    private static func files(_ settings: Settings) -> (Digest, Int64) throws -> [UInt8] {
        { try BlobStore.read($0, size: Int($1), in: settings.data) }
    }

    private func show(_ report: IndexReport) {
        for sentence in report.sentences { print(sentence) }
        let verdict = report.isClean ? "nothing differs" : dryRun ? "nothing was changed" : "mended"
        print("\(report.records) records compared: \(verdict)")
        if report.incomplete > 0 {
            print("\(report.incomplete) records do not say all that they are found by: what they have was kept")
        }
    }

    private static func text(_ document: JSONObject) -> String {
        String(decoding: JSONValue.object(document).serialized(), as: UTF8.self)
    }
}

/// Tells on standard error how far a rebuild is.
private struct RebuildProgress {
    private var progress = Progress("checking records")

    mutating func report(_ step: RebuildStep, _ done: Int64, _ total: Int64) {
        if case .deriving = step { progress.step = "deriving" }
        progress.report(Int(done), of: Int(total))
    }
}

extension IndexReport {
    fileprivate func json(isMended: Bool) -> JSONObject {
        var tables: JSONObject = [:]
        for table in IndexTable.allCases {
            guard let difference = differences[table] else { continue }
            tables[table.rawValue] = [
                "missing": .integer(Int64(difference.missing)), "superfluous": .integer(Int64(difference.superfluous)),
            ]
        }
        return [
            "ok": .bool(isClean || isMended), "records": .integer(records), "incomplete": .integer(incomplete),
            "differences": .object(tables),
        ]
    }
}
