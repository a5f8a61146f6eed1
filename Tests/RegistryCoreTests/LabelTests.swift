import Glibc
import OCI
import RegistryTesting
import SQLite
import Testing

@testable import RegistryCore

@Suite struct `The labels of a push` {
    private let store: TestRegistry
    private var registry: Registry { store.registry }

    init() throws {
        var limits = RegistryLimits()
        limits.config = 2000
        store = try TestRegistry(limits: limits)
    }

    private func index(of images: [Fixture.Image], annotations: [String: String] = [:]) async throws -> StoredRecord? {
        for image in images { try await registry.push(image, to: "app") }
        let platforms = ["amd64", "arm64", "s390x"].map { Platform(architecture: $0, os: "linux") }
        let manifests = zip(images, platforms).map { ($0.manifest, Optional($1)) }
        try await registry.put(
            Fixture.index(manifests, annotations: annotations), in: "app", as: "all", type: .ociIndex)
        return try registry.history().last
    }

    /// An image whose config is these bytes.
    private func image(config: [UInt8]) -> [UInt8] {
        JSONValue.object([
            "schemaVersion": 2, "mediaType": .string(MediaType.ociManifest.rawValue),
            "config": Fixture.descriptor(config, .ociConfig).json, "layers": [],
        ]).serialized()
    }

    @Test func `come from the manifest and from its config, and a disagreement is told`() async throws {
        let image = Fixture.image(labels: ["a": "config", "b": "config"], annotations: ["a": "manifest"])
        try await registry.push(image, to: "app", as: "v1")
        let record = try #require(try registry.history().first)
        #expect(record["labels"] == ["a": "manifest", "b": "config"])
        #expect(record["labelsConflict"] == ["a": ["config": "config", "manifest": "manifest"]])
        #expect(try await registry.verify() == [])
    }

    @Test func `of an index are those on which its platforms agree`() async throws {
        let labels = ["revision": "1", "team": "blue"]
        let images = [
            Fixture.image(seed: 1, labels: labels.merging(["arch": "a"]) { $1 }),
            Fixture.image(seed: 2, labels: labels.merging(["arch": "b"]) { $1 }),
            Fixture.image(seed: 3, labels: ["revision": "1", "team": "red", "only": "here"]),
        ]
        let record = try #require(try await index(of: images))
        #expect(record["labels"] == ["revision": "1"])
        #expect(record["labelsConflict"] == nil)
        #expect(try await registry.verify() == [])
    }

    @Test func `of an index are its annotations before those of its platforms`() async throws {
        let images = [1, 2].map { Fixture.image(seed: $0, labels: ["version": "1", "team": "blue"]) }
        let record = try #require(try await index(of: images, annotations: ["version": "2"]))
        #expect(record["labels"] == ["team": "blue", "version": "2"])
        #expect(record["labelsConflict"] == ["version": ["config": "1", "index": "2"]])
        #expect(try await registry.verify() == [])
    }

    @Test func `of an index do not come from an attestation, which is for no platform`() async throws {
        let image = Fixture.image(seed: 1, labels: ["team": "blue"])
        let attestation = Fixture.image(seed: 2, labels: [:])
        for image in [image, attestation] { try await registry.push(image, to: "app") }
        let manifests = [
            (image.manifest, Optional(Platform(architecture: "amd64", os: "linux"))),
            (attestation.manifest, Platform(architecture: "unknown", os: "unknown")),
        ]
        try await registry.put(Fixture.index(manifests), in: "app", as: "all", type: .ociIndex)
        #expect(try registry.history().last?["labels"] == ["team": "blue"])
        #expect(try await registry.verify() == [])
    }

    @Test(arguments: ["", "no JSON", "[]", "{}", #"{"config":{"Labels":[1]}}"#, #"{"config":{"Labels":{"a":1}}}"#])
    func `are none when the config is`(_ config: String) async throws {
        let config = Array(config.utf8)
        try await registry.store(config, in: "app")
        try await registry.put(image(config: config), in: "app", as: "v1")
        #expect(try registry.history().first?["labels"] == [:])
        #expect(try await registry.verify() == [])
    }

    @Test func `are unknown when the config is too large to be read`() async throws {
        let image = Fixture.image(labels: ["a": String(repeating: "x", count: 2000)])
        try await registry.push(image, to: "app", as: "v1")
        #expect(try registry.history().first?["labels"] == [:])
        #expect(try await registry.verify() == [])
    }

    @Test func `are unknown when the config cannot be read, and the push is good all the same`() async throws {
        let image = Fixture.image(labels: ["a": "b"])
        for blob in image.blobs { try await registry.store(blob, in: "app") }
        let connection = try Connection(path: "\(store.folder.path)/waybill.db", mode: .readWrite)
        try connection.execute("DELETE FROM blob_content")
        try await registry.put(image.manifest, in: "app", as: "v1")
        #expect(registry.digest(of: "v1", in: "app") == image.digest)
        #expect(try registry.history().first?["labels"] == [:])
        for blob in image.blobs { try await registry.store(blob, in: "app") }
        #expect(try await registry.verify() == [])
    }

    @Test func `beyond 16 KiB are counted, not repeated`() async throws {
        let labels = Dictionary(uniqueKeysWithValues: (10..<50).map { ("k\($0)", String(repeating: "x", count: 1021)) })
        try await registry.push(Fixture.image(annotations: labels), to: "app", as: "v1")
        let record = try #require(try registry.history().first)
        #expect(record["labels"]?.object?.members.count == 16)
        #expect(record["labelsOmitted"] == 24)
        #expect(try await registry.verify() == [])
    }
}
