package import OCI

/// Somewhere that images are taken from: what another program keeps on a disk.
///
/// A source says what there is and opens it. It promises nothing of the content, which the importer hashes, and what it
/// cannot read it names instead of stopping. Another kind of source is another type with these four functions. They block.
package protocol ImageSource: Sendable {
    /// The repositories, in an order that is always the same.
    ///
    /// - Parameter skipped: told of each place that should be a repository and cannot be one.
    func repositories(skipped: (Skipped) -> Void) throws(SourceError) -> [RepositoryName]

    /// What a repository has.
    ///
    /// - Parameter skipped: told of each tag and manifest that cannot be named.
    func listing(of repository: RepositoryName, skipped: (Skipped) -> Void) -> SourceListing

    /// Opens what should be the manifest `digest`.
    func openManifest(_ digest: Digest, in repository: RepositoryName) throws(SourceError) -> SourceFile

    /// Opens what should be the blob `digest`; `.absent` when the repository may not serve it, wherever else it is.
    func openBlob(_ digest: Digest, in repository: RepositoryName) throws(SourceError) -> SourceFile
}

/// What a repository of a source has. What manifests name need not be listed.
package struct SourceListing: Sendable {
    /// What the tags point at.
    package var tags: [Tag: Digest] = [:]
    /// Manifests, also those that no tag points at.
    package var manifests: Set<Digest> = []
    /// Blobs, also those that no manifest names. One that only the list knows of is not missed.
    package var blobs: Set<Digest> = []

    /// Nothing.
    package init() {}
}

/// Something that was left out, and why.
package struct Skipped: Sendable, Equatable {
    /// What it is.
    package enum Kind: String, Sendable {
        case repository, manifest, tag, blob
        /// An entry of a list, which says too little to be one of the others.
        case entry
    }

    /// The repository as the source has it, which may be no name at all; empty when it is none's.
    package let repository: String
    /// What it is.
    package let kind: Kind
    /// Its digest or its name as it was found, which may be any text.
    package let name: String
    /// One sentence, safe to show.
    package let reason: String

    /// Describes what was left out.
    package init(_ kind: Kind, _ name: String, in repository: String = "", because reason: String) {
        self.repository = repository
        self.kind = kind
        self.name = name
        self.reason = reason
    }

    init(_ kind: Kind, _ name: some CustomStringConvertible, in repository: RepositoryName, because reason: String) {
        self.init(kind, name.description, in: repository.rawValue, because: reason)
    }
}
