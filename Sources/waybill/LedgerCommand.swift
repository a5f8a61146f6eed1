import ArgumentParser
import Configuration
import RegistryCore
import TransparencyLog

/// `waybill ledger`
struct LedgerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ledger",
        abstract: "Check the ledger, change its keys, erase what is personal in it.",
        subcommands: [LedgerVerify.self, ShowKey.self, RotateKey.self, RetireKey.self, Erase.self])
}

extension LedgerArchive {
    /// Opens the ledger of a data folder for reading, also beside a server.
    convenience init(of settings: Settings) throws {
        do { try self.init(path: Store.database(settings.data)) } catch {
            throw Failure(.cannotStart, "cannot read the ledger in \(settings.data): \(error)")
        }
    }
}
