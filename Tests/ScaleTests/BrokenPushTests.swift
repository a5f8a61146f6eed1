import OCI
import RegistryCore
import RegistryTesting
import Testing

@Suite(.timeLimit(.minutes(30)), .serialized) struct `A large push whose connection breaks` {
    /// The most that had come and may be lost: the buffers that are being filled and written.
    private static let buffers: Int64 = 1 << 20

    @Test func `goes on from where it was, and has the right digest`() async throws {
        let folder = TemporaryFolder()
        let server = try await WaybillServer(data: folder.path)
        let count = Scale.brokenPush
        let digest = try Zeros.digest(of: count)
        let begun = try server.request("POST", "/v2/team/app/blobs/uploads/")
        let location = try #require(begun["Location"])
        let clock = ContinuousClock()
        let start = clock.now

        // Everything that was sent has come, and then the client is gone.
        let first = count / 3
        let waiting = try await push(first, of: count, to: location, on: server)
        #expect(await eventually(seconds: 120) { Self.offset(of: location, on: server) >= first - Self.buffers })
        waiting.abort()
        let kept = Self.offset(of: location, on: server)
        #expect(kept >= first - Self.buffers && kept <= first)

        // Broken in the middle of the flow: what was on its way is lost with it.
        try await push(count / 3, of: count - kept, to: location, on: server).abort()
        #expect(await eventually { Self.offset(of: location, on: server) > kept })
        let settled = try await settledOffset(of: location, on: server)
        #expect(settled > kept && settled <= kept + count / 3)

        let rest = count - settled
        let answer = try await Worker.run {
            let connection = try TestConnection(port: server.port, timeout: 600)
            try connection.send(
                "PUT \(location)?digest=\(digest) HTTP/1.1\r\nHost: a\r\nContent-Length: \(rest)\r\n"
                    + "Content-Range: \(settled)-\(count - 1)\r\n\r\n")
            try Zeros.send(rest, on: connection)
            return try connection.receive()
        }
        #expect(answer.status == 201)
        #expect(answer["Docker-Content-Digest"] == "\(digest)")
        let head = try server.request("HEAD", "/v2/team/app/blobs/\(digest)")
        #expect(head.status == 200 && head["Content-Length"] == "\(count)")
        Scale.report(
            "push of \(count >> 20) MiB: \(first - kept) bytes lost of \(first), then \(kept + count / 3 - settled) in flight; "
                + "\(clock.now - start) in all, \(server.residentKiB) KiB in memory")
        #expect(await server.stop() == 0)
        // Reads the blob and hashes it once more.
        if !Scale.isHeavy { #expect(try await TestRegistry(folder: folder).registry.verify() == []) }
    }

    /// A connection on which a part of a body was sent.
    private func push(_ part: Int64, of count: Int64, to location: String, on server: WaybillServer) async throws
        -> TestConnection
    {
        let connection = try TestConnection(port: server.port, timeout: 120)
        try connection.send("PATCH \(location) HTTP/1.1\r\nHost: a\r\nContent-Length: \(count)\r\n\r\n")
        try Zeros.send(part, on: connection)
        return connection
    }

    /// How much of the upload is there.
    private static func offset(of location: String, on server: WaybillServer) -> Int64 {
        let range = try? server.request("GET", location)["Range"]
        return range.flatMap { Int64($0.dropFirst(2)) }.map { $0 == 0 ? 0 : $0 + 1 } ?? -1
    }

    /// The same once nobody writes any more: a request that sends nothing takes the upload from whoever was at it.
    private func settledOffset(of location: String, on server: WaybillServer) async throws -> Int64 {
        let answer = try server.request("PATCH", location, body: [])
        #expect(answer.status == 202)
        return Self.offset(of: location, on: server)
    }
}
