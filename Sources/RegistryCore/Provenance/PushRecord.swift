import Attestation
import OCI

/// What is written down about a push.
///
/// Everything here comes from what a client pushed, so every part has a bound, and what does not fit is left out whole and
/// counted: it can still be read in the manifest and its config.
struct PushRecord: Sendable {
    /// Bytes of a whole document, so that a record fits into a leaf of a log together with who was proved to push.
    private static let documentBytes = 54_000
    /// Bytes of one text such as a revision.
    private static let textBytes = 512
    /// Bytes of labels, and of what is said about conflicts between them.
    private static let labelBytes = 16 * 1024
    private static let conflictBytes = 4 * 1024
    /// Bytes of the list of layers or platform manifests.
    private static let referenceBytes = 12 * 1024

    private let repository: RepositoryName
    private let digest: Digest
    private let tags: [Tag]
    private let size: Int
    private let manifest: Manifest
    private let labels: LabelSet
    private let image: ImageConfig?

    init(
        _ push: ManifestPush, manifest: Manifest, digest: Digest, tags: [Tag], labels: LabelSet, image: ImageConfig?
    ) {
        repository = push.repository
        size = push.content.count
        self.manifest = manifest
        self.digest = digest
        self.tags = tags
        self.labels = labels
        self.image = image
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
        addFacts(to: &document)
        addLabels(to: &document)
        addReferences(to: &document, absent: absent)
        if JSONValue.object(document).serialized().count > Self.documentBytes {
            for name in ["layers", "manifests", "labels", "labelsConflict"] where document[name] != nil {
                document[name] = nil
                document["\(name)Omitted"] = true
            }
        }
        var draft = RecordDraft(kind: .push, repository: repository, digest: digest, document: document)
        draft.revision = Self.bounded(labels.revision)
        draft.source = Self.bounded(labels.source).map { SourceURI($0).repository }
        draft.labels = labels.labels
        draft.bases = [labels.baseDigest].compactMap(\.self)
        return draft
    }

    /// The record of a tag that pointed at something else before this push.
    func tagMove(_ tag: Tag, from previous: Digest) -> RecordDraft {
        var draft = RecordDraft(
            kind: .tag, repository: repository, digest: digest,
            document: ["tag": .string(tag.rawValue), "previous": .string("\(previous)")])
        draft.alsoAbout = [previous]
        return draft
    }

    private static func bounded(_ text: String?) -> String? {
        text.flatMap { $0.utf8.count <= textBytes ? $0 : nil }
    }

    private func addFacts(to document: inout JSONObject) {
        let facts = [
            ("revision", labels.revision), ("source", labels.source), ("created", labels.created ?? image?.created),
            ("version", labels.version), ("artifactType", manifest.referrerArtifactType),
        ]
        for (name, text) in facts { document[name] = Self.bounded(text).map { .string($0) } }
        document["subject"] = manifest.subject.map { .string("\($0.digest)") }
        document["config"] = manifest.config.map { .string("\($0.digest)") }
        let platform = image.flatMap(\.platform).map(\.json)
        document["platform"] = platform.flatMap { $0.serialized().count <= 2 * Self.textBytes ? $0 : nil }
        var base: JSONObject = [:]
        base["name"] = Self.bounded(labels.baseName).map { .string($0) }
        base["digest"] = labels.baseDigest.map { .string("\($0)") }
        if !base.members.isEmpty { document["base"] = .object(base) }
    }

    private func addLabels(to document: inout JSONObject) {
        var space = Self.labelBytes
        let kept = labels.labels.sorted { $0.key < $1.key }.filter { key, value in
            space -= key.utf8.count + value.utf8.count
            return space >= 0
        }
        document["labels"] = .object(JSONObject(sorting: Dictionary(uniqueKeysWithValues: kept)))
        let omitted = labels.labels.count - kept.count
        if omitted > 0 { document["labelsOmitted"] = .integer(Int64(omitted)) }
        guard !labels.conflicts.isEmpty else { return }
        var conflicts: JSONObject = [:]
        space = Self.conflictBytes
        for (key, values) in labels.conflicts.sorted(by: { $0.key < $1.key }) {
            space -= key.utf8.count + values.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count }
            conflicts[key] = space >= 0 ? .object(JSONObject(sorting: values)) : nil
        }
        document["labelsConflict"] = .object(conflicts)
    }

    private func addReferences(to document: inout JSONObject, absent: Set<Digest>) {
        let references = manifest.kind == .index ? manifest.manifests : manifest.layers
        var space = Self.referenceBytes
        var entries: [JSONValue] = []
        for reference in references {
            let entry = Self.entry(reference, absent: absent)
            space -= entry.serialized().count
            guard space >= 0 else { break }
            entries.append(entry)
        }
        document[manifest.kind == .index ? "manifests" : "layers"] = .array(entries)
        let omitted = references.count - entries.count
        if omitted > 0 { document["referencesOmitted"] = .integer(Int64(omitted)) }
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
