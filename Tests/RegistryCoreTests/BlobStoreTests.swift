import LinuxIO
import OCI
import RegistryTesting
import Testing

@testable import RegistryCore

@Suite struct `An upload to the blob store` {
    private let content = Fixture.bytes(100_000)
    private var digest: Digest { Digest(.sha256, of: content) }

    @Test(arguments: [true, false])
    func `takes a body whether or not its length is known`(_ statesLength: Bool) async throws {
        let store = try Store()
        let intake = try await store.resume()
        let count = try await intake.receive(from: TestSource(content, statesLength: statesLength))
        #expect(count == 100_000)
        #expect(try await store.blobs.commit(intake, as: digest).size == 100_000)
        #expect(try await store.content(of: digest, count: content.count) == content)
    }

    @Test(arguments: [0, 1, 16 * 1024 - 1, 16 * 1024, 16 * 1024 + 1, 32 * 1024, 32 * 1024 + 1])
    func `takes bodies around the size of its buffers`(_ count: Int) async throws {
        let store = try Store()
        let bytes = Fixture.bytes(count)
        for statesLength in [true, false] {
            let intake = try await store.resume(Store.newID())
            #expect(try await intake.receive(from: TestSource(bytes, statesLength: statesLength)) == Int64(count))
            #expect(try await store.blobs.commit(intake, as: Digest(.sha256, of: bytes)).size == Int64(count))
        }
    }

    @Test func `goes on with small buffers when there is no memory for large ones, and gives back what it had`()
        async throws
    {
        var limits = TestRegistry.storage
        limits.buffer = 64 * 1024
        for (limit, largest) in [(128 * 1024, 64 * 1024), (65_537, 64 * 1024), (1000, 16 * 1024)] {
            let memory = MemoryBudget(limit: limit)
            let store = try Store(limits: limits, memory: memory)
            do {
                let intake = try await store.resume()
                let source = MeasuredSource(Fixture.bytes(300_000), memory)
                #expect(try await intake.receive(from: source) == 300_000)
                #expect(source.largest == largest && source.mostUsed <= limit)
                let digest = Digest(.sha256, of: Fixture.bytes(300_000))
                #expect(try await store.blobs.commit(intake, as: digest).size == 300_000)
            }
            #expect(memory.used == 0)
        }
    }

    @Test func `goes on in a second turn where the first ended`() async throws {
        let store = try Store()
        try await store.append(Array(content[..<40_000]))
        #expect(try await store.blobs.offset(of: store.id) == 40_000)
        let intake = try await store.resume()
        #expect(intake.startOffset == 40_000)
        _ = try await intake.receive(from: TestSource(Array(content[40_000...])))
        _ = try await store.blobs.commit(intake, as: digest)
        #expect(try await store.content(of: digest, count: content.count) == content)
    }

    @Test func `goes on after a restart, which hashes again what is there`() async throws {
        let first = try Store()
        try await first.append(Array(content[..<40_000]))
        let second = try Store(folder: first.folder)
        let intake = try await second.resume(first.id)
        #expect(intake.startOffset == 40_000)
        _ = try await intake.receive(from: TestSource(Array(content[40_000...])))
        _ = try await second.blobs.commit(intake, as: digest)
        #expect(try await second.content(of: digest, count: content.count) == content)
    }

    @Test func `keeps what had arrived when the body broke off`() async throws {
        let store = try Store()
        let intake = try await store.resume()
        await #expect(throws: TestSource.BrokenOff.self) {
            try await intake.receive(from: TestSource(Fixture.bytes(50_000), breaksOff: true))
        }
        await intake.end()
        #expect(try await store.blobs.offset(of: store.id) == 50_000)
        #expect(try await store.resume().startOffset == 50_000)
    }

    @Test func `listens only to whoever took it up last`() async throws {
        let store = try Store()
        let old = try await store.resume()
        let new = try await store.resume()
        await #expect(throws: UploadError.superseded) { try await old.receive(from: TestSource([1, 2, 3])) }
        await #expect(throws: UploadError.superseded) { try await old.rollBack() }
        await #expect(throws: UploadError.superseded) { try await store.blobs.commit(old, as: digest) }
        _ = try await new.receive(from: TestSource(content))
        await old.end()
        #expect(try await store.blobs.commit(new, as: digest).size == 100_000)
    }

    @Test func `is at the start of the turn again after a roll-back`() async throws {
        let store = try Store()
        try await store.append(Array(content[..<10_000]))
        let intake = try await store.resume()
        _ = try await intake.receive(from: TestSource(Fixture.bytes(30_000, seed: 9)))
        try await intake.rollBack()
        #expect(try await store.blobs.offset(of: store.id) == 10_000)
        _ = try await intake.receive(from: TestSource(Array(content[10_000...])))
        _ = try await store.blobs.commit(intake, as: digest)
        #expect(try await store.content(of: digest, count: content.count) == content)
    }

    @Test func `stays as it was when it hashes to something else`() async throws {
        let store = try Store()
        try await store.append(content)
        let wrong = Digest(.sha256, of: [1])
        let intake = try await store.resume()
        await #expect(throws: UploadError.digestMismatch(expected: wrong, computed: digest)) {
            try await store.blobs.commit(intake, as: wrong)
        }
        await intake.end()
        let again = try await store.resume()
        #expect(again.startOffset == 100_000)
        #expect(try await store.blobs.commit(again, as: digest).size == 100_000)
        await #expect(throws: SystemError.self) { try await store.content(of: wrong, count: 1) }
    }

    @Test func `may learn only at the end that the digest is a sha512`() async throws {
        let store = try Store()
        let digest = Digest(.sha512, of: content)
        try await store.append(content)
        let intake = try await store.resume()
        await #expect(throws: UploadError.self) {
            try await store.blobs.commit(intake, as: Digest(.sha512, of: [1]))
        }
        #expect(try await store.blobs.commit(intake, as: digest).size == 100_000)
        #expect(try await store.content(of: digest, count: content.count) == content)
    }

    @Test func `may be of no bytes at all`() async throws {
        let store = try Store()
        let digest = Digest(.sha256, of: [])
        let intake = try await store.resume()
        #expect(try await store.blobs.commit(intake, as: digest).size == 0)
    }

    @Test func `may have a digest that is stored already`() async throws {
        let store = try Store()
        for _ in 0..<2 {
            try await store.append(content)
            let intake = try await store.resume()
            #expect(intake.startOffset == 100_000)
            #expect(try await store.blobs.commit(intake, as: digest).size == 100_000)
            await store.blobs.release(store.id)
        }
        #expect(try await store.blobs.storedUploads() == [])
        #expect(try await store.content(of: digest, count: content.count) == content)
    }

    @Test func `may run beside another of the same content`() async throws {
        let store = try Store()
        let (content, digest) = (content, digest)
        try await withThrowingTaskGroup(of: Int64.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    let intake = try await store.resume(Store.newID())
                    _ = try await intake.receive(from: TestSource(content))
                    return try await store.blobs.commit(intake, as: digest).size
                }
            }
            for try await size in group { #expect(size == 100_000) }
        }
        #expect(try await store.blobs.storedUploads() == [])
        #expect(try await store.content(of: digest, count: content.count) == content)
    }

    @Test func `takes a blob of exactly the limit and not a byte more`() async throws {
        var limits = TestRegistry.storage
        limits.blob = 100_000
        let store = try Store(limits: limits)
        try await store.append(content)
        let intake = try await store.resume()
        await #expect(throws: UploadError.tooLarge(limit: 100_000)) {
            try await intake.receive(from: TestSource([1]))
        }
        #expect(try await store.blobs.commit(intake, as: digest).size == 100_000)
    }

    @Test func `leaves the reserve of the disk alone`() async throws {
        var limits = TestRegistry.storage
        limits.reserve = .max / 2
        let store = try Store(limits: limits)
        let intake = try await store.resume()
        await #expect(throws: UploadError.outOfSpace) { try await intake.receive(from: TestSource([1])) }
        await intake.end()
        #expect(try await store.blobs.offset(of: store.id) == 0)
    }

    @Test func `is gone when it is discarded, and discarding it twice is no error`() async throws {
        let store = try Store()
        try await store.append(content)
        #expect(try await store.blobs.storedUploads() == [store.id])
        try await store.blobs.discard(store.id)
        try await store.blobs.discard(store.id)
        #expect(try await store.blobs.storedUploads() == [])
        #expect(try await store.resume().startOffset == 0)
    }
}

@Suite struct `A disk that fails under an upload` {
    private let content = Fixture.bytes(100_000)
    private var digest: Digest { Digest(.sha256, of: content) }

    /// Every step that a commit or the bytes before it can fail at, full and broken.
    @Test(arguments: [Disk.Step.open, .write, .synchronize, .rename, .synchronizeFolder], [Int32(28), 5])
    func `shows nothing, and lets the upload go on once it has healed`(_ step: Disk.Step, _ code: Int32) async throws {
        let fault = FaultSwitch()
        let store = try Store(disk: fault.disk)
        fault.fail(step, with: code)
        let error = await failure(UploadError.self) {
            let intake = try await store.resume()
            _ = try await intake.receive(from: TestSource(content))
            _ = try await store.blobs.commit(intake, as: digest)
        }
        #expect(error == (code == 28 ? .outOfSpace : .storage(SystemError(code: code, call: step.rawValue))))
        fault.fail(nil)
        let intake = try await store.resume()
        _ = try await intake.receive(from: TestSource(Array(content[Int(intake.startOffset)...])))
        #expect(try await store.blobs.commit(intake, as: digest).size == 100_000)
        #expect(try await store.content(of: digest, count: content.count) == content)
        #expect(try await store.blobs.storedUploads() == [])
    }

    @Test(arguments: [Disk.Step.open, .write, .synchronize, .rename])
    func `has not made the blob readable before it is durable`(_ step: Disk.Step) async throws {
        let fault = FaultSwitch()
        let store = try Store(disk: fault.disk)
        fault.fail(step)
        let error = await failure(UploadError.self) {
            let intake = try await store.resume()
            _ = try await intake.receive(from: TestSource(content))
            _ = try await store.blobs.commit(intake, as: digest)
        }
        #expect(error == .outOfSpace)
        await #expect(throws: SystemError.self) { try await store.content(of: digest, count: 1) }
    }

    @Test func `does not count bytes of a write that failed`() async throws {
        let fault = FaultSwitch()
        let store = try Store(disk: fault.disk)
        try await store.append(Array(content[..<20_000]))
        fault.fail(.write)
        let error = await failure(UploadError.self) { try await store.append(Array(content[20_000...])) }
        #expect(error == .outOfSpace)
        fault.fail(nil)
        #expect(try await store.blobs.offset(of: store.id) == 20_000)
        try await store.append(Array(content[20_000...]))
        #expect(try await store.blobs.commit(store.resume(), as: digest).size == 100_000)
    }

    @Test func `keeps what was written before a write that failed, and nothing of what was queued behind it`()
        async throws
    {
        let recorder = StepRecorder()
        let store = try Store(disk: recorder.disk)
        try await store.append(Array(content[..<1_000]))
        recorder.fail(next: 1, .write)
        let error = await failure(UploadError.self) { try await store.append(Array(content[1_000...])) }
        #expect(error == .storage(SystemError(code: 5, call: "write")))
        #expect(try await store.blobs.offset(of: store.id) == 1_000)
        try await store.append(Array(content[1_000...]))
        #expect(try await store.blobs.commit(store.resume(), as: digest).size == 100_000)
    }

    @Test func `keeps the upload's file when it cannot be removed, for the next start`() async throws {
        let fault = FaultSwitch()
        let store = try Store(disk: fault.disk)
        try await store.append([1])
        fault.fail(.unlink, with: 5)
        await #expect(throws: SystemError(code: 5, call: "unlink")) { try await store.blobs.discard(store.id) }
        #expect(try await store.blobs.storedUploads() == [store.id])
    }
}

/// Knows the largest buffer that it was given, and how much of a budget was in use then.
private final class MeasuredSource: ByteSource {
    private let source: TestSource
    private let memory: MemoryBudget
    private(set) var largest = 0
    private(set) var mostUsed = 0

    init(_ bytes: [UInt8], _ memory: MemoryBudget) {
        source = TestSource(bytes)
        self.memory = memory
    }

    var length: Int64? { source.length }

    func fill(_ buffer: UnsafeMutableRawBufferPointer) async throws -> Int {
        largest = max(largest, buffer.count)
        mostUsed = max(mostUsed, memory.used)
        return try await source.fill(buffer)
    }
}
