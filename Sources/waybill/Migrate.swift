import ArgumentParser
import Configuration
import RegistryCore

/// `waybill migrate`
struct Migrate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Bring the database of a data folder up to date, without serving.",
        discussion: "`waybill serve` does the same when it starts.")

    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        let store = try Store(try options.settings())
        try await store.recordKeys()
        await store.close()
        print("the database is up to date")
    }
}
