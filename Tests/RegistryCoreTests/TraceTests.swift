import OCI
import RegistryTesting
import Testing
import TransparencyLog

@testable import RegistryCore

@Suite struct `The trace of a digest` {
    private let store: TestRegistry
    private let image = Fixture.image(seed: 1, layers: 2, labels: ["a": "b"])
    private var registry: Registry { store.registry }

    init() throws { store = try TestRegistry() }

    private func trace(_ digest: Digest) throws -> Trace {
        try #require(try registry.trace(digest, after: -1, count: nil))
    }

    @Test func `of a manifest says where it is and what happened to it`() async throws {
        try await registry.push(image, to: "app", as: "v1")
        try await registry.push(image, to: "other", as: "v2")
        try await registry.delete("v2", in: "other", by: .tester)
        let trace = try trace(image.digest)
        #expect(trace.manifest?.kind == .image)
        #expect(trace.repositories == ["app", "other"])
        #expect(trace.tags.map { "\($0.repository):\($0.tag)" } == ["app:v1"])
        #expect(trace.containers.isEmpty && trace.children.isEmpty)
        #expect(trace.records.entries.map(\.kind) == ["push", "push", "delete"])
        #expect(try await registry.verify() == [])
    }

    @Test func `is quick while there is little, and says so when there is more`() async throws {
        for number in 0..<15 { try await registry.push(image, to: "app", as: try Tag(parsing: "v\(number)")) }
        let quick = try #require(try registry.trace(image.digest, after: -1, count: nil, within: .quick))
        #expect(quick.tags.count == 15 && quick.records.entries.map(\.id) == (0..<15).map { Int64($0) })
        #expect(quick.checkpoint?.size == 15)
        // Sixteen tags.
        try await registry.push(image, to: "app", as: "v15")
        #expect(throws: TraceLimits.Exceeded.self) {
            try registry.trace(image.digest, after: -1, count: nil, within: .quick)
        }
        let whole = try trace(image.digest)
        #expect(whole.tags.count == 16 && whole.records.entries.count == 16)
        // A manifest that takes long to read.
        let large = Fixture.image(seed: 4, layers: 300)
        try await registry.push(large, to: "app")
        #expect(large.manifest.count > 32 * 1024)
        #expect(throws: TraceLimits.Exceeded.self) {
            try registry.trace(large.digest, after: -1, count: nil, within: .quick)
        }
        #expect(try trace(large.digest).manifest?.layers.count == 300)
        // Seventeen records, of which a page may be as short as it is asked for, and the history is still all of them.
        let other = Fixture.image(seed: 3)
        for _ in 0..<17 { try await registry.push(other, to: "app", as: "again") }
        #expect(throws: TraceLimits.Exceeded.self) {
            try registry.trace(other.digest, after: -1, count: 2, within: .quick)
        }
        #expect(try registry.trace(other.digest, after: -1, count: 2)?.history.count == 17)
        #expect(try registry.trace(other.digest, after: -1, count: 2)?.records.entries.count == 2)
    }

    @Test func `of an index has the pushes of its platforms, and theirs names the index`() async throws {
        let absent = Fixture.image(seed: 9)
        let index = Fixture.index([(image.manifest, nil)])
        try await registry.push(image, to: "app")
        try await registry.put(index, in: "app", as: "all", type: .ociIndex)
        let digest = Digest(.sha256, of: index)
        let trace = try trace(digest)
        #expect(trace.manifest?.kind == .index)
        #expect(trace.children.mapValues(\.id) == [image.digest: 0])
        #expect(trace.children[image.digest]?["labels"] == ["a": "b"])
        let child = try self.trace(image.digest)
        #expect(child.containers.map(\.manifest) == [digest])
        #expect(child.containers.map(\.role) == ["manifest"])
        #expect(try registry.trace(absent.digest, after: -1, count: nil) == nil)
        #expect(try await registry.verify() == [])
    }

    @Test func `of a config and of a layer names the images that contain them`() async throws {
        let sibling = Fixture.image(seed: 2, layers: 1)
        let shared = JSONValue.object([
            "schemaVersion": 2, "mediaType": .string(MediaType.ociManifest.rawValue),
            "config": Fixture.descriptor(sibling.config, .ociConfig).json,
            "layers": [Fixture.descriptor(image.layers[0], .ociLayerGzip).json],
        ]).serialized()
        try await registry.push(image, to: "app", as: "v1")
        try await registry.store(sibling.config, in: "app")
        try await registry.put(shared, in: "app", as: "v2")
        let layer = try trace(Digest(.sha256, of: image.layers[0]))
        #expect(layer.manifest == nil)
        #expect(layer.containers.map(\.manifest) == [image.digest, Digest(.sha256, of: shared)])
        #expect(layer.containers.map(\.role) == ["layer", "layer"])
        #expect(layer.repositories == ["app"])
        #expect(layer.records.entries.isEmpty)
        #expect(try trace(Digest(.sha256, of: image.config)).containers.map(\.role) == ["config"])
        #expect(try await registry.verify() == [])
    }

    @Test func `outlives its deletion`() async throws {
        try await registry.push(image, to: "app", as: "v1")
        _ = try await registry.delete(image.digest, in: "app", by: .tester)
        let layer = Digest(.sha256, of: image.layers[0])
        _ = try await registry.deleteBlob(layer, in: "app", by: .tester)
        let trace = try trace(image.digest)
        #expect(trace.manifest?.kind == .image)
        #expect(trace.repositories == [] && trace.tags.isEmpty)
        #expect(trace.records.entries.map(\.kind) == ["push", "delete"])
        #expect(try self.trace(layer).containers.map(\.manifest) == [image.digest])
        #expect(try self.trace(layer).records.entries.map(\.kind) == ["delete"])
        #expect(try await registry.verify() == [])
    }

    @Test func `is there for what was only named, and not for what was never seen`() async throws {
        let store = try TestRegistry { _ in RepositoryPolicy(allowsSparse: true) }
        try await store.registry.put(Fixture.index([(image.manifest, nil)]), in: "app", as: "v1", type: .ociIndex)
        let named = try #require(try store.registry.trace(image.digest, after: -1, count: nil))
        #expect(named.manifest == nil && named.repositories == [])
        #expect(named.containers.count == 1)
        #expect(try store.registry.trace(Digest(.sha256, of: [1]), after: -1, count: nil) == nil)
        #expect(try await store.registry.verify() == [])
    }

    @Test func `comes in pages`() async throws {
        for _ in 0..<5 { try await registry.push(image, to: "app", as: "v1") }
        var ids: [[Int64]] = []
        var cursor: Int64? = -1
        while let after = cursor {
            let page = try #require(try registry.trace(image.digest, after: after, count: 2)).records
            ids.append(page.entries.map(\.id))
            cursor = page.next
        }
        #expect(ids == [[0, 1], [2, 3], [4]])
        #expect(try registry.trace(image.digest, after: .max, count: 2)?.records.entries.isEmpty == true)
        #expect(try await registry.verify() == [])
    }
}

@Suite struct `Asking for records` {
    private let store: TestRegistry
    private let clock = ManualClock(1000)
    private static let revision = "0123456789abcdef0123456789abcdef01234567"
    private var registry: Registry { store.registry }

    init() throws { store = try TestRegistry(clock: clock.wallClock) }

    /// Records 0 to 5, a second apart: three pushes to app, a tag move, a push to other, a deletion.
    private func fill() async throws {
        let revision = ["org.opencontainers.image.revision": Self.revision, "team": "blue"]
        let images = [
            Fixture.image(seed: 1, labels: revision), Fixture.image(seed: 2, labels: ["team": "red"]),
            Fixture.image(seed: 3, labels: ["org.opencontainers.image.revision": "v1.0", "team": "blue"]),
        ]
        let builders = [Actor(principal: "ci"), Actor(userAgent: "docker"), Actor(principal: "ci", userAgent: "x")]
        for (index, image) in images.enumerated() {
            try await registry.push(image, to: "app", as: index == 1 ? "v1" : "v0", by: builders[index])
            clock.advance(by: 1000)
        }
        try await registry.push(images[0], to: "other", as: "v0", by: builders[0])
        clock.advance(by: 1000)
        try await registry.delete("v0", in: "app", by: .tester)
    }

    private func ids(_ adjust: (inout RecordFilter) -> Void) throws -> [Int64] {
        var filter = RecordFilter()
        adjust(&filter)
        return try registry.records(matching: filter, after: -1, count: nil).entries.map(\.id)
    }

    @Test func `by one condition gives those that have it`() async throws {
        try await fill()
        #expect(try ids { _ in } == [0, 1, 2, 3, 4, 5])
        #expect(try ids { $0.repository = "app" } == [0, 1, 2, 3, 5])
        #expect(try ids { $0.repository = "ap" } == [])
        #expect(try ids { $0.kind = .push } == [0, 1, 2, 4])
        #expect(try ids { $0.kind = .tag } == [3])
        #expect(try ids { $0.kind = .delete } == [5])
        #expect(try ids { $0.builder = "ci" } == [0, 2, 4])
        #expect(try ids { $0.builder = "docker" } == [1])
        #expect(try ids { $0.label = ("team", "blue") } == [0, 2, 4])
        #expect(try ids { $0.label = ("team", "") } == [])
        #expect(try ids { $0.label = ("blue", "team") } == [])
        #expect(try await registry.verify() == [])
    }

    @Test func `by revision takes the whole, or at least seven digits of its beginning`() async throws {
        try await fill()
        #expect(try ids { $0.revision = Self.revision } == [0, 4])
        #expect(try ids { $0.revision = "0123456" } == [0, 4])
        #expect(try ids { $0.revision = String(Self.revision.dropLast()) } == [0, 4])
        #expect(try ids { $0.revision = "012345" } == [])
        #expect(try ids { $0.revision = "0123457" } == [])
        #expect(try ids { $0.revision = "v1.0" } == [2])
        #expect(try ids { $0.revision = "v1" } == [])
        #expect(try ids { $0.revision = "" } == [])
        #expect(try await registry.verify() == [])
    }

    @Test func `by time takes the beginning and leaves the end`() async throws {
        try await fill()
        #expect(try ids { $0.since = 2000 } == [1, 2, 3, 4, 5])
        #expect(try ids { $0.since = 2001 } == [2, 3, 4, 5])
        #expect(try ids { $0.until = 2000 } == [0])
        #expect(try ids { $0.until = 2001 } == [0, 1])
        #expect(try ids { ($0.since, $0.until) = (2000, 4000) } == [1, 2, 3])
        #expect(try ids { ($0.since, $0.until) = (4000, 2000) } == [])
        #expect(try ids { $0.since = 9999 } == [])
        #expect(try ids { $0.until = 0 } == [])
        #expect(try ids { ($0.since, $0.until) = (.min, .max) } == [0, 1, 2, 3, 4, 5])
        #expect(try await registry.verify() == [])
    }

    @Test func `by several conditions gives those that have all`() async throws {
        try await fill()
        #expect(try ids { ($0.repository, $0.builder) = ("app", "ci") } == [0, 2])
        #expect(try ids { ($0.repository, $0.revision) = ("other", "0123456") } == [4])
        #expect(try ids { ($0.builder, $0.revision, $0.kind) = ("ci", "0123456", .push) } == [0, 4])
        #expect(try ids { ($0.builder, $0.kind) = ("ci", .delete) } == [])
        #expect(try ids { ($0.repository, $0.kind) = ("app", .push) } == [0, 1, 2])
        let every = try ids { filter in
            filter.label = ("team", "blue")
            (filter.repository, filter.revision, filter.builder) = ("app", "0123456", "ci")
            (filter.kind, filter.since, filter.until) = (.push, 0, 9999)
        }
        #expect(every == [0])
        #expect(try await registry.verify() == [])
    }

    @Test func `goes by the condition that fewest records meet, whichever that is`() async throws {
        let draft = RecordDraft(kind: .build, repository: "app", document: [:])
        try await store.ledger.write { transaction in
            for number in 0..<600 {
                var draft = draft
                draft.labels = ["team": "blue", "number": "\(number)"]
                draft.document["labels"] = .object(JSONObject(sorting: draft.labels))
                (draft.builder, draft.predicateType) = ("ci", "https://slsa.dev/provenance/v\(number / 590)")
                if number == 7 { draft.builder = "rare" }
                try transaction.append(draft, by: .tester)
            }
        }
        func way(_ adjust: (inout RecordFilter) -> Void) throws -> String? {
            var filter = RecordFilter()
            adjust(&filter)
            return try store.ledger.read { try $0.path(to: filter, 0, 599) }.map { "\($0)".prefix { $0 != "(" } }.map {
                String($0)
            }
        }
        #expect(try way { _ in } == "all")
        #expect(try way { ($0.label, $0.builder) = (("team", "blue"), "ci") } == "label")
        #expect(try way { ($0.label, $0.builder) = (("team", "blue"), "rare") } == "builder")
        #expect(try ids { ($0.label, $0.builder) = (("team", "blue"), "rare") } == [7])
        #expect(try way { ($0.label, $0.builder) = (("number", "8"), "ci") } == "label")
        #expect(try way { ($0.repository, $0.kind) = ("app", .push) } == "kind")
        #expect(try way { ($0.repository, $0.base) = ("app", Digest(.sha256, of: [1])) } == "base")
        #expect(try way { ($0.kind, $0.predicateType) = (.build, "https://slsa.dev/provenance/v1") } == "predicateType")
        #expect(try ids { $0.predicateType = "https://slsa.dev/provenance/v1" } == Array(590..<600))
        #expect(try ids { $0.predicateType = "https://slsa.dev/provenance" }.count == 600)
        #expect(try way { $0.predicateType = "https://slsa.dev/prov" } == nil)
        #expect(try way { ($0.label, $0.predicateType) = (("team", "blue"), "nothing") } == nil)
        #expect(try await registry.verify() == [])
    }

    @Test func `comes in pages, whatever number the cursor is`() async throws {
        try await fill()
        let filters: [(inout RecordFilter) -> Void] = [
            { _ in }, { $0.repository = "app" }, { $0.builder = "ci" }, { $0.revision = "0123456" },
            { $0.label = ("team", "blue") }, { $0.since = 0 },
        ]
        for adjust in filters {
            var filter = RecordFilter()
            adjust(&filter)
            var paged: [Int64] = []
            var cursor: Int64? = -1
            while let after = cursor {
                let page = try registry.records(matching: filter, after: after, count: 2)
                paged += page.entries.map(\.id)
                cursor = page.next
            }
            #expect(try paged == ids(adjust))
            #expect(try registry.records(matching: filter, after: .max, count: 2).entries.isEmpty)
        }
        #expect(try await registry.verify() == [])
    }
}
