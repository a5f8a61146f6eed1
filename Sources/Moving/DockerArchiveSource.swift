package import OCI
import RegistryCore

/// What `docker save` and `skopeo copy … docker-archive:` write, as a tar archive or unpacked.
///
/// Its `manifest.json` lists images: a configuration, layers as plain tar archives, and names. There is no manifest of a
/// registry in it, so one is made: always the same for the same image. Newer archives are image layouts at the same time;
/// then the manifests are those of the layout.
package struct DockerArchiveSource: ImageSource {
    /// Where some content comes from.
    private enum Location {
        case made([UInt8])
        case member(String)
    }

    /// An image of the archive, with everything that it needs.
    private struct Image {
        let digest: Digest
        let contents: [Digest: Location]
    }

    private static let list = "manifest.json"
    private static let mostListBytes = 64 * 1024 * 1024
    private static let mostListValues = 4_000_000
    private static let mostConfigBytes = 16 * 1024 * 1024

    private let files: any LayoutFiles
    private var listings: [RepositoryName: SourceListing] = [:]
    private var contents: [RepositoryName: [Digest: Location]] = [:]
    private var skipped: [Skipped] = []

    /// Opens an archive and reads its list: as an image layout, if it is one with nothing missing.
    ///
    /// - Parameter repository: where everything goes; nil when the names in the archive say it.
    package static func open(
        _ path: String, into repository: RepositoryName?
    ) throws(SourceError) -> any ImageSource {
        let files = try LayoutSource.files(path)
        guard let layout = try? LayoutSource(files, into: repository) else {
            return try DockerArchiveSource(files, into: repository, whereLayoutHas: [:])
        }
        let survey = layout.survey()
        return try survey.isComplete
            ? layout : DockerArchiveSource(files, into: repository, whereLayoutHas: survey.images)
    }

    /// Reads the list.
    ///
    /// - Parameter manifests: those that the archive has nevertheless, by their configuration.
    private init(
        _ files: any LayoutFiles, into repository: RepositoryName?, whereLayoutHas manifests: [Digest: [UInt8]]
    ) throws(SourceError) {
        self.files = files
        let content = try files.open(Self.checked(Self.list, in: files)).read(atMost: Self.mostListBytes)
        let list: JSONValue
        do { list = try JSONValue(parsing: content, limits: JSONLimits(values: Self.mostListValues)) } catch {
            throw .malformed(Self.list, reason: "it is not JSON: \(error)")
        }
        guard let entries = list.array else { throw .malformed(Self.list, reason: "it is not a list of images") }
        for (number, entry) in entries.enumerated() {
            let names = entry["RepoTags"]?.array?.compactMap(\.string) ?? []
            do throws(SourceError) {
                add(try image(entry, whereLayoutHas: manifests), named: names, to: repository)
            } catch {
                skipped.append(Skipped(.entry, names.first ?? "[\(number)]", because: "\(error)"))
            }
        }
    }

    private mutating func add(_ image: Image, named names: [String], to repository: RepositoryName?) {
        for name in names.isEmpty ? [nil] : names.map(Optional.some) {
            if let skipped = listings.add(image.digest, named: name, to: repository) { self.skipped.append(skipped) }
        }
        for (place, listing) in listings where listing.manifests.contains(image.digest) {
            contents[place, default: [:]].merge(image.contents) { old, _ in old }
        }
    }

    package func repositories(skipped: (Skipped) -> Void) throws(SourceError) -> [RepositoryName] {
        for item in self.skipped { skipped(item) }
        return listings.keys.sorted()
    }

    package func listing(of repository: RepositoryName, skipped: (Skipped) -> Void) -> SourceListing {
        listings[repository] ?? SourceListing()
    }

    package func openManifest(_ digest: Digest, in repository: RepositoryName) throws(SourceError) -> SourceFile {
        try open(digest, in: repository)
    }

    package func openBlob(_ digest: Digest, in repository: RepositoryName) throws(SourceError) -> SourceFile {
        try open(digest, in: repository)
    }

    private func open(_ digest: Digest, in repository: RepositoryName) throws(SourceError) -> SourceFile {
        switch contents[repository]?[digest] {
        case .made(let bytes): SourceFile(bytes, path: "\(digest)")
        case .member(let path): try files.open(path)
        case nil: throw .absent("\(digest)")
        }
    }
}

// One entry of the list.
extension DockerArchiveSource {
    private func image(
        _ entry: JSONValue, whereLayoutHas manifests: [Digest: [UInt8]]
    ) throws(SourceError) -> Image {
        guard let name = entry["Config"]?.string, let list = entry["Layers"]?.array else {
            throw .malformed(Self.list, reason: "an image has no Config or no Layers")
        }
        let layers = list.compactMap(\.string)
        guard layers.count == list.count else { throw .malformed(Self.list, reason: "a layer is not a name") }
        let path = try Self.checked(name, in: files)
        let config = try files.open(path).read(atMost: Self.mostConfigBytes)
        let digest = Digest(.sha256, of: config)
        try Self.check(name, names: digest)
        if let manifest = manifests[digest] { return Self.image(manifest) }
        return try image(config, at: path, digest, layers)
    }

    /// An image whose manifest a layout has.
    private static func image(_ manifest: [UInt8]) -> Image {
        let digest = Digest(.sha256, of: manifest)
        var contents: [Digest: Location] = [digest: .made(manifest)]
        let references = (try? Manifest(parsing: manifest, contentType: nil))?.references ?? []
        for (descriptor, _) in references {
            contents[descriptor.digest] = .member(ImageLayout.path(of: descriptor.digest))
        }
        return Image(digest: digest, contents: contents)
    }

    /// An image whose manifest is made. As its layers are not compressed, the configuration says their digests.
    private func image(
        _ config: [UInt8], at path: String, _ digest: Digest, _ names: [String]
    ) throws(SourceError) -> Image {
        guard let diffIDs = ImageConfig(parsing: config)?.diffIDs else {
            throw .malformed(path, reason: "it is not the configuration of an image")
        }
        guard diffIDs.count == names.count else {
            throw .malformed(
                path, reason: "it has \(diffIDs.count) diff_ids, and \(Self.list) lists \(names.count) layers")
        }
        var contents: [Digest: Location] = [digest: .member(path)]
        var layers: [Descriptor] = []
        for (diffID, name) in zip(diffIDs, names) {
            let path = try Self.checked(name, in: files)
            let file = try files.open(path)
            guard try !Self.isCompressed(file) else {
                throw .malformed(
                    path, reason: "it is compressed, and only an image layout says the digest of such a layer")
            }
            contents[diffID] = .member(path)
            layers.append(Descriptor(mediaType: .ociLayer, digest: diffID, size: file.size))
        }
        let manifest = JSONValue.object([
            "schemaVersion": 2, "mediaType": .string(MediaType.ociManifest.rawValue),
            "config": Descriptor(mediaType: .ociConfig, digest: digest, size: Int64(config.count)).json,
            "layers": .array(layers.map(\.json)),
        ]).serialized()
        let own = Digest(.sha256, of: manifest)
        contents[own] = .made(manifest)
        return Image(digest: own, contents: contents)
    }

    /// Whether the content begins as gzip (RFC 1952), Zstandard (RFC 8878), bzip2 or xz do, which no tar archive does.
    private static func isCompressed(_ file: SourceFile) throws(SourceError) -> Bool {
        let bytes = try file.read(6, from: 0)
        return [[0x1f, 0x8b], [0x28, 0xb5, 0x2f, 0xfd], [0x42, 0x5a, 0x68], [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]]
            .contains { bytes.starts(with: $0) }
    }

    /// Configurations are named by their digest: `<hex>.json`, `sha256:<hex>` or `blobs/sha256/<hex>`.
    private static func check(_ name: String, names digest: Digest) throws(SourceError) {
        var name = name.split(separator: "/").last ?? ""
        if name.hasSuffix(".json") { name = name.dropLast(5) }
        if name.hasPrefix("sha256:") { name = name.dropFirst(7) }
        guard let said = try? Digest(parsing: "sha256:\(name)"), said != digest else { return }
        throw .malformed("\(said)", reason: "it is damaged: the content of the configuration hashes to \(digest)")
    }
}

// Names that somebody may have written who means harm.
extension DockerArchiveSource {
    /// The place of a member that the list names; behind a symbolic link only when that leads to another plain member.
    private static func checked(_ name: String, in files: any LayoutFiles) throws(SourceError) -> String {
        guard let path = path(name, from: []), !path.isEmpty, !name.split(separator: "/").contains("..") else {
            throw .malformed(list, reason: "\(name.quoted()) is not a path in the archive")
        }
        try checkIsOne(path, in: files)
        guard let target = try files.link(at: path) else { return path }
        guard let end = self.path(target, from: path.split(separator: "/").dropLast()), !end.isEmpty else {
            throw .malformed(path, reason: "it is a symbolic link to \(target.quoted()), which is not in the archive")
        }
        try checkIsOne(end, in: files)
        return end
    }

    private static func checkIsOne(_ path: String, in files: any LayoutFiles) throws(SourceError) {
        guard files.isRepeated(path) else { return }
        throw .malformed(path, reason: "it is in the archive more than once")
    }

    /// A relative path without `.` and `..`; nil when it is absolute, leads out, or is no path at all.
    private static func path(_ text: String, from folder: [Substring]) -> String? {
        guard !text.hasPrefix("/"), !text.utf8.contains(0) else { return nil }
        var parts = folder
        for part in text.split(separator: "/") where part != "." {
            guard part == ".." else {
                parts.append(part)
                continue
            }
            guard parts.popLast() != nil else { return nil }
        }
        return parts.joined(separator: "/")
    }
}
