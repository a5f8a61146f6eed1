package import OCI

/// The data directory of CNCF Distribution, which Debian calls docker-registry.
///
/// ```
/// docker/registry/v2/repositories/<name>/_manifests/tags/<tag>/current/link       a digest
/// docker/registry/v2/repositories/<name>/_manifests/revisions/<alg>/<hex>/link    a digest
/// docker/registry/v2/repositories/<name>/_layers/<alg>/<hex>/link                 a digest
/// docker/registry/v2/blobs/<alg>/<2 hex>/<hex>/data                               content
/// ```
/// A repository has what it has a link to: the content of all lies in one place, and what a manifest names need not be its
/// own. A link under one digest may name another, of a different algorithm: there the content lies.
package struct DockerRegistrySource: ImageSource {
    private static let repositories = "docker/registry/v2/repositories"
    private static let blobs = "docker/registry/v2/blobs"
    /// Bytes of a link: the longest digest has 135.
    private static let mostLinkBytes = 256

    private let folder: SourceFolder

    /// Opens the directory, the `rootdirectory` of the registry's configuration.
    ///
    /// - Throws: `.absent` when it has no repositories in it.
    package init(_ path: String) throws(SourceError) {
        folder = try SourceFolder(path)
        guard try folder.kind(of: Self.repositories) != nil else { throw .absent("\(path)/\(Self.repositories)") }
    }

    /// Goes through the folders whose names are the components of a repository's name. As no name has more than 255 bytes,
    /// it comes to an end however deep they nest.
    package func repositories(skipped: (Skipped) -> Void) throws(SourceError) -> [RepositoryName] {
        var found: [RepositoryName] = []
        var waiting: [RepositoryName?] = [nil]
        while let next = waiting.popLast() {
            let names: [String]
            do { names = try folder.names(in: path(of: next)) } catch {
                guard let next else { throw error }
                skipped(Skipped(.repository, next, in: next, because: "\(error)"))
                continue
            }
            if let next, names.contains("_manifests") || names.contains("_layers") { found.append(next) }
            let children = names.filter { !$0.utf8.starts(with: "_".utf8) }.compactMap {
                child($0, of: next, skipped: skipped)
            }
            waiting += children.reversed()
        }
        return found.sorted()
    }

    /// The repository that a folder may be, or may lead to; plain files are nobody's.
    private func child(_ name: String, of parent: RepositoryName?, skipped: (Skipped) -> Void) -> RepositoryName? {
        let text = parent.map { "\($0)/\(name)" } ?? name
        do {
            switch try folder.kind(of: "\(Self.repositories)/\(text)") {
            case .folder: return try RepositoryName(parsing: text)
            case .symbolicLink: throw SourceError.symbolicLink("\(Self.repositories)/\(text)")
            case .file, .other, nil: return nil
            }
        } catch {
            skipped(Skipped(.repository, text, in: text, because: "\(error)"))
            return nil
        }
    }

    package func listing(of repository: RepositoryName, skipped: (Skipped) -> Void) -> SourceListing {
        var listing = SourceListing()
        let path = path(of: repository)
        listing.manifests = digests(in: "\(path)/_manifests/revisions", .manifest, of: repository, skipped: skipped)
        listing.blobs = digests(in: "\(path)/_layers", .blob, of: repository, skipped: skipped)
        let tags = "\(path)/_manifests/tags"
        for name in names(in: tags, of: repository, skipped: skipped) {
            do {
                listing.tags[try Tag(parsing: name)] = try target(ofLink: "\(tags)/\(name)/current/link")
            } catch {
                skipped(Skipped(.tag, name, in: repository, because: "\(error)"))
            }
        }
        return listing
    }

    package func openManifest(_ digest: Digest, in repository: RepositoryName) throws(SourceError) -> SourceFile {
        try open(link: "\(path(of: repository))/_manifests/revisions/\(Self.part(digest))/link")
    }

    package func openBlob(_ digest: Digest, in repository: RepositoryName) throws(SourceError) -> SourceFile {
        try open(link: "\(path(of: repository))/_layers/\(Self.part(digest))/link")
    }

    // MARK: - Paths

    /// The digests that have a link. What has none any more was deleted; its folder stays behind.
    private func digests(
        in path: String, _ kind: Skipped.Kind, of repository: RepositoryName, skipped: (Skipped) -> Void
    ) -> Set<Digest> {
        var digests: Set<Digest> = []
        for algorithm in names(in: path, of: repository, skipped: skipped) {
            for hex in names(in: "\(path)/\(algorithm)", of: repository, skipped: skipped) {
                do {
                    let digest = try Digest(parsing: "\(algorithm):\(hex)")
                    if try folder.kind(of: "\(path)/\(algorithm)/\(hex)/link") != nil { digests.insert(digest) }
                } catch {
                    skipped(Skipped(kind, "\(algorithm):\(hex)", in: repository, because: "\(error)"))
                }
            }
        }
        return digests
    }

    /// The names in a folder that need not be there.
    private func names(in path: String, of repository: RepositoryName, skipped: (Skipped) -> Void) -> [String] {
        do { return try folder.names(in: path) } catch {
            if !error.isAbsence { skipped(Skipped(.entry, path, in: repository, because: "\(error)")) }
            return []
        }
    }

    private func open(link path: String) throws(SourceError) -> SourceFile {
        let digest = try target(ofLink: path)
        return try folder.open("\(Self.blobs)/\(digest.algorithm.rawValue)/\(digest.hex.prefix(2))/\(digest.hex)/data")
    }

    private func target(ofLink path: String) throws(SourceError) -> Digest {
        let text = String(decoding: try folder.read(path, atMost: Self.mostLinkBytes), as: UTF8.self)
        do { return try Digest(parsing: text) } catch { throw .malformed(path, reason: "\(error)") }
    }

    private func path(of repository: RepositoryName?) -> String {
        repository.map { "\(Self.repositories)/\($0)" } ?? Self.repositories
    }

    private static func part(_ digest: Digest) -> String { "\(digest.algorithm.rawValue)/\(digest.hex)" }
}
