import ArgumentParser
import Configuration
import OCI
import RegistryCore
import TraceView

/// `waybill verify`
struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Compare everything that is stored with what it should be, and name every fault.",
        discussion: """
            The catalogue with itself, the records with the log, every blob and manifest with its digest. Changes nothing, and works \
            beside a running server. Ends with 0 when all is well, with 1 when something is not, and with 3 when the data folder \
            cannot be read.
            """)

    @OptionGroup var options: ConfigurationOptions

    @Flag(help: "Print the result as JSON.")
    var json = false

    func run() async throws {
        let settings = try options.settings()
        let archive = try LedgerArchive(of: settings)
        defer { archive.close() }
        var progress = Progress("comparing blobs with their digests")
        var faults: [String] = []
        do {
            try await StoreVerification(in: archive, root: settings.data).run { done, total in
                progress.report(done, of: total)
            } report: { fault in
                faults.append(fault)
                if !json { print(fault.visible(limit: 1000)) }
            }
        } catch {
            throw Failure(.cannotStart, "cannot read \(settings.data): \(error)")
        }
        if json {
            let document: JSONObject = [
                "ok": .bool(faults.isEmpty), "faults": .array(faults.map { .string($0) }),
            ]
            print(String(decoding: JSONValue.object(document).serialized(), as: UTF8.self))
        } else if faults.isEmpty {
            print("everything is as it should be")
        }
        if !faults.isEmpty { throw ExitCode(ExitStatus.foundSomethingWrong.rawValue) }
    }
}
