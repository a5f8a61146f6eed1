import Glibc
import OCI
import RegistryCore
import RegistryTesting
import Testing

@testable import Moving

@Suite(.timeLimit(.minutes(5))) struct `An export as one file` {
    private let docker = DockerFolder()
    private let folder = TemporaryFolder()
    private let amd64 = Platform(architecture: "amd64", os: "linux")

    private var path: String { "\(folder.path)/images.tar" }

    /// An image whose configuration says as many layers as it has.
    private func image(
        _ number: Int, layer: MediaType = .ociLayerGzip, config: MediaType = .ociConfig, diffIDs count: Int = 2
    ) -> Fixture.Image {
        var image = Fixture.distinct(number)
        image.config = SavedImage.config(number, image.layers.prefix(count).map { "\(Digest(.sha256, of: $0))" })
        image.manifest = JSONValue.object([
            "schemaVersion": 2, "mediaType": .string(MediaType.ociManifest.rawValue),
            "config": Fixture.descriptor(image.config, config).json,
            "layers": .array(image.layers.map { Fixture.descriptor($0, layer).json }),
        ]).serialized()
        return image
    }

    private func filled() async throws -> TestRegistry {
        let store = try TestRegistry()
        try await store.take(docker)
        return store
    }

    private func file(_ name: String) throws -> [UInt8] { try TarFiles(path).open(name).read(atMost: 1 << 24) }

    /// Docker's list: of each image its names, configuration and layers.
    private func list() throws -> [[String]] {
        let list = try JSONValue(parsing: file("manifest.json")).array ?? []
        return list.map { entry in
            (entry["RepoTags"]?.array ?? []).compactMap(\.string) + [entry["Config"]?.string ?? ""]
                + (entry["Layers"]?.array ?? []).compactMap(\.string)
        }
    }

    private func paths(_ image: Fixture.Image) -> [String] {
        image.blobs.map { ImageLayout.path(of: Digest(.sha256, of: $0)) }
    }

    @Test func `is the layout, and brings everything back`() async throws {
        let images = (1...3).map { image($0) }
        let index = Fixture.index(images[..<2].map { ($0.manifest, nil) })
        for image in images { docker.add(image, to: "team/app") }
        docker.add(manifest: index, to: "team/app", tags: ["v1", "latest"])
        let store = try await filled()
        #expect(try store.export(to: path, as: .tar).left == [])
        let back = try TestRegistry()
        let report = try await back.take(LayoutSource(path, into: nil))
        #expect(report.left == [] && report.manifests.moved == 4 && report.tags.moved == 2)
        #expect(back.digest(of: "v1", in: "team/app") == Digest(.sha256, of: index))
        #expect(throws: LayoutWriteError.self) { try store.export(to: path, as: .tar) }
        #expect(try await back.registry.verify() == [])
    }

    @Test(arguments: [[1, 2, 3], [], Fixture.bytes(30_000, seed: 77)])
    func `has no part of a blob that is damaged`(_ content: [UInt8]) async throws {
        let images = (1...2).map { image($0) }
        for (number, image) in images.enumerated() { docker.add(image, to: "app", tags: ["v\(number)"]) }
        let store = try await filled()
        let layer = Digest(.sha256, of: images[0].layers[0])
        store.folder.write(content, to: "blobs/sha256/\(layer.hex.prefix(2))/\(layer.hex)")
        #expect(try store.export(to: path, as: .tar).left == ["app blob \(layer)"])
        #expect(throws: SourceError.absent(ImageLayout.path(of: layer))) {
            try TarFiles(path).open(ImageLayout.path(of: layer))
        }
        let back = try TestRegistry()
        _ = try await back.take(LayoutSource(path, into: nil))
        #expect(back.digest(of: "v0", in: "app") == nil && back.digest(of: "v1", in: "app") == images[1].digest)
        unlink(path)
        let report = try store.export(to: path, as: .dockerArchive(DockerImages(platform: amd64)))
        #expect(report.left == ["app blob \(layer)", "app tag v0"])
        #expect(try list() == [["app:v1"] + paths(images[1])])
    }

    @Test func `for Docker lists each image once with all its names, and is a layout with the same digests`()
        async throws
    {
        let images = (1...3).map { image($0, layer: $0 == 2 ? .ociLayerZstd : .ociLayerGzip) }
        docker.add(images[0], to: "team/app", tags: ["v1", "latest"])
        docker.add(images[0], to: "other", tags: ["v1"])
        docker.add(images[1], to: "other", tags: ["v2"])
        docker.add(images[2], to: "other")
        let store = try await filled()
        let report = try store.export(to: path, as: .dockerArchive(DockerImages(platform: amd64)))
        #expect(report.left == [] && report.tags.moved == 4 && report.manifests.moved == 2)
        #expect(
            try list() == [
                ["other:v1", "team/app:latest", "team/app:v1"] + paths(images[0]), ["other:v2"] + paths(images[1]),
            ])
        let back = try TestRegistry()
        #expect(try await back.take(DockerArchiveSource.open(path, into: nil)).left == [])
        #expect(back.digest(of: "latest", in: "team/app") == images[0].digest)
        #expect(back.digest(of: "v2", in: "other") == images[1].digest && !back.has(images[2].digest, in: "other"))
    }

    @Test(
        arguments: [
            ("amd64", nil, 1), ("arm", "v7", 3), ("arm", nil, 2), ("riscv64", nil, nil), ("arm64", nil, nil),
        ] as [(String, String?, Int?)])
    func `for Docker has the image of an index for the platform`(
        _ architecture: String, _ variant: String?, _ number: Int?
    ) async throws {
        let images = (1...4).map { image($0) }
        let platforms = [
            amd64, Platform(architecture: "arm", os: "linux", variant: "v6"),
            Platform(architecture: "arm", os: "linux", variant: "v7"), Platform(architecture: "arm64", os: "windows"),
        ]
        let index = Fixture.index(zip(images, platforms).map { ($0.manifest, $1) })
        for image in images { docker.add(image, to: "app") }
        docker.add(manifest: index, to: "app", tags: ["v1", "unwanted"])
        let store = try await filled()
        let wanted = Platform(architecture: architecture, os: "linux", variant: variant)
        let report = try store.export(to: path, as: .dockerArchive(DockerImages(platform: wanted, tags: ["v1"])))
        #expect(try list() == (number.map { [["app:v1"] + paths(images[$0 - 1])] } ?? []))
        #expect(report.left == (number == nil ? ["app tag v1"] : []))
        if number == nil { #expect(report.skipped[0].reason.contains("linux/amd64, linux/arm/v6, linux/arm/v7")) }
    }

    @Test func `for Docker leaves out what it cannot read, and says why`() async throws {
        let (good, foreign) = (image(1), image(2, layer: .ociNondistributableLayerGzip))
        docker.add(good, to: "app", tags: ["good", "sha256-\(good.digest.hex).sig"])
        docker.add(foreign, to: "app", tags: ["foreign"])
        docker.add(image(3, layer: MediaType(rawValue: "text/plain")), to: "app", tags: ["text"])
        docker.add(image(4, config: .empty), to: "app", tags: ["artifact"])
        docker.add(image(5, diffIDs: 1), to: "app", tags: ["short"])
        let store = try await filled()
        let report = try store.export(to: path, as: .dockerArchive(DockerImages(platform: amd64)))
        #expect(report.left == ["artifact", "foreign", "short", "text"].map { "app tag \($0)" })
        let reasons = ["it is no image", "a foreign one", "2 layers, and 1 diff_ids", "no layer of a file system"]
        for (skipped, reason) in zip(report.skipped, reasons) { #expect(skipped.reason.contains(reason), "\(skipped)") }
        #expect(try list() == [["app:good"] + paths(good)])
    }
}
