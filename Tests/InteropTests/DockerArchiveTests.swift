import Glibc
import OCI
import RegistryCore
import RegistryTesting
import Testing

@Suite(.enabled(if: Client.skopeo, "skopeo is needed"), .timeLimit(.minutes(5)))
struct `A Docker archive and skopeo` {
    private let folder = TemporaryFolder()
    private let image = SampleImage("hello", labels: ["team": "blue"])

    private var data: String { "\(folder.path)/data" }

    private func waybill(_ arguments: String...) async throws -> Program.Result {
        try await Program.run(WaybillProgram.path, arguments + ["--data", data])
    }

    private func skopeo(_ arguments: String...) async throws -> Program.Result {
        try await Program.run(Program.find("skopeo") ?? "skopeo", ["--insecure-policy"] + arguments)
    }

    /// The SHA-256 of a layer without its compression.
    private func diffIDs(_ config: [UInt8]) -> [Digest]? { ImageConfig(parsing: config)?.diffIDs }

    @Test(arguments: [false, true]) func `come in with the same configuration and layers`(_ isFolder: Bool) async throws
    {
        let layout = Layout([image], in: "\(folder.path)/in")
        var path = "\(folder.path)/saved.tar"
        let copied = try await skopeo(
            "copy", "oci:\(layout.path):v1", "docker-archive:\(path):registry.test/team/app:v1")
        #expect(copied.status == 0, "\(copied.text)")
        if isFolder {
            mkdir("\(folder.path)/saved", 0o755)
            let unpacked = try await Program.run(
                Program.find("tar") ?? "tar", ["--extract", "--file", path, "--directory", "\(folder.path)/saved"])
            #expect(unpacked.status == 0, "\(unpacked.text)")
            path = "\(folder.path)/saved"
        }
        for more in [["--dry-run"], []] {
            let result = try await Program.run(
                WaybillProgram.path, ["import", "docker-archive", path, "--data", data, "--json"] + more)
            #expect(result.status == 0, "\(result.text)")
            let report = try JSONValue(parsing: Array(result.output.utf8))
            #expect(report["manifests"] == 1 && report["tags"] == 1 && report["blobs"] == 2)
        }
        let server = try await WaybillServer(data: data)
        let back = Layout(at: "\(folder.path)/out")
        let pulled = try await skopeo(
            "copy", "--src-tls-verify=false", "docker://\(server.address)/registry.test/team/app:v1",
            "oci:\(back.path):v1")
        #expect(pulled.status == 0, "\(pulled.text)")
        let manifest = try JSONValue(parsing: back[try #require(back.digest)])
        let config = try Digest(parsing: try #require(manifest["config"]?["digest"]?.string))
        #expect(diffIDs(back[config]) == diffIDs(image.config))
        let archived = try await skopeo("inspect", "--raw", "--config", "docker-archive:\(folder.path)/saved.tar")
        #expect(back[config] == Array(archived.output.utf8))
        #expect(await server.stop() == 0)
        let verified = try await waybill("ledger", "verify")
        #expect(verified.status == 0, "\(verified.text)")
    }

    @Test func `go out for everybody who reads them, an index as the image of one platform`() async throws {
        let images = ["amd64", "arm64"].map { SampleImage("hello \($0)", architecture: $0, labels: ["team": "blue"]) }
        let layout = Layout(images, in: "\(folder.path)/in")
        let imported = try await waybill("import", "oci-layout", layout.path, "--repository", "team/app")
        #expect(imported.status == 0, "\(imported.text)")
        let path = "\(folder.path)/out.tar"
        let exported = try await waybill("export", "docker-archive", path, "--platform", "linux/arm64", "--tag", "v1")
        #expect(exported.status == 0, "\(exported.text)")
        for source in ["docker-archive:\(path):team/app:v1", "oci-archive:\(path):team/app:v1"] {
            let inspected = try await skopeo("inspect", source)
            #expect(inspected.output.contains(#""Architecture": "arm64""#), "\(inspected.text)")
            let name = source.prefix { $0 != ":" }
            let copied = try await skopeo("copy", source, "dir:\(folder.path)/\(name)")
            #expect(copied.status == 0, "\(copied.text)")
            let manifest = try JSONValue(parsing: File.read("\(folder.path)/\(name)/manifest.json"))
            #expect(manifest["config"]?["digest"]?.string == "\(Digest(.sha256, of: images[1].config))")
        }
        guard Client.podman else { return }
        let own = ["root", "runroot", "tmpdir"].flatMap { ["--\($0)", "\(folder.path)/\($0)"] }
        let podman = own + ["--storage-driver", "vfs", "--cgroup-manager", "cgroupfs"]
        let environment = ["HOME": folder.path, "XDG_RUNTIME_DIR": folder.path]
        for arguments in [["load", "--input", path], ["image", "inspect", "--format", "{{.Id}}", "team/app:v1"]] {
            let result = try await Program.run(
                Program.find("podman") ?? "podman", podman + arguments, environment: environment)
            #expect(result.status == 0, "\(result.text)")
            if arguments[0] == "image" {
                #expect(result.output == "\(Digest(.sha256, of: images[1].config).hex)\n", "\(result.text)")
            }
        }
    }

    @Test func `and a layout as one file hold the same`() async throws {
        let layout = Layout([image], in: "\(folder.path)/in")
        #expect(try await waybill("import", "oci-layout", layout.path, "--repository", "team/app").status == 0)
        let path = "\(folder.path)/out.tar"
        #expect(try await waybill("export", "oci-archive", path).status == 0)
        let back = Layout(at: "\(folder.path)/back")
        let copied = try await skopeo("copy", "oci-archive:\(path):team/app:v1", "oci:\(back.path):v1")
        #expect(copied.status == 0 && back.digest == image.digest, "\(copied.text)")
        let again = try await waybill("export", "oci-archive", path)
        #expect(again.status == 2 && again.errors.contains("is there already"))
        #expect(try await waybill("export", "docker-archive", "\(folder.path)/none/out.tar").status == 1)
    }

    @Test func `are refused when the words or the archive are wrong`() async throws {
        #expect(try await waybill("import", "docker-archive", folder.path).status == 2)
        #expect(try await waybill("import", "docker-archive", folder.path, "--repository", "A B").status == 2)
        #expect(access(data, F_OK) != 0)
    }
}
