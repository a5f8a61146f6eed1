import OCI

/// What is written down about a push.
struct PushRecord: Sendable {
    /// Bytes of labels that a record repeats; the rest can be read in the manifest and its config.
    private static let labelBytes = 32 * 1024
    /// Layers and platform manifests that a record lists.
    private static let listedReferences = 512

    private let repository: RepositoryName
    private let digest: Digest
    private let tags: [Tag]
    private let size: Int
    private let manifest: Manifest
    private let labels: LabelSet
    private let image: ImageConfig?
    private let builder: (id: String, source: String)?

    init(
        _ push: ManifestPush, manifest: Manifest, digest: Digest, tags: [Tag], labels: LabelSet, image: ImageConfig?,
        actor: Actor
    ) {
        repository = push.repository
        size = push.content.count
        self.manifest = manifest
        self.digest = digest
        self.tags = tags
        self.labels = labels
        self.image = image
        // Until a build record says who built it, only who pushed it is known: a claim, and marked as one.
        builder = actor.principal.map { ($0, "principal") } ?? actor.userAgent.map { ($0, "user-agent") }
    }

    /// The record of the push itself.
    func draft(absent: Set<Digest>, previous: [(tag: Tag, digest: Digest)]) -> RecordDraft {
        var document: JSONObject = [
            "mediaType": .string(manifest.mediaType.rawValue),
            "size": .integer(Int64(size)),
            "tags": .array(tags.map { .string($0.rawValue) }),
        ]
        document["previous"] = .object(
            JSONObject(sorting: previous.reduce(into: [:]) { $0[$1.tag.rawValue] = "\($1.digest)" }))
        if let builder {
            document["builder"] = ["id": .string(builder.id), "claimed": true, "source": .string(builder.source)]
        }
        addLabels(to: &document)
        addContent(to: &document, absent: absent)
        return RecordDraft(
            kind: .push, repository: repository, digest: digest, builder: builder?.id, revision: labels.revision,
            labels: labels.labels, document: document)
    }

    /// The record of a tag that pointed at something else before this push.
    func tagMove(_ tag: Tag, from previous: Digest) -> RecordDraft {
        RecordDraft(
            kind: .tag, repository: repository, digest: digest, alsoAbout: [previous],
            document: ["tag": .string(tag.rawValue), "previous": .string("\(previous)")])
    }

    private func addLabels(to document: inout JSONObject) {
        document["revision"] = labels.revision.map { .string($0) }
        document["source"] = labels.source.map { .string($0) }
        document["created"] = (labels.created ?? image?.created).map { .string($0) }
        document["version"] = labels.version.map { .string($0) }
        if labels.baseName != nil || labels.baseDigest != nil {
            var base: JSONObject = [:]
            base["name"] = labels.baseName.map { .string($0) }
            base["digest"] = labels.baseDigest.map { .string("\($0)") }
            document["base"] = .object(base)
        }
        var kept: [String: String] = [:]
        var bytes = 0
        for (key, value) in labels.labels.sorted(by: { $0.key < $1.key }) {
            bytes += key.utf8.count + value.utf8.count
            guard bytes <= Self.labelBytes else { continue }
            kept[key] = value
        }
        document["labels"] = .object(JSONObject(sorting: kept))
        if kept.count < labels.labels.count {
            document["labelsOmitted"] = .integer(Int64(labels.labels.count - kept.count))
        }
        let conflicts = labels.conflicts.filter { kept[$0.key] != nil }.sorted { $0.key < $1.key }
        guard !conflicts.isEmpty else { return }
        var object: JSONObject = [:]
        for (key, values) in conflicts { object[key] = .object(JSONObject(sorting: values)) }
        document["labelsConflict"] = .object(object)
    }

    private func addContent(to document: inout JSONObject, absent: Set<Digest>) {
        document["artifactType"] = manifest.referrerArtifactType.map { .string($0) }
        document["subject"] = manifest.subject.map { .string("\($0.digest)") }
        document["config"] = manifest.config.map { .string("\($0.digest)") }
        document["platform"] = image.flatMap(\.platform).map(\.json)
        if manifest.kind == .index {
            document["manifests"] = .array(
                manifest.manifests.prefix(Self.listedReferences).map { Self.entry($0, absent: absent) })
        } else {
            document["layers"] = .array(
                manifest.layers.prefix(Self.listedReferences).map { Self.entry($0, absent: absent) })
        }
        let count = max(manifest.layers.count, manifest.manifests.count)
        if count > Self.listedReferences {
            document["referencesOmitted"] = .integer(Int64(count - Self.listedReferences))
        }
    }

    /// One layer or platform manifest: present here, foreign (the client fetches it from its URLs), or absent.
    private static func entry(_ descriptor: Descriptor, absent: Set<Digest>) -> JSONValue {
        var entry: JSONObject = [
            "digest": .string("\(descriptor.digest)"),
            "mediaType": .string(descriptor.mediaType.rawValue),
            "size": .integer(descriptor.size),
        ]
        let isAbsent = absent.contains(descriptor.digest)
        let state = !isAbsent ? "present" : descriptor.mediaType.isForeignLayer ? "foreign" : "absent"
        entry["state"] = .string(state)
        if !descriptor.urls.isEmpty { entry["urls"] = .array(descriptor.urls.map { .string($0) }) }
        entry["platform"] = descriptor.platform.map(\.json)
        return .object(entry)
    }
}

extension ImageConfig {
    /// The platform that the config says the image is for.
    fileprivate var platform: Platform? {
        guard let os, let architecture else { return nil }
        return Platform(
            architecture: architecture, os: os, osVersion: osVersion, osFeatures: osFeatures, variant: variant)
    }
}

extension Manifest {
    /// What is allowed and still likely to trouble those who pull it.
    var warnings: [String] {
        let windows = manifests.compactMap(\.platform).filter { $0.os == "windows" }
        var warnings: [String] = []
        if windows.contains(where: { $0.osVersion == nil }) {
            warnings.append("an entry for Windows has no os.version: hosts cannot tell which image fits them")
        }
        if Set(windows).count < windows.count {
            warnings.append("two entries for Windows have the same platform: hosts take whichever comes first")
        }
        return warnings
    }
}
