import Attestation
import OCI
import RegistryCore

/// The manifests of one repository of a source, each behind those that it needs: platforms before their index, subjects
/// before what refers to them.
struct ManifestOrder {
    /// A manifest that can be taken, as far as it alone can tell.
    struct Entry: Sendable {
        let digest: Digest
        /// Whether the target has it.
        var isThere = false
        /// Manifests that should come before it.
        var needs: [Digest] = []
        /// What else it names, and whether it may be elsewhere.
        var blobs: [(digest: Digest, isForeign: Bool)] = []
    }

    private let repository: RepositoryName
    private let source: any ImageSource
    private let target: any ImageTarget
    private let limits: RegistryLimits
    /// Manifests that the source lists, and by which tags.
    private let listed: [Digest: [Tag]]

    /// In the order in which they can be taken.
    private(set) var entries: [Entry] = []
    /// Those that cannot be read or are no manifests, and why.
    private(set) var refused: [(digest: Digest, reason: String)] = []
    private var seen: Set<Digest> = []

    /// Reads the manifests of a repository, and those that they name. Blocks.
    init(
        _ listed: [Digest: [Tag]], of repository: RepositoryName, in source: any ImageSource,
        for target: any ImageTarget,
        limits: RegistryLimits
    ) throws {
        self.repository = repository
        self.source = source
        self.target = target
        self.limits = limits
        self.listed = listed
        for digest in listed.keys.sorted() { try visit(digest) }
    }

    /// Goes down from a manifest without recursion: somebody may have nested indexes without end.
    private mutating func visit(_ root: Digest) throws {
        var waiting: [(digest: Digest, entry: Entry?)] = [(root, nil)]
        while let (digest, entry) = waiting.popLast() {
            if let entry {
                entries.append(entry)
                continue
            }
            guard seen.insert(digest).inserted, let entry = try read(digest) else { continue }
            waiting.append((digest, entry))
            waiting += entry.needs.reversed().map { (digest: $0, entry: nil) }
        }
    }

    /// Reads a manifest; nil when it is refused.
    private mutating func read(_ digest: Digest) throws -> Entry? {
        if try target.hasManifest(digest, in: repository) { return Entry(digest: digest, isThere: true) }
        do {
            let push = try source.push(of: digest, to: repository, limits: limits)
            // What the repository allows is the target's business.
            let (manifest, _, _) = try push.examine(limits, RepositoryPolicy())
            return Entry(
                digest: digest, needs: needs(of: manifest, digest),
                blobs: manifest.references.filter { $0.role != .manifest }.map {
                    ($0.descriptor.digest, $0.role != .config && $0.descriptor.mediaType.isForeignLayer)
                })
        } catch let error as SourceError {
            refused.append((digest, "\(error)"))
        } catch let error as RegistryError {
            guard let reason = error.reason else { throw error }
            refused.append((digest, reason))
        }
        return nil
    }

    private func needs(of manifest: Manifest, _ digest: Digest) -> [Digest] {
        let children = manifest.references.filter { $0.role == .manifest }.map(\.descriptor.digest)
        let subjects =
            (listed[digest] ?? []).compactMap { CosignTag($0)?.subject } + [manifest.subject?.digest].compactMap(\.self)
        // A manifest may come before its subject, which need not be anywhere.
        return children + subjects.filter { listed[$0] != nil && $0 != digest }
    }
}

extension ImageSource {
    /// A manifest of the source on its way into a repository.
    func push(
        of digest: Digest, to repository: RepositoryName, tags: [Tag] = [], limits: RegistryLimits
    ) throws -> ManifestPush {
        let content = try openManifest(digest, in: repository).read(atMost: limits.manifest)
        return ManifestPush(to: repository, as: .digest(digest), tags: tags, contentType: nil, content: content)
    }
}
