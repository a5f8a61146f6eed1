import Configuration

/// What loading `yaml` as `waybill.yaml` says: the problems, one line each; none when it succeeds.
func problems(
    _ yaml: String, environment: [String: String] = [:], flags: Flags = Flags()
) -> [String] {
    problems(bytes: Array(yaml.utf8), environment: environment, flags: flags)
}

/// The same for bytes that need not be a text.
func problems(bytes: [UInt8], environment: [String: String] = [:], flags: Flags = Flags()) -> [String] {
    switch SettingsLoader.load(contents: bytes, named: "waybill.yaml", environment: environment, flags: flags) {
    case .success: []
    case .failure(let errors): errors.problems.map(\.description)
    }
}

/// The settings that `yaml` stands for.
func settings(
    _ yaml: String = "", environment: [String: String] = [:], flags: Flags = Flags()
) throws -> Settings {
    try SettingsLoader.load(contents: Array(yaml.utf8), named: "waybill.yaml", environment: environment, flags: flags)
        .get()
}
