import Glibc
import OCI
import RegistryCore
import RegistryTesting
import Testing

@testable import Moving

@Suite(.timeLimit(.minutes(5))) struct `An image layout in a tar archive` {
    private let folder = TemporaryFolder()
    private let images = (1...2).map { Fixture.distinct($0) }

    private var path: String { "\(folder.path)/images.tar" }

    /// A layout of two images, one under a tag, as this project writes archives itself.
    private func archive() throws -> [UInt8] {
        let roots = images.map { Fixture.descriptor($0.manifest, .ociManifest) }
        let contents = images.flatMap { [$0.manifest] + $0.blobs }.map {
            (Fixture.descriptor($0, .ociLayer), ImageLayout.Content.bytes($0))
        }
        let layout = try ImageLayout.archive(roots: [roots[0].named("v1"), roots[1]], contents: contents)
        return layout.flatMap { piece in
            switch piece {
            case .bytes(let bytes): return bytes
            case .content(let entry):
                guard case .bytes(let bytes) = entry.content else { return [] }
                return bytes
            }
        }
    }

    @Test func `is read where it is`() async throws {
        folder.write(try archive(), to: "images.tar")
        let store = try TestRegistry()
        let report = try await store.take(LayoutSource(path, into: "app"))
        #expect(report.left == [] && report.manifests.moved == 2 && report.blobs.moved == 6)
        #expect(store.digest(of: "v1", in: "app") == images[0].digest && store.has(images[1].digest, in: "app"))
        #expect(try await store.registry.verify() == [])
    }

    @Test(.enabled(if: Program.find("tar") != nil), arguments: ["ustar", "gnu", "pax"])
    func `is read in every form that tar writes`(_ format: String) async throws {
        let (docker, store) = (DockerFolder(), try TestRegistry())
        let layer = Fixture.bytes(20_000, seed: 5)
        var manifest = try #require(try JSONValue(parsing: images[0].manifest).object)
        // The name of a blob with this digest is too long for the first form of a name.
        let digest = Digest(format == "ustar" ? .sha256 : .sha512, of: layer)
        let long = Descriptor(mediaType: .ociLayer, digest: digest, size: Int64(layer.count))
        manifest["layers"] = [long.json]
        let content = JSONValue.object(manifest).serialized()
        docker.add(blob: images[0].config, to: "team/app")
        docker.write(layer, to: DockerFolder.data(long.digest))
        docker.write("\(long.digest)", to: DockerFolder.layer(long.digest, of: "team/app"))
        docker.add(manifest: content, to: "team/app", tags: ["v1"])
        #expect(try await store.take(docker).left == [])
        _ = try store.export(to: "\(folder.path)/layout")
        let made = try await Program.run(
            Program.find("tar") ?? "tar",
            ["--create", "--format", format, "--file", path, "--directory", "\(folder.path)/layout", "."])
        #expect(made.status == 0, "\(made.text)")
        let back = try TestRegistry()
        #expect(try await back.take(LayoutSource(path, into: nil)).left == [])
        #expect(back.digest(of: "v1", in: "team/app") == Digest(.sha256, of: content))
    }

    @Test func `that is cut off is named as far as it is missing`() async throws {
        let bytes = try archive()
        let store = try TestRegistry()
        folder.write(Array(bytes.dropLast(12_000)), to: "images.tar")
        let report = try await store.take(LayoutSource(path, into: "app"))
        #expect(store.digest(of: "v1", in: "app") == images[0].digest)
        #expect(!store.has(images[1].digest, in: "app"))
        #expect(report.skipped.contains { $0.kind == .blob && $0.reason.contains("damaged") }, "\(report.skipped)")
    }

    @Test func `never ends the process, whatever is in it`() throws {
        let bytes = Array(try archive().prefix(8192))
        for seed in 1...3000 {
            var changed = bytes
            let noise = Fixture.bytes(24, seed: UInt64(seed))
            for index in 0..<(1 + Int(noise[0]) % 4) {
                let place = (Int(noise[3 * index + 1]) << 8 | Int(noise[3 * index + 2])) % changed.count
                changed[seed.isMultiple(of: 2) ? place % 512 + place / 512 % 4 * 512 : place] = noise[3 * index + 3]
            }
            if seed.isMultiple(of: 3) { Self.repairChecksums(&changed) }
            folder.write(
                Array(changed.prefix(seed.isMultiple(of: 5) ? Int(noise[23]) * 32 : changed.count)), to: "images.tar")
            do throws(SourceError) {
                let files = try TarFiles(path)
                for name in ["oci-layout", "index.json"] { _ = try? files.open(name).read(atMost: 1 << 20) }
            } catch {
                #expect("\(error)".utf8.allSatisfy { (0x20..<0x7f).contains($0) })
            }
        }
    }

    /// Makes every block that could be a header one, so that what it says is read.
    private static func repairChecksums(_ bytes: inout [UInt8]) {
        for start in stride(from: 0, to: bytes.count - 511, by: 512) {
            let block = bytes[start..<start + 512].enumerated()
            let sum = block.reduce(0) { $0 + ((148..<156).contains($1.offset) ? 32 : Int($1.element)) }
            let digits = String(sum, radix: 8)
            let text = String(repeating: "0", count: max(0, 6 - digits.count)) + digits + "\0 "
            bytes.replaceSubrange(start + 148..<start + 156, with: Array(text.utf8.prefix(8)))
        }
    }

    @Test func `is refused when it is none, or is compressed`() {
        for bytes in [Array("not a tar archive".utf8), [0x1f, 0x8b] + [UInt8](repeating: 7, count: 2000), []] {
            folder.write(bytes, to: "images.tar")
            #expect(throws: LayoutError.self) { try LayoutSource(path, into: "app") }
        }
        #expect(mkfifo("\(folder.path)/pipe", 0o600) == 0)
        #expect(throws: LayoutError.source(.notAFile("\(folder.path)/pipe"))) {
            try LayoutSource("\(folder.path)/pipe", into: "app")
        }
    }
}
