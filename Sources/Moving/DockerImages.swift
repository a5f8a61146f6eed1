import Attestation
package import OCI
import RegistryCore

/// Which images go into an archive for Docker.
package struct DockerImages: Sendable {
    /// Which image of an index.
    let platform: Platform
    /// Tags that are wanted; none for all.
    let tags: Set<Tag>

    /// Chooses the images of tags.
    ///
    /// - Parameters:
    ///   - platform: which image of an index is taken; without a variant, the first that fits.
    ///   - tags: those that are wanted; none for all.
    package init(platform: Platform, tags: Set<Tag> = []) {
        self.platform = platform
        self.tags = tags
    }
}

/// An entry of the list that Docker reads.
struct DockerImage {
    let digest: Digest
    let config: Digest
    let layers: [Digest]
    var names: [String] = []

    /// The file `manifest.json`.
    static func list(_ images: [DockerImage]) -> [UInt8] {
        func path(_ digest: Digest) -> JSONValue { .string(ImageLayout.path(of: digest)) }
        return JSONValue.array(
            images.map { image in
                [
                    "Config": path(image.config), "RepoTags": .array(image.names.map { .string($0) }),
                    "Layers": .array(image.layers.map(path)),
                ]
            }
        ).serialized()
    }
}

/// Why an image cannot be in an archive for Docker.
private enum UnfitForDocker: Error, CustomStringConvertible {
    case absent(Digest)
    case noImage(String)
    case noPlatform(wanted: Platform, found: [Platform])
    case foreignLayer(Digest)
    case layerType(Digest, MediaType)
    case otherCount(layers: Int, diffIDs: Int)
    case unreadableConfig(Digest)
    case leftOut(Digest)

    /// One sentence, safe to show.
    var description: String {
        switch self {
        case .absent(let digest): "\(digest) is not here"
        case .noImage(let type): "it is no image: its type is \(type.quoted())"
        case .noPlatform(let wanted, let found):
            "it has no image for \(wanted.text), but for "
                + (found.isEmpty ? "none" : found.prefix(20).map(\.text).joined(separator: ", "))
        case .foreignLayer(let digest): "its layer \(digest) is a foreign one, which no archive may have"
        case .layerType(let digest, let type):
            "its layer \(digest) is no layer of a file system: its type is \(type.rawValue.quoted())"
        case .otherCount(let layers, let diffIDs):
            "it has \(layers) layers, and \(diffIDs) diff_ids in its configuration"
        case .unreadableConfig(let digest): "its configuration \(digest) cannot be read"
        case .leftOut(let digest): "it needs \(digest), which was left out"
        }
    }
}

extension Platform {
    fileprivate var text: String {
        let text = "\(os)/\(architecture)\(variant.map { "/\($0)" } ?? "")"
        return text.utf8.allSatisfy { (0x21..<0x7f).contains($0) } ? text : text.quoted()
    }

    fileprivate func fits(_ wanted: Platform) -> Bool {
        os == wanted.os && architecture == wanted.architecture && (wanted.variant == nil || variant == wanted.variant)
    }
}

// Images of tags, each with a name that Docker gives it.
extension LayoutExporter {
    private static var mostConfigBytes: Int64 { 16 * 1024 * 1024 }
    /// Indexes within each other.
    private static var mostIndexes: Int { 8 }
    private static var layerTypes: Set<MediaType> { [.ociLayer, .ociLayerGzip, .ociLayerZstd, .dockerLayer] }

    mutating func export(_ images: DockerImages, of name: RepositoryName, _ place: String) throws {
        let count = dockerImages.count
        var last: String?
        while case let page = try archive.read({ try $0.tags(of: name, after: last, limit: Self.page) }), !page.isEmpty
        {
            for (done, text) in page.enumerated() {
                events.progress("exporting images of \(name) \(place)", done, page.count)
                let tag = try Tag(parsing: text)
                // Signatures are no images.
                guard images.tags.isEmpty || images.tags.contains(tag), CosignTag(tag) == nil else { continue }
                do { try export(tag, of: name, images.platform) } catch let error as UnfitForDocker {
                    skip(Skipped(.tag, tag, in: name, because: "\(error)"))
                }
            }
            last = page.last
        }
        if dockerImages.count > count { report.repositories += 1 }
    }

    private mutating func export(_ tag: Tag, of name: RepositoryName, _ platform: Platform) throws {
        let (stored, manifest) = try image(.tag(tag), of: name, platform)
        let text = "\(name):\(tag)"
        let descriptor = Descriptor(
            mediaType: MediaType(rawValue: stored.mediaType), digest: stored.digest, size: stored.size)
        if let known = dockerImages.firstIndex(where: { $0.digest == stored.digest }) {
            dockerImages[known].names.append(text)
        } else {
            let image = try checked(manifest, stored.digest, of: name)
            _ = try export(stored.digest, of: name)
            if let lost = manifest.references.first(where: { !written.contains($0.descriptor.digest) }) {
                throw UnfitForDocker.leftOut(lost.descriptor.digest)
            }
            dockerImages.append(image)
            dockerImages[dockerImages.count - 1].names.append(text)
        }
        roots.append(descriptor.named(text))
        report.tags.moved += 1
    }

    /// The image that a tag points at, or the one for a platform in the index that it points at.
    private func image(
        _ reference: Reference, of name: RepositoryName, _ platform: Platform
    ) throws -> (StoredManifest, Manifest) {
        var reference = reference
        for _ in 0..<Self.mostIndexes {
            let stored = try archive.read { try $0.manifest(reference, in: name, content: true) }
            guard let stored else {
                guard case .digest(let digest) = reference else { throw UnfitForDocker.noImage("nothing") }
                throw UnfitForDocker.absent(digest)
            }
            guard let manifest = Manifest(stored: stored.content, mediaType: stored.mediaType) else {
                throw UnfitForDocker.noImage(stored.mediaType)
            }
            guard manifest.kind == .index else { return (stored, manifest) }
            guard let fitting = manifest.manifests.first(where: { $0.platform?.fits(platform) ?? false }) else {
                throw UnfitForDocker.noPlatform(wanted: platform, found: manifest.manifests.compactMap(\.platform))
            }
            reference = .digest(fitting.digest)
        }
        throw UnfitForDocker.noImage("an index of indexes")
    }

    /// What Docker's list says of an image, if Docker can read it.
    private func checked(_ manifest: Manifest, _ digest: Digest, of name: RepositoryName) throws -> DockerImage {
        guard let config = manifest.config, config.mediaType == .ociConfig || config.mediaType == .dockerConfig else {
            throw UnfitForDocker.noImage(
                manifest.artifactType ?? manifest.config?.mediaType.rawValue ?? manifest.mediaType.rawValue)
        }
        for layer in manifest.layers where !Self.layerTypes.contains(layer.mediaType) {
            throw layer.mediaType.isForeignLayer
                ? UnfitForDocker.foreignLayer(layer.digest) : .layerType(layer.digest, layer.mediaType)
        }
        let content = try content(ofBlob: config.digest, in: name, atMost: Self.mostConfigBytes)
        guard let diffIDs = content.flatMap({ ImageConfig(parsing: $0) })?.diffIDs else {
            throw UnfitForDocker.unreadableConfig(config.digest)
        }
        guard diffIDs.count == manifest.layers.count else {
            throw UnfitForDocker.otherCount(layers: manifest.layers.count, diffIDs: diffIDs.count)
        }
        return DockerImage(digest: digest, config: config.digest, layers: manifest.layers.map(\.digest))
    }
}
