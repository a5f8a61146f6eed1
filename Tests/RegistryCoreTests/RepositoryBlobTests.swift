import LinuxIO
import OCI
import RegistryTesting
import Testing

@testable import RegistryCore

@Suite struct `A blob of a repository` {
    private let content = Fixture.bytes(20_000)

    @Test func `is served by the repository that it was pushed to, and by no other`() async throws {
        let store = try TestRegistry()
        let registry = store.registry
        let digest = try await registry.store(content, in: "app")
        guard case .file(size: 20_000) = try registry.blob(digest, in: "app") else { Issue.record("no file"); return }
        for other: RepositoryName in ["other", "ap", "app/sub"] {
            let error = #expect(throws: RegistryError.self) { try registry.blob(digest, in: other) }
            guard case .unknownBlob(digest) = error else { Issue.record("\(error as Any)"); return }
        }
        #expect(try await store.registry.verify() == [])
    }

    @Test func `is mounted from a repository that serves it, or from any`() async throws {
        let store = try TestRegistry()
        let registry = store.registry
        let digest = try await registry.store(content, in: "source")
        #expect(try await registry.mount(digest, from: "source", to: "target"))
        #expect(try await registry.mount(digest, from: nil, to: "another"))
        #expect(try await registry.mount(digest, from: "target", to: "target"))
        for repository: RepositoryName in ["source", "target", "another"] {
            #expect((try? registry.blob(digest, in: repository)) != nil)
        }
        #expect(try await store.registry.verify() == [])
    }

    @Test func `is not mounted from where it is not`() async throws {
        let store = try TestRegistry()
        let registry = store.registry
        let digest = try await registry.store(content, in: "source")
        let absent = Digest(.sha256, of: [9])
        #expect(try await registry.mount(digest, from: "elsewhere", to: "target") == false)
        #expect(try await registry.mount(absent, from: "source", to: "target") == false)
        #expect(try await registry.mount(absent, from: nil, to: "target") == false)
        _ = try await registry.deleteBlob(digest, in: "source", by: .tester)
        #expect(try await registry.mount(digest, from: "source", to: "target") == false)
        #expect(try await registry.mount(digest, from: nil, to: "target") == false)
        #expect((try? registry.blob(digest, in: "target")) == nil)
        #expect(try await store.registry.verify() == [])
    }

    @Test func `is not mounted because a manifest has its digest`() async throws {
        let store = try TestRegistry()
        let registry = store.registry
        let image = Fixture.image()
        try await registry.push(image, to: "app", as: "v1")
        #expect(try await registry.mount(image.digest, from: nil, to: "other") == false)
        #expect(try await registry.mount(image.digest, from: "app", to: "other") == false)
        #expect(try await store.registry.verify() == [])
    }

    @Test func `is gone at once when it is deleted, there and nowhere else`() async throws {
        let store = try TestRegistry()
        let registry = store.registry
        let digest = try await registry.store(content, in: "app")
        try await registry.store(content, in: "other")
        let deletion = try await registry.deleteBlob(digest, in: "app", by: .tester)
        #expect(deletion.references == 0)
        #expect((try? registry.blob(digest, in: "app")) == nil)
        #expect((try? registry.blob(digest, in: "other")) != nil)
        let error = await failure(RegistryError.self) {
            _ = try await registry.deleteBlob(digest, in: "app", by: .tester)
        }
        guard case .unknownBlob(digest) = error else { Issue.record("\(error as Any)"); return }
        let records = try registry.history()
        #expect(records.map(\.kind) == ["delete"])
        #expect(records.first?["deleted"] == "blob")
        #expect(records.first?.clientAddress == "192.0.2.7")
        #expect(try await store.registry.verify() == [])
    }

    @Test func `can be pushed again after it was deleted`() async throws {
        let store = try TestRegistry()
        let registry = store.registry
        let digest = try await registry.store(content, in: "app")
        _ = try await registry.deleteBlob(digest, in: "app", by: .tester)
        try await registry.store(content, in: "app")
        #expect((try? registry.blob(digest, in: "app")) != nil)
        #expect(try await store.registry.verify() == [])
    }

    @Test func `is deleted although manifests name it, and says how many`() async throws {
        let store = try TestRegistry()
        let registry = store.registry
        let image = Fixture.image(layers: 1)
        try await registry.push(image, to: "app", as: "v1")
        try await registry.push(image, to: "other", as: "v1")
        let layer = Digest(.sha256, of: image.layers[0])
        #expect(try await registry.deleteBlob(layer, in: "app", by: .tester).references == 1)
        #expect(try await store.registry.verify() == [])
    }

    @Test func `may be a manifest`() async throws {
        let store = try TestRegistry()
        let registry = store.registry
        let image = Fixture.image()
        try await registry.push(image, to: "app", as: "v1")
        guard case .manifest(let manifest) = try registry.blob(image.digest, in: "app") else {
            Issue.record("no manifest")
            return
        }
        #expect(manifest.content == image.manifest)
        #expect(try await store.registry.verify() == [])
    }

    @Test func `that comes whole and hashes to something else leaves nothing behind`() async throws {
        let store = try TestRegistry()
        let wrong = Digest(.sha256, of: [1])
        let error = await failure(UploadError.self) {
            try await store.registry.putBlob(TestSource(content), as: wrong, to: "app")
        }
        #expect(error == .digestMismatch(expected: wrong, computed: Digest(.sha256, of: content)))
        #expect(try await store.blobs.storedUploads() == [])
        #expect(try store.ledger.read { try $0.hasRepository("app") } == false)
        #expect(try await store.registry.verify() == [])
    }

    @Test(arguments: [Disk.Step.open, .write, .synchronize, .rename, .synchronizeFolder])
    func `that the disk refused is not there, and comes whole the next time`(_ step: Disk.Step) async throws {
        let fault = FaultSwitch()
        let store = try TestRegistry(disk: fault.disk)
        let digest = Digest(.sha256, of: content)
        fault.fail(step)
        let error = await failure(UploadError.self) { try await store.registry.store(content, in: "app") }
        #expect(error == .outOfSpace)
        #expect((try? store.registry.blob(digest, in: "app")) == nil)
        fault.fail(nil)
        try await store.registry.store(content, in: "app")
        #expect((try? store.registry.blob(digest, in: "app")) != nil)
        #expect(try await store.blobs.storedUploads() == [])
        #expect(try await store.registry.verify() == [])
    }
}
