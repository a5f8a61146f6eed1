import OCI
import RegistryTesting
import Testing

@Suite(.enabled(if: Client.podman, "podman is needed"), .timeLimit(.minutes(3)))
struct `podman` {
    @Test func `pushes, pushes again and pulls back the same digest`() async throws {
        let bench = try await Bench()
        let path = bench.folder.path
        let image = SampleImage("hello from podman", labels: ["team": "blue"])
        let name = "\(bench.server.address)/podman/app:v1"
        File.write(image.dockerArchive(named: name), to: "\(path)/image.tar")
        func podman(_ arguments: String...) async throws -> String {
            let own = ["--root", "\(path)/root", "--runroot", "\(path)/run", "--tmpdir", "\(path)/tmp"]
            let plain = ["--storage-driver", "vfs", "--cgroup-manager", "cgroupfs"]
            return try await bench.run("podman", own + plain + arguments)
        }
        _ = try await podman("load", "--input", "\(path)/image.tar")
        _ = try await podman("push", "--tls-verify=false", "--digestfile", "\(path)/digest", name)
        let digest = try Digest(parsing: String(decoding: File.read("\(path)/digest"), as: UTF8.self))
        #expect(try bench.digest(of: "podman/app", "v1") == digest)

        let again = try await podman("push", "--tls-verify=false", "--digestfile", "\(path)/digest", name)
        #expect(again.contains("already exists") || again.contains("Writing manifest"))
        #expect(String(decoding: File.read("\(path)/digest"), as: UTF8.self) == "\(digest)")

        _ = try await podman("rmi", "--all", "--force")
        _ = try await podman("pull", "--tls-verify=false", name)
        let pulled = try await podman("image", "inspect", "--format", "{{.Digest}} {{.Labels}}", name)
        #expect(pulled == "\(digest) map[team:blue]\n")

        let records = try #require(try bench.trace(digest)["records"]?.array)
        #expect(records.map { $0["kind"] } == ["push", "push"])
        #expect(records[0]["actor"]?["userAgent"]?.string?.isEmpty == false)
        #expect(records[0]["labels"] == ["team": "blue"])
        try await bench.finish()
    }
}
