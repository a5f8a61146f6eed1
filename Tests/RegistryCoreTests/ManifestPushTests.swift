import OCI
import RegistryTesting
import Testing

@testable import RegistryCore

@Suite struct `Pushing a manifest` {
    private let store: TestRegistry
    private let image = Fixture.image()
    private var registry: Registry { store.registry }

    init() throws { store = try TestRegistry() }

    @Test func `makes it readable under its tag and its digest, byte for byte`() async throws {
        let receipt = try await registry.push(image, to: "app", as: "v1")
        #expect(receipt.digest == image.digest)
        #expect(receipt.tags == ["v1"])
        #expect(receipt.record == 0)
        for reference: Reference in [.tag("v1"), .digest(image.digest)] {
            let manifest = try registry.manifest(reference, in: "app", content: true)
            #expect(manifest.content == image.manifest)
            #expect(manifest.digest == image.digest)
            #expect(manifest.mediaType == "application/vnd.oci.image.manifest.v1+json")
            #expect(try registry.manifest(reference, in: "app", content: false).size == Int64(image.manifest.count))
        }
        #expect(throws: RegistryError.self) { try registry.manifest(.digest(image.digest), in: "b", content: false) }
        #expect(try await registry.verify() == [])
    }

    @Test func `again changes nothing and is another record`() async throws {
        try await registry.push(image, to: "app", as: "v1")
        let receipt = try await registry.push(image, to: "app", as: "v1")
        #expect(receipt.record == 1)
        #expect(try registry.history().map(\.kind) == ["push", "push"])
        #expect(try registry.history().map { $0["previous"] } == [[:], ["v1": .string("\(image.digest)")]])
        #expect(try await registry.verify() == [])
    }

    @Test func `by digest may set several tags at once`() async throws {
        for blob in image.blobs { try await registry.store(blob, in: "app") }
        let receipt = try await registry.put(
            ManifestPush(
                to: "app", as: .digest(image.digest), tags: ["a", "b", "a"], contentType: nil,
                content: image.manifest), by: .tester)
        #expect(receipt.tags == ["a", "b"])
        #expect(try registry.tags(of: "app", after: nil, count: nil).entries == ["a", "b"])
        #expect(try registry.history().count == 1)
        #expect(try await registry.verify() == [])
    }

    @Test func `by a sha512 digest keeps that name`() async throws {
        for blob in image.blobs { try await registry.store(blob, in: "app") }
        let digest = Digest(.sha512, of: image.manifest)
        let push = ManifestPush(to: "app", as: .digest(digest), contentType: nil, content: image.manifest)
        #expect(try await registry.put(push, by: .tester).digest == digest)
        #expect(try registry.manifest(.digest(digest), in: "app", content: true).content == image.manifest)
        #expect(try await registry.verify() == [])
    }

    @Test func `moves a tag and records where it pointed before`() async throws {
        let other = Fixture.image(seed: 2)
        try await registry.push(image, to: "app", as: "v1")
        try await registry.push(other, to: "app", as: "v1")
        #expect(registry.digest(of: "v1", in: "app") == other.digest)
        let records = try registry.history()
        #expect(records.map(\.kind) == ["push", "push", "tag"])
        #expect(records[2].digest == other.digest)
        #expect(records[2]["previous"] == .string("\(image.digest)"))
        // The move is part of the history of the image that lost the tag as well.
        let trace = try #require(try registry.trace(image.digest, after: -1, count: nil))
        #expect(trace.records.entries.map(\.id) == [0, 2])
        #expect(try await registry.verify() == [])
    }

    @Test func `fifty times at once to one tag leaves one unbroken chain`() async throws {
        let images = (1...50).map { Fixture.image(seed: $0, layers: 1) }
        let registry = registry
        for image in images { for blob in image.blobs { try await registry.store(blob, in: "app") } }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for image in images {
                group.addTask { try await registry.put(image.manifest, in: "app", as: "latest") }
            }
            try await group.waitForAll()
        }
        var last: Digest?
        for record in try registry.history() where record.kind == "push" {
            #expect(record["previous"]?["latest"]?.string == last.map { "\($0)" })
            last = record.digest
        }
        #expect(registry.digest(of: "latest", in: "app") == last)
        #expect(try registry.history().filter { $0.kind == "tag" }.count == 49)
        #expect(try await registry.verify() == [])
    }

    @Test func `records who, from where and what`() async throws {
        let labels = [
            "org.opencontainers.image.revision": "0123456789abcdef0123456789abcdef01234567",
            "org.opencontainers.image.source": "https://example.org/app", "org.opencontainers.image.version": "1.2",
            "org.opencontainers.image.base.name": "debian:12", "team": "blue",
        ]
        let actor = Actor(principal: "ci", clientAddress: "192.0.2.1", userAgent: "docker/20")
        try await registry.push(Fixture.image(labels: labels), to: "app", as: "v1", by: actor)
        let record = try #require(try registry.history().first)
        #expect(record.kind == "push" && record.repository == "app")
        #expect(record.principal == "ci" && record.clientAddress == "192.0.2.1" && record.userAgent == "docker/20")
        // Who did it is nowhere but in the columns that can be erased.
        let document = String(decoding: record.document, as: UTF8.self)
        #expect(!document.contains("\"ci\"") && !document.contains("docker/20"))
        #expect(record["revision"]?.string == labels["org.opencontainers.image.revision"])
        #expect(record["source"] == "https://example.org/app" && record["version"] == "1.2")
        #expect(record["base"] == ["name": "debian:12"])
        #expect(record["labels"] == .object(JSONObject(sorting: labels)))
        #expect(record["created"] == "2026-01-01T00:00:00Z")
        #expect(record["platform"] == ["architecture": "amd64", "os": "linux"])
        #expect(record["tags"] == ["v1"])
        #expect(record["layers"]?.array?.map { $0["state"] } == ["present", "present"])
        #expect(try await registry.verify() == [])
    }
}

@Suite struct `A manifest that is refused` {
    private let store: TestRegistry
    private let image = Fixture.image()
    private var registry: Registry { store.registry }

    init() throws { store = try TestRegistry() }

    /// Expects that a push fails, and that it changed nothing.
    private func refusal(_ push: ManifestPush) async throws -> RegistryError? {
        let before = (registry.digest(of: "v1", in: "app"), try registry.history().count)
        let error = await failure(RegistryError.self) { _ = try await registry.put(push, by: .tester) }
        #expect(registry.digest(of: "v1", in: "app") == before.0)
        #expect(try registry.history().count == before.1)
        return error
    }

    @Test func `because its content is missing leaves the tag where it was`() async throws {
        try await registry.push(image, to: "app", as: "v1")
        let next = Fixture.image(seed: 2)
        try await registry.store(next.config, in: "app")
        // Known, but not in this repository.
        for layer in next.layers { try await registry.store(layer, in: "other") }
        let push = ManifestPush(to: "app", as: .tag("v1"), contentType: nil, content: next.manifest)
        let error = try await refusal(push)
        guard case .missingContent(let missing) = error else { Issue.record("\(error as Any)"); return }
        #expect(missing == next.layers.map { Digest(.sha256, of: $0) })
        #expect(try await registry.verify() == [])
    }

    @Test func `because it is an index of a manifest that is only in another repository`() async throws {
        try await registry.push(image, to: "other", as: "v1")
        let index = Fixture.index([(image.manifest, nil)])
        let push = ManifestPush(to: "app", as: .tag("v1"), contentType: nil, content: index)
        guard case .missingContent([image.digest]) = try await refusal(push) else {
            Issue.record("not missing")
            return
        }
        #expect(try await registry.verify() == [])
    }

    @Test func `because it hashes to something else`() async throws {
        let wrong = Digest(.sha256, of: [1])
        let push = ManifestPush(to: "app", as: .digest(wrong), contentType: nil, content: image.manifest)
        guard case .digestMismatch(expected: wrong, computed: image.digest) = try await refusal(push) else {
            Issue.record("no mismatch")
            return
        }
    }

    @Test(arguments: ["", "{", "[]", "{}", #"{"schemaVersion":1}"#])
    func `because it is none`(_ text: String) async throws {
        let push = ManifestPush(to: "app", as: .tag("v1"), contentType: nil, content: Array(text.utf8))
        guard case .invalidManifest = try await refusal(push) else { Issue.record("not invalid"); return }
        #expect(try registry.repositories(after: nil, count: nil).entries == [])
    }

    @Test func `because it sets too many tags`() async throws {
        let tags = try (0..<47).map { try Tag(parsing: "t\($0)") }
        let push = ManifestPush(
            to: "app", as: .digest(image.digest), tags: tags, contentType: nil, content: image.manifest)
        guard case .tooManyTags(limit: 46) = try await refusal(push) else { Issue.record("not refused"); return }
    }

    @Test(arguments: ["ftp://example.org/x", "file:///etc/passwd", "https://user@example.org/", "https://a/#b", ""])
    func `because a layer is to be fetched from`(_ url: String) async throws {
        try await registry.store(image.config, in: "app")
        let content = Windows.manifest(config: image.config, urls: [url])
        let push = ManifestPush(to: "app", as: .tag("v1"), contentType: nil, content: content)
        let error = try await refusal(push)
        guard case .refusedURL(Windows.layer, url) = error else { Issue.record("\(error as Any)"); return }
        #expect(try await registry.verify() == [])
    }
}

/// An image on a base layer that is not here.
private enum Windows {
    static let layer = Digest(.sha256, of: Array("windows".utf8))

    static func manifest(config: [UInt8], urls: [String]) -> [UInt8] {
        var base = Descriptor(mediaType: .ociNondistributableLayerGzip, digest: layer, size: 7)
        base.urls = urls
        return JSONValue.object([
            "schemaVersion": 2, "mediaType": .string(MediaType.ociManifest.rawValue),
            "config": Fixture.descriptor(config, .ociConfig).json, "layers": [base.json],
        ]).serialized()
    }
}

@Suite struct `What a repository allows` {
    private let image = Fixture.image()

    @Test func `is a foreign layer that is not here`() async throws {
        let store = try TestRegistry()
        try await store.registry.store(image.config, in: "app")
        let content = Windows.manifest(config: image.config, urls: ["https://mcr.example/layer"])
        try await store.registry.put(content, in: "app", as: "v1")
        let layer = try #require(try store.registry.history().first?["layers"]?.array?.first)
        #expect(layer["state"] == "foreign")
        #expect(layer["urls"] == ["https://mcr.example/layer"])
        #expect(try await store.registry.verify() == [])
    }

    @Test func `is not that where a rule wants it here`() async throws {
        let store = try TestRegistry { _ in RepositoryPolicy(requiresForeignLayers: true) }
        try await store.registry.store(image.config, in: "app")
        let content = Windows.manifest(config: image.config, urls: ["https://mcr.example/layer"])
        let error = await failure(RegistryError.self) {
            try await store.registry.put(content, in: "app", as: "v1")
        }
        guard case .missingForeignLayers([Windows.layer]) = error else { Issue.record("\(error as Any)"); return }
        try await store.registry.store(Array("windows".utf8), in: "app")
        try await store.registry.put(content, in: "app", as: "v1")
        #expect(try await store.registry.verify() == [])
    }

    @Test func `is a manifest before its content where a rule says so`() async throws {
        let store = try TestRegistry { RepositoryPolicy(allowsSparse: $0 == "mirror") }
        let index = Fixture.index([(image.manifest, nil)])
        try await store.registry.put(index, in: "mirror", as: "v1", type: .ociIndex)
        let entry = try #require(try store.registry.history().first?["manifests"]?.array?.first)
        #expect(entry["state"] == "absent")
        let error = await failure(RegistryError.self) {
            try await store.registry.put(index, in: "app", as: "v1", type: .ociIndex)
        }
        guard case .missingContent = error else { Issue.record("\(error as Any)"); return }
        #expect(try await store.registry.verify() == [])
    }
}
