import OCI
import RegistryTesting
import Testing

@testable import RegistryCore

@Suite struct `Deleting` {
    private let store: TestRegistry
    private let image = Fixture.image()
    private var registry: Registry { store.registry }

    init() throws { store = try TestRegistry() }

    @Test func `a tag leaves the manifest`() async throws {
        try await registry.push(image, to: "app", as: "v1")
        try await registry.delete("v1", in: "app", by: .tester)
        #expect(registry.digest(of: "v1", in: "app") == nil)
        #expect(try registry.manifest(.digest(image.digest), in: "app", content: true).content == image.manifest)
        let record = try #require(try registry.history().last)
        #expect(record.kind == "delete" && record.digest == image.digest)
        #expect(record["deleted"] == "tag" && record["tag"] == "v1")
        #expect(try await registry.verify() == [])
    }

    @Test func `a manifest takes its tags with it, in this repository only`() async throws {
        for repository: RepositoryName in ["app", "other"] {
            try await registry.push(image, to: repository, as: "v2")
            try await registry.put(image.manifest, in: repository, as: "v1")
        }
        let deletion = try await registry.delete(image.digest, in: "app", by: .tester)
        #expect(deletion.tags == ["v1", "v2"])
        #expect(try registry.tags(of: "app", after: nil, count: nil).entries == [])
        #expect(throws: RegistryError.self) { try registry.manifest(.digest(image.digest), in: "app", content: false) }
        #expect(registry.digest(of: "v2", in: "other") == image.digest)
        #expect(try registry.history().last?["tags"] == ["v1", "v2"])
        #expect(try await registry.verify() == [])
    }

    @Test func `a manifest that an index names says so`() async throws {
        try await registry.push(image, to: "app")
        try await registry.put(Fixture.index([(image.manifest, nil)]), in: "app", as: "all", type: .ociIndex)
        #expect(try await registry.delete(image.digest, in: "app", by: .tester).references == 1)
        #expect(try await registry.verify() == [])
    }

    @Test func `what is not there is an error and no record`() async throws {
        try await registry.push(image, to: "app", as: "v1")
        let tag = await failure(RegistryError.self) { try await registry.delete("v2", in: "app", by: .tester) }
        guard case .unknownManifest(.tag("v2")) = tag else { Issue.record("\(tag as Any)"); return }
        let absent = Digest(.sha256, of: [1])
        let digest = await failure(RegistryError.self) {
            _ = try await registry.delete(absent, in: "app", by: .tester)
        }
        guard case .unknownManifest(.digest(absent)) = digest else { Issue.record("\(digest as Any)"); return }
        let repository = await failure(RegistryError.self) { try await registry.delete("v1", in: "b", by: .tester) }
        guard case .unknownRepository("b") = repository else { Issue.record("\(repository as Any)"); return }
        #expect(try registry.history().count == 1)
        #expect(try await registry.verify() == [])
    }

    @Test func `and pushing again brings everything back`() async throws {
        let referrer = Fixture.image(seed: 2, subject: Fixture.descriptor(image.manifest, .ociManifest))
        try await registry.push(image, to: "app", as: "v1")
        for _ in 0..<2 {
            try await registry.push(referrer, to: "app")
            #expect(try registry.referrers(of: image.digest, in: "app").count == 1)
            _ = try await registry.delete(referrer.digest, in: "app", by: .tester)
            #expect(try registry.referrers(of: image.digest, in: "app").isEmpty)
        }
        #expect(try await registry.verify() == [])
    }

    /// The type may be said by the Content-Type alone; nothing in these bytes tells it.
    @Test func `an artifact manifest whose body does not say what it is takes it out of the referrers`() async throws {
        let subject = Fixture.descriptor(image.manifest, .ociManifest).text
        let content = Array(#"{"artifactType":"a/b","blobs":[],"subject":\#(subject)}"#.utf8)
        try await registry.push(image, to: "app", as: "v1")
        let receipt = try await registry.put(content, in: "app", type: .artifactManifest)
        #expect(try registry.trace(receipt.digest, after: -1, count: nil)?.manifest?.kind == .artifact)
        #expect(try registry.referrers(of: image.digest, in: "app").count == 1)
        _ = try await registry.delete(receipt.digest, in: "app", by: .tester)
        #expect(try registry.referrers(of: image.digest, in: "app").isEmpty)
        #expect(try await registry.verify() == [])
    }

    /// The limit on nesting is a setting, and what it let in must be readable afterwards.
    @Test func `a manifest that nests deeper than usual takes it out of the referrers`() async throws {
        var limits = RegistryLimits()
        limits.jsonDepth = 100
        let store = try TestRegistry(limits: limits)
        let deep = String(repeating: "[", count: 60) + String(repeating: "]", count: 60)
        let subject = Fixture.descriptor(image.manifest, .ociManifest).text
        let content = Array(
            #"{"schemaVersion":2,"manifests":[],"artifactType":"a/b","subject":\#(subject),"x":\#(deep)}"#.utf8)
        let receipt = try await store.registry.put(content, in: "app", type: .ociIndex)
        #expect(try store.registry.trace(receipt.digest, after: -1, count: nil)?.manifest?.kind == .index)
        _ = try await store.registry.delete(receipt.digest, in: "app", by: .tester)
        #expect(try store.registry.referrers(of: image.digest, in: "app").isEmpty)
        #expect(try await store.registry.verify() == [])
    }
}

extension Descriptor {
    fileprivate var text: String { String(decoding: json.serialized(), as: UTF8.self) }
}

extension Registry {
    fileprivate func referrers(of digest: Digest, in repository: RepositoryName) throws -> [StoredReferrer] {
        try referrers(to: digest, in: repository, artifactType: nil, after: 0).entries
    }
}
