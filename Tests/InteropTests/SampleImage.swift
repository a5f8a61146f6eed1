import Glibc
import OCI
import RegistryCore
import RegistryTesting

/// An image of one file, in the forms in which clients take it.
struct SampleImage {
    let config: [UInt8]
    let layer: [UInt8]
    let manifest: [UInt8]
    let platform: Platform
    private let tar: [UInt8]

    var digest: Digest { Digest(.sha256, of: manifest) }

    init(_ text: String, architecture: String = "amd64", labels: [String: String] = [:]) {
        tar = Archive.tar([("hello.txt", Array(text.utf8))])
        layer = Archive.gzip(tar)
        platform = Platform(architecture: architecture, os: "linux")
        config = JSONValue.object([
            "architecture": .string(architecture), "os": "linux", "created": "2026-01-01T00:00:00Z",
            "config": ["Cmd": ["/hello.txt"], "Labels": .object(JSONObject(sorting: labels))],
            "rootfs": ["type": "layers", "diff_ids": [.string("\(Digest(.sha256, of: tar))")]],
            "history": [["created": "2026-01-01T00:00:00Z", "created_by": "test"]],
        ]).serialized()
        manifest = JSONValue.object([
            "schemaVersion": 2, "mediaType": .string(MediaType.ociManifest.rawValue),
            "config": Fixture.descriptor(config, .ociConfig).json,
            "layers": [Fixture.descriptor(layer, .ociLayerGzip).json],
        ]).serialized()
    }

    /// What `docker save` would write, for `docker load` and `podman load`.
    func dockerArchive(named name: String) -> [UInt8] {
        let configName = "\(Digest(.sha256, of: config).hex).json"
        let list: JSONValue = [
            ["Config": .string(configName), "RepoTags": [.string(name)], "Layers": ["layer.tar"]]
        ]
        return Archive.tar([(configName, config), ("layer.tar", tar), ("manifest.json", list.serialized())])
    }
}

/// A folder in the OCI image layout.
struct Layout {
    let path: String

    /// Writes images and, if there are several, an index over them, under the name `v1`.
    init(_ images: [SampleImage], in path: String) {
        self.path = path
        for folder in [path, "\(path)/blobs", "\(path)/blobs/sha256"] { mkdir(folder, 0o755) }
        for image in images { for blob in [image.config, image.layer, image.manifest] { add(blob) } }
        write("oci-layout", Array(#"{"imageLayoutVersion":"1.0.0"}"#.utf8))
        if images.count > 1 {
            replaceRoot(with: Fixture.index(images.map { ($0.manifest, $0.platform) }), .ociIndex)
        } else {
            replaceRoot(with: images[0].manifest, .ociManifest)
        }
    }

    /// A layout that a client has written.
    init(at path: String) {
        self.path = path
    }

    /// The digest that `v1` has.
    var digest: Digest? {
        let index = try? JSONValue(parsing: File.read("\(path)/index.json"))
        return index?["manifests"]?.array?.first?["digest"]?.string.flatMap { try? Digest(parsing: $0) }
    }

    /// The content of a blob.
    subscript(digest: Digest) -> [UInt8] { File.read("\(path)/blobs/sha256/\(digest.hex)") }

    /// Puts another root in the place of `v1`.
    func replaceRoot(with content: [UInt8], _ type: MediaType) {
        add(content)
        var root = Fixture.descriptor(content, type)
        root.annotations = ["org.opencontainers.image.ref.name": "v1"]
        write("index.json", JSONValue.object(["schemaVersion": 2, "manifests": [root.json]]).serialized())
    }

    /// Adds a blob.
    func add(_ blob: [UInt8]) {
        write("blobs/sha256/\(Digest(.sha256, of: blob).hex)", blob)
    }

    private func write(_ name: String, _ bytes: [UInt8]) {
        File.write(bytes, to: "\(path)/\(name)")
    }
}

/// Whole files.
enum File {
    static func write(_ bytes: [UInt8], to path: String) {
        guard let file = fopen(path, "w") else { return }
        fwrite(bytes, 1, bytes.count, file)
        fclose(file)
    }

    /// What is in a file; nothing when there is none.
    static func read(_ path: String) -> [UInt8] {
        guard let file = fopen(path, "r") else { return [] }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { bytes += buffer[..<count] }
        return bytes
    }
}
