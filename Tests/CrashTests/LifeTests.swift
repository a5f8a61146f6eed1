import Glibc
import OCI
import RegistryCore
import RegistryTesting
import Testing

@Suite(.timeLimit(.minutes(20))) struct `A server` {
    private let folder = TemporaryFolder()
    private let content = Fixture.bytes(200_000)
    private var digest: Digest { Digest(.sha256, of: content) }

    @Test func `on SIGTERM finishes the request that is on its way, and ends with 0`() async throws {
        let server = try await WaybillServer(data: folder.path)
        let client = try server.connect()
        try client.send(
            "POST /v2/app/blobs/uploads/?digest=\(digest) HTTP/1.1\r\nHost: a\r\nContent-Length: \(content.count)\r\n\r\n"
        )
        try client.send(Array(content[..<50_000]))
        // The server has this connection when it answers a later one.
        #expect(try server.request("GET", "/readyz").status == 200)
        let idle = try server.connect()
        #expect(try idle.request("GET", "/v2/").status == 200)
        server.program.signal(SIGTERM)
        _ = try await server.program.line(containing: "draining")
        #expect(idle.isClosed())
        // Refused, or cut if it came just before; not left waiting for an answer that never comes.
        #expect(throws: TestConnection.Failure.closed) { try server.request("GET", "/v2/") }
        try client.send(Array(content[50_000...]))
        let answer = try client.receive()
        #expect(answer.status == 201)
        #expect(client.isClosed())
        let result = await server.program.end()
        #expect(result.status == 0)
        #expect(result.errors.contains("stopped"))

        let next = try await WaybillServer(data: folder.path)
        #expect(try next.request("GET", "/v2/app/blobs/\(digest)").body == content)
        #expect(await next.stop() == 0)
        #expect(try await TestRegistry(folder: folder).registry.verify() == [])
    }

    @Test func `hears a SIGTERM from the moment when it says that it listens`() async throws {
        try await withThrowingTaskGroup(of: Int32.self) { group in
            for number in 0..<10 {
                let data = "\(folder.path)/\(number)"
                group.addTask { try await WaybillServer(data: data).stop() }
            }
            for try await status in group { #expect(status == 0) }
        }
    }

    @Test func `on SIGTERM keeps what an upload has brought so far`() async throws {
        let server = try await WaybillServer(data: folder.path)
        let begun = try server.request("POST", "/v2/app/blobs/uploads/")
        let location = try #require(begun["Location"])
        #expect(try server.request("PATCH", location, body: Array(content[..<50_000])).status == 202)
        #expect(await server.stop() == 0)
        let next = try await WaybillServer(data: folder.path)
        #expect(try next.request("GET", location)["Range"] == "0-49999")
        let rest = Array(content[50_000...])
        #expect(try next.request("PUT", "\(location)?digest=\(digest)", body: rest).status == 201)
        #expect(await next.stop() == 0)
        #expect(try await TestRegistry(folder: folder).registry.verify() == [])
    }

    @Test func `is the only one on its folder`() async throws {
        let first = try await WaybillServer(data: folder.path)
        for command in ["serve", "migrate"] {
            let result = try await WaybillProgram.run(command, "--data", folder.path, "--listen", "127.0.0.1:0")
            #expect(result.status == 3)
            #expect(result.errors == "another waybill uses this data folder: \(folder.path)/lock is locked\n")
        }
        #expect(try first.request("GET", "/v2/").status == 200)
        await first.kill()
        // The lock went with the process, however that ended.
        let second = try await WaybillServer(data: folder.path)
        #expect(await second.stop() == 0)
    }

    @Test func `that may write no larger files refuses the upload and lives`() async throws {
        // Blocks of 512 bytes: 1 MiB, room for the database and not for the blob.
        let server = try await WaybillServer(data: folder.path, shell: "ulimit -f 2048")
        let large = Fixture.bytes(1_500_000)
        let path = "/v2/app/blobs/uploads/?digest=\(Digest(.sha256, of: large))"
        let refused = try server.request("POST", path, body: large)
        #expect(refused.status == 507)
        #expect(refused.reason == "no space left on device")
        let image = Fixture.image()
        for blob in image.blobs {
            let path = "/v2/app/blobs/uploads/?digest=\(Digest(.sha256, of: blob))"
            #expect(try server.request("POST", path, body: blob).status == 201)
        }
        let type = [("Content-Type", "application/vnd.oci.image.manifest.v1+json")]
        #expect(try server.request("PUT", "/v2/app/manifests/v1", type, body: image.manifest).status == 201)
        #expect(await server.stop() == 0)
        #expect(try await TestRegistry(folder: folder).registry.verify() == [])
    }
}
