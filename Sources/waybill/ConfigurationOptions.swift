import ArgumentParser
import Configuration
import Glibc

/// The options that decide the settings, the same for every command that needs them.
struct ConfigurationOptions: ParsableArguments {
    @Option(help: "The configuration file; see config/waybill.yaml. Without one, the defaults hold.")
    var config: String?

    @Option(help: "Where to listen, HOST:PORT; may be given several times. (default: 127.0.0.1:5000)")
    var listen: [String] = []

    @Option(help: "The folder that holds everything. (default: ./data)")
    var data: String?

    @Flag(help: "Let anybody who can reach a listening address read and write.")
    var insecureAllowAnonymous = false

    /// The settings that hold, or all that is wrong with them.
    func settings() throws -> Settings {
        let flags = Flags(
            listen: listen, data: data, insecureAllowAnonymous: insecureAllowAnonymous ? true : nil)
        switch SettingsLoader.load(file: config, environment: Self.environment, flags: flags) {
        case .success(let settings): return settings
        case .failure(let errors): throw Failure(.cannotStart, "\(errors)")
        }
    }

    private static var environment: [String: String] {
        var variables: [String: String] = [:]
        var next = environ
        while let entry = next.pointee {
            let parts = String(cString: entry).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { variables[String(parts[0])] = String(parts[1]) }
            next += 1
        }
        return variables
    }
}
