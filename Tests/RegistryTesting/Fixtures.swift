package import OCI
import RegistryCore

/// Content that tests push.
package enum Fixture {
    /// Bytes that look random and are the same in every run.
    package static func bytes(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
        var state = seed &* 0x9e37_79b9_7f4a_7c15 | 1
        return (0..<count).map { _ in
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return UInt8(truncatingIfNeeded: state)
        }
    }

    /// An image manifest with a config and layers that must be pushed first.
    package struct Image: Sendable {
        package var config: [UInt8]
        package var layers: [[UInt8]]
        package var manifest: [UInt8]

        /// An image whose manifest names what the test says it does.
        package init(config: [UInt8], layers: [[UInt8]], manifest: [UInt8]) {
            self.config = config
            self.layers = layers
            self.manifest = manifest
        }

        package var digest: Digest { Digest(.sha256, of: manifest) }
        package var blobs: [[UInt8]] { [config] + layers }
    }

    /// An image of `layers` layers, different for each seed: the first and every other is large enough to be a file.
    package static func image(
        seed: UInt64 = 1, layers count: Int = 2, labels: [String: String] = [:], annotations: [String: String] = [:],
        subject: Descriptor? = nil, artifactType: String? = nil
    ) -> Image {
        let config = JSONValue.object([
            "architecture": "amd64", "os": "linux", "created": "2026-01-01T00:00:00Z",
            "config": ["Labels": .object(JSONObject(sorting: labels))],
            "rootfs": ["type": "layers", "diff_ids": []],
        ]).serialized()
        let layers = (0..<count).map { bytes($0.isMultiple(of: 2) ? 20_000 : 512, seed: seed * 100 + UInt64($0)) }
        var manifest: JSONObject = [
            "schemaVersion": 2, "mediaType": .string(MediaType.ociManifest.rawValue),
            "config": descriptor(config, .ociConfig).json,
            "layers": .array(layers.map { descriptor($0, .ociLayerGzip).json }),
        ]
        manifest["artifactType"] = artifactType.map { .string($0) }
        manifest["subject"] = subject?.json
        if !annotations.isEmpty { manifest["annotations"] = .object(JSONObject(sorting: annotations)) }
        return Image(config: config, layers: layers, manifest: JSONValue.object(manifest).serialized())
    }

    /// An index over manifests that must be pushed first.
    package static func index(
        _ manifests: [(content: [UInt8], platform: Platform?)], annotations: [String: String] = [:]
    ) -> [UInt8] {
        var index: JSONObject = [
            "schemaVersion": 2, "mediaType": .string(MediaType.ociIndex.rawValue),
            "manifests": .array(
                manifests.map { manifest in
                    var entry = descriptor(manifest.content, .ociManifest)
                    entry.platform = manifest.platform
                    return entry.json
                }),
        ]
        if !annotations.isEmpty { index["annotations"] = .object(JSONObject(sorting: annotations)) }
        return JSONValue.object(index).serialized()
    }

    /// Describes some content.
    package static func descriptor(_ content: [UInt8], _ type: MediaType) -> Descriptor {
        Descriptor(mediaType: type, digest: Digest(.sha256, of: content), size: Int64(content.count))
    }
}

extension TestServer {
    /// Pushes a blob in one request, and expects that to work.
    package func push(blob: [UInt8], to repository: String) throws {
        let digest = Digest(.sha256, of: blob)
        let answer = try request("POST", "/v2/\(repository)/blobs/uploads/?digest=\(digest)", body: blob)
        guard answer.status == 201 else { throw TestConnection.Failure.malformed("push of a blob: \(answer.text)") }
    }

    /// Pushes an image with everything it names, under a tag or its digest.
    @discardableResult
    package func push(_ image: Fixture.Image, to repository: String, as reference: String? = nil) throws -> TestResponse
    {
        for blob in image.blobs { try push(blob: blob, to: repository) }
        return try put(manifest: image.manifest, to: repository, as: reference ?? "\(image.digest)")
    }

    /// Puts a manifest.
    package func put(
        manifest: [UInt8], to repository: String, as reference: String,
        type: String = "application/vnd.oci.image.manifest.v1+json", _ fields: [(String, String)] = []
    ) throws -> TestResponse {
        try request(
            "PUT", "/v2/\(repository)/manifests/\(reference)", fields + [("Content-Type", type)], body: manifest)
    }
}
