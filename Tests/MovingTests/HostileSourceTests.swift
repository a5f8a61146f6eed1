import Glibc
import OCI
import RegistryCore
import RegistryTesting
import Testing

@testable import Moving

/// What can be wrong with one image of a directory.
enum Damage: String, CaseIterable, CustomTestStringConvertible {
    case changedLayer, emptyLayer, missingLayer, missingLayerLink, layerIsLink, layerIsPipe, layerIsFolder,
        linkOfNonsense
    case linkOfNothing, hugeLink, linkIsLink, linkOfOther, changedConfig, changedManifest, hugeManifest, missingManifest
    case manifestOfNonsense, schema1, tagOfNonsense, tagOfUnknown, tagWithoutLink, tagIsLink, unreadableFolder

    var testDescription: String { rawValue }

    /// Does the damage to the image "bad:v1".
    func apply(to source: DockerFolder, _ image: Fixture.Image) {
        let (layer, manifest) = (Digest(.sha256, of: image.layers[0]), image.digest)
        let (data, link) = (DockerFolder.data(layer), DockerFolder.layer(layer, of: "bad"))
        let (revision, tag) = (DockerFolder.revision(manifest, of: "bad"), DockerFolder.tag("v1", of: "bad"))
        switch self {
        case .changedLayer: source.write(image.layers[0].dropLast() + [0], to: data)
        case .emptyLayer: source.write("", to: data)
        case .missingLayer: unlink(source.path(data))
        case .missingLayerLink: unlink(source.path(link))
        case .layerIsLink: source.replace(data) { symlink("/etc/hostname", $0) }
        case .layerIsPipe: source.replace(data) { mkfifo($0, 0o600) }
        case .layerIsFolder: source.replace(data) { mkdir($0, 0o700) }
        case .linkOfNonsense: source.write("../../../../etc/passwd", to: link)
        case .linkOfNothing: source.write("", to: link)
        case .hugeLink: source.replace(link) { path in Self.makeHole(path) }
        case .linkIsLink: source.replace(link) { symlink("/etc/hostname", $0) }
        case .linkOfOther: source.write("\(Digest(.sha256, of: image.config))", to: link)
        case .changedConfig: source.write("{}", to: DockerFolder.data(image.config))
        case .changedManifest: source.write(image.manifest + [0x20], to: DockerFolder.data(manifest))
        case .hugeManifest: source.replace(DockerFolder.data(manifest)) { path in Self.makeHole(path) }
        case .missingManifest: unlink(source.path(DockerFolder.data(manifest)))
        case .manifestOfNonsense: put("not JSON", in: source)
        case .schema1: put(#"{"schemaVersion": 1, "name": "bad", "tag": "v1", "fsLayers": []}"#, in: source)
        case .tagOfNonsense: source.write("sha256:zz", to: tag)
        case .tagOfUnknown: source.write("\(Digest(.sha256, of: [1]))", to: tag)
        case .tagWithoutLink: unlink(source.path(tag))
        case .tagIsLink: source.replace(tag) { symlink(source.path(revision), $0) }
        case .unreadableFolder:
            rename(source.path(DockerFolder.repository("bad")), source.path("elsewhere"))
            source.replace(DockerFolder.repository("bad")) { symlink(source.path("elsewhere"), $0) }
        }
    }

    private func put(_ text: String, in source: DockerFolder) {
        source.add(manifest: Array(text.utf8), to: "bad", tags: ["v1"])
    }

    /// A file of a terabyte that takes no room.
    private static func makeHole(_ path: String) -> CInt {
        let file = open(path, O_WRONLY | O_CREAT | O_EXCL, 0o600)
        defer { close(file) }
        return ftruncate(file, 1 << 40)
    }

    /// What the report must say.
    var reason: String {
        switch self {
        case .changedLayer, .emptyLayer, .linkOfOther, .changedConfig, .changedManifest: "it is damaged"
        case .missingLayer, .missingLayerLink, .missingManifest, .tagOfUnknown, .tagWithoutLink: "there is no"
        case .layerIsLink, .linkIsLink, .tagIsLink, .unreadableFolder: "symbolic link"
        case .layerIsPipe, .layerIsFolder: "is not a plain file"
        case .linkOfNonsense, .linkOfNothing, .tagOfNonsense: "is not a"
        case .hugeLink, .hugeManifest: "has more than"
        case .manifestOfNonsense: "not JSON"
        case .schema1: "schema 1 manifests are no longer supported"
        }
    }
}

@Suite(.timeLimit(.minutes(5))) struct `A hostile docker-registry` {
    private let source = DockerFolder()
    private let good = Fixture.distinct(1)
    private let bad = Fixture.distinct(2)

    @Test(arguments: Damage.allCases)
    func `is named where it is damaged, and all the rest comes`(_ damage: Damage) async throws {
        let store = try TestRegistry()
        source.add(good, to: "good", tags: ["v1"])
        source.add(bad, to: "bad", tags: ["v1"])
        source.add(good, to: "bad", tags: ["fine"])
        damage.apply(to: source, bad)
        let report = try await store.take(source)
        #expect(report.skipped.contains { $0.repository == "bad" && $0.reason.contains(damage.reason) }, "\(report)")
        #expect(store.digest(of: "v1", in: "bad") == nil)
        #expect(store.digest(of: "v1", in: "good") == good.digest)
        if damage != .unreadableFolder { #expect(store.digest(of: "fine", in: "bad") == good.digest) }
        #expect(report.skipped.allSatisfy { !$0.reason.contains("\n") && $0.reason.utf8.count < 1000 })
        let again = try await store.take(source)
        #expect(again.skipped == report.skipped)
        #expect(again.manifests.moved == 0 && again.tags.moved == 0 && again.blobs.moved == 0)
        #expect(try await store.registry.verify() == [])
    }

    @Test func `leaves out an index with what is missing in it, and says of each why`() async throws {
        let store = try TestRegistry()
        let index = Fixture.index([(good.manifest, nil), (bad.manifest, nil)])
        source.add(good, to: "app")
        source.add(bad, to: "app")
        source.add(manifest: index, to: "app", tags: ["v1"])
        unlink(source.path(DockerFolder.data(bad.layers[0])))
        let report = try await store.take(source)
        #expect(
            report.left == [
                "app blob \(Digest(.sha256, of: bad.layers[0]))", "app manifest \(bad.digest)",
                "app manifest \(Digest(.sha256, of: index))", "app tag v1",
            ])
        #expect(store.has(good.digest, in: "app") && report.manifests.moved == 1)
        let reasons = report.skipped.map(\.reason)
        #expect(reasons[1].contains("\(Digest(.sha256, of: bad.layers[0]))"))
        #expect(reasons[2].contains("\(bad.digest)") && reasons[3].contains("\(Digest(.sha256, of: index))"))
    }

    @Test func `gives no repository what it only names and does not own`() async throws {
        let store = try TestRegistry()
        let secret = Fixture.bytes(20_000, seed: 99)
        source.add(blob: secret, to: "private")
        let config = Array("{}".utf8)
        let layer = Fixture.descriptor(secret, .ociNondistributableLayer)
        let manifest = JSONValue.object([
            "schemaVersion": 2, "mediaType": .string(MediaType.ociManifest.rawValue),
            "config": Fixture.descriptor(config, .ociConfig).json, "layers": [layer.json],
        ]).serialized()
        source.add(blob: config, to: "thief")
        source.add(manifest: manifest, to: "thief", tags: ["v1"])
        let report = try await store.take(source)
        #expect(report.left == [] && store.digest(of: "v1", in: "thief") == Digest(.sha256, of: manifest))
        #expect(throws: RegistryError.self) { try store.registry.blob(layer.digest, in: "thief") }
        #expect(throws: Never.self) { try store.registry.blob(layer.digest, in: "private") }
    }

    @Test func `is not missed where a cleaning has left links that no manifest needs`() async throws {
        let store = try TestRegistry()
        source.add(good, to: "app", tags: ["v1"])
        source.add(bad, to: "app", tags: [])
        for blob in bad.blobs { unlink(source.path(DockerFolder.data(blob))) }
        unlink(source.path(DockerFolder.data(bad.manifest)))
        unlink(source.path(DockerFolder.revision(bad.digest, of: "app")))
        let report = try await store.take(source)
        #expect(report.left == [] && report.manifests.moved == 1)
    }

    @Test func `has names that are none, and nests without end`() async throws {
        let store = try TestRegistry()
        source.add(good, to: "app", tags: ["v1"])
        let deep = Array(repeating: "a", count: 1500).joined(separator: "/")
        // Longer than a path may be, so made from inside.
        source.make(DockerFolder.repository(String(deep.prefix(1400))))
        for name in ["Upper", "a..b", "white space", "line\nbreak", "\u{1b}[31mred", "é"] {
            source.make("\(DockerFolder.repository(name))/_manifests/tags")
        }
        source.write("a file", to: DockerFolder.repository("file"))
        source.make("\(DockerFolder.repository("app"))/_manifests/tags/-bad-")
        source.make("\(DockerFolder.repository("app"))/_manifests/revisions/md5/00")
        source.make("\(DockerFolder.repository("app"))/_layers/sha256/..%2f")
        let report = try await store.take(source)
        #expect(report.skipped.count { $0.kind == .repository } == 7)
        #expect(Set(report.skipped.map(\.kind)) == [.repository, .tag, .manifest, .blob])
        #expect(report.skippedCount == 10)
        #expect(store.digest(of: "v1", in: "app") == good.digest)
        #expect(report.skipped.allSatisfy { $0.reason.utf8.allSatisfy { (0x20..<0x7f).contains($0) } })
    }

    @Test func `is refused where its own top is a symbolic link, and taken where its directory is behind one`()
        async throws
    {
        let store = try TestRegistry()
        source.add(good, to: "app", tags: ["v1"])
        let other = TemporaryFolder()
        #expect(symlink("\(source.folder.path)/docker", "\(other.path)/docker") == 0)
        #expect(throws: SourceError.symbolicLink("docker")) { try DockerRegistrySource(other.path) }
        #expect(symlink(source.folder.path, "\(other.path)/data") == 0)
        let report = try await store.take(DockerRegistrySource("\(other.path)/data"))
        #expect(report.manifests.moved == 1 && report.left == [])
    }
}
