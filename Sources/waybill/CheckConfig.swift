import ArgumentParser
import Configuration

/// `waybill check-config`
struct CheckConfig: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say which settings hold and where each comes from, or everything that is wrong with them.")

    @OptionGroup var options: ConfigurationOptions

    func run() throws {
        let settings: Settings
        do { settings = try options.settings() } catch let failure as Failure {
            throw Failure(.foundSomethingWrong, failure.message)
        }
        print(settings.rendered())
        if let exposure = settings.anonymousExposure() { throw Failure(.foundSomethingWrong, exposure) }
    }
}
