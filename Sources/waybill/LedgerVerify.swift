import ArgumentParser
import Configuration
import OCI
import RegistryCore
import TransparencyLog

/// `waybill ledger verify`
struct LedgerVerify: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Recompute the whole log from its leaves, and name the first entry that was changed.",
        discussion: """
            Works beside a running server. Ends with 0 when everything is as it was written, with 1 and the entry when \
            something is not, and with 3 when the ledger cannot be read.
            """)

    @OptionGroup var options: ConfigurationOptions

    @Flag(help: "Print the result as JSON.")
    var json = false

    func run() throws {
        let settings = try options.settings()
        let archive = try LedgerArchive(of: settings)
        defer { archive.close() }
        // Read first: the server writes this file behind the database.
        let seen = try? CheckpointFile(folder: Store.keyFolder(settings.data)).read()
        var progress = Progress("checking records")
        let fault: LedgerFault?
        let contradiction: String?
        let last: SignedCheckpoint?
        do {
            fault = try archive.audit(files: { try BlobStore.read($0, size: Int($1), in: settings.data) }) {
                progress.report(Int($0), of: Int($1))
            }
            contradiction = try seen.flatMap { seen in try archive.read { try $0.contradiction(to: seen) } }
            last = fault == nil ? try archive.read { try $0.lastCheckpoint() } : nil
        } catch {
            throw Failure(.cannotStart, "cannot read the ledger in \(settings.data): \(error)")
        }
        let sentence = fault.map { "\($0)" } ?? contradiction
        print(json ? Self.json(fault, sentence, last) : sentence ?? Self.praise(last))
        if sentence != nil { throw ExitCode(ExitStatus.foundSomethingWrong.rawValue) }
    }

    private static func praise(_ last: SignedCheckpoint?) -> String {
        guard let last else { return "the log has not begun" }
        let (origin, size, root) = (last.checkpoint.origin, last.checkpoint.size, last.checkpoint.root)
        return "the log \(origin) is as it was written: \(size) records, root \(root)"
    }

    private static func json(_ fault: LedgerFault?, _ sentence: String?, _ last: SignedCheckpoint?) -> String {
        var result: JSONObject = ["ok": .bool(sentence == nil)]
        result["fault"] = sentence.map { .string($0) }
        if case .record(let id)? = fault?.place { result["record"] = .integer(id) }
        if let checkpoint = last?.checkpoint {
            result["origin"] = .string(checkpoint.origin)
            result["size"] = .integer(checkpoint.size)
            result["root"] = .string("\(checkpoint.root)")
        }
        return String(decoding: JSONValue.object(result).serialized(), as: UTF8.self)
    }
}
