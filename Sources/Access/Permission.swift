/// What somebody may be allowed to do.
///
/// The first five are about a repository. The last two are about the whole registry, so only rules for every repository
/// (`**`) grant them.
package enum Permission: String, Sendable, CaseIterable {
    /// Read manifests, blobs, tags and referrers, and know that the repository exists.
    case pull
    /// Store manifests and blobs, and set tags.
    case push
    /// Remove manifests, blobs and tags.
    case delete
    /// Read where content comes from: records, attestations, archives.
    case provenanceRead = "provenance_read"
    /// Say where content comes from: build records, attestations, signatures.
    case provenanceWrite = "provenance_write"
    /// Read the entries of the log, which are about all repositories.
    case ledger
    /// Everything, everywhere.
    case admin

    /// Whether it is about the whole registry and not about a repository.
    package var isRegistryWide: Bool { self == .ledger || self == .admin }
}
