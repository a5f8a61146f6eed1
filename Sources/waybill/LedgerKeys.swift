import ArgumentParser
import Configuration
import RegistryCore
import TransparencyLog

/// `waybill ledger show-key`
struct ShowKey: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show-key",
        abstract: "Print the public keys of the log as a policy for auditors (c2sp.org/tlog-policy).",
        discussion: "Works beside a running server.")

    @OptionGroup var options: ConfigurationOptions

    func run() throws {
        let settings = try options.settings()
        let archive = try LedgerArchive(of: settings)
        defer { archive.close() }
        let keys: [LedgerReader.LogKey]
        do { keys = try archive.read { try $0.logKeys() } } catch {
            throw Failure(.cannotStart, "cannot read the ledger in \(settings.data): \(error)")
        }
        for key in keys {
            let end = key.retired.map { ", and not from size \($0) on" } ?? ""
            print("# signs from size \(key.added) on\(end):")
            print("\(key.retired == nil ? "" : "# ")log \(key.key)")
        }
        print("quorum none")
    }
}

/// `waybill ledger rotate-key`
struct RotateKey: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate-key",
        abstract: "Add a new key to the log; until the old one is retired, both sign.",
        discussion: """
            The server must be stopped. When witnesses and auditors know the new key, `waybill ledger retire-key` ends the \
            change.
            """)

    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        var store = try Store(try options.settings())
        let changes = try await store.changeKeys { keys in
            guard keys.count == 1, let key = keys.first else {
                throw Failure(
                    .foundSomethingWrong,
                    "\(keys.count) keys sign already: retire the older with waybill ledger retire-key first")
            }
            return [try LogKeyFile.makeKey(named: key.verifier.name), key]
        }
        await store.close()
        for change in changes { print(change) }
    }
}

/// `waybill ledger retire-key`
struct RetireKey: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retire-key",
        abstract: "Drop all keys of the log but the newest.",
        discussion: "The server must be stopped. The private keys that are dropped are deleted.")

    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        var store = try Store(try options.settings())
        let changes = try await store.changeKeys { keys in
            guard keys.count > 1 else {
                throw Failure(
                    .foundSomethingWrong, "only one key signs: add another with waybill ledger rotate-key first")
            }
            return Array(keys.prefix(1))
        }
        await store.close()
        for change in changes { print(change) }
    }
}
