import Glibc
import OCI
import RegistryCore
import RegistryTesting
import TransparencyLog

@testable import Moving

extension Fixture {
    /// An image that shares nothing with that of another number.
    static func distinct(_ number: Int, subject: Descriptor? = nil, artifactType: String? = nil) -> Image {
        image(seed: UInt64(number), labels: ["number": "\(number)"], subject: subject, artifactType: artifactType)
    }
}

/// A data directory like docker-registry's, with whatever a test puts into it.
struct DockerFolder {
    private static let top = "docker/registry/v2"

    let folder = TemporaryFolder()

    init() {
        make("\(Self.top)/repositories")
        make("\(Self.top)/blobs")
    }

    func path(_ name: String) -> String { "\(folder.path)/\(name)" }

    static func data(_ digest: Digest) -> String {
        "\(top)/blobs/\(digest.algorithm.rawValue)/\(digest.hex.prefix(2))/\(digest.hex)/data"
    }

    static func data(_ content: [UInt8]) -> String { data(Digest(.sha256, of: content)) }

    static func repository(_ name: String) -> String { "\(top)/repositories/\(name)" }

    static func layer(_ digest: Digest, of name: String) -> String {
        "\(repository(name))/_layers/\(digest.algorithm.rawValue)/\(digest.hex)/link"
    }

    static func revision(_ digest: Digest, of name: String) -> String {
        "\(repository(name))/_manifests/revisions/\(digest.algorithm.rawValue)/\(digest.hex)/link"
    }

    static func tag(_ tag: String, of name: String) -> String {
        "\(repository(name))/_manifests/tags/\(tag)/current/link"
    }

    /// Makes a folder and those above it.
    func make(_ name: String) {
        var path = folder.path
        for part in name.split(separator: "/") {
            path += "/\(part)"
            mkdir(path, 0o755)
        }
    }

    /// Writes a file, and makes the folders above it.
    func write(_ bytes: [UInt8], to name: String) {
        makeParent(of: name)
        folder.write(bytes, to: name)
    }

    func write(_ text: String, to name: String) { write(Array(text.utf8), to: name) }

    /// Puts something else where a file was.
    func replace(_ name: String, _ make: (String) -> CInt) {
        makeParent(of: name)
        unlink(path(name))
        precondition(make(path(name)) == 0, "cannot make \(name)")
    }

    private func makeParent(of name: String) {
        if let slash = name.lastIndex(of: "/") { make(String(name[..<slash])) }
    }

    func add(blob: [UInt8], to name: String) {
        let digest = Digest(.sha256, of: blob)
        write(blob, to: Self.data(digest))
        write("\(digest)", to: Self.layer(digest, of: name))
    }

    func add(manifest: [UInt8], to name: String, tags: [String] = []) {
        let digest = Digest(.sha256, of: manifest)
        write(manifest, to: Self.data(digest))
        write("\(digest)", to: Self.revision(digest, of: name))
        for tag in tags { write("\(digest)", to: Self.tag(tag, of: name)) }
    }

    func add(_ image: Fixture.Image, to name: String, tags: [String] = []) {
        for blob in image.blobs { add(blob: blob, to: name) }
        add(manifest: image.manifest, to: name, tags: tags)
    }
}

extension TestRegistry {
    private var target: RegistryTarget { RegistryTarget(registry, by: Actor(userAgent: "test", isAdministrator: true)) }

    /// Imports everything that a directory has.
    @discardableResult
    func take(_ source: DockerFolder, selecting: (RepositoryName) -> Bool = { _ in true }) async throws -> MoveReport {
        try await take(DockerRegistrySource(source.folder.path), selecting: selecting)
    }

    @discardableResult
    func take(
        _ source: any ImageSource, keepingTags: Bool = false, selecting: (RepositoryName) -> Bool = { _ in true }
    ) async throws -> MoveReport {
        try await Importer(from: source, to: target, limits: RegistryLimits(), keepsTags: keepingTags).run(
            selecting: selecting, events: MoveEvents())
    }

    /// What an import would do.
    func rehearse(_ source: DockerFolder) async throws -> MoveReport {
        let rehearsal = try Rehearsal(limits: RegistryLimits(), rule: { _ in RepositoryPolicy() }) {
            try LedgerArchive(path: "\(folder.path)/waybill.db")
        }
        return try await Importer(
            from: DockerRegistrySource(source.folder.path), to: rehearsal, limits: RegistryLimits()
        ).run(events: MoveEvents())
    }

    /// How many records there are.
    func recordCount() throws -> Int64 { try registry.publishedCheckpoint()?.checkpoint.size ?? 0 }

    func digest(of tag: Tag, in repository: RepositoryName) -> Digest? {
        try? registry.manifest(.tag(tag), in: repository, content: false).digest
    }

    func has(_ digest: Digest, in repository: RepositoryName) -> Bool {
        (try? registry.manifest(.digest(digest), in: repository, content: false)) != nil
    }

    /// Writes everything as a layout.
    func export(
        to path: String, as form: LayoutExporter.Form = .folder, selecting: (RepositoryName) -> Bool = { _ in true }
    ) throws -> MoveReport {
        let archive = try LedgerArchive(path: "\(folder.path)/waybill.db")
        defer { archive.close() }
        var exporter = try LayoutExporter(archive, of: folder.path, to: path, as: form, events: MoveEvents())
        return try exporter.run(selecting: selecting)
    }
}

extension MoveReport {
    /// What was left out, in few words.
    var left: [String] { skipped.map { "\($0.repository) \($0.kind.rawValue) \($0.name)" } }
}
