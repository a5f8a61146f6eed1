package import OCI

/// Something that a collection removes, or would remove.
package struct Garbage: Sendable, Equatable {
    /// What it is.
    package enum Kind: String, Sendable {
        /// A tag that the rule for its repository lets go; the digest is that of its manifest.
        case tag
        /// A manifest that no tag and no manifest of its repository needs.
        case manifest
        /// A blob that no manifest of its repository names.
        case blob
        /// A file in blobs/ that no row names: what a crash has left.
        case file
    }

    package let kind: Kind
    package let digest: Digest
    /// The name of a tag; nil for anything else.
    package let tag: Tag?
    /// Bytes of it; 0 for a tag.
    package let size: Int64
    /// The repository that it leaves; nil for a file, which is in none.
    package let repository: RepositoryName?
    /// Whether nothing else holds the bytes.
    package let freesBytes: Bool

    init(_ kind: Kind, _ digest: Digest, size: Int64, in repository: RepositoryName?, freesBytes: Bool) {
        self.kind = kind
        self.tag = nil
        self.digest = digest
        self.size = size
        self.repository = repository
        self.freesBytes = freesBytes
    }

    init(_ row: TagRow, in repository: RepositoryName) {
        (kind, digest, tag) = (.tag, row.digest, row.tag)
        (size, self.repository, freesBytes) = (0, repository, false)
    }

    /// What is written down when it has left a repository.
    var record: RecordDraft {
        var document: JSONObject = ["deleted": .string(kind.rawValue)]
        if let tag {
            document["tag"] = .string(tag.rawValue)
            document["reason"] = "retention"
        } else {
            document["reason"] = "unreferenced"
            document["size"] = .integer(size)
            document["freesBytes"] = .bool(freesBytes)
        }
        return RecordDraft(kind: .delete, repository: repository, digest: digest, document: document)
    }
}

/// When something may be collected.
package struct CollectionRules: Sendable {
    /// How long a blob stays that no manifest names, after a client was last told that it is here, in milliseconds.
    package var grace: Int64 = 24 * 60 * 60 * 1000
    /// How long a manifest stays that nothing needs, after it was last pushed, in milliseconds; nil for ever.
    package var untagged: Int64?
    /// Which tags of a repository stay; nil for all of them.
    package var retention: @Sendable (RepositoryName) -> TagRetention? = { _ in nil }

    /// How long a manifest stays in a repository that nothing needs; nil for ever. Where tags go, their manifests follow.
    func untagged(in repository: RepositoryName) -> Int64? {
        untagged ?? (retention(repository) == nil ? nil : grace)
    }

    /// The defaults.
    package init() {}
}

/// What a collection did, or would do.
package struct CollectionSummary: Sendable, Equatable {
    /// Tags that left a repository.
    package var tags = 0
    /// Manifests that left a repository.
    package var manifests = 0
    /// Blobs that left a repository.
    package var blobs = 0
    /// Files in blobs/ that no row named.
    package var files = 0
    /// Uploads that nobody has continued.
    package var uploads = 0
    /// Bytes of blobs and files that nothing holds any more.
    package var bytes: Int64 = 0

    /// Nothing so far.
    package init() {}

    /// Counts one thing more.
    package mutating func add(_ garbage: Garbage) {
        switch garbage.kind {
        case .tag: tags += 1
        case .manifest: manifests += 1
        case .blob: blobs += 1
        case .file: files += 1
        }
        if garbage.freesBytes { bytes += garbage.size }
    }
}

/// Why something stays.
package enum KeptBecause: Sendable, Equatable {
    /// How many tags or manifests are named.
    static let mostNames = 10

    /// Tags point at it; some of them.
    case tagged([String])
    /// Manifests of the repository name it; some of them.
    case named(by: [Digest])
    /// It refers to a manifest that the repository has.
    case refers(to: Digest)
    /// A client was told that it is here, or pushed it, and may count on it until then, in milliseconds since 1970-01-01 UTC.
    case leased(until: Int64)
    /// Manifests that nothing needs are kept here for ever.
    case untaggedIsKept
}

/// What becomes of some content in one repository.
package struct Explanation: Sendable, Equatable {
    package let repository: RepositoryName
    package let kind: Garbage.Kind
    /// nil when the next collection removes it.
    package let kept: KeptBecause?
}

/// Digests of a repository, as few bytes as possible: eight of each hash. May say that one is in it that is not; then some garbage
/// stays, and nothing else happens.
struct DigestMarks {
    private var prefixes: Set<UInt64> = []

    mutating func insert(_ digest: Digest) {
        prefixes.insert(Self.prefix(digest))
    }

    func contains(_ digest: Digest) -> Bool {
        prefixes.contains(Self.prefix(digest))
    }

    private static func prefix(_ digest: Digest) -> UInt64 {
        digest.hash.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
}
