import BenchmarkLoad
import Glibc
import OCI
import RegistryCore
import RegistryTesting

/// A data folder with one blob that is far larger than memory, and an image as normal clients pull it.
struct Store {
    static let repository = "team/app"
    /// Nobody could push so much in the time of a test. So its file is placed, full of holes, and its row written; the digest is
    /// none of its content, which reading does not notice.
    static let hugeDigest = Digest(.sha256, of: Array("huge".utf8))

    let folder = TemporaryFolder()
    let server: WaybillServer
    /// What a normal client pulls, one after the other: a manifest, small blobs, and a layer that is a file.
    let pull: [String]
    /// Its manifest.
    let manifest: [UInt8]

    static let hugePath = "/v2/\(repository)/blobs/\(hugeDigest)"

    /// - Parameter settings: of the server, by their variables.
    init(_ settings: [String: String] = [:]) async throws {
        // So that there is a key.
        await (try WaybillServer(data: folder.path)).stop()
        try await Self.placeHugeBlob(in: folder)
        let variables = settings.map { "export \($0.key)=\($0.value)" }.joined(separator: "\n")
        server = try await WaybillServer(data: folder.path, shell: variables)
        let image = Fixture.image(layers: 1)
        let layer = Fixture.bytes(200_000, seed: 9)
        for blob in image.blobs + [layer] {
            let path = "/v2/\(Self.repository)/blobs/uploads/?digest=\(Digest(.sha256, of: blob))"
            guard try server.request("POST", path, body: blob).status == 201 else { throw NotPushed() }
        }
        let path = "/v2/\(Self.repository)/manifests/v1"
        let type = [("Content-Type", MediaType.ociManifest.rawValue)]
        guard try server.request("PUT", path, type, body: image.manifest).status == 201 else { throw NotPushed() }
        self.manifest = image.manifest
        pull =
            [path]
            + (image.blobs + [layer]).map { "/v2/\(Self.repository)/blobs/\(Digest(.sha256, of: $0))" }
    }

    /// The content could not be put into place.
    struct NotPushed: Error {}

    private static func placeHugeBlob(in folder: TemporaryFolder) async throws {
        let store = try TestRegistry(folder: folder)
        let parent = "\(folder.path)/blobs/sha256/\(hugeDigest.hex.prefix(2))"
        mkdir(parent, 0o700)
        let file = open("\(parent)/\(hugeDigest.hex)", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        defer { close(file) }
        guard ftruncate(file, off_t(Scale.hugeBlob)) == 0 else { throw NotPushed() }
        let repository = try RepositoryName(parsing: repository)
        try await store.ledger.write { transaction in
            try transaction.linkBlob(CommittedBlob(hugeDigest, size: Scale.hugeBlob), to: repository)
        }
        await store.close()
    }
}

extension WaybillServer {
    /// Memory that the server has for itself, in KiB.
    var residentKiB: Int64 { ProcessFigures(program.identifier).residentKiB }

    /// Its open descriptors.
    var descriptors: Int { Self.entries("/proc/\(program.identifier)/fd") }

    /// Its threads.
    var threads: Int { Self.entries("/proc/\(program.identifier)/task") }

    private static func entries(_ path: String) -> Int {
        guard let folder = opendir(path) else { return 0 }
        defer { closedir(folder) }
        var count = -2  // "." and ".."
        while readdir(folder) != nil { count += 1 }
        return count
    }
}
