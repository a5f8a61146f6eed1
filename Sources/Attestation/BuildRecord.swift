package import OCI

/// How something was built, in the words of this registry: what every dialect of provenance is brought to.
///
/// Every member is a claim of whoever wrote the record. Whether to believe it is a matter of who signed.
package struct BuildRecord: Equatable, Sendable {
    /// Who built it: a URI that stands for the build platform.
    package var builder: String?
    /// When the build began.
    package var startedOn: Timestamp?
    /// When the build was complete.
    package var finishedOn: Timestamp?
    /// The commit that was built.
    package var revision: Revision?
    /// Where the source code comes from, without credentials.
    package var source: String?
    /// What was built; never empty.
    package var subjects: [Statement.Subject]
    /// Labels the builder gave to the result.
    package var labels: [String: String] = [:]
    /// The digests of the build's configuration.
    package var config: DigestSet?
    /// The digests of the file that pins the dependencies.
    package var lockfile: DigestSet?
    /// What the build ran in and on, by names that the builder chooses.
    package var environment: [String: String] = [:]
    /// The run of the builder: a URL or some other name that the builder understands.
    package var invocation: String?
    /// What the build used.
    package var dependencies: [Dependency] = []
    /// What the record says that could not be taken as it stands.
    package var remarks: [Remark] = []

    /// A record that says nothing yet.
    init(subjects: [Statement.Subject]) {
        self.subjects = subjects
    }

    /// The media type of a record in plain JSON; see `init(parsingPlain:now:)`.
    package static let mediaType = MediaType(rawValue: "application/vnd.waybill.build-record.v1+json")

    /// The images that the build used, base images among them.
    package var images: [ImageReference] { dependencies.compactMap(\.image) }

    /// The invocation, when it is one that a browser may be sent to.
    package var invocationURL: String? { invocation.flatMap { $0.isWebURL ? $0 : nil } }
}

extension BuildRecord {
    /// Bounds on what a record may hold. What a signed statement says beyond them is left out and remarked, because
    /// its signer cannot shorten it; a plain record is refused.
    package enum Limits {
        /// Bytes of one text: an identifier, a URI or a name.
        package static let text = 4096
        /// Bytes of all labels or of the whole environment, keys and values. They are served with each answer.
        package static let labels = 64 * 1024
        /// Dependencies; a build that pins every package of a distribution has some thousands.
        package static let dependencies = 10_000
    }

    /// Something that a record says and that was left out, or taken with a doubt.
    package enum Remark: Hashable, Sendable {
        /// What stands there is no RFC 3339 timestamp.
        case malformedTimestamp(member: String)
        /// The timestamp is in the future, or before there were builders.
        case absurdTimestamp(member: String)
        /// The build was complete before it began.
        case finishedBeforeStarted
        /// Several repositories were used and nothing says which of them was built.
        case ambiguousRevision
        /// The labels are too many or too long, and all are left out.
        case labelsLeftOut
        /// The dependencies after the limit are left out.
        case dependenciesLeftOut
    }
}

/// The commit that was built.
package struct Revision: Hashable, Sendable {
    /// How it is known.
    package enum Evidence: String, Sendable {
        /// The builder fetched the commit itself.
        case resolved
        /// The author of the record says so.
        case stated
        /// The builder passes on what its client said and did not check (BuildKit, slsa-definitions.md, `vcs`).
        case hint
    }

    /// The commit's hash, SHA-1 or SHA-256, in lower case.
    package let commit: String
    /// How it is known.
    package let evidence: Evidence
    /// Whether what was built differs from the commit, as far as the author says.
    package let isDirty: Bool

    /// A commit from its hash; `nil` unless it is one.
    init?(commit: String, evidence: Evidence, isDirty: Bool = false) {
        guard commit.isGitHash else { return nil }
        self.commit = commit
        self.evidence = evidence
        self.isDirty = isDirty
    }

    /// What buildx writes into `vcs.revision`: the hash, with `-dirty` when the working tree had changes.
    init?(hint text: String) {
        let suffix = "-dirty"
        let isDirty = text.utf8.reversed().starts(with: suffix.utf8.reversed())
        let commit = isDirty ? String(decoding: text.utf8.dropLast(suffix.utf8.count), as: UTF8.self) : text
        self.init(commit: commit, evidence: .hint, isDirty: isDirty)
    }
}

extension Revision: CustomStringConvertible {
    /// The commit as leaves and queries write it.
    package var description: String { "gitCommit:\(commit)" }
}

extension BuildRecord {
    /// The record as answers show it: the members of the plain form, and what only provenance has.
    package var json: JSONValue {
        var object: JSONObject = ["subjects": .array(subjects.flatMap(\.digests.digests).map { "\($0)" })]
        if let builder { object["builder"] = .string(builder) }
        if let startedOn { object["startedOn"] = "\(startedOn)" }
        if let finishedOn { object["finishedOn"] = "\(finishedOn)" }
        if let revision { object["revision"] = revision.json }
        if let source { object["source"] = .string(source) }
        if !labels.isEmpty { object["labels"] = .object(JSONObject(sorting: labels)) }
        if let config { object["config"] = config.json }
        if let lockfile { object["lockfile"] = lockfile.json }
        if !environment.isEmpty { object["environment"] = .object(JSONObject(sorting: environment)) }
        if let invocation { object["invocation"] = .string(invocation) }
        if !dependencies.isEmpty { object["dependencies"] = .array(dependencies.map(\.json)) }
        if let revision, revision.evidence != .stated {
            object["revisionEvidence"] = .string(revision.evidence.rawValue)
        }
        if let revision, revision.isDirty { object["dirty"] = true }

        if !remarks.isEmpty { object["remarks"] = .array(remarks.map { "\($0)" }) }
        return .object(object)
    }
}

extension Revision {
    fileprivate var json: JSONValue { ["gitCommit": .string(commit)] }
}

extension Dependency {
    fileprivate var json: JSONValue {
        var object: JSONObject = ["uri": .string(uri)]
        if let name { object["name"] = .string(name) }
        if let digests { object["digest"] = digests.json }
        return .object(object)
    }
}

extension BuildRecord.Remark: CustomStringConvertible {
    /// One sentence, safe to show.
    package var description: String {
        switch self {
        case .malformedTimestamp(let member): "\(member) is not an RFC 3339 timestamp"
        case .absurdTimestamp(let member): "\(member) is in the future or before the year 2000"
        case .finishedBeforeStarted: "the build was complete before it began"
        case .ambiguousRevision: "several repositories were used, and nothing says which was built"
        case .labelsLeftOut: "the labels are larger than \(BuildRecord.Limits.labels) bytes and were left out"
        case .dependenciesLeftOut: "dependencies after the first \(BuildRecord.Limits.dependencies) were left out"
        }
    }
}

extension String {
    /// Whether it is an address of the web, in printable ASCII, and nothing that a browser would run.
    var isWebURL: Bool {
        (utf8.starts(with: "https://".utf8) || utf8.starts(with: "http://".utf8))
            && utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }
}

extension [String: String] {
    /// Bytes of all keys and values.
    var byteCount: Int { reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count } }
}
