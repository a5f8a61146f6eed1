import LinuxIO
import OCI
import RegistryTesting
import Testing

@testable import RegistryCore

@Suite struct `The steps of a commit` {
    /// More than what is kept in the database.
    private let content = Fixture.bytes(20_000)

    @Test func `make the bytes durable, then the folder of their name, then the name`() async throws {
        let recorder = StepRecorder()
        let store = try Store(disk: recorder.disk)
        _ = recorder.take()
        let intake = try await store.resume()
        _ = try await intake.receive(from: TestSource(content))
        #expect(recorder.take() == [.open, .write, .write])
        _ = try await store.blobs.commit(intake, as: Digest(.sha256, of: content))
        #expect(recorder.take() == [.synchronize, .synchronizeFolder, .rename, .synchronizeFolder])
    }

    @Test func `make a folder durable that is there already, and no more than once`() async throws {
        let recorder = StepRecorder()
        let store = try Store(disk: recorder.disk)
        let digest = Digest(.sha256, of: content)
        recorder.fail(next: 1, .synchronizeFolder)
        try await store.append(content)
        let error = await failure(UploadError.self) { _ = try await store.blobs.commit(store.resume(), as: digest) }
        #expect(error == .storage(SystemError(code: 5, call: "synchronizeFolder")))
        for folderSteps in [2, 1] {
            let intake = try await store.resume()
            if intake.startOffset == 0 { _ = try await intake.receive(from: TestSource(content)) }
            _ = recorder.take()
            _ = try await store.blobs.commit(intake, as: digest)
            await store.blobs.release(store.id)
            #expect(recorder.take().filter { $0 == .synchronizeFolder }.count == folderSteps)
        }
    }

    /// Linux takes what a failed flush was for as clean: a second one would succeed, and make nothing durable.
    @Test func `begin with the first byte again when the bytes could not be flushed`() async throws {
        let recorder = StepRecorder()
        let store = try Store(disk: recorder.disk)
        let digest = Digest(.sha256, of: content)
        try await store.append(content)
        recorder.fail(next: 1, .synchronize)
        let error = await failure(UploadError.self) { _ = try await store.blobs.commit(store.resume(), as: digest) }
        #expect(error == .storage(SystemError(code: 5, call: "synchronize")))
        #expect(try await store.blobs.offset(of: store.id) == 0)
        let again = await failure(UploadError.self) { _ = try await store.blobs.commit(store.resume(), as: digest) }
        #expect(again == .digestMismatch(expected: digest, computed: Digest(.sha256, of: [])))
        try await store.append(content)
        _ = try await store.blobs.commit(store.resume(), as: digest)
        #expect(try await store.content(of: digest, count: 20_000) == content)
    }

    @Test func `never leave a blob open for writing, also when its name cannot be made durable`() async throws {
        let fault = FaultSwitch()
        let store = try Store(disk: fault.disk)
        let digest = Digest(.sha256, of: content)
        try await store.append(content)
        _ = try await store.blobs.commit(store.resume(), as: digest)
        await store.blobs.release(store.id)
        fault.fail(.synchronizeFolder, with: 5)
        let intake = try await store.resume()
        _ = try await intake.receive(from: TestSource(content))
        let error = await failure(UploadError.self) { _ = try await store.blobs.commit(intake, as: digest) }
        #expect(error == .storage(SystemError(code: 5, call: "synchronizeFolder")))
        fault.fail(nil)
        // The file has its new name by now, and the first request has not ended its turn yet.
        let next = try await store.resume()
        #expect(next.startOffset == 0)
        _ = try await next.receive(from: TestSource(Fixture.bytes(500, seed: 2)))
        #expect(try await store.content(of: digest, count: 20_000) == content)
    }
}

@Suite struct `The file of an upload` {
    private let folder = TemporaryFolder()

    private func file(limit: Int64 = 0) -> UploadFile {
        var limits = TestRegistry.storage
        limits.blob = limit
        return UploadFile(
            path: "\(folder.path)/upload", algorithm: .sha256, disk: Disk(), limits: limits, root: folder.path)
    }

    @Test func `cannot be taken up again once it has become a blob`() throws {
        let file = file()
        let turn = try file.begin()
        let digest = Digest(.sha256, of: [])
        _ = try file.commit(turn, as: digest, to: "\(folder.path)/blob", in: folder.path) {}
        #expect(throws: UploadError.unknownUpload) { try file.begin() }
    }

    @Test func `cannot be written or taken up again once it was discarded`() throws {
        let file = file()
        let turn = try file.begin()
        file.discard()
        let bytes: [UInt8] = [1]
        #expect(throws: UploadError.superseded) { try bytes.withUnsafeBytes { try file.append($0, in: turn) } }
        #expect(throws: UploadError.unknownUpload) { try file.begin() }
        #expect(try Disk().size(of: "\(folder.path)/upload") == nil)
    }

    @Test func `takes nothing more in a turn once something was refused, even what would fit`() throws {
        let file = file(limit: 10)
        let turn = try file.begin()
        func append(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes { try file.append($0, in: turn) } }
        try append([1, 2, 3])
        #expect(throws: UploadError.tooLarge(limit: 10)) { try append(Array(repeating: 4, count: 8)) }
        #expect(throws: UploadError.tooLarge(limit: 10)) { try append([5]) }
        let next = try file.begin()
        #expect(next.offset == 3)
        try ([6] as [UInt8]).withUnsafeBytes { try file.append($0, in: next) }
        let digest = Digest(.sha256, of: [1, 2, 3, 6])
        #expect(try file.commit(next, as: digest, to: "\(folder.path)/blob", in: folder.path) {}.size == 4)
    }
}
