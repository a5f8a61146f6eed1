import ArgumentParser
import Configuration
import Logging

/// `waybill check-config`
struct CheckConfig: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check-config",
        abstract: "Say which settings hold and where each comes from, or everything that is wrong with them.")

    @OptionGroup var options: ConfigurationOptions

    func run() throws {
        let settings: Settings
        do { settings = try options.settings() } catch let failure as Failure {
            throw Failure(.foundSomethingWrong, failure.message)
        }
        print(settings.rendered())
        // What the files say that it names, a server would find out only when it starts.
        let checks: [() throws -> Void] = [
            { _ = try settings.passwords() }, { _ = try settings.tlsServer() },
            { _ = try settings.trustedIssuers(logger: Logger(label: "waybill") { _ in SwiftLogNoOpLogHandler() }) },
        ]
        for check in checks {
            do { try check() } catch let failure as Failure { throw Failure(.foundSomethingWrong, failure.message) }
        }
        if let exposure = settings.anonymousExposure() { throw Failure(.foundSomethingWrong, exposure) }
    }
}
