import OCI
import RegistryCore
import RegistryTesting
import Testing

@Suite(.timeLimit(.minutes(20))) struct `The command gc` {
    private let folder = TemporaryFolder()
    private let image = Fixture.image()
    private var layer: Digest { Digest(.sha256, of: image.layers[0]) }

    private func gc(_ arguments: String..., grace: String = "0ms") async throws -> Program.Result {
        try await Program.run(
            WaybillProgram.path, ["gc", "--data", folder.path] + arguments, environment: ["WAYBILL_GC_GRACE": grace])
    }

    /// - Returns: the status of the manifest.
    @discardableResult
    private func pushImage(to server: WaybillServer, expecting statuses: Set<Int> = [201]) throws -> Int {
        for blob in image.blobs {
            let path = "/v2/app/blobs/uploads/?digest=\(Digest(.sha256, of: blob))"
            #expect(try server.request("POST", path, body: blob).status == 201)
        }
        let type = [("Content-Type", MediaType.ociManifest.rawValue)]
        let status = try server.request("PUT", "/v2/app/manifests/v1", type, body: image.manifest).status
        #expect(statuses.contains(status))
        return status
    }

    @Test func `looks beside a running server, and removes when it is stopped`() async throws {
        let server = try await WaybillServer(data: folder.path)
        try pushImage(to: server)
        let named = try await gc("--explain", "\(layer)")
        #expect(named.output == "app: the blob stays: named by \(image.digest)\n", "\(named.text)")
        #expect(try server.request("DELETE", "/v2/app/manifests/\(image.digest)").status == 202)
        let leased = try await gc("--explain", "\(layer)", grace: "24h")
        #expect(leased.output.hasPrefix("app: the blob stays until 20"), "\(leased.text)")
        let planned = try await gc("--dry-run")
        #expect(planned.status == 0 && planned.output.contains("blob \(layer) of app (20000 bytes) would be removed"))
        #expect(
            planned.output.hasSuffix(
                "0 tags, 0 manifests, 3 blobs, 0 files, 0 uploads, \(bytes) bytes would be removed\n"))
        let refused = try await gc()
        #expect(
            refused.status == 3 && refused.errors.contains("another waybill uses this data folder"), "\(refused.text)")
        #expect(try server.request("HEAD", "/v2/app/blobs/\(layer)").status == 200)
        #expect(await server.stop() == 0)
        let removed = try await gc()
        #expect(removed.status == 0 && removed.output.contains("3 blobs, 0 files, 0 uploads, \(bytes) bytes removed"))
        #expect(try await gc().output == "0 tags, 0 manifests, 0 blobs, 0 files, 0 uploads, 0 bytes removed\n")
        #expect(try await gc("--explain", "\(layer)").output == "no repository has \(layer)\n")
        #expect(try await WaybillProgram.run("ledger", "verify", "--data", folder.path).status == 0)
        let again = try await WaybillServer(data: folder.path)
        #expect(try again.request("GET", "/v2/app/blobs/\(layer)").status == 404)
        try pushImage(to: again)
        #expect(try again.request("GET", "/v2/app/blobs/\(layer)").body == image.layers[0])
        #expect(await again.stop() == 0)
    }

    private var bytes: Int { image.blobs.reduce(0) { $0 + $1.count } }

    @Test func `speaks to machines`() async throws {
        let server = try await WaybillServer(data: folder.path)
        try pushImage(to: server)
        let explained = try JSONValue(
            parsing: Array(try await gc("--explain", "\(image.digest)", "--json").output.utf8))
        #expect(explained["repositories"]?.array?.first?["tags"] == ["v1"])
        #expect(try server.request("DELETE", "/v2/app/manifests/\(image.digest)").status == 202)
        #expect(await server.stop() == 0)
        let lines = try await gc("--json").output.split(separator: "\n").map { try JSONValue(parsing: Array($0.utf8)) }
        #expect(lines.count == 4 && lines.last?["blobs"] == 3 && lines.last?["bytes"] == .integer(Int64(bytes)))
        #expect(
            lines.dropLast().allSatisfy { $0["kind"] == "blob" && $0["removed"] == true && $0["repository"] == "app" })
    }

    @Test func `is what a server does by itself`() async throws {
        let server = try await WaybillServer(
            data: folder.path, shell: "export WAYBILL_GC_GRACE=1s WAYBILL_GC_INTERVAL=100ms WAYBILL_GC_UNTAGGED=1ms")
        // On a busy machine a push may take longer than that.
        #expect(await eventually { (try? pushImage(to: server, expecting: [201, 404])) == 201 })
        #expect(try server.request("DELETE", "/v2/app/manifests/v1").status == 202)
        let path = "/v2/app/blobs/\(layer)"
        #expect(await eventually { (try? server.request("GET", path).status) == 404 })
        #expect(try server.request("GET", "/v2/app/manifests/\(image.digest)").status == 404)
        #expect(server.program.errors.contains("garbage collected"))
        // A record is shown once it is durable, and the blob is away a moment before.
        #expect(
            await eventually {
                let records = try? JSONValue(parsing: server.request("GET", "/provenance?kind=delete").body)
                return (records?["records"]?.array?.count ?? 0) >= 5
            })
        #expect(await server.stop() == 0)
    }

    @Test(arguments: [
        (["--explain", "sha256:abc"], "--explain"),
        (["--dry-run", "--explain", "sha256:abc"], "cannot be used together"),
    ])
    func `says what is wrong with what was asked`(_ arguments: [String], _ words: String) async throws {
        let result = try await Program.run(WaybillProgram.path, ["gc", "--data", folder.path] + arguments)
        #expect(result.status == 2 && result.errors.contains(words), "\(result.text)")
    }

    @Test func `says that there is nothing to look at`() async throws {
        let result = try await gc("--dry-run")
        #expect(result.status == 3 && result.errors.contains("cannot read the ledger"), "\(result.text)")
    }
}
