import Glibc
import OCI
import RegistryCore
import RegistryTesting
import Testing

@Suite(.timeLimit(.minutes(20))) struct `The commands verify and scrub` {
    private let folder = TemporaryFolder()
    private let layer = Fixture.bytes(30_000)
    private var digest: Digest { Digest(.sha256, of: layer) }
    private var path: String { "\(folder.path)/blobs/sha256/\(digest.hex.prefix(2))/\(digest.hex)" }

    private func push(to server: WaybillServer) throws {
        #expect(try server.request("POST", "/v2/app/blobs/uploads/?digest=\(digest)", body: layer).status == 201)
    }

    private func run(_ command: String, _ arguments: String...) async throws -> Program.Result {
        try await Program.run(WaybillProgram.path, [command, "--data", folder.path] + arguments)
    }

    @Test func `name what is damaged and take it out of service, and a push heals`() async throws {
        let server = try await WaybillServer(data: folder.path)
        try push(to: server)
        let good = try await run("verify")
        #expect(good.status == 0 && good.output == "everything is as it should be\n", "\(good.text)")
        let file = open(path, O_WRONLY)
        #expect(pwrite(file, [layer[0] ^ 1], 1, 0) == 1)
        close(file)
        let bad = try await run("verify")
        #expect(bad.status == 1 && bad.output == "blob \(digest) is damaged\n", "\(bad.text)")
        let json = try JSONValue(parsing: Array(try await run("verify", "--json").output.utf8))
        #expect(json["ok"] == false && json["faults"] == .array([.string("blob \(digest) is damaged")]))
        let busy = try await run("scrub")
        #expect(busy.status == 3 && busy.errors.contains("another waybill uses this data folder"))
        #expect(await server.stop() == 0)
        let scrubbed = try await run("scrub")
        #expect(scrubbed.status == 1, "\(scrubbed.text)")
        #expect(scrubbed.output == "blob \(digest) is damaged: taken out of app\n1 blobs compared, 1 damaged\n")
        let again = try await WaybillServer(data: folder.path)
        #expect(try again.request("GET", "/v2/app/blobs/\(digest)").status == 404)
        #expect(try again.request("GET", "/readyz").text == "ready\n1 blobs are damaged: push them again\n")
        try push(to: again)
        #expect(try again.request("GET", "/v2/app/blobs/\(digest)").body == layer)
        #expect(try again.request("GET", "/readyz").text == "ready\n")
        #expect(await again.stop() == 0)
        #expect(try await run("verify").status == 0)
        let second = try JSONValue(parsing: Array(try await run("scrub", "--json").output.utf8))
        #expect(second["compared"] == 1 && second["damaged"] == [])
    }

    @Test func `are done by a server itself`() async throws {
        let server = try await WaybillServer(data: folder.path, shell: "export WAYBILL_SCRUB_INTERVAL=50ms")
        try push(to: server)
        unlink(path)
        let path = "/v2/app/blobs/\(digest)"
        #expect(await eventually { (try? server.request("HEAD", path).status) == 404 })
        #expect(await eventually { server.program.errors.contains("a blob is damaged and was taken out of service") })
        #expect(await server.stop() == 0)
    }

    @Test(arguments: ["verify", "scrub"])
    func `say that there is nothing to look at`(_ command: String) async throws {
        let file = folder.write([], to: "file")
        let result = try await Program.run(WaybillProgram.path, [command, "--data", file])
        #expect(result.status == 3, "\(result.text)")
    }
}
