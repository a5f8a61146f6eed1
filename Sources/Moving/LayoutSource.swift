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
}

extension SourceFolder: LayoutFiles {}

/// A folder or a tar archive in the OCI image layout (image specification, image-layout.md).
///
/// Its `index.json` says what there is. Where names say repositories, those are meant; otherwise everything goes into one.
package struct LayoutSource: ImageSource {
    /// Bytes of an `index.json`: enough for a million names.
    private static let mostIndexBytes = 512 * 1024 * 1024
    private static let mostIndexValues = 20_000_000
    private static let mostMarkerBytes = 4096

    private let files: any LayoutFiles
    private let listings: [RepositoryName: SourceListing]
    private let skipped: [Skipped]
    private let lacks: LackingContent

    /// Opens a layout and reads its list.
    ///
    /// - Parameter repository: where everything goes; nil when the names in the layout say it.
    package init(_ path: String, into repository: RepositoryName?) throws(LayoutError) {
        let index: JSONValue
        do throws(SourceError) {
            files = try Self.files(path)
            try Self.check(marker: files.open("oci-layout").read(atMost: Self.mostMarkerBytes))
            index = try Self.parse(files.open("index.json").read(atMost: Self.mostIndexBytes), "index.json")
        } catch { throw .source(error) }
        guard let entries = index["manifests"]?.array else {
            throw .malformed(file: "index.json", reason: "it has no manifests")
        }
        var (listings, skipped) = ([RepositoryName: SourceListing](), [Skipped]())
        for (number, entry) in entries.enumerated() {
            do throws(ManifestError) {
                let descriptor = try Descriptor(entry, at: "manifests[\(number)]")
                Self.add(descriptor, to: repository, &listings, &skipped)
            } catch {
                skipped.append(Skipped(.entry, "manifests[\(number)]", because: "\(error)"))
            }
        }
        (self.listings, self.skipped) = (listings, skipped)
        // Where all goes into one, it has what any of them has.
        lacks = repository == nil ? LackingContent(index["annotations"]?.object ?? JSONObject()) : LackingContent()
    }

    private static func files(_ path: String) throws(SourceError) -> any LayoutFiles {
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

    private static func add(
        _ descriptor: Descriptor, to repository: RepositoryName?, _ listings: inout [RepositoryName: SourceListing],
        _ skipped: inout [Skipped]
    ) {
        let name = descriptor.name.map { LayoutName($0) }
        guard let place = repository ?? name?.repository else {
            let reason =
                if let text = descriptor.name { "its name \(text.quoted()) says no repository" } else {
                    "it has no name"
                }
            skipped.append(
                Skipped(.entry, "\(descriptor.digest)", because: "\(reason), and no repository was given for it"))
            return
        }
        listings[place, default: SourceListing()].manifests.insert(descriptor.digest)
        guard let tag = name?.tag else { return }
        let other = listings[place]?.tags.updateValue(descriptor.digest, forKey: tag)
        guard let other, other != descriptor.digest else { return }
        listings[place]?.tags[tag] = other
        skipped.append(
            Skipped(
                .tag, tag, in: place, because: "\(other) and \(descriptor.digest) both have it; the first one keeps it")
        )
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
