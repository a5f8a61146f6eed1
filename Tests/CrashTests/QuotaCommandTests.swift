import OCI
import RegistryCore
import RegistryTesting
import Testing

@Suite(.timeLimit(.minutes(20))) struct `The command quotas` {
    private let folder = TemporaryFolder()

    private func push(_ count: Int, to server: WaybillServer) throws -> TestResponse {
        let bytes = [UInt8](repeating: 1, count: count)
        return try server.request(
            "POST", "/v2/team/app/blobs/uploads/?digest=\(Digest(.sha256, of: bytes))", body: bytes)
    }

    @Test func `shows what is in use beside the server, which refuses more`() async throws {
        let file = folder.write(Array("quotas: [{match: \"team/**\", bytes: 100KB}]".utf8), to: "waybill.yaml")
        let data = "\(folder.path)/data"
        let server = try await WaybillServer(data: data, ["--config", file])
        #expect(try push(60_000, to: server).status == 201)
        let refused = try push(50_000, to: server)
        #expect(refused.status == 403)
        let error = try JSONValue(parsing: refused.body)["errors"]?.array?.first
        #expect(error?["code"] == "DENIED")
        #expect(
            error?["message"]?.string
                == "the quota of team/** is 100000 bytes, 60000 are in use, and this needs 50000 more: "
                + "remove images and let them be collected, or ask for a larger quota")
        #expect(error?["detail"] == ["quota": "team/**", "bytes": 100_000, "used": 60_000, "needed": 50_000])
        #expect(try push(40_000, to: server).status == 201)
        let shown = try await WaybillProgram.run("quotas", "--data", data)
        #expect(shown.output == "repositories  bytes   in use\nteam/**       100000  100000  100 %\n", "\(shown.text)")
        #expect(await server.stop() == 0)
        let json = try await WaybillProgram.run("quotas", "--data", data, "--json")
        #expect(json.output == #"{"quotas":[{"match":"team/**","bytes":100000,"used":100000}]}"# + "\n", "\(json.text)")
        #expect(try await WaybillProgram.run("verify", "--data", data).status == 0)

        let without = try await WaybillServer(data: data)
        #expect(try push(50_000, to: without).status == 201)
        #expect(await without.stop() == 0)
        #expect(try await WaybillProgram.run("quotas", "--data", data).output == "there are no quotas\n")
    }
}
