import Glibc
import LinuxIO
import OCI
import RegistryTesting
import SQLite
import Testing

@testable import RegistryCore

private let day: Int64 = 24 * 60 * 60 * 1000

@Suite struct `A scrub` {
    private let clock = ManualClock(1_000_000)
    private let store: TestRegistry
    private let image = Fixture.image()
    private var registry: Registry { store.registry }
    private var large: Digest { Digest(.sha256, of: image.layers[0]) }
    private var small: Digest { Digest(.sha256, of: image.layers[1]) }
    private var rules: ScrubRules {
        var rules = ScrubRules()
        rules.rate = 0
        return rules
    }

    init() throws { store = try TestRegistry(clock: clock.wallClock) }

    private func path(of digest: Digest) -> String { store.blobs.path(of: digest) }

    /// Changes one byte of a file, or cuts it.
    private func damage(_ digest: Digest, cut: Bool = false) throws {
        let file = open(path(of: digest), O_WRONLY)
        defer { close(file) }
        if cut { ftruncate(file, 100) } else { try #require(pwrite(file, [image.layers[0][7] ^ 1], 1, 7) == 1) }
    }

    /// The same for the bytes of a row, past everything that would keep it from happening.
    private func damageRow() async throws {
        let digest = small
        try await registry.ledger.write { transaction in
            try transaction.connection.execute(
                "UPDATE blob_content SET content = zeroblob(512) WHERE blob = (SELECT id FROM blob WHERE digest = ?1)",
                digest.encoded)
        }
    }

    private func scrub() async throws -> [QuarantinedBlob] {
        var found: [QuarantinedBlob] = []
        try await registry.scrub(rules, report: { found.append($0) })
        return found
    }

    @Test func `finds nothing where nothing is wrong`() async throws {
        try await registry.push(image, to: "app", as: "v1")
        #expect(try await registry.scrub(rules) == 3)
        #expect(try registry.damagedBlobs() == [])
    }

    @Test(arguments: [false, true])
    func `takes a damaged file out of every repository, writes that down, and a push heals`(_ isCut: Bool) async throws
    {
        try await registry.push(image, to: "app", as: "v1")
        try await registry.push(image, to: "other", as: "v1")
        try damage(large, cut: isCut)
        #expect(
            try await registry.verify() == ["blob \(large) \(isCut ? "has 100 bytes instead of 20000" : "is damaged")"])
        let found = try await scrub()
        #expect(found.map(\.digest) == [large] && Set(found[0].repositories) == ["app", "other"])
        #expect(try registry.damagedBlobs().map(\.digest) == [large])
        for repository: RepositoryName in ["app", "other"] {
            #expect(throws: RegistryError.self) { try registry.blob(large, in: repository) }
        }
        #expect(access(path(of: large), F_OK) != 0)
        #expect(access("\(store.folder.path)/quarantine/sha256-\(large.hex)", F_OK) == 0)
        let records = try registry.history().suffix(2)
        #expect(records.allSatisfy { $0.kind == "delete" && $0["reason"] == "damaged" && $0.digest == large })
        #expect(try await scrub().isEmpty)
        #expect(try await registry.verify() == [])
        try await registry.store(image.layers[0], in: "app")
        #expect(try registry.damagedBlobs() == [])
        #expect(try await registry.content(ofBlob: large, in: "app", limit: 1 << 20) == image.layers[0])
        #expect(try await registry.verify() == [])
    }

    @Test func `finds a file that is missing`() async throws {
        try await registry.push(image, to: "app", as: "v1")
        unlink(path(of: large))
        #expect(try await registry.verify() == ["blob \(large) has no file"])
        #expect(try await scrub().map(\.fault) == ["has no file"])
        try await registry.push(image, to: "app", as: "v1")
        #expect(try await registry.verify() == [])
    }

    @Test func `finds a damaged row`() async throws {
        try await registry.push(image, to: "app", as: "v1")
        try await damageRow()
        #expect(try await scrub().map(\.digest) == [small])
        try await registry.store(image.layers[1], in: "app")
        #expect(try await registry.content(ofBlob: small, in: "app", limit: 1 << 20) == image.layers[1])
    }

    @Test func `goes on where the last one was interrupted`() async throws {
        for seed in 0..<250 { try await registry.store(Fixture.bytes(100, seed: UInt64(seed)), in: "app") }
        let scrubbing = Task { [registry, rules] in
            try await registry.scrub(rules, progress: { if $0 == 150 { withUnsafeCurrentTask { $0?.cancel() } } })
        }
        await #expect(throws: CancellationError.self) { try await scrubbing.value }
        #expect(try await registry.isScrubDue(rules))
        #expect(try await registry.scrub(rules) == 150)
        #expect(try await registry.scrub(rules) == 250)
    }

    @Test func `is due an interval after the last began, and not at once in a new folder`() async throws {
        #expect(try await !registry.isScrubDue(rules))
        clock.advance(by: 7 * day - 1)
        #expect(try await !registry.isScrubDue(rules))
        clock.advance(by: 1)
        #expect(try await registry.isScrubDue(rules))
        try await registry.scrub(rules)
        #expect(try await !registry.isScrubDue(rules))
    }

    @Test func `leaves a file alone that has been pushed again while it was looked at`() async throws {
        try await registry.push(image, to: "app", as: "v1")
        let identity = try #require(try store.blobs.identity(of: large))
        try damage(large)
        try await registry.store(image.layers[0], in: "other")
        try store.blobs.quarantine(large, if: identity)
        #expect(try await registry.verify() == [])
    }

    @Test func `changes nothing while the ledger cannot be written`() async throws {
        try await registry.push(image, to: "app", as: "v1")
        try damage(large)
        registry.ledger.refuseWrites(because: "a test")
        await #expect(throws: LedgerError.self) { try await registry.scrub(rules) }
        #expect(access(path(of: large), F_OK) == 0)
    }

    @Test func `keeps to its rate`() async throws {
        try await registry.store(image.layers[0], in: "app")
        var rules = rules
        rules.rate = 100_000
        let start = ContinuousClock.now
        try await registry.scrub(rules)
        #expect(ContinuousClock.now - start >= .milliseconds(200))
    }
}
