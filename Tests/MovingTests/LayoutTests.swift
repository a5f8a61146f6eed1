import Glibc
import OCI
import RegistryCore
import RegistryTesting
import Testing

@testable import Moving

@Suite(.timeLimit(.minutes(5))) struct `An image layout` {
    private let docker = DockerFolder()
    private let folder = TemporaryFolder()
    private let images = (1...3).map { Fixture.distinct($0) }

    private var path: String { "\(folder.path)/layout" }

    /// A registry with an index, a referrer, an untagged image and shared layers.
    private func filled() async throws -> (store: TestRegistry, index: Digest, referrer: Digest) {
        let store = try TestRegistry()
        let index = Fixture.index(images[..<2].map { ($0.manifest, nil) })
        let referrer = Fixture.distinct(8, subject: Fixture.descriptor(index, .ociIndex))
        for image in images + [referrer] { docker.add(image, to: "team/app") }
        docker.add(manifest: index, to: "team/app", tags: ["v1", "latest"])
        docker.add(images[0], to: "other", tags: ["v1"])
        try await store.take(docker)
        return (store, Digest(.sha256, of: index), referrer.digest)
    }

    @Test func `holds everything, and brings it back with equal digests`() async throws {
        let (store, index, referrer) = try await filled()
        let written = try store.export(to: path)
        #expect(written.left == [] && written.repositories == 2)
        #expect(written.manifests.moved == 6 && written.tags.moved == 3)
        let back = try TestRegistry()
        let report = try await back.take(LayoutSource(path, into: nil))
        #expect(report.left == [] && report.manifests.moved == 6 && report.tags.moved == 3)
        for tag: OCI.Tag in ["v1", "latest"] { #expect(back.digest(of: tag, in: "team/app") == index) }
        #expect(back.digest(of: "v1", in: "other") == images[0].digest)
        for digest in images.map(\.digest) + [referrer] { #expect(back.has(digest, in: "team/app")) }
        #expect(try await back.take(LayoutSource(path, into: nil)).manifests.moved == 0)
        #expect(try back.recordCount() == 6)
        #expect(try await back.registry.verify() == [])
    }

    @Test func `gives no repository what it only names and another has`() async throws {
        let store = try TestRegistry(rule: { RepositoryPolicy(allowsSparse: $0 == "thief") })
        let secret = images[0]
        let foreign = Fixture.descriptor(secret.layers[0], .ociNondistributableLayer)
        let manifest = JSONValue.object([
            "schemaVersion": 2, "mediaType": .string(MediaType.ociManifest.rawValue),
            "config": Fixture.descriptor(secret.config, .ociConfig).json, "layers": [foreign.json],
        ]).serialized()
        let index = Fixture.index([(secret.manifest, nil)])
        docker.add(secret, to: "private", tags: ["v1"])
        docker.add(manifest: manifest, to: "thief", tags: ["v1"])
        docker.add(manifest: index, to: "thief", tags: ["v2"])
        try await store.take(docker)
        #expect(store.digest(of: "v1", in: "thief") != nil && store.digest(of: "v2", in: "thief") != nil)
        _ = try store.export(to: path)
        let back = try TestRegistry(rule: { RepositoryPolicy(allowsSparse: $0 == "thief") })
        try await back.take(LayoutSource(path, into: nil))
        #expect(back.digest(of: "v1", in: "private") == secret.digest)
        #expect(back.digest(of: "v1", in: "thief") != nil && back.digest(of: "v2", in: "thief") != nil)
        #expect(!back.has(secret.digest, in: "thief"))
        for blob in secret.blobs {
            #expect(throws: RegistryError.self) { try back.registry.blob(Digest(.sha256, of: blob), in: "thief") }
        }
    }

    @Test func `holds only the repositories that are wanted`() async throws {
        let (store, _, _) = try await filled()
        #expect(try store.export(to: path) { $0 == "other" }.manifests.moved == 1)
        let index = try JSONValue(parsing: folder.read("layout/index.json"))
        let names = index["manifests"]?.array?.compactMap { try? Descriptor($0, at: "").name }
        #expect(names == ["other:v1"])
    }

    @Test func `goes into one repository, where a name that two have is kept by the first`() async throws {
        let (store, index, _) = try await filled()
        _ = try store.export(to: path) { $0 == "team/app" }
        let back = try TestRegistry()
        let report = try await back.take(LayoutSource(path, into: "one"))
        #expect(report.left == [] && back.digest(of: "latest", in: "one") == index)
        var roots = [Fixture.descriptor(images[0].manifest, .ociManifest).named("v9")]
        roots += [Fixture.descriptor(images[1].manifest, .ociManifest).named("a.example:5000/x/y:v9")]
        roots += [Fixture.descriptor(images[2].manifest, .ociManifest)]
        folder.write(ImageLayout.index(of: roots), to: "layout/index.json")
        let two = try await back.take(LayoutSource(path, into: "two"))
        #expect(two.left == ["two tag v9"] && two.manifests.moved == 3)
        #expect(back.digest(of: "v9", in: "two") == images[0].digest)
    }

    @Test func `is not written over anything, and is none before it is complete`() async throws {
        let (store, _, _) = try await filled()
        folder.write([1], to: "file")
        #expect(throws: LayoutWriteError.self) { try store.export(to: folder.path) }
        #expect(throws: (any Error).self) { try store.export(to: "\(folder.path)/file") }
        #expect(folder.read("file") == [1])
        #expect(throws: LayoutError.self) { try LayoutSource(folder.path, into: "app") }
    }

    @Test func `leaves out what is damaged in the registry, and says so`() async throws {
        let (store, _, _) = try await filled()
        let layer = Digest(.sha256, of: images[0].layers[0])
        let file = "blobs/sha256/\(layer.hex.prefix(2))/\(layer.hex)"
        store.folder.write([1, 2, 3], to: file)
        let report = try store.export(to: path)
        #expect(Set(report.skipped.map(\.name)) == ["\(layer)"])
        #expect(access("\(path)/blobs/sha256/\(layer.hex)", F_OK) != 0)
        let back = try TestRegistry()
        let taken = try await back.take(LayoutSource(path, into: nil))
        #expect(back.has(images[1].digest, in: "team/app") && !back.has(images[0].digest, in: "team/app"))
        #expect(taken.skipped.contains { $0.name == "\(layer)" && $0.reason.contains("there is no") })
    }

    @Test func `is not followed where a blob of it is a symbolic link`() async throws {
        let (store, _, _) = try await filled()
        _ = try store.export(to: path)
        let config = "\(path)/blobs/sha256/\(Digest(.sha256, of: images[0].config).hex)"
        rename(config, "\(folder.path)/moved")
        #expect(symlink("\(folder.path)/moved", config) == 0)
        let back = try TestRegistry()
        let report = try await back.take(LayoutSource(path, into: nil))
        #expect(report.skipped.contains { $0.kind == .blob && $0.reason.contains("symbolic link") })
        #expect(!back.has(images[0].digest, in: "team/app") && back.has(images[2].digest, in: "team/app"))
    }

    @Test(arguments: [
        (#"{"imageLayoutVersion":"2.0.0"}"#, #"{"manifests":[]}"#), ("{}", #"{"manifests":[]}"#), ("[", "{}"),
        (#"{"imageLayoutVersion":"1.0.0"}"#, "{}"), (#"{"imageLayoutVersion":"1.0.0"}"#, "["),
        (#"{"imageLayoutVersion":"1.0.0"}"#, #"{"manifests":{}}"#),
    ])
    func `is refused when it is none`(_ marker: String, _ index: String) {
        folder.write(Array(marker.utf8), to: "oci-layout")
        folder.write(Array(index.utf8), to: "index.json")
        #expect(throws: LayoutError.self) { try LayoutSource(folder.path, into: "app") }
    }

    @Test func `names an entry of its list that says nothing`() async throws {
        let store = try TestRegistry()
        folder.write(ImageLayout.marker, to: "oci-layout")
        folder.write(
            Array(#"{"manifests":[{}, 1, {"mediaType":"x","size":1,"digest":"sha256:ff"}]}"#.utf8), to: "index.json")
        let report = try await store.take(LayoutSource(folder.path, into: "app"))
        #expect(report.left == (0..<3).map { " entry manifests[\($0)]" })
    }

    @Test(
        arguments: [
            ("v1", nil, "v1"), ("team/app", "team/app", nil), ("team/app:v1", "team/app", "v1"),
            ("registry.example.com:5000/team/app", nil, nil),
            ("a.example/library/busybox:1", "a.example/library/busybox", "1"),
            ("team/app@sha256:aa", "team/app", nil), (":", nil, nil), ("", nil, nil), ("a:b:c", nil, "c"),
            ("-", nil, nil),
        ] as [(String, String?, String?)])
    func `says repository and tag in a name`(_ text: String, _ repository: String?, _ tag: String?) {
        let name = LayoutName(text)
        #expect(name.repository?.rawValue == repository && name.tag?.rawValue == tag)
    }
}
