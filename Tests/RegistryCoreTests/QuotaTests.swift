import Glibc
import OCI
import RegistryTesting
import Testing

@testable import RegistryCore
@testable import SQLite

@Suite struct `A quota` {
    private static let team = Glob.parsed("team/**")
    private let image = Fixture.image()
    /// Bytes of everything that the image is.
    private var size: Int64 { Int64(image.manifest.count + image.blobs.reduce(0) { $0 + $1.count }) }
    private var layer: Digest { Digest(.sha256, of: image.layers[0]) }

    private func store(
        _ quotas: [Quota]?, in folder: TemporaryFolder = TemporaryFolder(), clock: ManualClock = ManualClock()
    ) throws -> TestRegistry {
        var options = Ledger.Options()
        options.quotas = quotas
        return try TestRegistry(folder: folder, options: options, clock: clock.wallClock)
    }

    private func used(_ store: TestRegistry) async throws -> [String: Int64] {
        #expect(try await store.registry.verify() == [])
        let quotas = try store.ledger.read { try $0.quotas() }
        return Dictionary(uniqueKeysWithValues: quotas.map { ($0.quota.match.description, $0.used) })
    }

    /// Expects that `body` is refused for more than a quota allows.
    private func refused(needed: Int64? = nil, _ body: () async throws -> Void) async {
        let error = await #expect(throws: RegistryError.self) { try await body() }
        guard case .quotaExceeded(_, let found) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        if let needed { #expect(found == needed) }
    }

    @Test func `takes exactly as much as it says, and not a byte more`() async throws {
        let exact = try store([Quota(match: Self.team, bytes: size)])
        try await exact.registry.push(image, to: "team/app", as: "v1")
        #expect(try await used(exact) == ["team/**": size])
        await refused { try await exact.registry.store([1], in: "team/app") }
        await refused { try await exact.registry.store([1], in: "team/another") }
        try await exact.registry.store([1], in: "elsewhere")

        let lacking = try store([Quota(match: Self.team, bytes: size - 1)])
        for blob in image.blobs { try await lacking.registry.store(blob, in: "team/app") }
        await refused(needed: Int64(image.manifest.count)) {
            try await lacking.registry.push(image, to: "team/app", as: "v1")
        }
        #expect(try await used(lacking) == ["team/**": size - Int64(image.manifest.count)])
        #expect(throws: RegistryError.self) {
            try lacking.registry.manifest(.tag("v1"), in: "team/app", content: false)
        }
        #expect(try lacking.registry.history().isEmpty)
    }

    @Test func `counts what many of its repositories have once`() async throws {
        let store = try store([Quota(match: Self.team, bytes: size)])
        try await store.registry.push(image, to: "team/app", as: "v1")
        #expect(try await store.registry.mount(layer, from: "team/app", to: "team/copy"))
        #expect(try await used(store) == ["team/**": size])
        _ = try await store.registry.deleteBlob(layer, in: "team/app", by: .tester)
        #expect(try await used(store) == ["team/**": size])
        _ = try await store.registry.deleteBlob(layer, in: "team/copy", by: .tester)
        #expect(try await used(store) == ["team/**": size - 20_000])
    }

    @Test func `refuses a blob that another repository lends`() async throws {
        let store = try store([Quota(match: Self.team, bytes: 10_000)])
        try await store.registry.store(image.layers[0], in: "elsewhere")
        await refused(needed: 20_000) {
            _ = try await store.registry.mount(layer, from: "elsewhere", to: "team/app")
        }
        #expect(throws: RegistryError.self) { try store.registry.blob(layer, in: "team/app") }
        #expect(try await used(store) == ["team/**": 0])
    }

    @Test func `holds together with every other that is about the repository`() async throws {
        let store = try store([
            Quota(match: .everything, bytes: 25_000), Quota(match: Self.team, bytes: 1000),
            Quota(match: Glob.parsed("*"), bytes: 21_000),
        ])
        try await store.registry.store(image.layers[0], in: "app")
        await refused { try await store.registry.store([UInt8](repeating: 1, count: 1001), in: "team/app") }
        try await store.registry.store([UInt8](repeating: 2, count: 1000), in: "team/app")
        await refused { try await store.registry.store([UInt8](repeating: 3, count: 1001), in: "app") }
        await refused { try await store.registry.store([UInt8](repeating: 4, count: 5000), in: "far/away") }
        #expect(try await used(store) == ["**": 21_000, "team/**": 1000, "*": 20_000])
    }

    @Test func `gives room again for what is collected`() async throws {
        let clock = ManualClock()
        let store = try store([Quota(match: Self.team, bytes: size)], clock: clock)
        try await store.registry.push(image, to: "team/app", as: "v1")
        _ = try await store.registry.delete(image.digest, in: "team/app", by: .tester)
        #expect(try await used(store) == ["team/**": size - Int64(image.manifest.count)])
        clock.advance(by: 25 * 60 * 60 * 1000)
        _ = try await store.registry.collect(CollectionRules()) { _ in }
        #expect(try await used(store) == ["team/**": 0])
        try await store.registry.push(image, to: "team/app", as: "v1")
    }

    @Test func `gives room again for what a disk has damaged`() async throws {
        let store = try store([Quota(match: Self.team, bytes: size)])
        try await store.registry.push(image, to: "team/app", as: "v1")
        #expect(truncate(store.blobs.path(of: layer), 100) == 0)
        var rules = ScrubRules()
        rules.rate = 0
        _ = try await store.registry.scrub(rules, report: { _ in })
        let quotas = try store.ledger.read { try $0.quotas() }
        #expect(quotas.map(\.used) == [size - 20_000])
        try await store.registry.store(image.layers[0], in: "team/app")
        #expect(try await used(store) == ["team/**": size])
    }

    @Test func `counts what was there before it, and outlives the server`() async throws {
        let folder = TemporaryFolder()
        let first = try store(nil, in: folder)
        try await first.registry.push(image, to: "team/app", as: "v1")
        try await first.registry.push(image, to: "team/copy", as: "v1")
        #expect(try await used(first) == [:])
        await first.close()

        let limited = try store([Quota(match: Self.team, bytes: 30_000)], in: folder)
        #expect(try await used(limited) == ["team/**": size])
        await limited.close()

        // A command of the operator, which leaves quotas as they are, and counts for them.
        let command = try store(nil, in: folder)
        await refused { try await command.registry.store([UInt8](repeating: 1, count: 20_000), in: "team/new") }
        try await command.registry.store([UInt8](repeating: 1, count: 100), in: "team/new")
        #expect(try await used(command) == ["team/**": size + 100])
        await command.close()

        let another = try store([Quota(match: Glob.parsed("team/new"), bytes: 1)], in: folder)
        #expect(try await used(another) == ["team/new": 100])
        await another.close()
        let none = try store([], in: folder)
        #expect(try await used(none) == [:])
        try await none.registry.store([UInt8](repeating: 5, count: 40_000), in: "team/new")
        await none.close()
    }

    @Test func `that was made smaller refuses what is new, and takes what it has`() async throws {
        let folder = TemporaryFolder()
        let first = try store([Quota(match: Self.team, bytes: size)], in: folder)
        try await first.registry.push(image, to: "team/app", as: "v1")
        await first.close()
        let second = try store([Quota(match: Self.team, bytes: 1)], in: folder)
        try await second.registry.push(image, to: "team/app", as: "v2")
        #expect(try await used(second) == ["team/**": size])
        await refused { _ = try second.registry.beginUpload(to: "team/app") }
    }

    @Test func `refuses an upload before its bytes are received`() async throws {
        let store = try store([Quota(match: Self.team, bytes: 1000)])
        let bytes = [UInt8](repeating: 7, count: 20_000)
        let session = try store.registry.beginUpload(to: "team/app").session
        let source = CountedSource(bytes, statesLength: true)
        await refused(needed: 20_000) {
            _ = try await store.registry.append(source, to: session, in: "team/app", range: nil)
        }
        #expect(source.given == 0)
        await refused(needed: 20_000) {
            try await store.registry.putBlob(source, as: Digest(.sha256, of: bytes), to: "team/app")
        }
        #expect(source.given == 0)
        _ = try await store.registry.append(TestSource([1, 2, 3]), to: session, in: "team/app", range: nil)
        await refused(needed: 20_003) {
            try await store.registry.commit(
                session, as: Digest(.sha256, of: bytes), in: "team/app", last: source, range: nil)
        }
        #expect(source.given == 0)
        #expect(try await store.registry.uploadStatus(session, in: "team/app").offset == 3)
    }

    @Test func `ends an upload of unknown length where it is used up`() async throws {
        let store = try store([Quota(match: Self.team, bytes: 100_000)])
        let session = try store.registry.beginUpload(to: "team/app").session
        let source = CountedSource([UInt8](repeating: 7, count: 1_000_000), statesLength: false)
        await refused { _ = try await store.registry.append(source, to: session, in: "team/app", range: nil) }
        #expect(source.given <= 100_000 + 3 * 16 * 1024)
    }

    @Test func `lets one of two pushes in that would each fit alone`() async throws {
        let store = try store([Quota(match: Self.team, bytes: 30_000)])
        let outcomes = await withTaskGroup(of: Bool.self) { group in
            for byte in UInt8(1)...4 {
                group.addTask {
                    let bytes = [UInt8](repeating: byte, count: byte < 3 ? 10_000 : 20_000)
                    return (try? await store.registry.store(bytes, in: byte < 3 ? "team/app" : "team/copy")) != nil
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        let used = try await used(store)["team/**"]
        #expect(outcomes.contains(false) && (used == 30_000 || used == 20_000), "\(outcomes) \(used ?? -1)")
    }

    @Test func `that was miscounted is found`() async throws {
        let store = try store([Quota(match: Self.team, bytes: size)])
        try await store.registry.push(image, to: "team/app", as: "v1")
        try await store.ledger.write { try $0.connection.execute("UPDATE quota SET used = 5") }
        #expect(
            try await store.registry.verify() == [
                "the quota of team/** has 5 bytes in use by its count, and \(size) in truth"
            ])
    }
}

extension Glob {
    fileprivate static func parsed(_ text: String) -> Glob {
        (try? Glob(parsing: text)) ?? .everything
    }
}

/// Knows how much of it was taken.
private final class CountedSource: ByteSource {
    private let source: TestSource
    private(set) var given = 0

    init(_ bytes: [UInt8], statesLength: Bool) { source = TestSource(bytes, statesLength: statesLength) }

    var length: Int64? { source.length }

    func fill(_ buffer: UnsafeMutableRawBufferPointer) async throws -> Int {
        let count = try await source.fill(buffer)
        given += count
        return count
    }
}
