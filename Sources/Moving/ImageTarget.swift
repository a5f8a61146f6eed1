import LinuxIO
package import OCI
package import RegistryCore

/// Where images go: a registry, or something that only says what a registry would do with them.
///
/// An error that is about one piece of content is a `RegistryError`, a `SourceError`, or an `UploadError` that says that the
/// content is not what it should be. After any other nothing more can be taken.
package protocol ImageTarget: Sendable {
    /// Whether the repository has the manifest.
    func hasManifest(_ digest: Digest, in repository: RepositoryName) throws -> Bool
    /// What a tag points at; nil when there is none.
    func digest(of tag: Tag, in repository: RepositoryName) throws -> Digest?
    /// Whether the repository has the blob.
    func hasBlob(_ digest: Digest, in repository: RepositoryName) throws -> Bool
    /// Lets the repository have a blob that another one has; false when none does.
    func linkBlob(_ digest: Digest, to repository: RepositoryName) async throws -> Bool
    /// Takes the content of a blob, if it hashes to `digest`.
    func putBlob(_ file: SourceFile, as digest: Digest, to repository: RepositoryName) async throws
    /// Takes a manifest with its tags.
    func put(_ push: ManifestPush) async throws
}

/// A registry that takes what is moved in as it takes pushes: each manifest with its record, durably.
package struct RegistryTarget: ImageTarget {
    private let registry: Registry
    private let actor: Actor

    /// Puts everything into `registry` in the name of `actor`.
    package init(_ registry: Registry, by actor: Actor) {
        self.registry = registry
        self.actor = actor
    }

    package func hasManifest(_ digest: Digest, in repository: RepositoryName) throws -> Bool {
        try self.digest(of: .digest(digest), in: repository) != nil
    }

    package func digest(of tag: Tag, in repository: RepositoryName) throws -> Digest? {
        try digest(of: .tag(tag), in: repository)
    }

    private func digest(of reference: Reference, in repository: RepositoryName) throws -> Digest? {
        do { return try registry.manifest(reference, in: repository, content: false).digest } catch RegistryError
            .unknownManifest
        { return nil }
    }

    package func hasBlob(_ digest: Digest, in repository: RepositoryName) throws -> Bool {
        do {
            _ = try registry.blob(digest, in: repository)
            return true
        } catch RegistryError.unknownBlob { return false }
    }

    package func linkBlob(_ digest: Digest, to repository: RepositoryName) async throws -> Bool {
        try await registry.mount(digest, from: nil, to: repository)
    }

    package func putBlob(_ file: SourceFile, as digest: Digest, to repository: RepositoryName) async throws {
        try await registry.putBlob(file.bytes(), as: digest, to: repository)
    }

    package func put(_ push: ManifestPush) async throws {
        _ = try await registry.put(push, by: actor)
    }
}
