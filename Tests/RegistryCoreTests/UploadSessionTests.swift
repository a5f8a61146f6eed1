import LinuxIO
import OCI
import RegistryTesting
import SQLite
import Testing

@testable import RegistryCore

@Suite struct `An upload session` {
    private let content = Fixture.bytes(50_000)
    private var digest: Digest { Digest(.sha256, of: content) }

    @Test func `takes chunks in order and becomes a blob`() async throws {
        let store = try TestRegistry()
        let registry = store.registry
        let id = try registry.beginUpload(to: "app").session
        #expect(try await registry.uploadStatus(id, in: "app").offset == 0)
        var offset = 0
        for end in [1, 20_000, 20_001, 40_000] {
            let range = Int64(offset)...Int64(end - 1)
            let status = try await registry.append(
                TestSource(Array(content[offset..<end])), to: id, in: "app", range: range)
            #expect(status.offset == Int64(end))
            offset = end
        }
        try await registry.commit(
            id, as: digest, in: "app", last: TestSource(Array(content[40_000...])), range: 40_000...49_999)
        guard case .file(size: 50_000) = try registry.blob(digest, in: "app") else { Issue.record("no file"); return }
        let error = await failure(UploadError.self) { _ = try await registry.uploadStatus(id, in: "app") }
        #expect(error == .unknownUpload)
        #expect(try await store.registry.verify() == [])
    }

    @Test func `refuses a chunk out of order and stays as it was`() async throws {
        let store = try TestRegistry()
        let registry = store.registry
        let id = try await registry.beginUpload(with: Array(content[..<1000]), in: "app")
        for range: ClosedRange<Int64> in [0...9, 999...1008, 1001...1010] {
            let error = await failure(UploadError.self) {
                _ = try await registry.append(TestSource(Fixture.bytes(10)), to: id, in: "app", range: range)
            }
            #expect(error == .chunkOutOfOrder(expectedOffset: 1000, received: range.lowerBound))
        }
        #expect(try await registry.uploadStatus(id, in: "app").offset == 1000)
        #expect(try await store.registry.verify() == [])
    }

    @Test(arguments: [true, false])
    func `forgets a chunk of another size than its range`(_ statesLength: Bool) async throws {
        let store = try TestRegistry()
        let registry = store.registry
        let id = try await registry.beginUpload(with: Array(content[..<1000]), in: "app")
        for count in [40_000, 10, 0] {
            let error = await failure(UploadError.self) {
                _ = try await registry.append(
                    TestSource(Fixture.bytes(count, seed: 7), statesLength: statesLength), to: id, in: "app",
                    range: 1000...1099)
            }
            #expect(error == .chunkSizeMismatch(stated: 100, received: Int64(count)))
            #expect(try await registry.uploadStatus(id, in: "app").offset == 1000)
        }
        try await registry.commit(id, as: digest, in: "app", last: TestSource(Array(content[1000...])), range: nil)
        #expect(try await store.registry.verify() == [])
    }

    @Test func `keeps what arrived before its client went away`() async throws {
        let store = try TestRegistry()
        let registry = store.registry
        let id = try registry.beginUpload(to: "app").session
        await #expect(throws: TestSource.BrokenOff.self) {
            try await registry.append(
                TestSource(Array(content[..<30_000]), breaksOff: true), to: id, in: "app", range: nil)
        }
        #expect(try await registry.uploadStatus(id, in: "app").offset == 30_000)
        await #expect(throws: TestSource.BrokenOff.self) {
            try await registry.commit(
                id, as: digest, in: "app", last: TestSource(Array(content[30_000..<45_000]), breaksOff: true),
                range: nil)
        }
        #expect(try await registry.uploadStatus(id, in: "app").offset == 45_000)
        try await registry.commit(id, as: digest, in: "app", last: TestSource(Array(content[45_000...])), range: nil)
        #expect(try await store.registry.verify() == [])
    }

    @Test func `goes on after a restart`() async throws {
        let first = try TestRegistry()
        let id = try await first.registry.beginUpload(with: Array(content[..<30_000]), in: "app")
        let store = try TestRegistry(folder: first.folder)
        let registry = store.registry
        #expect(try await registry.dropForgottenUploads() == 0)
        #expect(try await registry.uploadStatus(id, in: "app").offset == 30_000)
        try await registry.commit(id, as: digest, in: "app", last: TestSource(Array(content[30_000...])), range: nil)
        #expect(try await store.registry.verify() == [])
    }

    @Test func `stays open when the digest is another`() async throws {
        let store = try TestRegistry()
        let registry = store.registry
        let id = try await registry.beginUpload(with: content, in: "app")
        let wrong = Digest(.sha256, of: [1])
        let error = await failure(UploadError.self) {
            try await registry.commit(id, as: wrong, in: "app", last: TestSource([]), range: nil)
        }
        #expect(error == .digestMismatch(expected: wrong, computed: digest))
        try await registry.commit(id, as: digest, in: "app", last: TestSource([]), range: nil)
        #expect(try await store.registry.verify() == [])
    }

    @Test func `may name sha512 when it begins, or only when it ends`() async throws {
        let store = try TestRegistry()
        let registry = store.registry
        let digest = Digest(.sha512, of: content)
        for algorithm in Digest.Algorithm.allCases {
            let id = try registry.beginUpload(to: "app", algorithm: algorithm).session
            try await registry.commit(id, as: digest, in: "app", last: TestSource(content), range: nil)
        }
        #expect((try? registry.blob(digest, in: "app")) != nil)
        #expect(try await store.registry.verify() == [])
    }

    @Test func `belongs to its repository`() async throws {
        let store = try TestRegistry()
        let registry = store.registry
        let id = try await registry.beginUpload(with: content, in: "app")
        try await registry.store([1], in: "other")
        let attempts: [(Registry) async throws -> Void] = [
            { _ = try await $0.uploadStatus(id, in: "other") },
            { _ = try await $0.append(TestSource([1]), to: id, in: "other", range: nil) },
            { try await $0.commit(id, as: Digest(.sha256, of: [1]), in: "other", last: TestSource([]), range: nil) },
            { try await $0.cancelUpload(id, in: "other") },
        ]
        for attempt in attempts {
            let error = await failure(UploadError.self) { try await attempt(registry) }
            #expect(error == .unknownUpload)
        }
        #expect(try await registry.uploadStatus(id, in: "app").offset == 50_000)
        #expect(try await store.registry.verify() == [])
    }

    @Test func `is gone with its bytes when it is cancelled`() async throws {
        let store = try TestRegistry()
        let id = try await store.registry.beginUpload(with: content, in: "app")
        try await store.registry.cancelUpload(id, in: "app")
        #expect(try await store.blobs.storedUploads() == [])
        let error = await failure(UploadError.self) { try await store.registry.cancelUpload(id, in: "app") }
        #expect(error == .unknownUpload)
        #expect(try await store.registry.verify() == [])
    }

    @Test func `is one of a limited number in its repository`() async throws {
        var limits = RegistryLimits()
        limits.uploadsPerRepository = 2
        let clock = ManualClock()
        let store = try TestRegistry(limits: limits, clock: clock.wallClock)
        let registry = store.registry
        let early = try registry.beginUpload(to: "app").session
        let first = try await registry.beginUpload(with: [1], in: "app")
        let second = try await registry.beginUpload(with: [2], in: "app")
        var error = await failure(UploadError.self) { _ = try registry.beginUpload(to: "app") }
        #expect(error == .tooManyUploads(limit: 2))
        // One that began before is refused once it would keep something, and keeps nothing.
        for isSmall in [true, false] {
            let source = TestSource(isSmall ? [1] : content, breaksOff: isSmall)
            error = await failure(UploadError.self) {
                _ = try await registry.append(source, to: early, in: "app", range: nil)
            }
            #expect(error == .tooManyUploads(limit: 2))
        }
        #expect(try await store.blobs.storedUploads().count == 2)
        _ = try await registry.beginUpload(with: [3], in: "other")
        // Neither what was cancelled nor what has become a blob counts.
        try await registry.cancelUpload(first, in: "app")
        let third = try await registry.beginUpload(with: [1], in: "app")
        #expect(throws: UploadError.tooManyUploads(limit: 2)) { try registry.beginUpload(to: "app") }
        try await registry.commit(third, as: Digest(.sha256, of: [1]), in: "app", last: TestSource([]), range: nil)
        _ = try await registry.beginUpload(with: [1], in: "app")
        #expect(throws: UploadError.tooManyUploads(limit: 2)) { try registry.beginUpload(to: "app") }
        // Those that have expired do not count, also before anybody has dropped them.
        clock.advance(by: limits.uploadLifetime)
        _ = try registry.beginUpload(to: "app")
        #expect(
            await failure(UploadError.self) { _ = try await registry.uploadStatus(second, in: "app") } == .unknownUpload
        )
        #expect(try await store.registry.verify() == [])
    }

    @Test func `begins again at 0 when the ledger failed after its bytes had become a blob`() async throws {
        var options = Ledger.Options()
        options.queuedWrites = 0
        let store = try TestRegistry()
        let id = try await store.registry.beginUpload(with: content, in: "app")
        let busy = try TestRegistry(folder: store.folder, options: options)
        let error = await failure(LedgerError.self) {
            try await busy.registry.commit(id, as: digest, in: "app", last: TestSource([]), range: nil)
        }
        guard case .busy = error else { Issue.record("\(error as Any)"); return }
        let second = try TestRegistry(folder: store.folder)
        let registry = second.registry
        #expect((try? registry.blob(digest, in: "app")) == nil)
        #expect(try await registry.uploadStatus(id, in: "app").offset == 0)
        try await registry.commit(id, as: digest, in: "app", last: TestSource(content), range: nil)
        #expect((try? registry.blob(digest, in: "app")) != nil)
        #expect(try await second.registry.verify() == [])
    }
}

@Suite struct `An upload session that has kept nothing` {
    private let content = Fixture.bytes(5000)
    private var digest: Digest { Digest(.sha256, of: content) }

    private func hasRow(_ session: UploadSession, in store: TestRegistry) throws -> Bool {
        try store.ledger.read { try $0.upload(session.id) } != nil
    }

    @Test func `is only a name, and so is one whose small blob comes at once`() async throws {
        let store = try TestRegistry()
        let session = try store.registry.beginUpload(to: "app").session
        #expect(try !hasRow(session, in: store))
        #expect(UploadSession(parsing: session.description) == session)
        try await store.registry.commit(session, as: digest, in: "app", last: TestSource(content), range: nil)
        #expect(try !hasRow(session, in: store))
        #expect(try await store.blobs.storedUploads() == [])
        guard case .bytes(content) = try store.registry.blob(digest, in: "app") else {
            Issue.record("not there"); return
        }
        // A client that did not get the answer may send it again.
        try await store.registry.commit(session, as: digest, in: "app", last: TestSource(content), range: nil)
        #expect(try await store.registry.verify() == [])
    }

    @Test func `goes on after a restart, and on another server with the same key`() async throws {
        let first = try TestRegistry()
        let session = try first.registry.beginUpload(to: "app").session
        let second = try TestRegistry(folder: first.folder)
        #expect(try await second.registry.uploadStatus(session, in: "app").offset == 0)
        try await second.registry.commit(session, as: digest, in: "app", last: TestSource(content), range: nil)
        #expect((try? second.registry.blob(digest, in: "app")) != nil)
    }

    @Test func `is unknown when anything in its name is another, or the key, or the repository`() async throws {
        let store = try TestRegistry()
        let text = try store.registry.beginUpload(to: "app").session.description
        var tried = 0
        for index in text.indices {
            for other in ["0", "1", "a", "b", ".", "-"] where text[index...].first?.description != other {
                var changed = text
                changed.replaceSubrange(index...index, with: other)
                guard let session = UploadSession(parsing: changed) else { continue }
                tried += 1
                let error = await failure(UploadError.self) {
                    _ = try await store.registry.uploadStatus(session, in: "app")
                }
                #expect(error == .unknownUpload, "\(changed)")
            }
        }
        #expect(tried > 300)
        let session = try #require(UploadSession(parsing: text))
        let stranger = Registry(blobs: store.blobs, ledger: store.ledger, readLanes: store.lanes, logger: .silent)
        let others: [(Registry, RepositoryName)] = [
            (stranger, "app"), (store.registry, "ap"), (store.registry, "app/x"),
        ]
        for (registry, repository) in others {
            let error = await failure(UploadError.self) {
                try await registry.commit(session, as: digest, in: repository, last: TestSource(content), range: nil)
            }
            #expect(error == .unknownUpload)
        }
        #expect(try await store.blobs.storedUploads() == [])
    }

    @Test func `ends after its lifetime`() async throws {
        let clock = ManualClock()
        let store = try TestRegistry(clock: clock.wallClock)
        let session = try store.registry.beginUpload(to: "app").session
        clock.advance(by: RegistryLimits().uploadLifetime - 1)
        #expect(try await store.registry.uploadStatus(session, in: "app").offset == 0)
        clock.advance(by: 1)
        let error = await failure(UploadError.self) {
            try await store.registry.commit(session, as: digest, in: "app", last: TestSource(content), range: nil)
        }
        #expect(error == .unknownUpload)
    }

    @Test func `is over when it is cancelled, until nobody can believe in it any more`() async throws {
        let clock = ManualClock()
        let store = try TestRegistry(clock: clock.wallClock)
        let session = try store.registry.beginUpload(to: "app").session
        try await store.registry.cancelUpload(session, in: "app")
        let again = try TestRegistry(folder: store.folder, clock: clock.wallClock)
        for registry in [store.registry, again.registry] {
            let error = await failure(UploadError.self) {
                try await registry.commit(session, as: digest, in: "app", last: TestSource(content), range: nil)
            }
            #expect(error == .unknownUpload)
        }
        clock.advance(by: RegistryLimits().uploadLifetime)
        #expect(try await store.registry.dropExpiredUploads() == 1)
        #expect(try !hasRow(session, in: store))
        #expect(
            await failure(UploadError.self) { _ = try await store.registry.uploadStatus(session, in: "app") }
                == .unknownUpload)
    }

    @Test(arguments: [true, false])
    func `keeps nothing of a small blob that did not come, or is another`(_ breaksOff: Bool) async throws {
        let store = try TestRegistry()
        let registry = store.registry
        let session = try registry.beginUpload(to: "app").session
        let wrong = Digest(.sha256, of: [1])
        for attempt in 0..<2 {
            let source = TestSource(
                Array(content[..<(3000 + attempt)]), breaksOff: breaksOff, promised: 5000)
            await #expect(throws: (any Error).self) {
                try await registry.commit(session, as: wrong, in: "app", last: source, range: nil)
            }
            #expect(try await registry.uploadStatus(session, in: "app").offset == 0)
        }
        #expect(try !hasRow(session, in: store))
        #expect(try await store.blobs.storedUploads() == [])
        try await registry.commit(session, as: digest, in: "app", last: TestSource(content), range: nil)
        #expect((try? registry.blob(digest, in: "app")) != nil)
    }

    @Test func `refuses a chunk that begins elsewhere or has another size, and goes on`() async throws {
        let store = try TestRegistry()
        let registry = store.registry
        let session = try registry.beginUpload(to: "app").session
        for (range, expected) in [
            (1...5000, .chunkOutOfOrder(expectedOffset: 0, received: 1)),
            (0...5000, .chunkSizeMismatch(stated: 5001, received: 5000)),
        ] as [(ClosedRange<Int64>, UploadError)] {
            let error = await failure(UploadError.self) {
                try await registry.commit(session, as: digest, in: "app", last: TestSource(content), range: range)
            }
            #expect(error == expected)
        }
        try await registry.commit(session, as: digest, in: "app", last: TestSource(content), range: 0...4999)
        #expect(try await registry.verify() == [])
    }

    @Test func `that is given its blob while another request keeps bytes in it is over, with those`() async throws {
        let store = try TestRegistry()
        let registry = store.registry
        let session = try registry.beginUpload(to: "app").session
        let (content, digest) = (content, digest)
        let source = PausingSource(content) {
            _ = try await registry.append(TestSource([1, 2, 3]), to: session, in: "app", range: nil)
            return 0
        }
        try await registry.commit(session, as: digest, in: "app", last: source, range: nil)
        #expect((try? registry.blob(digest, in: "app")) != nil)
        #expect(try await store.blobs.storedUploads() == [])
        let error = await failure(UploadError.self) { _ = try await registry.uploadStatus(session, in: "app") }
        #expect(error == .unknownUpload)
        #expect(try await registry.verify() == [])
    }

    @Test func `is as before when the ledger refused its blob, or nothing had come`() async throws {
        var options = Ledger.Options()
        options.queuedWrites = 0
        let store = try TestRegistry(options: options)
        let session = try store.registry.beginUpload(to: "app").session
        await #expect(throws: LedgerError.self) {
            try await store.registry.commit(session, as: digest, in: "app", last: TestSource(content), range: nil)
        }
        let healed = try TestRegistry(folder: store.folder)
        await #expect(throws: UploadError.self) {
            try await healed.registry.commit(session, as: digest, in: "app", last: TestSource([]), range: nil)
        }
        #expect(try !hasRow(session, in: healed))
        #expect(try await healed.blobs.storedUploads() == [])
        #expect(try await healed.registry.uploadStatus(session, in: "app").offset == 0)
        try await healed.registry.commit(session, as: digest, in: "app", last: TestSource(content), range: nil)
    }
}

@Suite struct `The lifetime of an upload` {
    private let clock = ManualClock()
    private let hour: Int64 = 60 * 60 * 1000

    private func open() throws -> TestRegistry { try TestRegistry(clock: clock.wallClock) }

    @Test func `ends after a day of being left alone`() async throws {
        let store = try open()
        let id = try await store.registry.beginUpload(with: [1, 2, 3], in: "app")
        clock.advance(by: 24 * hour - 1)
        #expect(try await store.registry.dropExpiredUploads() == 0)
        #expect(try await store.registry.uploadStatus(id, in: "app").offset == 3)
        clock.advance(by: 1)
        let error = await failure(UploadError.self) { _ = try await store.registry.uploadStatus(id, in: "app") }
        #expect(error == .unknownUpload)
        #expect(try await store.registry.dropExpiredUploads() == 1)
        #expect(try await store.blobs.storedUploads() == [])
        #expect(try await store.registry.dropExpiredUploads() == 0)
        #expect(try await store.registry.verify() == [])
    }

    @Test func `is longer for an upload that goes on`() async throws {
        let store = try open()
        let registry = store.registry
        let id = try registry.beginUpload(to: "app").session
        for day in 1...5 {
            clock.advance(by: 23 * hour)
            let status = try await registry.append(TestSource([1]), to: id, in: "app", range: nil)
            #expect(status.offset == Int64(day))
        }
        #expect(try await store.registry.verify() == [])
    }

    @Test func `is longer also when each request breaks off`() async throws {
        let store = try open()
        let registry = store.registry
        let id = try registry.beginUpload(to: "app").session
        for day in 1...5 {
            clock.advance(by: 23 * hour)
            await #expect(throws: TestSource.BrokenOff.self) {
                try await registry.append(TestSource([1], breaksOff: true), to: id, in: "app", range: nil)
            }
            #expect(try await registry.uploadStatus(id, in: "app").offset == Int64(day))
        }
        #expect(try await store.registry.verify() == [])
    }

    @Test func `does not end while a request is at it`() async throws {
        let store = try open()
        let registry = store.registry
        let id = try registry.beginUpload(to: "app").session
        clock.advance(by: 23 * hour)
        let source = PausingSource([1, 2, 3]) { [clock, hour] in
            clock.advance(by: 2 * hour)
            return try await registry.dropExpiredUploads()
        }
        #expect(try await registry.append(source, to: id, in: "app", range: nil).offset == 3)
        #expect(source.result == 0)
        #expect(try await registry.uploadStatus(id, in: "app").offset == 3)
        #expect(try await store.registry.verify() == [])
    }
}

/// Gives its bytes after something else has happened in the middle of the request.
private final class PausingSource: ByteSource {
    let length: Int64?
    private(set) var result: Int?
    private var bytes: [UInt8]
    private let event: () async throws -> Int

    init(_ bytes: [UInt8], event: @escaping () async throws -> Int) {
        self.bytes = bytes
        self.event = event
        length = Int64(bytes.count)
    }

    func fill(_ buffer: UnsafeMutableRawBufferPointer) async throws -> Int {
        if result == nil { result = try await event() }
        defer { bytes = [] }
        buffer.copyBytes(from: bytes)
        return bytes.count
    }
}

@Suite struct `Files that a crash left in uploads` {
    @Test func `are dropped at the next start, unless a session remembers them`() async throws {
        let store = try TestRegistry()
        let known = try await store.registry.beginUpload(with: [1], in: "app")
        let forgotten = Store.newID()
        let intake = try await store.blobs.resume(forgotten, algorithm: .sha256)
        _ = try await intake.receive(from: TestSource([1]))
        let next = try TestRegistry(folder: store.folder)
        #expect(try await next.registry.dropForgottenUploads() == 1)
        #expect(try await next.blobs.storedUploads() == [known.id])
        #expect(try await next.registry.dropForgottenUploads() == 0)
        #expect(try await next.registry.verify() == [])
    }

    @Test func `stay when they have no name of ours`() async throws {
        let store = try TestRegistry()
        let path = "\(store.folder.path)/uploads/README"
        _ = try store.blobs.disk.openForWriting(path)
        #expect(try await store.registry.dropForgottenUploads() == 0)
        #expect(try store.blobs.disk.size(of: path) == 0)
    }
}
