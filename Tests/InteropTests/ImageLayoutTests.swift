import Glibc
import OCI
import RegistryCore
import RegistryTesting
import Testing

@Suite(.timeLimit(.minutes(20))) struct `An image layout as an archive` {
    private let folder = TemporaryFolder()
    private let image = SampleImage("hello")

    private var path: String { "\(folder.path)/image.tar" }

    /// The image, with its layer under a digest of another algorithm too, whose name is too long for plain tar.
    private func archive() throws -> TarArchive<ImageLayout.Content> {
        let manifest = Fixture.descriptor(image.manifest, .ociManifest)
        let layer = Fixture.descriptor(image.layer, .ociLayerGzip)
        let again = Descriptor(
            mediaType: .ociLayerGzip, digest: Digest(.sha512, of: image.layer), size: Int64(image.layer.count))
        return try ImageLayout.archive(
            roots: [manifest.named("v1")],
            contents: [
                (manifest, .bytes(image.manifest)),
                (Fixture.descriptor(image.config, .ociConfig), .bytes(image.config)),
                (layer, .stored(layer)), (again, .stored(again)),
            ],
            extras: [.init(name: "provenance/record.json", bytes: Array("{}".utf8))])
    }

    private func bytes(_ archive: TarArchive<ImageLayout.Content>) -> [UInt8] {
        archive.flatMap { piece in
            switch piece {
            case .bytes(let bytes): bytes
            case .content(let entry): content(entry.content)
            }
        }
    }

    private func content(_ content: ImageLayout.Content) -> [UInt8] {
        if case .bytes(let bytes) = content { bytes } else { image.layer }
    }

    @discardableResult
    private func run(_ name: String, _ arguments: [String]) async throws -> String {
        let result = try await Program.run(Program.find(name) ?? name, arguments)
        #expect(result.status == 0, "\(name): \(result.text)")
        #expect(result.errors == "")
        return result.output
    }

    @Test(.enabled(if: Program.find("tar") != nil)) func `is unpacked by tar, every file as it was`() async throws {
        let archive = try archive()
        File.write(bytes(archive), to: path)
        let list = try await run("tar", ["--list", "--file", path])
        #expect(list.split(separator: "\n").map(String.init) == archive.entries.map(\.name))
        try await run("tar", ["--extract", "--no-same-owner", "--file", path, "--directory", folder.path])
        for entry in archive.entries {
            #expect(File.read("\(folder.path)/\(entry.name)") == content(entry.content))
            #expect(File.read("\(folder.path)/\(entry.name)").count == Int(entry.size))
        }
    }

    @Test(.enabled(if: Program.find("tar") != nil)) func `may hold more than 8 GiB in one file`() async throws {
        let size: Int64 = 9 << 30
        let header = TarHeader.bytes(name: "large", size: size)
        File.write(header, to: path)
        // A hole in place of the content and the end.
        #expect(truncate(path, off_t(header.count) + off_t(size) + 1024) == 0)
        let list = try await run("tar", ["--list", "--verbose", "--numeric-owner", "--utc", "--file", path])
        #expect(list == "-rw-r--r-- 0/0      9663676416 1970-01-01 00:00 large\n")
    }

    @Test(.enabled(if: Client.skopeo, "skopeo is needed")) func `is copied by skopeo under its name`() async throws {
        File.write(bytes(try archive()), to: path)
        _ = try await Program.run(
            Program.find("skopeo") ?? "skopeo",
            ["copy", "--insecure-policy", "oci-archive:\(path):v1", "dir:\(folder.path)/out"])
        #expect(File.read("\(folder.path)/out/manifest.json") == image.manifest)
        #expect(File.read("\(folder.path)/out/\(Digest(.sha256, of: image.config).hex)") == image.config)
        #expect(File.read("\(folder.path)/out/\(Digest(.sha256, of: image.layer).hex)") == image.layer)
    }
}
