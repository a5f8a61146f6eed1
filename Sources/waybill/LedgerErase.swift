import ArgumentParser
import Configuration
import Logging
import RegistryCore

/// `waybill ledger erase`
struct Erase: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "erase",
        abstract: "Erase a personal field of a record, and print the leaf that says so.",
        discussion: """
            The server must be stopped. The leaf of the record stays and so do all proofs; without the salt, which is \
            erased too, nobody can tell what its hash was made of.
            """)

    @Argument(help: "The number of the record.")
    var record: Int64

    @Argument(help: "The field: principal, clientAddress or userAgent.")
    var field: PersonalField

    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        let settings = try options.settings()
        let store = try Store(settings)
        try store.requireWritable()
        try await store.recordKeys()
        let registry = Registry(
            blobs: store.blobs, ledger: store.ledger, readLanes: store.readLanes, logger: Logger(label: "waybill"))
        let redaction: Int64
        do { redaction = try await registry.erase(field, of: record, by: Actor()) } catch LogQueryError.unknownRecord {
            throw Failure(.foundSomethingWrong, "there is no record \(record)")
        } catch RegistryError.alreadyErased {
            throw Failure(.foundSomethingWrong, "record \(record) has no \(field.rawValue), or not any more")
        }
        let leaf = try store.ledger.read { try $0.entry(redaction) } ?? []
        await store.close()
        print("record \(redaction): \(String(decoding: leaf, as: UTF8.self))")
    }
}

extension PersonalField: ExpressibleByArgument {}
