import Glibc
import OCI
import RegistryCore
import RegistryTesting
import Testing

@testable import Moving

/// What `docker save` writes, with whatever a test puts into it.
struct DockerArchive {
    /// What is under a name.
    enum Content {
        case file([UInt8])
        case symbolicLink(String)
        case hardLink(String)
    }

    var members: [(name: String, content: Content)] = []

    subscript(name: String) -> Content? {
        get { members.first { $0.name == name }?.content }
        set {
            members.removeAll { $0.name == name }
            if let newValue { members.append((name, newValue)) }
        }
    }

    /// Adds a file under the digest of its content, and says its name.
    mutating func add(_ bytes: [UInt8], _ suffix: String) -> String {
        let name = "\(Digest(.sha256, of: bytes).hex)\(suffix)"
        self[name] = .file(bytes)
        return name
    }

    mutating func list(_ entries: [JSONValue]) {
        self["manifest.json"] = .file(JSONValue.array(entries).serialized())
    }

    /// As one file.
    var tar: [UInt8] {
        members.flatMap { name, content -> [UInt8] in
            switch content {
            case .file(let bytes):
                TarHeader.bytes(name: name, size: Int64(bytes.count)) + bytes
                    + TarHeader.padding(after: Int64(bytes.count))
            case .symbolicLink(let target): Self.link(name, "2", target)
            case .hardLink(let target): Self.link(name, "1", target)
            }
        } + TarHeader.archiveEnd
    }

    private static func link(_ name: String, _ type: Unicode.Scalar, _ target: String) -> [UInt8] {
        var block = TarHeader.bytes(name: name, size: 0)
        block[156] = UInt8(ascii: type)
        block.replaceSubrange(157..<157 + target.utf8.count, with: target.utf8)
        block.replaceSubrange(148..<156, with: "        ".utf8)
        let sum = String(block.reduce(0) { $0 + Int($1) }, radix: 8)
        block.replaceSubrange(
            148..<156, with: Array((String(repeating: "0", count: 6 - sum.utf8.count) + sum + "\u{0} ").utf8))
        return block
    }

    /// As a folder, where every name is one below it.
    func unpack(to folder: DockerFolder) {
        for (name, content) in members {
            switch content {
            case .file(let bytes): folder.write(bytes, to: name)
            case .symbolicLink(let target): folder.replace(name) { symlink(target, $0) }
            case .hardLink(let target): folder.replace(name) { Glibc.link(folder.path(target), $0) }
            }
        }
    }
}

/// An image as such an archive has it.
struct SavedImage {
    let layers: [[UInt8]]
    let config: [UInt8]

    init(_ number: Int, layers count: Int = 2) {
        layers = (0..<count).map { Fixture.bytes(10_000 + $0, seed: UInt64(number * 100 + $0)) }
        config = Self.config(number, layers.map { "\(Digest(.sha256, of: $0))" })
    }

    static func config(_ number: Int, _ diffIDs: [String]) -> [UInt8] {
        JSONValue.object([
            "architecture": "amd64", "os": "linux", "config": ["Labels": ["number": .string("\(number)")]],
            "rootfs": ["type": "layers", "diff_ids": .array(diffIDs.map { .string($0) })],
        ]).serialized()
    }

    /// The manifest that an import makes.
    var manifest: [UInt8] {
        JSONValue.object([
            "schemaVersion": 2, "mediaType": .string(MediaType.ociManifest.rawValue),
            "config": Fixture.descriptor(config, .ociConfig).json,
            "layers": .array(layers.map { Fixture.descriptor($0, .ociLayer).json }),
        ]).serialized()
    }

    var digest: Digest { Digest(.sha256, of: manifest) }

    /// Adds it; gives its entry of the list.
    func add(to archive: inout DockerArchive, _ names: [String]) -> JSONValue {
        let layers = layers.map { archive.add($0, ".tar") }
        return [
            "Config": .string(archive.add(config, ".json")),
            "RepoTags": names.isEmpty ? .null : .array(names.map { .string($0) }),
            "Layers": .array(layers.map { .string($0) }),
        ]
    }
}

@Suite(.timeLimit(.minutes(5))) struct `A Docker archive` {
    private let folder = DockerFolder()
    private let images = (1...2).map { SavedImage($0) }

    private var path: String { folder.path("saved.tar") }

    private func write(_ archive: DockerArchive) { folder.write(archive.tar, to: "saved.tar") }

    private func layer(of store: TestRegistry, _ digest: Digest, in repository: RepositoryName) -> Bool {
        (try? store.registry.blob(digest, in: repository)) != nil
    }

    @Test(arguments: [false, true])
    func `becomes images whose manifests are made, each time the same`(_ isFolder: Bool) async throws {
        var archive = DockerArchive()
        archive.list([
            images[0].add(to: &archive, ["docker.io/library/app:v1", "app:latest"]),
            images[1].add(to: &archive, ["app:v2"]),
        ])
        if isFolder { archive.unpack(to: folder) } else { write(archive) }
        let place = isFolder ? folder.folder.path : path
        let store = try TestRegistry()
        let report = try await store.take(DockerArchiveSource.open(place, into: nil))
        #expect(report.left == [] && report.manifests.moved == 3 && report.tags.moved == 3)
        #expect(store.digest(of: "v1", in: "docker.io/library/app") == images[0].digest)
        #expect(store.digest(of: "latest", in: "app") == images[0].digest)
        #expect(store.digest(of: "v2", in: "app") == images[1].digest)
        let stored = try store.registry.manifest(.tag("v2"), in: "app", content: true)
        #expect(stored.content == images[1].manifest)
        #expect(!layer(of: store, Digest(.sha256, of: images[1].config), in: "docker.io/library/app"))
        let again = try await store.take(DockerArchiveSource.open(place, into: nil))
        #expect(again.left == [] && again.manifests.moved == 0 && again.blobs.moved == 0)
        #expect(try await store.registry.verify() == [])
    }

    @Test func `without names goes into the repository that is given, or nowhere`() async throws {
        var archive = DockerArchive()
        archive.list([
            images[0].add(to: &archive, []), images[1].add(to: &archive, ["registry.example:5000/app:v1"]),
        ])
        write(archive)
        let store = try TestRegistry()
        let nowhere = try await store.take(DockerArchiveSource.open(path, into: nil))
        #expect(nowhere.left == images.map { " entry \($0.digest)" } && nowhere.manifests.moved == 0)
        #expect(nowhere.skipped.map { $0.reason.contains("no repository was given") } == [true, true])
        let report = try await store.take(DockerArchiveSource.open(path, into: "one"))
        #expect(report.left == [] && store.has(images[0].digest, in: "one"))
        #expect(store.digest(of: "v1", in: "one") == images[1].digest)
    }

    @Test(arguments: [false, true])
    func `has symbolic links to layers that it has already`(_ isFolder: Bool) async throws {
        let image = SavedImage(3, layers: 1)
        var archive = DockerArchive()
        archive["first/layer.tar"] = .file(image.layers[0])
        archive["second/layer.tar"] = .symbolicLink("../first/layer.tar")
        let name = archive.add(
            SavedImage.config(3, Array(repeating: "\(Digest(.sha256, of: image.layers[0]))", count: 2)), ".json")
        archive.list([
            ["Config": .string(name), "RepoTags": ["app:v1"], "Layers": ["first/layer.tar", "second/layer.tar"]]
        ])
        if isFolder { archive.unpack(to: folder) } else { write(archive) }
        let store = try TestRegistry()
        let report = try await store.take(DockerArchiveSource.open(isFolder ? folder.folder.path : path, into: nil))
        #expect(report.left == [] && report.blobs.moved == 2 && store.digest(of: "v1", in: "app") != nil)
    }

    @Test(.enabled(if: Program.find("tar") != nil), arguments: ["gnu", "pax"])
    func `has links that are longer than a header`(_ format: String) async throws {
        let image = SavedImage(3, layers: 1)
        let long = "saved/\(String(repeating: "a", count: 120))"
        folder.write(image.layers[0], to: "\(long)/layer.tar")
        folder.replace("saved/second/layer.tar") { symlink("../\(long.dropFirst(6))/layer.tar", $0) }
        folder.write(image.config, to: "saved/config.json")
        let list: JSONValue = [
            ["Config": "config.json", "RepoTags": ["app:v1"], "Layers": ["second/layer.tar"]]
        ]
        folder.write(list.serialized(), to: "saved/manifest.json")
        let made = try await Program.run(
            Program.find("tar") ?? "tar",
            ["--create", "--format", format, "--file", path, "--directory", folder.path("saved"), "."])
        #expect(made.status == 0, "\(made.text)")
        let store = try TestRegistry()
        #expect(try await store.take(DockerArchiveSource.open(path, into: nil)).left == [])
        #expect(store.digest(of: "v1", in: "app") == image.digest)
    }

    /// An archive that is an image layout too, of one compressed layer that only the layout can describe.
    private func modern(_ image: Fixture.Image, index: [Descriptor]) -> DockerArchive {
        var archive = DockerArchive()
        for content in [image.manifest] + image.blobs {
            archive[ImageLayout.path(of: Digest(.sha256, of: content))] = .file(content)
        }
        archive["oci-layout"] = .file(ImageLayout.marker)
        archive["index.json"] = .file(ImageLayout.index(of: index))
        func name(_ content: [UInt8]) -> JSONValue { .string(ImageLayout.path(of: Digest(.sha256, of: content))) }
        archive.list([
            ["Config": name(image.config), "RepoTags": ["app:v1"], "Layers": .array(image.layers.map(name))]
        ])
        return archive
    }

    @Test func `that is an image layout too is taken as one`() async throws {
        let image = Fixture.distinct(7)
        var root = Fixture.descriptor(image.manifest, .ociManifest).named("v1")
        root.annotations["io.containerd.image.name"] = "docker.io/library/app:v1"
        write(modern(image, index: [root]))
        let store = try TestRegistry()
        #expect(try await store.take(DockerArchiveSource.open(path, into: nil)).left == [])
        #expect(store.digest(of: "v1", in: "docker.io/library/app") == image.digest)
    }

    @Test func `whose layout lacks other platforms gives the image that it has, as it was`() async throws {
        let (image, other) = (Fixture.distinct(7), Fixture.distinct(8))
        let index = Fixture.index([(image.manifest, nil), (other.manifest, nil)])
        var archive = modern(image, index: [Fixture.descriptor(index, .ociIndex)])
        archive[ImageLayout.path(of: Digest(.sha256, of: index))] = .file(index)
        write(archive)
        let store = try TestRegistry()
        #expect(try await store.take(DockerArchiveSource.open(path, into: nil)).left == [])
        #expect(store.digest(of: "v1", in: "app") == image.digest)
    }

    @Test func `is refused when it is none`() {
        for bytes in [Array("not a tar archive".utf8), [0x1f, 0x8b] + [UInt8](repeating: 7, count: 2000), []] {
            folder.write(bytes, to: "saved.tar")
            #expect(throws: SourceError.self) { try DockerArchiveSource.open(path, into: "app") }
        }
        #expect(throws: SourceError.absent("manifest.json")) {
            try DockerArchiveSource.open(folder.folder.path, into: "app")
        }
    }
}

/// What can be wrong with one image of an archive.
enum SavedDamage: String, CaseIterable, CustomTestStringConvertible {
    case configOutside, configAbsolute, layerOutside, layerAbsolute, layerWithZero, layerOfNoName, noName
    case layerIsHardLink, linkOutside, linkAbsolute, linkToLink, linkToNothing, linkToFolder
    case layerTwice, configTwice, missingLayer, missingConfig, configOfOtherName, configOfNonsense
    case fewerLayers, moreLayers, changedLayer, compressedLayer, noConfig, noLayers, layerOfNumber

    var testDescription: String { rawValue }

    func apply(to archive: inout DockerArchive, _ image: SavedImage, _ entry: JSONValue) -> JSONValue {
        var entry = entry.object ?? [:]
        let names = (entry["Layers"]?.array ?? []).compactMap(\.string)
        let config = entry["Config"]?.string ?? ""
        func layers(_ first: String) -> JSONValue { .array(([first] + names.dropFirst()).map { .string($0) }) }
        switch self {
        case .configOutside: entry["Config"] = "../\(config)"
        case .configAbsolute: entry["Config"] = "/etc/hostname"
        case .layerOutside: entry["Layers"] = layers("a/../../\(names[0])")
        case .layerAbsolute: entry["Layers"] = layers("/\(names[0])")
        case .layerWithZero: entry["Layers"] = layers("\(names[0])\u{0}x")
        case .layerOfNoName: entry["Layers"] = layers("./")
        case .noName: entry["Config"] = ""
        case .layerIsHardLink: archive[names[0]] = .hardLink(names[1])
        case .linkOutside: archive[names[0]] = .symbolicLink("../\(names[0])")
        case .linkAbsolute: archive[names[0]] = .symbolicLink("/etc/hostname")
        case .linkToLink:
            archive[names[0]] = .symbolicLink("second")
            archive["second"] = .symbolicLink(names[1])
        case .linkToNothing: archive[names[0]] = .symbolicLink("nothing")
        case .linkToFolder: archive[names[0]] = .symbolicLink(".")
        case .layerTwice: archive.members.append((names[0], .file(image.layers[0])))
        case .configTwice: archive.members.append((config, .file(Array("{}".utf8))))
        case .missingLayer: archive[names[0]] = nil
        case .missingConfig: archive[config] = nil
        case .configOfOtherName: archive[config] = .file(image.config + [0x20])
        case .configOfNonsense: entry["Config"] = .string(archive.add(Array("[]".utf8), ".json"))
        case .fewerLayers: entry["Layers"] = .array([.string(names[0])])
        case .moreLayers: entry["Layers"] = .array((names + names).map { .string($0) })
        case .changedLayer: archive[names[0]] = .file(image.layers[0].dropLast() + [0])
        case .compressedLayer: archive[names[0]] = .file([0x1f, 0x8b] + image.layers[0])
        case .noConfig: entry["Config"] = nil
        case .noLayers: entry["Layers"] = nil
        case .layerOfNumber: entry["Layers"] = [1, 2]
        }
        return .object(entry)
    }

    /// What the report must say.
    var reason: String {
        switch self {
        case .configOutside, .configAbsolute, .layerOutside, .layerAbsolute, .layerWithZero, .layerOfNoName, .noName:
            "is not a path in the archive"
        case .layerIsHardLink: "is not a plain file"
        case .linkOutside, .linkAbsolute, .linkToFolder: "which is not in the archive"
        case .linkToLink: "is a symbolic link"
        case .linkToNothing, .missingLayer, .missingConfig: "there is no"
        case .layerTwice, .configTwice: "more than once"
        case .configOfOtherName, .changedLayer: "it is damaged"
        case .configOfNonsense: "not the configuration of an image"
        case .fewerLayers: "it has 2 diff_ids, and manifest.json lists 1 layers"
        case .moreLayers: "it has 2 diff_ids, and manifest.json lists 4 layers"
        case .compressedLayer: "it is compressed"
        case .noConfig, .noLayers: "has no Config or no Layers"
        case .layerOfNumber: "a layer is not a name"
        }
    }
}

@Suite(.timeLimit(.minutes(5))) struct `A hostile Docker archive` {
    private let folder = DockerFolder()
    private let good = SavedImage(1)
    private let bad = SavedImage(2)

    private var path: String { folder.path("saved.tar") }

    @Test(arguments: SavedDamage.allCases)
    func `is named where it is damaged, and all the rest comes`(_ damage: SavedDamage) async throws {
        var archive = DockerArchive()
        let entry = bad.add(to: &archive, ["bad:v1"])
        let damaged = damage.apply(to: &archive, bad, entry)
        archive.list([damaged, good.add(to: &archive, ["good:v1"])])
        folder.write(archive.tar, to: "saved.tar")
        let store = try TestRegistry()
        let report = try await store.take(DockerArchiveSource.open(path, into: nil))
        #expect(report.skipped.contains { $0.reason.contains(damage.reason) }, "\(report.skipped)")
        #expect(report.skipped.allSatisfy { !$0.reason.contains("\n") && $0.reason.utf8.count < 1000 })
        #expect(report.manifests.moved == 1 && store.digest(of: "v1", in: "good") == good.digest)
        #expect(store.digest(of: "v1", in: "bad") == nil && !store.has(bad.digest, in: "bad"))
        #expect(try await store.registry.verify() == [])
    }

    @Test(arguments: [SavedDamage.linkOutside, .linkAbsolute, .linkToLink, .linkToNothing, .linkToFolder])
    func `is not followed out of its folder either`(_ damage: SavedDamage) async throws {
        var archive = DockerArchive()
        archive.list([damage.apply(to: &archive, bad, bad.add(to: &archive, ["bad:v1"]))])
        folder.make("unpacked")
        for (name, content) in archive.members {
            switch content {
            case .file(let bytes): folder.write(bytes, to: "unpacked/\(name)")
            case .symbolicLink(let target): folder.replace("unpacked/\(name)") { symlink(target, $0) }
            case .hardLink: Issue.record("a hard link to somewhere")
            }
        }
        for layer in bad.layers { folder.write(layer, to: "\(Digest(.sha256, of: layer).hex).tar") }
        let store = try TestRegistry()
        let report = try await store.take(DockerArchiveSource.open(folder.path("unpacked"), into: nil))
        #expect(report.skipped.contains { $0.reason.contains(damage.reason) }, "\(report.skipped)")
        #expect(report.manifests.moved == 0 && store.digest(of: "v1", in: "bad") == nil)
    }

    @Test func `is refused where its list is a link, is there twice, is too long or is no list`() throws {
        var archive = DockerArchive()
        let list = JSONValue.array([good.add(to: &archive, ["good:v1"])]).serialized()
        func refused(_ members: [(String, DockerArchive.Content)], _ reason: String) {
            var archive = archive
            archive.members += members
            folder.write(archive.tar, to: "saved.tar")
            let error = #expect(throws: SourceError.self) { try DockerArchiveSource.open(path, into: nil) }
            #expect(error.map { "\($0)" }?.contains(reason) == true, "\(error as Any)")
        }
        refused([("manifest.json", .file(list)), ("./manifest.json", .file(list))], "more than once")
        refused([("manifest.json", .hardLink("index.json"))], "is not a plain file")
        refused([("manifest.json", .symbolicLink("/etc/hostname"))], "which is not in the archive")
        refused([("manifest.json", .file(Array("{}".utf8)))], "it is not a list")
        refused([("manifest.json", .file(Array("[".utf8)))], "it is not JSON")
        refused([("manifest.json", .file([UInt8](repeating: 0x20, count: 65 << 20)))], "has more than 67108864 bytes")
        // A file of a terabyte that takes no room.
        unlink(path)
        folder.replace("manifest.json") { path in
            let file = open(path, O_WRONLY | O_CREAT | O_EXCL, 0o600)
            defer { close(file) }
            return ftruncate(file, 1 << 40)
        }
        #expect(throws: SourceError.tooLarge("manifest.json", limit: 64 << 20)) {
            try DockerArchiveSource.open(folder.folder.path, into: nil)
        }
    }

    @Test func `that is cut off gives nothing of what is missing`() async throws {
        var archive = DockerArchive()
        let entry = good.add(to: &archive, ["good:v1"])
        archive.members.reverse()
        archive.members.insert(("manifest.json", .file(JSONValue.array([entry]).serialized())), at: 0)
        let bytes = archive.tar
        // In the middle of the last layer, and of the header before it.
        for end in [bytes.count - 1024 - 5000, bytes.count - 1024 - 10_240 - 300] {
            folder.write(Array(bytes.prefix(end)), to: "saved.tar")
            let store = try TestRegistry()
            do throws(SourceError) {
                let report = try await take(DockerArchiveSource.open(path, into: nil), to: store)
                #expect(report?.skipped.map { $0.reason.contains("the archive ends before it does") } == [true])
            } catch {
                #expect("\(error)".contains("there is no header of a tar archive"))
            }
            #expect(try store.recordCount() == 0)
        }
    }

    private func take(_ source: any ImageSource, to store: TestRegistry) async -> MoveReport? {
        try? await store.take(source)
    }

    @Test func `never ends the process, whatever is in it`() throws {
        var archive = DockerArchive()
        let entry = good.add(to: &archive, ["good:v1"])
        archive.members.insert(("manifest.json", .file(JSONValue.array([entry]).serialized())), at: 0)
        let bytes = archive.tar
        for seed in 1...1000 {
            var changed = bytes
            let noise = Fixture.bytes(12, seed: UInt64(seed))
            for index in 0..<(1 + Int(noise[0]) % 4) {
                // In the list, which is behind the first block.
                changed[512 + Int(noise[2 * index + 1]) * 2 % 400] = noise[2 * index + 2]
            }
            folder.write(changed, to: "saved.tar")
            do throws(SourceError) {
                let source = try DockerArchiveSource.open(path, into: "app")
                var skipped: [Skipped] = []
                _ = try source.repositories { skipped.append($0) }
                #expect(skipped.allSatisfy { $0.reason.utf8.allSatisfy { (0x20..<0x7f).contains($0) } })
            } catch {
                #expect("\(error)".utf8.allSatisfy { (0x20..<0x7f).contains($0) })
            }
        }
    }
}
