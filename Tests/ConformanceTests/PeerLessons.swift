import OCI
import RegistryTesting
import Testing

/// What other registries were seen to get wrong with real clients.
@Suite(.live) struct `Lessons from other registries` {
    let server = Live.server

    @Test(arguments: [MediaType.dockerForeignLayer, .ociNondistributableLayerGzip])
    func `a foreign layer that no client uploads is taken without any setting`(_ type: MediaType) throws {
        try server.push(blob: Manifests.empty, to: "library/app")
        let layer = Manifests.descriptor([1], type, #","urls":["https://mcr.microsoft.com/v2/windows/blobs/x"]"#)
        for image in [MediaType.dockerManifest, .ociManifest] {
            let manifest = Manifests.image(image, layers: [layer])
            #expect(try server.put(manifest: manifest, to: "library/app", as: "v1", type: image.rawValue).status == 201)
        }
    }

    @Test func `an old BuildKit's cache is an index of layers, and is taken`() throws {
        let layer = Fixture.bytes(100)
        try server.push(blob: layer, to: "library/cache")
        let index = Manifests.index(.ociIndex, [Manifests.descriptor(layer)])
        #expect(
            try server.put(manifest: index, to: "library/cache", as: "c", type: MediaType.ociIndex.rawValue).status
                == 201)
    }

    @Test func `a body that is refused is drained, so that the connection goes on`() throws {
        let connection = try server.connect()
        for _ in 0..<3 {
            let answer = try connection.request("PUT", "/v2/library/app/tags/list", body: Fixture.bytes(60_000))
            #expect(answer.status == 405)
            #expect(try connection.request("GET", "/v2/").status == 200)
        }
    }

    @Test func `imagetools mounts one blob from several connections at once`() throws {
        let blob = Fixture.bytes(5000)
        try server.push(blob: blob, to: "library/old")
        let connections = try (0..<6).map { _ in try server.connect() }
        for connection in connections {
            try connection.send(
                "POST /v2/library/new/blobs/uploads/?mount=\(blob.digest)&from=library/old HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
            )
        }
        for connection in connections { #expect(try connection.receive().status == 201) }
    }

    @Test func `a mount is 201, for which clients print that they mounted`() throws {
        let blob = Fixture.bytes(100)
        try server.push(blob: blob, to: "library/old")
        let path = "/v2/library/new/blobs/uploads/?mount=\(blob.digest)&from=library/old"
        #expect(try server.request("POST", path, body: []).status == 201)
    }

    @Test func `the referrers API is there, so nobody needs a fallback tag`() throws {
        let answer = try server.get("/v2/library/app/referrers/\([UInt8]().digest)")
        #expect(answer.status == 200)
        #expect(answer["Content-Type"] == MediaType.ociIndex.rawValue)
    }

    @Test func `podman pushes an artifact of two files with an empty config`() throws {
        let files = [Fixture.bytes(10), Fixture.bytes(20)]
        for blob in files + [Manifests.empty] { try server.push(blob: blob, to: "library/artifact") }
        let layers = files.enumerated().map { index, file in
            Manifests.descriptor(
                file, MediaType(rawValue: "text/plain; charset=utf-8"),
                #","annotations":{"org.opencontainers.image.title":"file\#(index).txt"}"#)
        }
        let manifest = Manifests.image(
            config: Manifests.descriptor(Manifests.empty, .empty, #","data":"e30=""#), layers: layers,
            more: #","artifactType":"application/x-files""#)
        #expect(try server.put(manifest: manifest, to: "library/artifact", as: "v1").status == 201)
        #expect(try server.get("/v2/library/artifact/manifests/v1").body == manifest)
    }

    @Test func `the catalogue and the tags are there for podman search and docker pull --all-tags`() throws {
        try server.push(Fixture.image(), to: "library/app", as: "v1")
        #expect(try server.get("/v2/_catalog?n=100").json?["repositories"]?.strings == ["library/app"])
        #expect(try server.tags(of: "library/app") == ["v1"])
    }

    @Test func `podman asks for several ranges of one layer in one request`() throws {
        let blob = Fixture.bytes(500_000)
        try server.push(blob: blob, to: "library/app")
        let answer = try server.get(
            "/v2/library/app/blobs/\(blob.digest)", [("Range", "bytes=179-49999,300000-499999")])
        #expect(answer.status == 206)
        #expect(answer["Content-Type"]?.hasPrefix("multipart/byteranges; boundary=") == true)
        #expect(answer["Content-Length"] == "\(answer.body.count)")
        #expect(answer.body.count > 49_821 + 200_000)
    }
}
