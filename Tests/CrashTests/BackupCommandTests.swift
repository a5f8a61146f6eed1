import Glibc
import OCI
import RegistryCore
import RegistryTesting
import Testing

@Suite(.timeLimit(.minutes(20))) struct `The commands backup and restore` {
    private let folder = TemporaryFolder()
    private var data: String { "\(folder.path)/data" }
    private var backup: String { "\(folder.path)/backup" }
    private var restored: String { "\(folder.path)/restored" }

    private func run(_ arguments: String...) async throws -> Program.Result {
        try await Program.run(WaybillProgram.path, arguments)
    }

    @Test(arguments: [[], ["--copy"]])
    func `copy a server at work, and make a registry of it that goes on with the log`(_ options: [String]) async throws
    {
        let server = try await WaybillServer(data: data)
        for seed in 1...5 { try server.push(seed) }
        let pushing = Task { for seed in 6...25 { try server.push(seed) } }
        let made = try await Program.run(WaybillProgram.path, ["backup", backup, "--data", data] + options)
        #expect(made.status == 0 && made.output.hasPrefix("backed up: "), "\(made.text)")
        try await pushing.value
        #expect(try await run("verify", "--data", backup).status == 0)
        await server.kill()
        let done = try await run("restore", backup, "--data", restored)
        #expect(done.status == 0 && done.output.hasPrefix("restored: "), "\(done.text)")
        for copy in ["backup", "restored"] {
            #expect(!folder.names(in: copy).contains { $0.contains(".new") })
        }
        let again = try await WaybillServer(data: restored)
        for seed in 1...5 { try again.expectImage(seed) }
        try again.push(30)
        #expect(await again.stop() == 0)
        #expect(try await run("verify", "--data", restored).status == 0)
        #expect(try await run("ledger", "verify", "--data", restored).status == 0)
    }

    @Test func `copy only what is new, and remove what is gone`() async throws {
        let server = try await WaybillServer(data: data)
        for seed in 1...3 { try server.push(seed) }
        #expect(
            try await run("backup", backup, "--data", data).output
                == "backed up: 3 records, 3 files, of which 3 new (60000 bytes), 0 removed\n")
        try server.push(4)
        let digest = Fixture.image(seed: 1).digest
        #expect(try server.request("DELETE", "/v2/app/manifests/\(digest)").status == 202)
        #expect(await server.stop() == 0)
        let collected = try await Program.run(
            WaybillProgram.path, ["gc", "--data", data], environment: ["WAYBILL_GC_GRACE": "0ms"])
        #expect(collected.status == 0, "\(collected.text)")
        let json = try JSONValue(parsing: Array(try await run("backup", backup, "--data", data, "--json").output.utf8))
        #expect(json["files"] == 3 && json["copied"] == 1 && json["bytes"] == 20_000 && json["removed"] == 1)
        #expect(json["faults"] == [] && json["root"]?.string != nil)
        #expect(try await run("verify", "--data", backup).status == 0)
    }

    @Test func `do not fork the log`() async throws {
        let server = try await WaybillServer(data: data)
        try server.push(1)
        #expect(try await run("backup", backup, "--data", data).status == 0)
        try server.push(2)
        let checkpoint = try server.request("GET", "/checkpoint").body
        #expect(await server.stop() == 0)
        let seen = folder.write(checkpoint, to: "seen")
        let refused = try await run("restore", backup, "--data", restored, "--checkpoint", seen)
        #expect(refused.status == 1 && refused.errors.contains("would fork the log"), "\(refused.text)")
        #expect(access(restored, F_OK) != 0)
        let forPulls = try await run("restore", backup, "--data", restored, "--checkpoint", seen, "--read-only")
        #expect(forPulls.status == 0, "\(forPulls.text)")
        let pulls = try await WaybillServer(data: restored)
        try pulls.expectImage(1)
        let path = "/v2/app/blobs/uploads/?digest=\(Digest(.sha256, of: [1]))"
        #expect(try pulls.request("POST", path, body: [1]).status == 503)
        #expect(await pulls.stop() == 0)
        // What the lost server has left of itself is as good as a checkpoint that somebody brings.
        let lost = "\(folder.path)/lost"
        mkdir(lost, 0o700)
        mkdir("\(lost)/keys", 0o700)
        _ = folder.write(checkpoint, to: "lost/keys/checkpoint")
        let known = try await run("restore", backup, "--data", lost)
        #expect(known.status == 1 && known.errors.contains("would fork the log"), "\(known.text)")
    }

    @Test func `refuse a folder that is not theirs`() async throws {
        let server = try await WaybillServer(data: data)
        try server.push(1)
        #expect(try await run("backup", backup, "--data", data).status == 0)
        let same = try await run("backup", "\(data)/", "--data", data)
        #expect(same.status == 3 && same.errors.contains("in the data folder itself"), "\(same.text)")
        let full = try await run("restore", backup, "--data", data)
        #expect(full.status == 3 && full.errors.contains("there is a registry in"), "\(full.text)")
        let none = try await run("restore", "\(folder.path)/none", "--data", restored)
        #expect(none.status == 3 && none.errors.contains("cannot read the backup"), "\(none.text)")
        let empty = try await run("backup", backup, "--data", "\(folder.path)/none")
        #expect(empty.status == 3 && empty.errors.contains("there is no data folder"), "\(empty.text)")
        let other = try await WaybillServer(
            data: "\(folder.path)/other", shell: "export WAYBILL_LEDGER_ORIGIN=other.example")
        try other.push(2)
        let mixed = try await run("backup", backup, "--data", "\(folder.path)/other")
        #expect(mixed.status == 3 && mixed.errors.contains("which is another"), "\(mixed.text)")
        let used = try await run("backup", "\(folder.path)/other", "--data", data)
        #expect(used.status == 3 && used.errors.contains("another waybill uses this data folder"), "\(used.text)")
        #expect(try await run("verify", "--data", backup).status == 0)
        for one in [server, other] { #expect(await one.stop() == 0) }
    }

    @Test func `name what is damaged and copy the rest`() async throws {
        let server = try await WaybillServer(data: data)
        for seed in 1...3 { try server.push(seed) }
        let (bad, gone) = (Fixture.image(seed: 2).layers[0], Fixture.image(seed: 3).layers[0])
        func path(_ layer: [UInt8]) -> String {
            let hex = Digest(.sha256, of: layer).hex
            return "\(data)/blobs/sha256/\(hex.prefix(2))/\(hex)"
        }
        truncate(path(bad), 10)
        unlink(path(gone))
        let made = try await run("backup", backup, "--data", data)
        #expect(made.status == 1 && made.output.contains("3 files, of which 1 new"), "\(made.text)")
        #expect(made.errors.contains("\(Digest(.sha256, of: bad)) has 10 bytes instead of 20000 and was not copied"))
        #expect(made.errors.contains("\(Digest(.sha256, of: gone)) has no file and was not copied"))
        #expect(await server.stop() == 0)
    }
}

extension WaybillServer {
    /// Pushes an image under the tag `v<seed>`; the layers are one file and one row.
    func push(_ seed: Int) throws {
        let image = Fixture.image(seed: UInt64(seed))
        for blob in image.blobs {
            let path = "/v2/app/blobs/uploads/?digest=\(Digest(.sha256, of: blob))"
            #expect(try request("POST", path, body: blob).status == 201)
        }
        let type = [("Content-Type", MediaType.ociManifest.rawValue)]
        #expect(try request("PUT", "/v2/app/manifests/v\(seed)", type, body: image.manifest).status == 201)
    }

    /// Pulls the image that `push` has pushed.
    func expectImage(_ seed: Int) throws {
        let image = Fixture.image(seed: UInt64(seed))
        #expect(try request("GET", "/v2/app/manifests/v\(seed)").body == image.manifest)
        for blob in image.blobs {
            let path = "/v2/app/blobs/\(Digest(.sha256, of: blob))"
            #expect(try request("GET", path).body == blob)
        }
    }
}
