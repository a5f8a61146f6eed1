import Glibc
import LinuxIO
import OCI
import RegistryTesting
import Synchronization
import Testing

@testable import RegistryCore

private let hour: Int64 = 60 * 60 * 1000

@Suite struct `A collection of garbage` {
    private let clock = ManualClock(1_000_000)
    private let store: TestRegistry
    private let image = Fixture.image()
    private var registry: Registry { store.registry }
    /// The layer that is a file, and the one that is a row.
    private var large: Digest { Digest(.sha256, of: image.layers[0]) }
    private var small: Digest { Digest(.sha256, of: image.layers[1]) }

    init() throws { store = try TestRegistry(clock: clock.wallClock) }

    private func rules(untagged: Int64? = nil, grace: Int64 = 24 * hour) -> CollectionRules {
        var rules = CollectionRules()
        (rules.grace, rules.untagged) = (grace, untagged)
        return rules
    }

    private func collect(_ rules: CollectionRules) async throws -> [Garbage] {
        var garbage: [Garbage] = []
        let summary = try await registry.collect(rules) { garbage.append($0) }
        #expect(summary.bytes == garbage.filter(\.freesBytes).reduce(0) { $0 + $1.size })
        #expect(try await registry.verify() == [])
        return garbage
    }

    private func collect() async throws -> [Garbage] { try await collect(rules()) }

    private func hasFile(_ digest: Digest) throws -> Bool { try store.blobs.fileSize(of: digest) != nil }

    @Test func `takes a blob that no manifest names once nobody counts on it, with its bytes, and writes that down`()
        async throws
    {
        for layer in image.layers { try await registry.store(layer, in: "app") }
        clock.advance(by: 24 * hour - 1)
        #expect(try await collect() == [])
        clock.advance(by: 1)
        let garbage = try await collect()
        #expect(garbage.map(\.digest) == [large, small])
        #expect(garbage.allSatisfy { $0.kind == .blob && $0.repository == "app" && $0.freesBytes })
        #expect(throws: RegistryError.self) { try registry.blob(large, in: "app") }
        #expect(try !hasFile(large))
        let records = try registry.history()
        #expect(records.map(\.kind) == ["delete", "delete"] && records.map(\.digest) == [large, small])
        #expect(
            records[0]["deleted"] == "blob" && records[0]["reason"] == "unreferenced" && records[0]["size"] == 20_000)
        #expect(records[0]["freesBytes"] == true && records[0].principal == nil)
        #expect(try await collect() == [])
    }

    @Test func `keeps what a manifest names, however old it is`() async throws {
        try await registry.push(image, to: "app", as: "v1")
        clock.advance(by: 1000 * 24 * hour)
        #expect(try await collect(rules(grace: 0)) == [])
        for blob in image.blobs { _ = try registry.blob(Digest(.sha256, of: blob), in: "app") }
    }

    @Test func `takes a blob out of one repository and leaves it in another`() async throws {
        try await registry.push(image, to: "app", as: "v1")
        try await registry.store(image.layers[0], in: "other")
        clock.advance(by: 25 * hour)
        let garbage = try await collect()
        #expect(garbage == [Garbage(.blob, large, size: 20_000, in: "other", freesBytes: false)])
        #expect(try hasFile(large))
        #expect(throws: RegistryError.self) { try registry.blob(large, in: "other") }
    }

    @Test func `leaves a blob to a client that was told lately that it is here`() async throws {
        try await registry.store(image.layers[0], in: "app")
        clock.advance(by: 13 * hour)
        let records = try registry.history().count
        _ = try await registry.leasedBlob(large, in: "app")
        clock.advance(by: 23 * hour)
        #expect(try await collect() == [])
        clock.advance(by: hour)
        #expect(try await collect().map(\.digest) == [large])
        #expect(try registry.history().count == records + 1)
        await #expect(throws: RegistryError.self) { _ = try await registry.leasedBlob(large, in: "app") }
    }

    @Test func `writes a lease down no more than twice in the time of grace`() async throws {
        try await registry.store(image.layers[0], in: "app")
        clock.advance(by: 11 * hour)
        _ = try await registry.leasedBlob(large, in: "app")
        let leased = try registry.ledger.read { try $0.blob(large, in: "app")?.leased }
        #expect(leased == 1_000_000)
    }

    @Test func `gives blobs time after the last manifest that named them was deleted`() async throws {
        try await registry.push(image, to: "app", as: "v1")
        clock.advance(by: 100 * hour)
        _ = try await registry.delete(image.digest, in: "app", by: .tester)
        clock.advance(by: 23 * hour)
        #expect(try await collect() == [])
        clock.advance(by: hour)
        #expect(Set(try await collect().map(\.digest)) == Set(image.blobs.map { Digest(.sha256, of: $0) }))
        try await registry.push(image, to: "app", as: "v1")
        #expect(try await registry.verify() == [])
    }

    @Test func `keeps manifests without a tag unless it is told to take them`() async throws {
        try await registry.push(image, to: "app")
        clock.advance(by: 1000 * hour)
        #expect(try await collect() == [])
        let garbage = try await collect(rules(untagged: 24 * hour))
        #expect(
            garbage == [
                Garbage(.manifest, image.digest, size: Int64(image.manifest.count), in: "app", freesBytes: false)
            ])
        let record = try #require(try registry.history().last)
        #expect(record.kind == "delete" && record["deleted"] == "manifest" && record["reason"] == "unreferenced")
        // Its blobs had been named until now.
        #expect(try await collect(rules(untagged: 24 * hour)) == [])
        clock.advance(by: 24 * hour)
        #expect(try await collect(rules(untagged: 24 * hour)).count == image.blobs.count)
    }

    @Test func `keeps what a tagged index names and what refers to it, and takes all of it once the tag is gone`()
        async throws
    {
        let index = Fixture.index([(image.manifest, nil)])
        let signature = Fixture.image(
            seed: 2, subject: Fixture.descriptor(index, .ociIndex), artifactType: "application/vnd.example.signature")
        try await registry.push(image, to: "app")
        try await registry.put(index, in: "app", as: "v1", type: .ociIndex)
        try await registry.push(signature, to: "app")
        clock.advance(by: 100 * hour)
        #expect(try await collect(rules(untagged: hour)) == [])
        try await registry.delete("v1", in: "app", by: .tester)
        let garbage = try await collect(rules(untagged: hour))
        #expect(Set(garbage.map(\.digest)) == [Digest(.sha256, of: index), image.digest, signature.digest])
    }

    @Test func `leaves a manifest alone that was pushed again while it was looked for`() async throws {
        try await registry.push(image, to: "app")
        clock.advance(by: 100 * hour)
        let repository = RepositoryRow(key: 1, name: "app")
        let entry = try #require(
            try registry.ledger.read { try $0.entries(of: 1, after: 0, limit: 10) }.first)
        let time = registry.now - hour
        try await registry.put(image.manifest, in: "app")
        let garbage = try await registry.ledger.write { try $0.collect(entry, of: repository, pushedBefore: time) }
        #expect(garbage == nil)
    }

    @Test func `leaves a blob alone that a manifest has come to name while it was looked for`() async throws {
        for blob in image.blobs { try await registry.store(blob, in: "app") }
        let (links, records) = try registry.ledger.read {
            (try $0.links(of: 1, after: 0, limit: 10), try $0.recordCount())
        }
        #expect(links.count == 3)
        try await registry.put(image.manifest, in: "app", as: "v1")
        let garbage = try await registry.ledger.write {
            try $0.collect(links, of: RepositoryRow(key: 1, name: "app"), unnamedAt: records, leasedBefore: .max)
        }
        #expect(garbage == [])
        #expect(try await registry.verify() == [])
    }

    @Test func `leaves a file alone that an upload is becoming, until its row is written or never will be`()
        async throws
    {
        let id = Store.newID()
        let intake = try await store.blobs.resume(id, algorithm: .sha256)
        _ = try await intake.receive(from: TestSource(image.layers[0]))
        _ = try await store.blobs.commit(intake, as: large)
        #expect(try await collect(rules(grace: 0)) == [])
        #expect(try hasFile(large))
        await store.blobs.release(id)
        #expect(try await collect(rules(grace: 0)) == [Garbage(.file, large, size: 20_000, in: nil, freesBytes: true)])
        #expect(try !hasFile(large))
    }

    @Test func `takes files that no row names, and leaves evidence and what is no blob`() async throws {
        let folder = "\(store.folder.path)/blobs/sha256/\(large.hex.prefix(2))"
        mkdir(folder, 0o700)
        _ = store.folder.write(image.layers[0], to: "blobs/sha256/\(large.hex.prefix(2))/\(large.hex)")
        _ = store.folder.write([1], to: "blobs/sha256/\(large.hex.prefix(2))/README")
        let statement = Array(
            """
            {"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"a","digest":{"sha256":"\(small.hex)"}}],\
            "predicateType":"https://example.com/large/v1","predicate":{"text":"\(String(repeating: "x", count: 300_000))"}}
            """.utf8)
        _ = try await registry.take(statement, as: .statement, by: .tester)
        #expect(try hasFile(Digest(.sha256, of: statement)))
        #expect(try await collect() == [Garbage(.file, large, size: 20_000, in: nil, freesBytes: true)])
        #expect(try hasFile(Digest(.sha256, of: statement)))
        #expect(access("\(folder)/README", F_OK) == 0)
    }

    private func retaining(last: Int? = nil, age: Int64? = nil, kept: [String] = []) -> CollectionRules {
        var rules = rules()
        let patterns = kept.compactMap { TagPattern(parsing: $0) }
        rules.retention = { $0 == "app" ? TagRetention(last: last, age: age, kept: patterns) : nil }
        return rules
    }

    private func tags(of repository: RepositoryName = "app") throws -> [String] {
        try registry.tags(of: repository, after: nil, count: nil).entries
    }

    @Test(
        arguments: [
            (2, nil, ["v3", "v4"]), (nil, 2 * hour, ["v4"]), (1, 3 * hour, ["v3", "v4"]),
            (3, hour, ["v2", "v3", "v4"]), (10, hour, ["v1", "v2", "v3", "v4"]),
            (nil, 100 * hour, ["v1", "v2", "v3", "v4"]),
        ] as [(Int?, Int64?, [String])])
    func `takes tags that the rule of their repository lets go`(_ last: Int?, _ age: Int64?, _ left: [String])
        async throws
    {
        for (number, tag) in (["v1", "v2", "v3", "v4"] as [OCI.Tag]).enumerated() {
            for repository: RepositoryName in ["app", "other"] {
                try await registry.push(Fixture.image(seed: UInt64(number)), to: repository, as: tag)
            }
            clock.advance(by: hour)
        }
        let rules = retaining(last: last, age: age)
        var expected: [Garbage] = []
        try await GarbageSearch(in: registry, rules: rules, at: registry.now).dryRun { expected.append($0) }
        #expect(try await collect(rules) == expected)
        #expect(expected.count == 4 - left.count && expected.allSatisfy { $0.kind == .tag })
        #expect(try tags() == left)
        #expect(try tags(of: "other").count == 4)
        for record in try registry.history().suffix(expected.count) {
            #expect(record.kind == "delete" && record["deleted"] == "tag" && record["reason"] == "retention")
        }
    }

    @Test func `keeps tags that are named and those of signatures, and then takes the manifests of those that went`()
        async throws
    {
        let signature = try Tag(parsing: "sha256-\(image.digest.hex).sig")
        for (seed, tag) in (["release-1", signature, "v1", "v2"] as [OCI.Tag]).enumerated() {
            try await registry.push(Fixture.image(seed: UInt64(seed + 1)), to: "app", as: tag)
            clock.advance(by: hour)
        }
        let rules = retaining(last: 1, kept: ["release-*"])
        #expect(try await collect(rules).compactMap(\.tag) == ["v1"])
        #expect(try tags() == ["release-1", signature.rawValue, "v2"])
        clock.advance(by: 24 * hour)
        #expect(try await collect(rules).map(\.digest) == [Fixture.image(seed: 3).digest])
        clock.advance(by: 24 * hour)
        // Of its three blobs the config is that of the others as well.
        #expect(try await collect(rules).map(\.kind) == [.blob, .blob])
    }

    private func push(_ tags: [OCI.Tag]) async throws {
        for (number, tag) in tags.enumerated() {
            try await registry.push(Fixture.image(seed: UInt64(number)), to: "app", as: tag)
            clock.advance(by: hour)
        }
    }

    private func collectTags(_ retention: TagRetention?) async throws -> [String] {
        var rules = rules()
        rules.retention = { $0 == "app" ? retention : nil }
        return try await collect(rules).compactMap { $0.tag?.rawValue }
    }

    @Test func `keeps what is pulled, also when the server was started anew`() async throws {
        try await push(["v1", "v2", "v3"])
        clock.advance(by: 10 * hour)
        registry.notePull(of: Fixture.image(seed: 1).digest, in: "app")
        registry.notePull(of: Fixture.image(seed: 0).digest, in: "other")
        registry.notePull(of: Fixture.image(seed: 9).digest, in: "app")
        #expect(try await collectTags(TagRetention(unused: 5 * hour)) == ["v1", "v3"])
        // A pull is known to the hour, so it may have been an hour later.
        clock.advance(by: 6 * hour - 1)
        #expect(try await collectTags(TagRetention(unused: 5 * hour)) == [])
        clock.advance(by: 1)
        #expect(try await collectTags(TagRetention(unused: 5 * hour)) == ["v2"])
    }

    @Test func `knows a pull to the hour, and writes no more`() async throws {
        try await push(["v1"])
        func pulled() throws -> Int64? {
            try registry.ledger.read { try $0.tags(of: 1, after: nil, limit: 1) }.first?.pulled
        }
        let first = registry.now
        for _ in 0..<4 {
            registry.notePull(of: Fixture.image(seed: 0).digest, in: "app")
            try await registry.writePulls()
            #expect(try pulled() == first)
            clock.advance(by: hour / 4)
        }
        registry.notePull(of: Fixture.image(seed: 0).digest, in: "app")
        try await registry.writePulls()
        #expect(try pulled() == first + hour)
    }

    @Test func `keeps the highest versions, and says nothing of what is none`() async throws {
        try await push(["2.0.0", "v1.10.0", "1.9.0", "2.1.0-rc.1", "latest", "1.10.0"])
        #expect(try await collectTags(TagRetention(versions: 3)) == ["1.9.0"])
        #expect(try await collectTags(TagRetention(versions: 2, kept: [])) == ["v1.10.0", "1.10.0"])
        // Of the rest, each is kept by one of the two rules or not at all.
        #expect(try await collectTags(TagRetention(last: 1, versions: 1)) == ["2.0.0"])
    }

    @Test func `keeps what a trusted key has signed`() async throws {
        try await push(["v1", "v2", "v3", "v4"])
        for (seed, verification) in [(0, "valid"), (1, "untrusted"), (2, "invalid")] {
            let digest = Fixture.image(seed: UInt64(seed)).digest
            try await registry.ledger.write { transaction in
                _ = try transaction.append(
                    RecordDraft(
                        kind: .signature, digest: digest,
                        document: ["verification": ["signature": .string(verification)]]), by: .tester)
            }
        }
        #expect(try await collectTags(TagRetention(last: 1, keepsSigned: true)) == ["v2", "v3"])
        #expect(try await collectTags(TagRetention(last: 1)) == ["v1"])
    }

    @Test func `leaves a tag alone that was set again while it was looked at`() async throws {
        try await registry.push(image, to: "app", as: "v1")
        let row = try #require(try registry.ledger.read { try $0.tags(of: 1, after: nil, limit: 10) }.first)
        clock.advance(by: 1)
        try await registry.put(image.manifest, in: "app", as: "v1")
        #expect(try await registry.ledger.write { try $0.collect(row, of: RepositoryRow(key: 1, name: "app")) } == nil)
        #expect(try tags() == ["v1"])
    }

    @Test func `takes nothing while a backup is being made`() async throws {
        try await registry.store(image.layers[0], in: "app")
        clock.advance(by: 25 * hour)
        do {
            let lock = try FileLock.shared("\(store.folder.path)/\(BlobStore.removalLock)")
            defer { withExtendedLifetime(lock) {} }
            await #expect(throws: CollectionError.beingCopied) { try await registry.collect(rules()) }
            #expect(try hasFile(large))
        }
        #expect(try await collect().map(\.digest) == [large])
    }

    @Test func `takes an upload that nobody has continued`() async throws {
        _ = try await registry.beginUpload(with: Fixture.bytes(100), in: "app")
        clock.advance(by: 25 * hour)
        #expect(try await registry.collect(rules()).uploads == 1)
        #expect(try await store.blobs.storedUploads() == [])
    }

    @Test func `takes nothing when the ledger can no longer be written`() async throws {
        try await registry.store(image.layers[0], in: "app")
        clock.advance(by: 25 * hour)
        registry.ledger.refuseWrites(because: "a test")
        await #expect(throws: LedgerError.self) { try await registry.collect(rules()) }
        #expect(try hasFile(large))
        _ = try await registry.leasedBlob(large, in: "app")
    }

    @Test func `can end in the middle, and the next one finds what has no row any more`() async throws {
        let fault = FaultSwitch()
        let folder = TemporaryFolder()
        let broken = try TestRegistry(folder: folder, disk: fault.disk, clock: clock.wallClock)
        try await broken.registry.store(image.layers[0], in: "app")
        clock.advance(by: 25 * hour)
        fault.fail(.rename)
        await #expect(throws: SystemError.self) { try await broken.registry.collect(rules()) }
        #expect(try broken.blobs.fileSize(of: large) == 20_000)
        fault.fail(.unlink)
        await #expect(throws: SystemError.self) { try await broken.registry.collect(rules()) }
        #expect(try broken.blobs.fileSize(of: large) == nil)
        fault.fail(nil)
        #expect(try await broken.registry.dropForgottenUploads() == 1)
        #expect(try await broken.registry.collect(rules()) == CollectionSummary())
        #expect(try broken.registry.history().count == 1)
        #expect(try await broken.registry.verify() == [])
    }

    @Test func `is known beforehand`() async throws {
        try await registry.push(image, to: "app")
        try await registry.push(image, to: "other", as: "v1")
        try await registry.store(Fixture.bytes(30_000, seed: 9), in: "app")
        clock.advance(by: 100 * hour)
        let rules = rules(untagged: hour)
        var expected: [Garbage] = []
        try await GarbageSearch(in: registry, rules: rules, at: registry.now).dryRun { expected.append($0) }
        #expect(expected.count == 2)
        #expect(try await collect(rules) == expected)
    }

    @Test func `explains why something stays`() async throws {
        let index = Fixture.index([(image.manifest, nil)])
        try await registry.push(image, to: "app", as: "v1")
        try await registry.put(index, in: "app", type: .ociIndex)
        try await registry.store(image.layers[0], in: "other")
        func kept(_ digest: Digest, _ rules: CollectionRules) async throws -> [KeptBecause?] {
            try await GarbageSearch(in: registry, rules: rules, at: registry.now).explain(digest).map(\.kept)
        }
        #expect(try await kept(image.digest, rules()) == [.tagged(["v1"])])
        #expect(try await kept(Digest(.sha256, of: index), rules()) == [.untaggedIsKept])
        let until = KeptBecause.leased(until: 1_000_000 + 24 * hour)
        #expect(try await kept(Digest(.sha256, of: index), rules(untagged: 24 * hour)) == [until])
        #expect(try await kept(large, rules()) == [.named(by: [image.digest]), until])
        clock.advance(by: 24 * hour)
        #expect(try await kept(large, rules()) == [.named(by: [image.digest]), nil])
        try await registry.delete("v1", in: "app", by: .tester)
        #expect(try await kept(image.digest, rules(untagged: hour)) == [.named(by: [Digest(.sha256, of: index)])])
        #expect(try await kept(Digest(.sha256, of: [1]), rules()) == [])
    }
}

/// Without grace, which nobody should do.
@Suite(.timeLimit(.minutes(20))) struct `A collection that never rests` {
    @Test func `breaks no push that was acknowledged`() async throws {
        let store = try TestRegistry()
        let registry = store.registry
        let crowd = Crowd(registry)
        let collecting = Task {
            var rules = CollectionRules()
            (rules.grace, rules.untagged) = (0, 0)
            var removed = 0
            while !crowd.isDone.load(ordering: .relaxed) {
                let summary = try await registry.collect(rules)
                removed += summary.blobs + summary.manifests + summary.files
            }
            return removed
        }
        let workers = (0..<4).map { worker in Task { try await crowd.work(as: worker) } }
        for worker in workers { try await worker.value }
        crowd.isDone.store(true, ordering: .relaxed)
        let removed = try await collecting.value
        #expect(try await registry.verify() == [])
        let acknowledged = crowd.acknowledged.withLock { $0 }
        for (place, image) in acknowledged {
            #expect(
                try registry.manifest(.tag(place.tag), in: place.repository, content: true).content == image.manifest)
            for blob in image.blobs {
                let digest = Digest(.sha256, of: blob)
                #expect(try await registry.content(ofBlob: digest, in: place.repository, limit: 1 << 20) == blob)
            }
        }
        #expect(acknowledged.count > 10)
        #expect(removed > 100)
    }
}

/// Clients that push the same few layers to two repositories, and delete what they have pushed.
private final class Crowd: Sendable {
    struct Place: Hashable {
        let repository: RepositoryName
        let tag: OCI.Tag
    }

    let isDone = Atomic(false)
    /// What they were told is there.
    let acknowledged = Mutex<[Place: Fixture.Image]>([:])
    private let registry: Registry

    init(_ registry: Registry) {
        self.registry = registry
    }

    func work(as worker: Int) async throws {
        for round in 0..<200 {
            let image = Fixture.image(seed: UInt64(round % 10), labels: ["round": "\(round)-\(worker)"])
            let tag = try Tag(parsing: "w\(worker)-\(round % 7)")
            let place = Place(repository: worker.isMultiple(of: 2) ? "even" : "odd", tag: tag)
            try await push(image, to: place)
            guard round % 5 == 4 else { continue }
            acknowledged.withLock { $0[place] = nil }
            try await registry.delete(place.tag, in: place.repository, by: .tester)
        }
    }

    /// As a client does that begins anew when something is missing.
    private func push(_ image: Fixture.Image, to place: Place) async throws {
        for _ in 0..<1000 {
            do {
                for blob in image.blobs {
                    let digest = Digest(.sha256, of: blob)
                    if try await registry.mount(digest, from: nil, to: place.repository) { continue }
                    try await registry.store(blob, in: place.repository)
                }
                try await registry.put(image.manifest, in: place.repository, as: place.tag)
                return acknowledged.withLock { $0[place] = image }
            } catch RegistryError.missingContent {}
        }
        Issue.record("never acknowledged")
    }
}
