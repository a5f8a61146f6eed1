import Glibc
import OCI
import RegistryCore
import RegistryTesting
import Testing

@testable import Moving

@Suite(.timeLimit(.minutes(5))) struct `Importing a docker-registry` {
    private let source = DockerFolder()
    private let good = Fixture.distinct(1)

    @Test func `brings every manifest with its record, every tag and every blob`() async throws {
        let store = try TestRegistry()
        let children = [Fixture.distinct(2), Fixture.distinct(3)]
        let index = Fixture.index(children.map { ($0.manifest, nil) })
        let referrer = Fixture.distinct(
            4, subject: Fixture.descriptor(index, .ociIndex), artifactType: "application/x.sbom")
        source.add(good, to: "team/app", tags: ["v1", "latest"])
        source.add(good, to: "team/other", tags: ["v1"])
        for child in children { source.add(child, to: "multi") }
        source.add(manifest: index, to: "multi", tags: ["v1"])
        source.add(referrer, to: "multi")
        let report = try await store.take(source)
        #expect(report.left == [])
        #expect(report.repositories == 3 && report.manifests.moved == 6 && report.tags.moved == 4)
        #expect(report.blobs.moved == 15)
        #expect(try store.recordCount() == 6)
        #expect(store.digest(of: "v1", in: "team/app") == good.digest)
        #expect(store.digest(of: "latest", in: "team/app") == good.digest)
        #expect(store.digest(of: "v1", in: "team/other") == good.digest)
        #expect(store.digest(of: "v1", in: "multi") == Digest(.sha256, of: index))
        for image in children + [referrer] { #expect(store.has(image.digest, in: "multi")) }
        let referrers = try store.registry.referrers(
            to: Digest(.sha256, of: index), in: "multi", artifactType: nil, after: 0)
        #expect(referrers.entries.count == 1)
        #expect(try await store.registry.verify() == [])
    }

    @Test func `changes nothing when it is repeated, and brings what is new`() async throws {
        let store = try TestRegistry()
        source.add(good, to: "app", tags: ["v1"])
        try await store.take(source)
        let again = try await store.take(source)
        #expect(again.manifests == .init(moved: 0, there: 1) && again.tags == .init(moved: 0, there: 1))
        #expect(again.blobs == .init(moved: 0, there: 3) && again.bytes == 0)
        #expect(try store.recordCount() == 1)
        source.write("\(good.digest)", to: DockerFolder.tag("v2", of: "app"))
        let more = try await store.take(source)
        #expect(more.manifests == .init(moved: 0, there: 1) && more.tags == .init(moved: 1, there: 1))
        #expect(store.digest(of: "v2", in: "app") == good.digest)
        #expect(try store.recordCount() == 2)
        #expect(try await store.registry.verify() == [])
    }

    @Test func `moves a tag that points elsewhere, which the history shows`() async throws {
        let store = try TestRegistry()
        source.add(good, to: "app", tags: ["latest"])
        try await store.take(source)
        let newer = Fixture.distinct(7)
        source.add(newer, to: "app", tags: ["latest"])
        let report = try await store.take(source)
        #expect(report.manifests == .init(moved: 1, there: 1) && report.tags == .init(moved: 1, there: 0))
        #expect(store.digest(of: "latest", in: "app") == newer.digest && store.has(good.digest, in: "app"))
        // Two pushes, and where the tag was before.
        #expect(try store.recordCount() == 3)
    }

    @Test func `leaves a tag that points elsewhere, if it is told to`() async throws {
        let store = try TestRegistry()
        source.add(good, to: "app", tags: ["latest"])
        try await store.take(source)
        let newer = Fixture.distinct(7)
        source.add(newer, to: "app", tags: ["latest", "v2"])
        let report = try await store.take(DockerRegistrySource(source.folder.path), keepingTags: true)
        #expect(report.keptTags == 1 && report.tags == .init(moved: 1, there: 0) && report.left == [])
        #expect(
            store.digest(of: "latest", in: "app") == good.digest && store.digest(of: "v2", in: "app") == newer.digest)
    }

    @Test func `stops when the disk is full, and goes on when there is room`() async throws {
        let faults = FaultSwitch()
        let store = try TestRegistry(disk: faults.disk)
        for number in 1...5 { source.add(Fixture.distinct(number), to: "app\(number)", tags: ["v1"]) }
        faults.fail(.write)
        await #expect(throws: UploadError.outOfSpace) { try await store.take(source) }
        #expect(try store.recordCount() == 0)
        faults.fail(nil)
        let report = try await store.take(source)
        #expect(report.left == [] && report.manifests.moved == 5)
        #expect(try await store.registry.verify() == [])
    }

    @Test func `takes only the repositories that are wanted`() async throws {
        let store = try TestRegistry()
        source.add(good, to: "team/app", tags: ["v1"])
        source.add(good, to: "other", tags: ["v1"])
        let glob = try Glob(parsing: "team/**")
        let report = try await store.take(source) { glob.matches($0.rawValue) }
        #expect(report.repositories == 1 && store.digest(of: "v1", in: "other") == nil)
        #expect(store.digest(of: "v1", in: "team/app") == good.digest)
    }

    @Test func `sets more tags on one manifest than one push may`() async throws {
        let store = try TestRegistry()
        source.add(good, to: "app", tags: (0..<100).map { "v\($0)" })
        let report = try await store.take(source)
        #expect(report.tags.moved == 100 && report.manifests.moved == 1 && report.left == [])
        #expect(try store.recordCount() == 3)
        #expect(try store.registry.tags(of: "app", after: nil, count: nil).entries.count == 100)
    }

    @Test func `brings an index behind what it names, however deep they nest`() async throws {
        let store = try TestRegistry()
        source.add(good, to: "app")
        var (content, type) = (good.manifest, MediaType.ociManifest)
        for _ in 0..<300 {
            content = JSONValue.object([
                "schemaVersion": 2, "mediaType": .string(MediaType.ociIndex.rawValue),
                "manifests": [Fixture.descriptor(content, type).json],
            ]).serialized()
            type = .ociIndex
            source.add(manifest: content, to: "app")
        }
        source.write("\(Digest(.sha256, of: content))", to: DockerFolder.tag("deep", of: "app"))
        let report = try await store.take(source)
        #expect(report.left == [] && report.manifests.moved == 301)
        #expect(store.digest(of: "deep", in: "app") == Digest(.sha256, of: content))
    }

    @Test func `reads a blob through a link that names another algorithm`() async throws {
        let store = try TestRegistry()
        let layer = Fixture.bytes(20_000, seed: 77)
        let (short, long) = (Digest(.sha256, of: layer), Digest(.sha512, of: layer))
        source.write(layer, to: DockerFolder.data(short))
        source.write("\(short)", to: DockerFolder.layer(long, of: "app"))
        source.write("\(short)", to: DockerFolder.layer(short, of: "app"))
        let report = try await store.take(source)
        #expect(report.left == [] && report.blobs.moved == 2)
    }

    @Test func `keeps a tag that may not move where it is, and brings the rest`() async throws {
        let pattern = try #require(TagPattern(parsing: "v*"))
        let store = try TestRegistry(rule: { _ in RepositoryPolicy(immutableTags: [pattern]) })
        source.add(good, to: "app", tags: ["v1"])
        try await store.take(source)
        let other = Fixture.distinct(9)
        source.add(other, to: "app", tags: ["v1", "latest"])
        let report = try await store.take(source)
        #expect(report.left == ["app tag v1"])
        #expect(store.digest(of: "v1", in: "app") == good.digest)
        #expect(store.digest(of: "latest", in: "app") == other.digest)
        #expect(report.manifests == .init(moved: 1, there: 1) && report.tags == .init(moved: 1, there: 0))
    }

    @Test func `says beforehand what it would do, and does nothing`() async throws {
        let store = try TestRegistry()
        source.add(good, to: "app", tags: ["v1"])
        try await store.take(source)
        let (second, broken) = (Fixture.distinct(5), Fixture.distinct(6))
        source.add(second, to: "app", tags: ["v2"])
        source.add(second, to: "copy", tags: ["v2"])
        source.add(broken, to: "app", tags: ["v3"])
        source.write("damaged", to: DockerFolder.data(broken.layers[0]))
        let records = try store.recordCount()
        let rehearsed = try await store.rehearse(source)
        #expect(try store.recordCount() == records && !store.has(second.digest, in: "app"))
        let real = try await store.take(source)
        #expect(rehearsed.left == real.left && rehearsed.skippedCount == 3)
        #expect(rehearsed.manifests == real.manifests && rehearsed.tags == real.tags)
        #expect(rehearsed.blobs == real.blobs && rehearsed.bytes == real.bytes)
        #expect(try await store.registry.verify() == [])
    }

    @Test func `refuses a directory without repositories`() {
        #expect(throws: SourceError.self) { try DockerRegistrySource(TemporaryFolder().path) }
        #expect(throws: SourceError.self) { try DockerRegistrySource("/nowhere/at/all") }
    }
}
