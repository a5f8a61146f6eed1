import Glibc
import OCI
import RegistryCore
import RegistryTesting
import Testing

/// A docker engine of the test's own, in a mount namespace that goes with it.
private struct Engine {
    let program: Program

    init(in folder: String) async throws {
        let unshare = Program.find("unshare") ?? "/usr/bin/unshare"
        program = try Program(
            unshare,
            [
                "--mount", "--propagation", "private", Program.find("dockerd") ?? "dockerd", "--storage-driver", "vfs",
                "--iptables=false", "--ip6tables=false", "--bridge=none", "--data-root", "\(folder)/docker",
                "--exec-root", "\(folder)/exec", "--pidfile", "\(folder)/docker.pid",
                "--host", "unix://\(folder)/docker.sock",
            ], environment: ["HOME": folder])
        _ = try await program.line(containing: "API listen on")
    }

    func stop() async {
        program.signal(SIGTERM)
        _ = await program.end()
    }
}

@Suite(.enabled(if: Client.docker, "docker, dockerd and the right to mount are needed"), .timeLimit(.minutes(3)))
struct `docker` {
    @Test func `pushes, mounts and pulls back the same digest`() async throws {
        let bench = try await Bench()
        let engine = try await Engine(in: bench.folder.path)
        let result = await Result { try await session(bench) }
        await engine.stop()
        try result.get()
        try await bench.finish()
    }

    @Test func `loads what is exported for it, and what it saves comes in`() async throws {
        let bench = try await Bench()
        let engine = try await Engine(in: bench.folder.path)
        let result = await Result { try await exchange(bench.folder.path, bench.run) }
        await engine.stop()
        try result.get()
        try await bench.finish()
    }

    private func exchange(_ folder: String, _ run: (String, [String]) async throws -> String) async throws {
        let image = SampleImage("hello", labels: ["team": "blue"])
        let (layout, data) = (Layout([image], in: "\(folder)/in"), ["--data", "\(folder)/data"])
        let waybill = WaybillProgram.path
        _ = try await run(waybill, ["import", "oci-layout", layout.path, "--repository", "team/app"] + data)
        _ = try await run(waybill, ["export", "docker-archive", "\(folder)/out.tar"] + data)
        let loaded = try await run("docker", ["load", "--input", "\(folder)/out.tar"])
        #expect(loaded.contains("team/app:v1"))
        _ = try await run("docker", ["save", "--output", "\(folder)/saved.tar", "team/app:v1"])
        let place = ["--repository", "saved", "--data", "\(folder)/other"]
        let report = try await run(waybill, ["import", "docker-archive", "\(folder)/saved.tar"] + place)
        for kind in ["manifests     1", "tags          1", "blobs         2"] {
            #expect(report.contains("\(kind) came"))
        }
        let out = "\(folder)/back.tar"
        _ = try await run(waybill, ["export", "docker-archive", out, "--data", "\(folder)/other"])
        let list = try await run("tar", ["--extract", "--to-stdout", "--file", out, "manifest.json"])
        #expect(list.contains("blobs/sha256/\(Digest(.sha256, of: image.config).hex)"), "\(list)")
    }

    private func session(_ bench: Bench) async throws {
        let (address, path) = (bench.server.address, bench.folder.path)
        let image = SampleImage("hello from docker", labels: ["team": "blue"])
        let name = "\(address)/docker/app:v1"
        File.write(image.dockerArchive(named: name), to: "\(path)/image.tar")
        try await bench.run("docker", "load", "--input", "\(path)/image.tar")

        let pushed = try await bench.run("docker", "push", name)
        let digest = try #require(try bench.digest(of: "docker/app", "v1"))
        #expect(pushed.contains("Pushed"))
        #expect(pushed.contains("v1: digest: \(digest)"))
        let again = try await bench.run("docker", "push", name)
        #expect(again.contains("Layer already exists"))
        #expect(again.contains("v1: digest: \(digest)"))

        let other = "\(address)/docker/other:v1"
        try await bench.run("docker", "tag", name, other)
        let mounted = try await bench.run("docker", "push", other)
        #expect(mounted.contains("Mounted from docker/app"))
        #expect(try bench.digest(of: "docker/other", "v1") == digest)

        try await bench.run("docker", "image", "rm", name, other)
        let pulled = try await bench.run("docker", "pull", "\(address)/docker/app@\(digest)")
        #expect(pulled.contains("Digest: \(digest)"))
        let labels = try await bench.run(
            "docker", "image", "inspect", "--format", "{{.Config.Labels}}", "\(address)/docker/app@\(digest)")
        #expect(labels == "map[team:blue]\n")

        let records = try #require(try bench.trace(digest)["records"]?.array)
        #expect(records.map { $0["repository"] } == ["docker/app", "docker/app", "docker/other"])
        #expect(records[0]["actor"]?["userAgent"]?.string?.hasPrefix("docker/") == true)
        #expect(records[0]["labels"] == ["team": "blue"])
    }
}

extension Result where Failure == any Error {
    /// The outcome of something that takes time.
    fileprivate init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
