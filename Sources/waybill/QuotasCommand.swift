import ArgumentParser
import Configuration
import OCI
import RegistryCore

/// `waybill quotas`
struct QuotasCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quotas",
        abstract: "Show how much of each quota is in use.",
        discussion: """
            Reads the data folder, also beside a running server, and shows the quotas that the last server was started with. Each \
            blob and manifest counts once for a quota, in however many of its repositories it is.
            """)

    @OptionGroup var options: ConfigurationOptions

    @Flag(help: "Print the result as JSON.")
    var json = false

    func run() async throws {
        let settings = try options.settings()
        let archive = try LedgerArchive(of: settings)
        defer { archive.close() }
        let quotas = try archive.read { try $0.quotas() }
        if json {
            let items = quotas.map { JSONValue.object($0.json) }
            print(String(decoding: JSONValue.object(["quotas": .array(items)]).serialized(), as: UTF8.self))
        } else if quotas.isEmpty {
            print("there are no quotas")
        } else {
            Table(["repositories", "bytes", "in use", ""], quotas.map(\.row)).print()
        }
    }
}

extension QuotaUsage {
    fileprivate var row: [String] {
        ["\(quota.match)", "\(quota.bytes)", "\(used)", "\(Int(100 * Double(used) / Double(quota.bytes))) %"]
    }

    fileprivate var json: JSONObject {
        ["match": .string("\(quota.match)"), "bytes": .integer(quota.bytes), "used": .integer(used)]
    }
}
