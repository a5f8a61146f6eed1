import LinuxIO
import OCI
import RegistryTesting
import Testing

@testable import RegistryCore

@Suite struct `The upload of a small blob` {
    private let content = Fixture.bytes(5000)
    private var digest: Digest { Digest(.sha256, of: content) }

    @Test func `that comes whole in its last request touches no file`() async throws {
        let recorder = StepRecorder()
        let store = try TestRegistry(disk: recorder.disk)
        let session = try store.registry.beginUpload(to: "app").session
        _ = recorder.take()
        try await store.registry.commit(session, as: digest, in: "app", last: TestSource(content), range: nil)
        try await store.registry.putBlob(TestSource(content), as: digest, to: "other")
        #expect(recorder.take() == [])
        for repository in ["app", "other"] as [RepositoryName] {
            guard case .bytes(content) = try store.registry.blob(digest, in: repository) else {
                Issue.record("not in the database")
                return
            }
        }
    }

    @Test func `that came before its last request is read, and its file goes once the row is durable`() async throws {
        let store = try Store()
        try await store.append(content)
        let intake = try await store.resume()
        #expect(try await intake.receive(from: TestSource([])) == 0)
        let blob = CommittedBlob(digest, size: 5000, content: content)
        #expect(try await store.blobs.commit(intake, as: digest) == blob)
        #expect(await store.blobs.committed(store.id) == blob)
        #expect(try await store.blobs.storedUploads() == [store.id])
        await store.blobs.release(store.id)
        #expect(try await store.blobs.storedUploads() == [])
    }

    @Test func `that came in two parts has both`() async throws {
        let store = try Store()
        try await store.append(Array(content[..<3000]))
        let intake = try await store.resume()
        #expect(try await intake.receive(from: TestSource(Array(content[3000...]))) == 2000)
        #expect(try await store.blobs.commit(intake, as: digest).content == content)
    }

    @Test(arguments: [0, 1, 16 * 1024, 16 * 1024 + 1], [Digest.Algorithm.sha256, .sha512])
    func `goes into the database up to 16 KiB`(_ count: Int, _ algorithm: Digest.Algorithm) async throws {
        let store = try Store()
        let bytes = Fixture.bytes(count)
        for statesLength in [true, false] {
            let intake = try await store.resume(Store.newID())
            _ = try await intake.receive(from: TestSource(bytes, statesLength: statesLength))
            let blob = try await store.blobs.commit(intake, as: Digest(algorithm, of: bytes))
            #expect(blob.content == (count <= 16 * 1024 ? bytes : nil))
            #expect(blob.size == Int64(count))
        }
    }

    @Test func `stays in the upload when it hashes to something else`() async throws {
        let store = try Store()
        let wrong = Digest(.sha256, of: [1])
        let intake = try await store.resume()
        _ = try await intake.receive(from: TestSource(content))
        await #expect(throws: UploadError.digestMismatch(expected: wrong, computed: digest)) {
            try await store.blobs.commit(intake, as: wrong)
        }
        await intake.end()
        #expect(try await store.blobs.offset(of: store.id) == 5000)
        #expect(try await store.blobs.commit(store.resume(), as: digest).content == content)
    }

    @Test func `keeps what had arrived when the body broke off`() async throws {
        let store = try Store()
        let intake = try await store.resume()
        await #expect(throws: TestSource.BrokenOff.self) {
            try await intake.receive(from: TestSource(content, breaksOff: true))
        }
        await intake.end()
        let offset = try await store.blobs.offset(of: store.id)
        let next = try await store.resume()
        #expect(next.startOffset == offset)
        _ = try await next.receive(from: TestSource(Array(content[Int(offset)...])))
        #expect(try await store.blobs.commit(next, as: digest).content == content)
    }

    @Test func `is refused when the disk has no room for it`() async throws {
        var limits = TestRegistry.storage
        limits.reserve = .max / 2
        let store = try TestRegistry(storage: limits)
        let registry = store.registry
        let session = try registry.beginUpload(to: "app").session
        await #expect(throws: UploadError.outOfSpace) {
            try await registry.commit(session, as: digest, in: "app", last: TestSource(content), range: nil)
        }
        await #expect(throws: UploadError.outOfSpace) {
            try await registry.putBlob(TestSource(content), as: digest, to: "app")
        }
        #expect((try? registry.blob(digest, in: "app")) == nil)
    }

    @Test func `does not win over one that superseded it`() async throws {
        let store = try Store()
        let old = try await store.resume()
        _ = try await old.receive(from: TestSource(content))
        let new = try await store.resume()
        await #expect(throws: UploadError.superseded) { try await store.blobs.commit(old, as: digest) }
        #expect(try await store.blobs.commit(new, as: digest).content == content)
    }
}

@Suite struct `A small blob of a repository` {
    private let content = Fixture.bytes(5000)
    private var digest: Digest { Digest(.sha256, of: content) }

    @Test func `is served from its row, in each repository that links to it`() async throws {
        let store = try TestRegistry()
        try await store.registry.store(content, in: "app")
        #expect(try await store.registry.mount(digest, from: "app", to: "other"))
        for repository: RepositoryName in ["app", "other"] {
            guard case .bytes(content) = try store.registry.blob(digest, in: repository) else {
                Issue.record("not its bytes")
                return
            }
        }
        #expect((try? store.registry.blob(digest, in: "elsewhere")) == nil)
        #expect(try await store.registry.verify() == [])
    }

    @Test func `that its ledger refused is not there, and need not be sent again`() async throws {
        var options = Ledger.Options()
        options.queuedWrites = 0
        let store = try TestRegistry()
        let id = try await store.registry.beginUpload(with: content, in: "app")
        let busy = try TestRegistry(folder: store.folder, options: options)
        for _ in 0..<2 {
            await #expect(throws: LedgerError.self) {
                try await busy.registry.commit(id, as: digest, in: "app", last: TestSource([]), range: nil)
            }
        }
        let registry = try TestRegistry(folder: store.folder).registry
        #expect((try? registry.blob(digest, in: "app")) == nil)
        #expect(try await registry.uploadStatus(id, in: "app").offset == 5000)
        try await registry.commit(id, as: digest, in: "app", last: TestSource([]), range: nil)
        #expect((try? registry.blob(digest, in: "app")) != nil)
        #expect(try await registry.verify() == [])
    }

    @Test func `that was a file before is served whichever way it is pushed again`() async throws {
        let store = try TestRegistry()
        let (digest, file) = (digest, store.blobs.path(of: digest))
        try store.blobs.disk.makeFolders(String(file.dropLast(65)))
        try content.withUnsafeBytes {
            try store.blobs.disk.write($0, to: store.blobs.disk.openForWriting(file), at: 0)
        }
        try await store.ledger.write { try $0.linkBlob(CommittedBlob(digest, size: 5000), to: "app") }
        guard case .file(size: 5000) = try store.registry.blob(digest, in: "app") else {
            Issue.record("not a file")
            return
        }
        #expect(try await store.registry.verify() == [])
        try await store.registry.store(content, in: "other")
        guard case .bytes(content) = try store.registry.blob(digest, in: "app") else {
            Issue.record("not its bytes")
            return
        }
        #expect(try await store.registry.verify() == [])
    }
}
