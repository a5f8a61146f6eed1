import OCI
import RegistryCore
import RegistryTesting
import Testing

@Suite(.live) struct `Going on with an upload after its connection broke` {
    let server = Live.server
    let blob = Fixture.bytes(200_000)
    let location: String

    init() throws { location = try Live.server.beginUpload(to: "library/app") }

    @Test(arguments: ["PATCH", "PUT"])
    func `keeps what had arrived, and takes the rest`(_ method: String) throws {
        let connection = try server.connect()
        let target = method == "PUT" ? "\(location)?digest=\(blob.digest)" : location
        try connection.send("\(method) \(target) HTTP/1.1\r\nHost: x\r\nContent-Length: \(blob.count)\r\n\r\n")
        try connection.send(Array(blob[..<150_000]))
        connection.finishSending()
        #expect(connection.isClosed())
        let kept = try offset()
        #expect(kept > 0)
        #expect(try server.patch(location, blob[kept...], at: kept).status == 202)
        #expect(try server.finish(location, as: blob.digest).status == 201)
        #expect(try server.serves(blob, in: "library/app"))
    }

    @Test func `lets a new connection take over from one that hangs`() throws {
        let hanging = try server.connect()
        try hanging.send("PATCH \(location) HTTP/1.1\r\nHost: x\r\nContent-Length: \(blob.count)\r\n\r\n")
        try hanging.send(Array(blob[..<100_000]))
        while try offset() < 50_000 {}
        let kept = try offset()
        let answer = try server.patch(location, blob[kept...], at: kept)
        if answer.status == 416 {
            // More of the first request had arrived meanwhile: the answer says where to go on.
            let now = Int(answer["Range"]?.dropFirst(2) ?? "").map { $0 + 1 } ?? 0
            #expect(try server.patch(location, blob[now...], at: now).status == 202)
        } else {
            #expect(answer.status == 202)
        }
        try hanging.send(Array(blob[100_000...]))
        #expect(try hanging.receive().status == 409)
        #expect(try server.finish(location, as: blob.digest).status == 201)
        #expect(try server.serves(blob, in: "library/app"))
    }

    private func offset() throws -> Int {
        let answer = try server.get(location)
        let last = try #require(answer["Range"]?.dropFirst(2))
        return last == "0" ? 0 : (Int(last) ?? -1) + 1
    }
}

@Suite struct `Going on after a restart of the registry` {
    let blob = Fixture.bytes(100_000)
    let image = Fixture.image()

    @Test(arguments: Digest.Algorithm.allCases)
    func `an upload goes on under the same location`(_ algorithm: Digest.Algorithm) async throws {
        let (blob, digest) = (blob, Digest(algorithm, of: blob))
        try await live {
            let folder = TemporaryFolder()
            let first = try TestServer(TestRegistry(folder: folder))
            let location = try first.beginUpload(to: "library/app", "?digest-algorithm=\(algorithm.rawValue)")
            #expect(try first.patch(location, blob[..<60_000], at: 0).status == 202)
            try await first.end()
            let second = try TestServer(TestRegistry(folder: folder))
            #expect(try await second.registry.dropForgottenUploads() == 0)
            #expect(try second.get(location)["Range"] == "0-59999")
            #expect(try second.patch(location, blob[60_000...], at: 60_000).status == 202)
            #expect(try second.finish(location, as: digest).status == 201)
            #expect(try second.get("/v2/library/app/blobs/\(digest)").body == blob)
            try await second.end()
        }
    }

    @Test func `everything that was pushed and deleted is as it was`() async throws {
        let image = image
        try await live {
            let folder = TemporaryFolder()
            let first = try TestServer(TestRegistry(folder: folder))
            try first.push(image, to: "library/app", as: "\(image.digest)?tag=v1&tag=v2")
            let referrer = Fixture.image(seed: 2, subject: Fixture.descriptor(image.manifest, .ociManifest))
            try first.push(referrer, to: "library/app")
            #expect(try first.delete("/v2/library/app/manifests/v2").status == 202)
            let records = try first.get("/provenance").text
            try await first.end()
            let second = try TestServer(TestRegistry(folder: folder))
            #expect(try second.get("/v2/library/app/manifests/v1").body == image.manifest)
            for layer in image.layers { #expect(try second.serves(layer, in: "library/app")) }
            #expect(try second.tags(of: "library/app") == ["v1"])
            #expect(try second.referrers(to: image.digest, in: "library/app") == ["\(referrer.digest)"])
            #expect(try second.get("/provenance").text == records)
            try await second.end()
        }
    }

    @Test func `an upload that nobody continued in its lifetime is gone`() async throws {
        try await live {
            let clock = ManualClock()
            let store = try TestRegistry(clock: clock.wallClock)
            let server = try TestServer(store)
            let (old, kept) = (try server.beginUpload(to: "library/app"), try server.beginUpload(to: "library/app"))
            for location in [old, kept] { #expect(try server.patch(location, [1, 2, 3], at: 0).status == 202) }
            clock.advance(by: 20 * 3_600_000)
            #expect(try server.patch(kept, [4], at: 3).status == 202)
            clock.advance(by: 5 * 3_600_000)
            #expect(try server.get(old).codes == ["BLOB_UPLOAD_UNKNOWN"])
            #expect(try await store.registry.dropExpiredUploads() == 1)
            #expect(try server.patch(kept, [5], at: 4).status == 202)
            #expect(try server.finish(kept, as: [1, 2, 3, 4, 5].digest).status == 201)
            try await server.end()
        }
    }
}

@Suite(.live) struct `Pushing the same at the same time` {
    let server = Live.server

    @Test func `every one of many pushes of one blob succeeds`() throws {
        let blob = Fixture.bytes(30_000)
        let connections = try (0..<20).map { _ in
            let connection = try server.connect()
            try connection.send(
                "POST /v2/library/app/blobs/uploads/?digest=\(blob.digest) HTTP/1.1\r\nHost: x\r\nContent-Length: 30000\r\n\r\n"
            )
            try connection.send(Array(blob[..<20_000]))
            return connection
        }
        for connection in connections { try connection.send(Array(blob[20_000...])) }
        for connection in connections { #expect(try connection.receive().status == 201) }
        #expect(try server.serves(blob, in: "library/app"))
    }

    @Test func `every one of many mounts of one blob succeeds`() throws {
        let blob = Fixture.bytes(3000)
        try server.push(blob: blob, to: "library/old")
        let connections = try (0..<20).map { index in
            let connection = try server.connect()
            try connection.send(
                "POST /v2/library/new\(index % 2)/blobs/uploads/?mount=\(blob.digest)&from=library/old HTTP/1.1\r\n"
                    + "Host: x\r\nContent-Length: 0\r\n\r\n")
            return connection
        }
        for connection in connections { #expect(try connection.receive().status == 201) }
        #expect(try server.serves(blob, in: "library/new0") && server.serves(blob, in: "library/new1"))
    }

    @Test func `a tag that many push at once points at one of them, and each push is recorded`() throws {
        let images = (0..<12).map { Fixture.image(seed: 50 + $0, layers: 1) }
        for blob in images.flatMap(\.blobs) { try server.push(blob: blob, to: "library/app") }
        let connections = try images.map { image in
            let connection = try server.connect()
            try connection.send(
                [UInt8](
                    "PUT /v2/library/app/manifests/v1 HTTP/1.1\r\nHost: x\r\nContent-Type: "
                        + "\(MediaType.ociManifest.rawValue)\r\nContent-Length: \(image.manifest.count)\r\n\r\n")
                    + image.manifest)
            return connection
        }
        for connection in connections { #expect(try connection.receive().status == 201) }
        let pulled = try server.get("/v2/library/app/manifests/v1").body
        #expect(images.map(\.manifest).contains(pulled))
        #expect(try server.get("/provenance?kind=push").json?["records"]?.array?.count == 12)
        #expect(try server.get("/provenance?kind=tag").json?["records"]?.array?.count == 11)
    }
}
