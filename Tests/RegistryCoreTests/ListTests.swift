import OCI
import RegistryTesting
import Testing

@testable import RegistryCore

@Suite struct `Lists` {
    private let store: TestRegistry
    private var registry: Registry { store.registry }

    init() throws {
        var limits = RegistryLimits()
        limits.page = 3
        limits.referrersPage = 1000
        store = try TestRegistry(limits: limits)
    }

    @Test func `of tags are in the order of their bytes, a page at a time`() async throws {
        let image = Fixture.image()
        for tag: OCI.Tag in ["b", "a", "B", "_", "a1", "10", "9"] { try await registry.push(image, to: "app", as: tag) }
        var tags: [[String]] = []
        var last: String?
        repeat {
            let page = try registry.tags(of: "app", after: last, count: nil)
            tags.append(page.entries)
            last = page.next
        } while last != nil
        #expect(tags == [["10", "9", "B"], ["_", "a", "a1"], ["b"]])
        #expect(try await registry.verify() == [])
    }

    @Test func `begin after a name that need not exist`() async throws {
        let image = Fixture.image()
        for tag: OCI.Tag in ["a", "c"] { try await registry.push(image, to: "app", as: tag) }
        #expect(try registry.tags(of: "app", after: "b", count: nil).entries == ["c"])
        #expect(try registry.tags(of: "app", after: "z", count: nil).entries == [])
        #expect(try registry.tags(of: "app", after: "", count: nil).entries == ["a", "c"])
        #expect(try await registry.verify() == [])
    }

    @Test(arguments: [(0, 0, false), (1, 1, true), (2, 2, true), (3, 3, false), (4, 3, false), (Int.max, 3, false)])
    func `have as many entries as are wanted, up to a page`(_ count: Int, _ found: Int, _ hasNext: Bool) async throws {
        for tag: OCI.Tag in ["a", "b", "c"] { try await registry.push(Fixture.image(), to: "app", as: tag) }
        let page = try registry.tags(of: "app", after: nil, count: count)
        #expect(page.entries.count == found)
        #expect((page.next != nil) == hasNext)
        #expect(try await registry.verify() == [])
    }

    @Test func `of tags of a repository that never was are an error`() {
        #expect(throws: RegistryError.self) { try registry.tags(of: "app", after: nil, count: nil) }
    }

    @Test func `of repositories have only those that hold a manifest`() async throws {
        for name: RepositoryName in ["b", "a/b", "a"] { try await registry.push(Fixture.image(), to: name) }
        try await registry.store([1], in: "blobs-only")
        _ = try await registry.delete(Fixture.image().digest, in: "b", by: .tester)
        #expect(try registry.repositories(after: nil, count: nil).entries == ["a", "a/b"])
        #expect(try registry.repositories(after: "a", count: nil).entries == ["a/b"])
        #expect(try registry.repositories(after: nil, count: 1).next == "a")
        #expect(try await registry.verify() == [])
    }
}

@Suite struct `Referrers` {
    private let store: TestRegistry
    private let subject = Fixture.image()
    private var registry: Registry { store.registry }

    init() throws {
        var limits = RegistryLimits()
        limits.page = 3
        limits.referrersPage = 1000
        store = try TestRegistry(limits: limits)
    }

    private func referrer(_ seed: UInt64, _ type: String? = nil, _ annotations: [String: String] = [:]) -> Fixture.Image
    {
        Fixture.image(
            seed: seed, annotations: annotations, subject: Fixture.descriptor(subject.manifest, .ociManifest),
            artifactType: type)
    }

    /// Every page.
    private func all(_ artifactType: String? = nil) throws -> [[JSONValue]] {
        var pages: [[JSONValue]] = []
        var key: Int64? = 0
        while let after = key {
            let page = try registry.referrers(to: subject.digest, in: "app", artifactType: artifactType, after: after)
            pages.append(try page.entries.map { try JSONValue(parsing: Array($0.descriptor.utf8)) })
            key = page.next
        }
        return pages
    }

    @Test func `are listed with what the manifest says of itself, in the order of their pushes`() async throws {
        let first = referrer(3, "application/spdx+json", ["a": "b"])
        let second = referrer(2)
        try await registry.push(first, to: "app")
        #expect(try await registry.push(second, to: "app").subject == subject.digest)
        let found = try all()
        #expect(found.count == 1)
        #expect(found[0].map { $0["digest"]?.string } == ["\(first.digest)", "\(second.digest)"])
        let types = found[0].map { $0["artifactType"]?.string }
        #expect(types == ["application/spdx+json", "application/vnd.oci.image.config.v1+json"])
        #expect(found[0].first?["annotations"] == ["a": "b"])
        #expect(found[0].first?["size"]?.int64 == Int64(first.manifest.count))
        #expect(found[0].first?["mediaType"] == "application/vnd.oci.image.manifest.v1+json")
        #expect(try await registry.verify() == [])
    }

    @Test func `may be asked for by artifact type`() async throws {
        for (seed, type) in [(2, "a/a"), (3, "b/b"), (4, "a/a")] as [(UInt64, String)] {
            try await registry.push(referrer(seed, type), to: "app")
        }
        #expect(try all("a/a").flatMap { $0 }.count == 2)
        #expect(try all("c/c") == [[]])
        #expect(try await registry.verify() == [])
    }

    @Test func `come before their subject, and stay when it goes`() async throws {
        try await registry.push(referrer(2), to: "app")
        #expect(try all().flatMap { $0 }.count == 1)
        try await registry.push(subject, to: "app")
        _ = try await registry.delete(subject.digest, in: "app", by: .tester)
        #expect(try all().flatMap { $0 }.count == 1)
        #expect(try await registry.verify() == [])
    }

    @Test func `are of one repository`() async throws {
        try await registry.push(referrer(2), to: "other")
        #expect(try all() == [[]])
        #expect(try await registry.verify() == [])
    }

    @Test func `are once in the list however often they are pushed`() async throws {
        for _ in 0..<3 { try await registry.push(referrer(2), to: "app") }
        #expect(try all().flatMap { $0 }.count == 1)
        #expect(try await registry.verify() == [])
    }

    @Test func `come in pages of a number of entries`() async throws {
        for seed: UInt64 in 2...8 { try await registry.push(referrer(seed), to: "app") }
        #expect(try all().map(\.count) == [3, 3, 1])
        #expect(try await registry.verify() == [])
    }

    @Test func `come in pages of a number of bytes, and one that is too large comes alone`() async throws {
        let large = String(repeating: "x", count: 2000)
        for seed: UInt64 in [2, 3] { try await registry.push(referrer(seed, nil, ["large": large]), to: "app") }
        for seed: UInt64 in [4, 5] { try await registry.push(referrer(seed), to: "app") }
        #expect(try all().map(\.count) == [1, 1, 2])
        #expect(try await registry.verify() == [])
    }
}
