import ArgumentParser
import Configuration
import Logging
import OCI
import RegistryCore

/// `waybill scrub`
struct ScrubCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scrub",
        abstract: "Compare every blob with its digest, and take what is damaged out of service.",
        discussion: """
            A running server does so by itself (scrub.interval), so this needs it to be stopped; `waybill verify` looks beside it. A \
            damaged blob leaves its repositories, each with a record, and its file goes to <data>/quarantine: pushing it again heals. \
            Goes on where the last one was interrupted. Ends with 1 when something was damaged.
            """)

    @OptionGroup var options: ConfigurationOptions

    @Flag(help: "Print the result as JSON.")
    var json = false

    func run() async throws {
        let settings = try options.settings()
        let store = try Store(settings)
        try store.requireWritable()
        try await store.recordKeys()
        let registry = Registry(
            blobs: store.blobs, ledger: store.ledger, readLanes: store.readLanes, limits: settings.registryLimits,
            logger: Logger(label: "waybill"))
        var rules = settings.scrubRules
        rules.rate = 0
        var progress = Progress("comparing blobs with their digests")
        let total = try await registry.blobCount()
        var damaged: [QuarantinedBlob] = []
        let compared = try await registry.scrub(rules) { done in
            progress.report(done, of: total)
        } report: { blob in
            damaged.append(blob)
            if !json { print(blob) }
        }
        await store.close()
        if json {
            let document: JSONObject = [
                "compared": .integer(Int64(compared)), "damaged": .array(damaged.map { .object($0.json) }),
            ]
            print(String(decoding: JSONValue.object(document).serialized(), as: UTF8.self))
        } else {
            print("\(compared) blobs compared, \(damaged.count) damaged")
        }
        if !damaged.isEmpty { throw ExitCode(ExitStatus.foundSomethingWrong.rawValue) }
    }
}

extension QuarantinedBlob: CustomStringConvertible {
    /// A sentence for people.
    public var description: String {
        "blob \(digest) \(fault): taken out of \(repositories.map(\.rawValue).joined(separator: ", "))"
    }

    fileprivate var json: JSONObject {
        [
            "digest": .string("\(digest)"), "fault": .string(fault),
            "repositories": .array(repositories.map { .string($0.rawValue) }),
        ]
    }
}
