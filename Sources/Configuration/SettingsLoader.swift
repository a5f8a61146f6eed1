/// What the command line says; each value that is not given is empty or nil.
package struct Flags: Sendable, Equatable {
    /// `--listen`, once for each address.
    package var listen: [String]
    /// `--data`.
    package var data: String?
    /// `--insecure-allow-anonymous`.
    package var insecureAllowAnonymous: Bool?

    /// The options that were given.
    package init(listen: [String] = [], data: String? = nil, insecureAllowAnonymous: Bool? = nil) {
        self.listen = listen
        self.data = data
        self.insecureAllowAnonymous = insecureAllowAnonymous
    }
}

/// Makes `Settings` of the defaults, a file, the environment and the command line; a later one wins.
package enum SettingsLoader {
    /// Loads the settings, or says everything that is wrong with what was given.
    ///
    /// - Parameter file: the path of the configuration file; nil for none.
    package static func load(
        file: String?, environment: [String: String], flags: Flags
    ) -> Result<Settings, SettingsErrors> {
        guard let file else { return load(contents: [], named: "", environment: environment, flags: flags) }
        do throws(ConfigurationFile.Failure) {
            let contents = try ConfigurationFile.read(file)
            return load(contents: contents, named: file, environment: environment, flags: flags)
        } catch {
            var loading = Loading()
            loading.problems = [SettingsProblem(place: .file(file, nil), sentence: error.sentence)]
            loading.read(environment)
            loading.read(flags)
            return loading.result
        }
    }

    /// Loads the settings from the bytes of a file that problems call `name`.
    package static func load(
        contents: [UInt8], named name: String, environment: [String: String] = [:], flags: Flags = Flags()
    ) -> Result<Settings, SettingsErrors> {
        var loading = Loading()
        loading.read(contents, named: name)
        loading.read(environment)
        loading.read(flags)
        return loading.result
    }
}

/// The settings while they are loaded.
private struct Loading {
    var settings = Settings()
    var problems: [SettingsProblem] = []
    /// Paths whose value is not what was asked for, so that nothing follows from it.
    private var refused: Set<String> = []

    mutating func read(_ contents: [UInt8], named name: String) {
        var report = Report(source: .file(name, nil))
        defer { problems += report.problems.sortedByPlace }
        guard let text = ConfigurationFile.text(contents, &report), let written = YAMLReader.read(text, &report) else {
            return
        }
        switch written.content {
        case .nothing, .refused: return
        case .section(let entries):
            let outcome = SectionDecoder(keys: Settings.keys).decode(entries, into: &settings, &report)
            for (path, position) in outcome.accepted { settings.origins.places[path] = report.place(position) }
            refused.formUnion(outcome.refused)
        case .scalar, .list:
            report.refuse(
                "is not a configuration", at: written.position, given: report.shown(written),
                accepted: "a section of keys")
        }
    }

    mutating func read(_ environment: [String: String]) {
        for (name, value) in environment.sorted(by: { $0.key < $1.key }) where Environment.isOurs(name, value) {
            var report = Report(source: .environment(name))
            if let key = Settings.keys.first(where: { $0.variable == name }) {
                if let written = Environment.written(value, key.form, &report) { set(key, written, &report) }
            } else {
                report.refuse(Environment.unknown(name), at: nil)
            }
            problems += report.problems
        }
    }

    mutating func read(_ flags: Flags) {
        let addresses = flags.listen.map(Written.init(untyped:))
        read("--listen", "listen", addresses.isEmpty ? nil : Written(.list(addresses)))
        read("--data", "data", flags.data.map(Written.init(untyped:)))
        read(
            "--insecure-allow-anonymous", "insecure_allow_anonymous",
            flags.insecureAllowAnonymous.map { Written(untyped: "\($0)") })
    }

    private mutating func read(_ flag: String, _ path: String, _ written: Written?) {
        guard let written, let key = Settings.keys.first(where: { $0.path == path }) else { return }
        var report = Report(source: .flag(flag))
        set(key, written, &report)
        problems += report.problems
    }

    private mutating func set(_ key: Key<Settings>, _ written: Written, _ report: inout Report) {
        if key.decode(written, as: key.path, into: &settings, &report) {
            settings.origins.places[key.path] = report.place(nil)
            refused.remove(key.path)
        } else {
            refused.insert(key.path)
        }
    }

    var result: Result<Settings, SettingsErrors> {
        let all = problems + settings.conflicts(besides: refused)
        return all.isEmpty ? .success(settings) : .failure(SettingsErrors(problems: all))
    }
}

extension [SettingsProblem] {
    /// In reading order; what concerns the whole file comes first.
    fileprivate var sortedByPlace: [SettingsProblem] {
        sorted { one, other in
            guard case .file(_, let first?) = one.place else { return true }
            guard case .file(_, let second?) = other.place else { return false }
            return first < second
        }
    }
}
