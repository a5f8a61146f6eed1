package import OCI

/// Why a folder is no image layout.
package enum LayoutError: Error, Equatable {
    case source(SourceError)
    /// A file of the layout says something else than it should.
    case malformed(file: String, reason: String)
}

extension LayoutError: CustomStringConvertible {
    /// One sentence, safe to show whatever the folder holds.
    package var description: String {
        switch self {
        case .source(let error): "\(error)"
        case .malformed(let file, let reason): "\(file) is not that of an image layout: \(reason)"
        }
    }
}

/// The files of a layout, wherever they are.
protocol LayoutFiles: Sendable {
    /// Opens a plain file. Blocks.
    func open(_ path: String) throws(SourceError) -> SourceFile
    /// What stands for a symbolic link; nil where there is none.
    func link(at path: String) throws(SourceError) -> String?
    /// Whether there is more than one file of that name.
    func isRepeated(_ path: String) -> Bool
}

extension SourceFolder: LayoutFiles {
    func isRepeated(_ path: String) -> Bool { false }
}

/// A folder or a tar archive in the OCI image layout (image specification, image-layout.md).
///
/// Its `index.json` says what there is. Where names say repositories, those are meant; otherwise everything goes into one.
package struct LayoutSource: ImageSource {
    /// Bytes of an `index.json`: enough for a million names.
    private static let mostIndexBytes = 512 * 1024 * 1024
    private static let mostIndexValues = 20_000_000
    private static let mostMarkerBytes = 4096

    private static let mostManifestBytes = 64 * 1024 * 1024

    private let files: any LayoutFiles
    private let listings: [RepositoryName: SourceListing]
    private let skipped: [Skipped]
    /// What the list names, and whether it has nothing else in it.
    private let roots: [Descriptor]
    private let isWellFormed: Bool
    private let lacks: LackingContent

    /// Opens a layout and reads its list.
    ///
    /// - Parameter repository: where everything goes; nil when the names in the layout say it.
    package init(_ path: String, into repository: RepositoryName?) throws(LayoutError) {
        let files: any LayoutFiles
        do { files = try Self.files(path) } catch { throw .source(error) }
        try self.init(files, into: repository)
    }

    init(_ files: any LayoutFiles, into repository: RepositoryName?) throws(LayoutError) {
        self.files = files
        let index: JSONValue
        do throws(SourceError) {
            try Self.check(marker: files.open("oci-layout").read(atMost: Self.mostMarkerBytes))
            index = try Self.parse(files.open("index.json").read(atMost: Self.mostIndexBytes), "index.json")
        } catch { throw .source(error) }
        guard let entries = index["manifests"]?.array else {
            throw .malformed(file: "index.json", reason: "it has no manifests")
        }
        var (listings, skipped, roots) = ([RepositoryName: SourceListing](), [Skipped](), [Descriptor]())
        for (number, entry) in entries.enumerated() {
            do throws(ManifestError) {
                let descriptor = try Descriptor(entry, at: "manifests[\(number)]")
                roots.append(descriptor)
                if let item = listings.add(descriptor.digest, named: descriptor.fullName, to: repository) {
                    skipped.append(item)
                }
            } catch {
                skipped.append(Skipped(.entry, "manifests[\(number)]", because: "\(error)"))
            }
        }
        (self.listings, self.skipped) = (listings, skipped)
        (self.roots, isWellFormed) = (roots, roots.count == entries.count)
        // Where all goes into one, it has what any of them has.
        lacks = repository == nil ? LackingContent(index["annotations"]?.object ?? JSONObject()) : LackingContent()
    }

    static func files(_ path: String) throws(SourceError) -> any LayoutFiles {
        do { return try SourceFolder(path) } catch {
            guard case .notAFolder = error else { throw error }
            return try TarFiles(path)
        }
    }

    private static func check(marker bytes: [UInt8]) throws(SourceError) {
        let version = try parse(bytes, "oci-layout")["imageLayoutVersion"]?.string
        guard version == "1.0.0" else {
            let found = version.map { $0.quoted(limit: 24) } ?? "missing"
            throw .malformed("oci-layout", reason: "imageLayoutVersion must be \"1.0.0\", and is \(found)")
        }
    }

    private static func parse(_ bytes: [UInt8], _ name: String) throws(SourceError) -> JSONValue {
        do {
            return try JSONValue(parsing: bytes, limits: JSONLimits(values: mostIndexValues))
        } catch { throw .malformed(name, reason: "it is not JSON: \(error)") }
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
        let path = ImageLayout.path(of: digest)
        guard !lacks.contains(digest, in: repository) else { throw .absent(path) }
        return try files.open(path)
    }
}

extension LayoutSource {
    /// What a layout has of what its list leads to.
    struct Survey {
        /// Whether that is all of it, with the sizes that are said of it; foreign layers may be elsewhere.
        var isComplete: Bool
        /// Manifests of images with nothing missing, by the digests of their configurations.
        var images: [Digest: [UInt8]] = [:]
    }

    /// Looks for everything that the list leads to. Hashes nothing.
    func survey() -> Survey {
        var survey = Survey(isComplete: isWellFormed && !roots.isEmpty)
        var (waiting, seen) = (roots, Set<Digest>())
        while let next = waiting.popLast() {
            guard seen.insert(next.digest).inserted else { continue }
            guard let file = self.file(of: next) else {
                survey.isComplete = false
                continue
            }
            guard next.mediaType.isManifest else { continue }
            guard let content = try? file.read(atMost: Self.mostManifestBytes),
                let manifest = try? Manifest(parsing: content, contentType: next.mediaType.rawValue)
            else {
                survey.isComplete = false
                continue
            }
            let needed = manifest.references.map(\.descriptor).filter { !$0.mediaType.isForeignLayer }
            waiting += needed
            if let config = manifest.config, needed.allSatisfy({ self.file(of: $0) != nil }) {
                survey.images[config.digest] = content
            }
        }
        return survey
    }

    private func file(of descriptor: Descriptor) -> SourceFile? {
        let path = ImageLayout.path(of: descriptor.digest)
        guard !files.isRepeated(path), let file = try? files.open(path), file.size == descriptor.size else {
            return nil
        }
        return file
    }
}

extension Descriptor {
    /// The name that says the most: Docker writes the tag alone where others write a whole name, and that in a place of its own.
    fileprivate var fullName: String? {
        guard name.flatMap({ LayoutName($0).repository }) == nil else { return name }
        return annotations["io.containerd.image.name"] ?? name
    }
}

extension [RepositoryName: SourceListing] {
    /// Adds a manifest under the name that a list has for it.
    ///
    /// - Parameter repository: where everything goes; nil when the name says it.
    /// - Returns: what was left out: all of it, or a tag that another manifest has already.
    mutating func add(_ digest: Digest, named text: String?, to repository: RepositoryName?) -> Skipped? {
        let name = text.map { LayoutName($0) }
        guard let place = repository ?? name?.repository else {
            let reason = text.map { "its name \($0.quoted()) says no repository" } ?? "it has no name"
            return Skipped(.entry, "\(digest)", because: "\(reason), and no repository was given for it")
        }
        self[place, default: SourceListing()].manifests.insert(digest)
        guard let tag = name?.tag else { return nil }
        let other = self[place]?.tags.updateValue(digest, forKey: tag)
        guard let other, other != digest else { return nil }
        self[place]?.tags[tag] = other
        return Skipped(.tag, tag, in: place, because: "\(other) and \(digest) both have it; the first one keeps it")
    }
}

/// What a name in a layout says: tools write a tag, or a whole reference.
struct LayoutName: Equatable {
    /// The repository, if it says one.
    var repository: RepositoryName?
    /// The tag, if it says one.
    var tag: Tag?

    /// Reads `v1`, `team/app`, `team/app:v1`, `team/app@sha256:…`, with or without a host in front.
    init(_ text: String) {
        if let mark = text.firstIndex(of: "@") {
            repository = try? RepositoryName(parsing: text[..<mark])
        } else if let colon = text.lastIndex(of: ":"), !text[colon...].contains("/") {
            repository = try? RepositoryName(parsing: text[..<colon])
            tag = try? Tag(parsing: text[text.index(after: colon)...])
        } else if text.contains("/") {
            repository = try? RepositoryName(parsing: text)
        } else {
            tag = try? Tag(parsing: text)
        }
    }
}
