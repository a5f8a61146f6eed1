import OCI

/// Where one dialect of SLSA provenance keeps the things that a build record is made of.
///
/// Two versions of the predicate, and what BuildKit, Tekton Chains and GitHub make of each, say the same things in
/// different places. A value of this type has looked in all of them and decided nothing.
struct Provenance {
    /// Which builder's habits the predicate follows; the build type tells.
    enum Dialect {
        case buildKit, tekton, other
    }

    let dialect: Dialect
    let builder: String?
    let startedOn: LenientTimestamp
    let finishedOn: LenientTimestamp
    let invocation: String?
    let dependencies: [JSONValue]
    /// What the builder was pointed at, with the digest of what it found there.
    let configSource: Dependency?
    /// The repository that the client named, in whatever spelling.
    let repository: String?
    /// The arguments of a BuildKit front end; labels among them.
    let arguments: JSONObject
    /// Tekton's parameters and results that name the source by convention (`CHAINS-GIT_URL`).
    let chainsSource: (url: String?, commit: String?)
    /// BuildKit's `vcs`, from the client and not checked.
    let hint: (source: String?, revision: String?)
    let environment: [String: String]

    /// A member by name, with the text that stands there: a record says which of the two it could not read.
    typealias LenientTimestamp = (member: String, text: String?)
}

/// SLSA provenance 1 (build-provenance.md; BuildKit, slsa-definitions.md, "SLSA v1").
extension Provenance {
    init(v1 predicate: JSONValue) {
        let definition = predicate["buildDefinition"]
        let external = definition?["externalParameters"]
        let metadata = predicate["runDetails"]?["metadata"]
        let vcs = metadata?["buildkit_metadata"]?["vcs"]
        dialect = Dialect(buildType: definition.text("buildType"))
        builder = predicate["runDetails"]?["builder"].text("id")
        startedOn = ("startedOn", metadata.text("startedOn"))
        finishedOn = ("finishedOn", metadata.text("finishedOn"))
        invocation = metadata.text("invocationId") ?? metadata.text("invocationID")
        dependencies = definition?["resolvedDependencies"]?.array ?? []
        configSource = Dependency(lenient: external?["configSource"]) ?? Dependency(lenient: external?["source"])
        repository =
            external?["workflow"].text("repository") ?? external.text("repository") ?? external.text("source")
            ?? external?["source"].text("uri")
        let request = external?["request"]
        arguments = (request?["args"] ?? request?["root"]?["request"]?["args"])?.object ?? [:]
        let parameters = Self.namedValues(external?["runSpec"]?["params"])
        chainsSource = (parameters["CHAINS-GIT_URL"], parameters["CHAINS-GIT_COMMIT"])
        hint = (vcs.text("source"), vcs.text("revision"))
        environment = Self.environment(definition?["internalParameters"])
    }

    private static func environment(_ internal: JSONValue?) -> [String: String] {
        var environment: [String: String] = [:]
        environment["platform"] = `internal`.text("builderPlatform")
        environment["event"] = `internal`?["github"].text("event_name")
        environment["runner"] = `internal`?["github"].text("runner_environment")
        return environment
    }

    /// `[{"name": …, "value": …}]`; a value that is not a string is left out.
    private static func namedValues(_ json: JSONValue?) -> [String: String] {
        var values: [String: String] = [:]
        for element in json?.array ?? [] {
            if let name = Optional(element).text("name") { values[name] = Optional(element).text("value") }
        }
        return values
    }
}

/// SLSA provenance 0.2 and before (BuildKit, slsa-definitions.md, "SLSA v0.2"; Tekton Chains calls it `slsa/v1`).
extension Provenance {
    init(v02 predicate: JSONValue) {
        let invocation = predicate["invocation"]
        let parameters = invocation?["parameters"]
        let metadata = predicate["metadata"]
        let vcs = metadata?["https://mobyproject.org/buildkit@v1#metadata"]?["vcs"]
        dialect = Dialect(buildType: Optional(predicate).text("buildType"))
        builder = predicate["builder"].text("id")
        startedOn = ("buildStartedOn", metadata.text("buildStartedOn"))
        finishedOn = ("buildFinishedOn", metadata.text("buildFinishedOn"))
        self.invocation = metadata.text("buildInvocationId") ?? metadata.text("buildInvocationID")
        dependencies = predicate["materials"]?.array ?? []
        configSource = Dependency(lenient: invocation?["configSource"])
        repository = nil
        arguments = (parameters?["args"] ?? parameters?["root"]?["request"]?["args"])?.object ?? [:]
        chainsSource = (parameters.text("CHAINS-GIT_URL"), parameters.text("CHAINS-GIT_COMMIT"))
        hint = (vcs.text("source"), vcs.text("revision"))
        environment = Self.environment(parameters: invocation?["environment"])
    }

    /// Only these: GitHub's generators also write who started the build, which is nobody's business here.
    private static func environment(parameters: JSONValue?) -> [String: String] {
        var environment: [String: String] = [:]
        environment["platform"] = parameters.text("platform")
        environment["architecture"] = parameters.text("arch")
        environment["os"] = parameters.text("os")
        environment["event"] = parameters.text("github_event_name")
        return environment
    }
}

extension Provenance.Dialect {
    fileprivate init(buildType: String?) {
        let type = (buildType ?? "").utf8
        let buildKit = ["https://github.com/moby/buildkit/", "https://mobyproject.org/buildkit@"]
        let tekton = ["tekton.dev/", "https://tekton.dev/", "https://chains.tekton.dev/"]
        if buildKit.contains(where: { type.starts(with: $0.utf8) }) {
            self = .buildKit
        } else if tekton.contains(where: { type.starts(with: $0.utf8) }) {
            self = .tekton
        } else {
            self = .other
        }
    }
}

extension Dependency {
    /// What is in order of a resource descriptor (in-toto, resource_descriptor.md); `nil` when it names nothing.
    init?(lenient json: JSONValue?) {
        let uri = json.text("uri") ?? ""
        let digests = DigestSet(lenient: json?["digest"])
        guard !uri.isEmpty || digests != nil else { return nil }
        self.init(name: json.text("name"), uri: uri, digests: digests)
    }
}

extension JSONValue? {
    /// The text of that member, if it is a text that says something and is of sensible length.
    ///
    /// Unset, null and empty are the same (build-provenance.md, "Parsing rules"), and what has another type is nothing
    /// we know how to read.
    func text(_ key: String) -> String? {
        guard let text = self?[key]?.string, (1...BuildRecord.Limits.text).contains(text.utf8.count) else { return nil }
        return text
    }
}
