import OCI

extension BuildRecord {
    /// Brings a statement of SLSA provenance, in any dialect, to a record; `nil` when it is another kind of statement.
    ///
    /// Nothing that the predicate says can make this fail. What is missing or has another type than expected is
    /// absent from the record, as the parsing rules of in-toto and SLSA ask; what is absurd is absent and remarked.
    package init?(provenance statement: Statement, now: Timestamp) {
        guard statement.predicateFamily == .slsaProvenance else { return nil }
        let predicate = JSONValue.object(statement.predicate)
        let isV1 = predicate["buildDefinition"] != nil || predicate["runDetails"] != nil
        self.init(subjects: statement.subjects)
        take(isV1 ? Provenance(v1: predicate) : Provenance(v02: predicate), now: now)
    }

    private mutating func take(_ provenance: Provenance, now: Timestamp) {
        builder = provenance.builder
        invocation = provenance.invocation?.withoutCredentials
        environment = provenance.environment
        takeTimes(provenance, range: TimestampRange(now: now))
        takeDependencies(provenance.dependencies)
        takeSource(provenance)
        takeLabels(provenance.arguments)
    }

    private mutating func takeTimes(_ provenance: Provenance, range: TimestampRange) {
        startedOn = timestamp(provenance.startedOn, in: range)
        finishedOn = timestamp(provenance.finishedOn, in: range)
        if let startedOn, let finishedOn, finishedOn < startedOn { remarks.append(.finishedBeforeStarted) }
    }

    private mutating func timestamp(_ claim: Provenance.LenientTimestamp, in range: TimestampRange) -> Timestamp? {
        guard let text = claim.text else { return nil }
        guard let timestamp = Timestamp(parsing: text) else {
            remarks.append(.malformedTimestamp(member: claim.member))
            return nil
        }
        guard range.contains(timestamp) else {
            remarks.append(.absurdTimestamp(member: claim.member))
            return nil
        }
        return timestamp
    }

    private mutating func takeDependencies(_ claims: [JSONValue]) {
        dependencies = claims.prefix(Limits.dependencies).compactMap { Dependency(lenient: $0) }
        if claims.count > Limits.dependencies { remarks.append(.dependenciesLeftOut) }
    }

    /// The annotations of the subjects, which somebody wrote for this image, before the arguments of the build.
    private mutating func takeLabels(_ arguments: JSONObject) {
        let annotations = subjects.flatMap(\.annotations.members).map { ($0.key, $0.value.string) }
        let prefix = "label:"
        let labelArguments = arguments.members.filter { $0.key.utf8.starts(with: prefix.utf8) }.map {
            (String(decoding: $0.key.utf8.dropFirst(prefix.utf8.count), as: UTF8.self), $0.value.string)
        }
        var found: [String: String] = [:]
        for (key, value) in annotations + labelArguments where !key.isEmpty && found[key] == nil { found[key] = value }
        guard found.byteCount <= Limits.labels else { return remarks.append(.labelsLeftOut) }
        labels = found
    }
}

// Which of the repositories that a build used is the one that was built.
extension BuildRecord {
    private mutating func takeSource(_ provenance: Provenance) {
        switch provenance.dialect {
        case .buildKit: takeBuildKitSource(provenance)
        case .tekton: takeTektonSource(provenance)
        case .other: takeResolvedSource(provenance)
        }
    }

    /// The context, when it was a repository. Never a dependency, which is what a Dockerfile's `ADD` fetched. For a
    /// local context there is only what the client said about it.
    private mutating func takeBuildKitSource(_ provenance: Provenance) {
        if let context = provenance.configSource, let commit = context.commit {
            take(commit, .resolved, from: context.uri)
        } else {
            revision = provenance.hint.revision.flatMap { Revision(hint: $0) }
            source = provenance.hint.source?.withoutCredentials
        }
    }

    /// The repository that a task's result named; its commit is in the parameters too. `configSource` and the other
    /// dependencies are where the tasks and pipelines themselves come from.
    private mutating func takeTektonSource(_ provenance: Provenance) {
        let (url, commit) = provenance.chainsSource
        let own = dependencies.filter { $0.commit != nil && $0 != provenance.configSource }
        let inputs = own.filter { $0.name == "inputs/result" }
        let candidates = inputs.isEmpty ? own.filter { $0.name == nil } : inputs
        if let commit, let named = dependencies.first(where: { $0.commit == commit }) {
            take(named.commit, .resolved, from: named.uri)
        } else if commit != nil || url != nil {
            take(commit, .stated, from: url)
        } else {
            takeOnly(of: candidates)
        }
    }

    /// What the builder was pointed at, or the dependency that is the repository the client named, or the
    /// only one when the client named none.
    private mutating func takeResolvedSource(_ provenance: Provenance) {
        if let source = provenance.configSource, let commit = source.commit {
            return take(commit, .resolved, from: source.uri)
        }
        var candidates = dependencies.filter { $0.commit != nil }
        let named = provenance.repository ?? provenance.configSource?.uri ?? ""
        if !named.isEmpty {
            let repository = SourceURI(named).repository
            candidates = candidates.filter { SourceURI($0.uri).isRepository(repository) }
        }
        takeOnly(of: candidates)
        if source == nil && !named.isEmpty { source = named.withoutCredentials }
    }

    private mutating func takeOnly(of candidates: [Dependency]) {
        guard let first = candidates.first else { return }
        guard candidates.allSatisfy({ $0.commit == first.commit }) else { return remarks.append(.ambiguousRevision) }
        take(first.commit, .resolved, from: first.uri)
    }

    private mutating func take(_ commit: String?, _ evidence: Revision.Evidence, from uri: String?) {
        revision = commit.flatMap { Revision(commit: $0, evidence: evidence) }
        source = uri.flatMap { $0.isEmpty ? nil : $0.withoutCredentials }
    }
}
