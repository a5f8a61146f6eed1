import OCI
import RegistryCore
import RegistryTesting
import Testing

/// What real clients do and rely on, each numbered as in the notes on other registries from which it was learned.
@Suite(.live) struct `Client quirks of pushing blobs` {
    let server = Live.server
    let blob = Fixture.bytes(20_000)

    @Test func `quirk 1: every push says the digest, because containerd compares it`() throws {
        let image = Fixture.image()
        let location = try server.beginUpload(to: "library/app")
        let answers = [
            try server.finish(location, as: blob.digest, last: blob),
            try server.request("POST", "/v2/library/b/blobs/uploads/?digest=\(blob.digest)", body: blob),
            try server.request("POST", "/v2/library/c/blobs/uploads/?mount=\(blob.digest)&from=library/b", body: []),
        ]
        #expect(answers.map(\.status) == [201, 201, 201])
        #expect(answers.map { $0["Docker-Content-Digest"] } == Array(repeating: "\(blob.digest)", count: 3))
        #expect(try server.push(image, to: "library/app", as: "v1")["Docker-Content-Digest"] == "\(image.digest)")
    }

    @Test func `quirks 3 and 4: a location is an absolute path, because containerd takes anything else for a host`()
        throws
    {
        let location = try server.beginUpload(to: "library/app")
        let answers = [
            try server.patch(location, blob, at: 0), try server.get(location),
            try server.patch(location, blob, at: 0), try server.finish(location, as: blob.digest),
            try server.push(Fixture.image(), to: "library/app", as: "v1"),
        ]
        #expect(answers.map(\.status) == [202, 204, 416, 201, 201])
        for answer in answers {
            #expect(answer["Location"]?.hasPrefix("/v2/library/app/") == true)
            #expect(answer["Location"]?.contains("://") == false)
        }
    }

    @Test(arguments: ["_state=x&digest=DIGEST", "digest=DIGEST&z=1&_state=%3D%26"])
    func `quirk 5: the query of a location comes back sorted and escaped`(_ query: String) throws {
        let location = try server.beginUpload(to: "library/app")
        let escaped = "\(blob.digest)".replacing(":", with: "%3A")
        let target = "\(location)?\(query.replacing("DIGEST", with: escaped))"
        #expect(try server.request("PUT", target, body: blob).status == 201)
        #expect(try server.serves(blob, in: "library/app"))
    }

    @Test func `quirk 6: an upload begins with exactly 202`() throws {
        #expect(try server.request("POST", "/v2/library/app/blobs/uploads/", body: []).status == 202)
    }

    @Test func `quirk 7: a streamed PATCH has neither a length nor a range`() throws {
        let location = try server.beginUpload(to: "library/app")
        let answer = try server.stream("PATCH", location, body: blob, pieces: 50)
        #expect(answer.status == 202)
        #expect(answer["Range"] == "0-19999")
        #expect(try server.finish(location, as: blob.digest).status == 201)
    }

    @Test func `quirk 8: the Range of an empty upload is 0-0, because Docker parses it`() throws {
        let begun = try server.request("POST", "/v2/library/app/blobs/uploads/", body: [])
        let location = try #require(begun["Location"])
        let answers = [
            begun, try server.get(location), try server.request("PATCH", location, body: []),
            try server.patch(location, [1], at: 5),
        ]
        #expect(answers.map(\.status) == [202, 204, 202, 416])
        #expect(answers.map { $0["Range"] } == ["0-0", "0-0", "0-0", "0-0"])
    }

    @Test func `quirk 9: Docker reads the upload's id`() throws {
        let location = try server.beginUpload(to: "library/app")
        let id = location.split(separator: "/").last?.split(separator: ".").first.map(String.init)
        #expect(id?.count == 36)
        #expect(try server.patch(location, blob, at: 0)["Docker-Upload-UUID"] == id)
        #expect(try server.get(location)["Docker-Upload-UUID"] == id)
    }

    @Test func `quirk 10: the last PUT is empty and says so`() throws {
        let location = try server.beginUpload(to: "library/app")
        #expect(try server.request("PATCH", location, body: blob).status == 202)
        let target = "\(location)?digest=\(blob.digest)"
        #expect(try server.request("PUT", target, [("Content-Length", "0")]).status == 201)
    }

    @Test func `quirk 11: containerd sends the whole blob with the PUT, and again after a broken connection`() throws {
        let location = try server.beginUpload(to: "library/app")
        let target = "\(location)?digest=\(blob.digest)"
        #expect(try server.request("PUT", target, body: blob).status == 201)
        #expect(try server.serves(blob, in: "library/app"))
    }

    @Test func `quirk 12: Docker asks for the blob at once, on the same connection`() throws {
        let connection = try server.connect()
        for seed in 0..<10 {
            let blob = Fixture.bytes(100, seed: UInt64(seed))
            let pushed = try connection.request(
                "POST", "/v2/library/app/blobs/uploads/?digest=\(blob.digest)", body: blob)
            #expect(pushed.status == 201)
            #expect(try connection.request("HEAD", "/v2/library/app/blobs/\(blob.digest)").status == 200)
        }
    }

    @Test func `quirk 19: a mount that is refused is an upload, which Docker then cancels`() throws {
        let path = "/v2/library/app/blobs/uploads/?mount=\(blob.digest)&from=library/nowhere"
        let answer = try server.request("POST", path, body: [])
        #expect(answer.status == 202)
        #expect(try server.delete(try #require(answer["Location"])).status == 204)
    }

    @Test func `quirks 21 and 22: a mount has a media type and an origin, and may have no source`() throws {
        try server.push(blob: blob, to: "library/old")
        for query in ["&from=library/old&origin=registry.example", ""] {
            let answer = try server.request(
                "POST", "/v2/library/new/blobs/uploads/?mount=\(blob.digest)\(query)",
                [("Content-Type", "application/json")],
                body: [])
            #expect(answer.status == 201)
        }
    }

    @Test func `quirk 33: several clients push the same digest at once`() throws {
        let locations = try (0..<5).map { _ in try server.beginUpload(to: "library/app") }
        for location in locations { #expect(try server.patch(location, blob, at: 0).status == 202) }
        for location in locations { #expect(try server.finish(location, as: blob.digest).status == 201) }
        #expect(try server.serves(blob, in: "library/app"))
    }

    @Test func `quirk 40: uploads begin with and without a slash at the end, and are never redirected`() throws {
        for path in ["/v2/library/app/blobs/uploads", "/v2/library/app/blobs/uploads/"] {
            #expect(try server.request("POST", path, body: []).status == 202)
            #expect(try server.request("POST", "\(path)?digest=\(blob.digest)", body: blob).status == 201)
        }
    }
}

@Suite(.live) struct `Client quirks of pulling` {
    let server = Live.server
    let image = Fixture.image()
    let blob = Fixture.bytes(3_000_000)

    init() throws {
        try server.push(image, to: "library/app", as: "v1")
        try server.push(blob: blob, to: "library/app")
    }

    @Test func `quirk 2: HEAD of a tag says digest, length and type`() throws {
        let answer = try server.head("/v2/library/app/manifests/v1")
        #expect(answer["Docker-Content-Digest"] == "\(image.digest)")
        #expect(answer["Content-Length"] == "\(image.manifest.count)")
        #expect(answer["Content-Type"] == MediaType.ociManifest.rawValue)
    }

    @Test func `quirk 13: HEAD of what is not there is 404, whether or not the repository is`() throws {
        let absent = [UInt8]("absent").digest
        for repository in ["library/app", "library/nowhere"] {
            for kind in ["blobs", "manifests"] {
                let connection = try server.connect()
                #expect(try connection.request("HEAD", "/v2/\(repository)/\(kind)/\(absent)").status == 404)
                // No body came with it: the next answer begins where it should.
                #expect(try connection.request("GET", "/v2/").text == "{}")
            }
        }
    }

    @Test func `quirk 14: containerd asks for manifests among the blobs`() throws {
        let answer = try server.get("/v2/library/app/blobs/\(image.digest)")
        #expect(answer.status == 200)
        #expect(answer.body == image.manifest)
        #expect(answer["Docker-Content-Digest"] == "\(image.digest)")
        #expect(try server.head("/v2/library/app/blobs/\(image.digest)")["Content-Length"] == "\(image.manifest.count)")
        #expect(try server.head("/v2/library/other/blobs/\(image.digest)").status == 404)
        #expect(try server.head("/v2/library/app/manifests/\(blob.digest)").status == 404)
    }

    @Test(arguments: [
        [], ["*/*"], ["application/vnd.oci.image.manifest.v1+json, */*"],
        ["application/vnd.docker.distribution.manifest.v2+json", "application/vnd.oci.image.index.v1+json;q=0.5"],
        ["application/json;q=0"], ["nonsense"],
    ])
    func `quirk 15: whatever is accepted, the stored type is served`(_ accept: [String]) throws {
        for reference in ["v1", "\(image.digest)"] {
            let answer = try server.get("/v2/library/app/manifests/\(reference)", accept.map { ("Accept", $0) })
            #expect(answer.status == 200)
            #expect(answer["Content-Type"] == MediaType.ociManifest.rawValue)
            #expect(answer.body == image.manifest)
        }
    }

    @Test func `quirk 16: nothing is compressed, although containerd would take it`() throws {
        let fields = [("Accept-Encoding", "zstd;q=1.0, gzip;q=0.8, deflate;q=0.5")]
        for path in ["blobs/\(blob.digest)", "manifests/v1", "tags/list"] {
            let answer = try server.get("/v2/library/app/\(path)", fields)
            #expect(answer["Content-Encoding"] == nil)
            #expect(answer.body == (try server.get("/v2/library/app/\(path)").body))
        }
    }

    @Test(.timeLimit(.minutes(20)))
    func `quirk 17: containerd asks for all the rest, reads a little, and goes away`() throws {
        for offset in [0, 1_000_000, 2_000_000] {
            let connection = try server.connect()
            try connection.send(
                "GET /v2/library/app/blobs/\(blob.digest) HTTP/1.1\r\nHost: x\r\nRange: bytes=\(offset)-\r\n\r\n")
            connection.abort()
        }
        // Each of the three ends, and others are served meanwhile.
        while server.connectionCount > 1 { #expect(try server.get("/v2/").status == 200) }
    }

    @Test func `quirk 18: a range is always answered with 206, from where it was asked`() throws {
        for offset in [0, 1, 1_048_576, 2_999_999] {
            let answer = try server.get("/v2/library/app/blobs/\(blob.digest)", [("Range", "bytes=\(offset)-")])
            #expect(answer.status == 206)
            #expect(answer["Content-Range"] == "bytes \(offset)-2999999/3000000")
            #expect(answer.body == Array(blob[offset...]))
        }
    }

    @Test func `quirk 34: a mirror is told which registry is meant, and serves what it has`() throws {
        for path in ["manifests/v1", "blobs/\(blob.digest)"] {
            #expect(try server.head("/v2/library/app/\(path)?ns=docker.io").status == 200)
        }
    }
}

@Suite struct `Client quirks of errors and connections` {
    let image = Fixture.image()

    @Test(.live) func `quirk 23: every refusal has errors, because Docker reports an empty list as broken`() throws {
        let server = Live.server
        let paths = [
            "/v2/library/app/tags/list", "/v2/A/tags/list", "/v2/nothing", "/v2/library/app/blobs/x",
            "/v2/library/app/blobs/sha256:\(String(repeating: "0", count: 64))", "/v2/library/app/manifests/v1",
            "/v2/library/app/tags/list?n=x", "/v2/../x", "/v2/%zz",
            "/v2/library/app/tags/list?\(String(repeating: "a&", count: 200))",
            "/v2/\(String(repeating: "a", count: 20_000))",
        ]
        for path in paths {
            let answer = try server.get(path)
            #expect((400..<500).contains(answer.status))
            #expect(answer["Content-Type"] == "application/json")
            #expect(!answer.codes.isEmpty, "\(path): \(answer.text)")
        }
    }

    @Test func `quirk 24: a full disk is 507 with the words at which Docker gives up`() async throws {
        try await live {
            let faults = FaultSwitch()
            let server = try TestServer(TestRegistry(disk: faults.disk))
            faults.fail(.write)
            let body = [UInt8](repeating: 1, count: 20_000)
            let answer = try server.request("POST", "/v2/a/blobs/uploads/?digest=\(body.digest)", body: body)
            #expect(answer.status == 507)
            #expect(answer.reason == "no space left on device")
            faults.fail(nil)
            try await server.end()
        }
    }

    @Test(.live) func `quirk 25: only a bad format is MANIFEST_INVALID, at which skopeo converts the image`() throws {
        let server = Live.server
        #expect(try server.put(manifest: [UInt8]("{"), to: "library/app", as: "v1").codes == ["MANIFEST_INVALID"])
        let codes = try server.put(manifest: image.manifest, to: "library/app", as: "v1").codes
        #expect(Set(codes) == ["MANIFEST_BLOB_UNKNOWN"])
        try server.push(blob: Manifests.empty, to: "library/app")
        let layer = Manifests.descriptor([1], .ociNondistributableLayer, #","urls":["ftp://example.com/layer"]"#)
        #expect(try server.put(manifest: Manifests.image(layers: [layer]), to: "library/app").codes == ["DENIED"])
    }

    @Test func `quirk 26: too much work is 429 and says when to come again`() async throws {
        try await live {
            var options = Ledger.Options()
            options.queuedWrites = 0
            let server = try TestServer(TestRegistry(options: options))
            let location = try server.beginUpload(to: "library/app")
            let blob: [UInt8] = [1]
            for answer in [
                try server.request("POST", "/v2/library/app/blobs/uploads/?digest=\(blob.digest)", body: blob),
                try server.patch(location, blob, at: 0), try server.finish(location, as: blob.digest, last: blob),
            ] {
                #expect(answer.status == 429)
                #expect(answer.codes == ["TOOMANYREQUESTS"])
                #expect(answer["Retry-After"] == "1")
            }
            try await server.end()
        }
    }

    @Test(.live) func `quirk 31: the version is in every answer under v2`() throws {
        let server = Live.server
        try server.push(image, to: "library/app", as: "v1")
        for path in [
            "", "_catalog", "library/app/tags/list", "library/app/manifests/v1", "library/app/manifests/v2", "x",
        ] {
            #expect(try server.get("/v2/\(path)")["Docker-Distribution-Api-Version"] == "registry/2.0")
        }
    }

    @Test(.live) func `quirk 32: eight uploads of one client leave room for the rest`() throws {
        let server = Live.server
        let blob = Fixture.bytes(100_000)
        let locations = try (0..<8).map { _ in try server.beginUpload(to: "library/app") }
        let connections = try locations.map { location in
            let connection = try server.connect()
            try connection.send("PATCH \(location) HTTP/1.1\r\nHost: x\r\nContent-Length: \(blob.count)\r\n\r\n")
            try connection.send(Array(blob[..<50_000]))
            return connection
        }
        try server.push(image, to: "library/app", as: "v1")
        #expect(try server.get("/v2/library/app/manifests/v1").status == 200)
        for connection in connections { try connection.send(Array(blob[50_000...])) }
        for (connection, location) in zip(connections, locations) {
            #expect(try connection.receive().status == 202)
            #expect(try connection.request("PUT", "\(location)?digest=\(blob.digest)", body: []).status == 201)
        }
    }

    @Test(.live) func `quirk 35: warnings are 299 from nobody, without a date, and at most 4096 bytes`() throws {
        let server = Live.server
        try server.push(image, to: "library/app", as: "v1")
        let windows = Fixture.index(
            (0..<3).map { _ in (image.manifest, Platform(architecture: "amd64", os: "windows")) })
        let answer = try server.put(manifest: windows, to: "library/app", type: .ociIndex)
        #expect(answer.status == 201)
        let warnings = answer.all("Warning")
        #expect(warnings.count == 2)
        #expect(warnings.allSatisfy { $0.hasPrefix("299 - \"") && $0.hasSuffix("\"") })
        #expect(warnings.reduce(0) { $0 + $1.utf8.count } <= 4096)
    }

    @Test(.live) func `quirk 36: a client that waits for 100 gets it when the upload is there, and only then`() throws {
        let server = Live.server
        let blob = Fixture.bytes(50_000)
        let location = try server.beginUpload(to: "library/app")
        let connection = try server.connect()
        let head = " HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 50000\r\n\r\n"
        try connection.send("PUT \(location)?digest=\(blob.digest)" + head)
        #expect(try connection.receive().status == 100)
        try connection.send(blob)
        #expect(try connection.receive().status == 201)
        let refused = try server.connect()
        try refused.send("PUT \(location)?digest=\(blob.digest)" + head)
        let answer = try refused.receive()
        #expect(answer.status == 404)
        #expect(answer["Connection"] == "close")
    }

    @Test(.live, arguments: ["PUT", "PATCH"])
    func `quirk 37: a client that is refused early reads the answer after it has sent everything`(_ method: String)
        throws
    {
        let server = Live.server
        let answer = try server.request(
            method, "/v2/library/app/blobs/uploads/\(neverGiven)?digest=\([UInt8]().digest)",
            body: Fixture.bytes(8_000_000))
        #expect(answer.status == 404)
        #expect(answer.codes == ["BLOB_UPLOAD_UNKNOWN"])
    }

    @Test(.live) func `quirk 38: referrers are 200 everywhere, and a subject is acknowledged`() throws {
        let server = Live.server
        #expect(try server.get("/v2/library/nowhere/referrers/\(image.digest)").status == 200)
        let referrer = Fixture.image(seed: 2, subject: Fixture.descriptor(image.manifest, .ociManifest))
        #expect(try server.push(referrer, to: "library/app", as: "sig")["OCI-Subject"] == "\(image.digest)")
    }

    @Test(.live) func `quirk 39: no platform is too strange`() throws {
        let server = Live.server
        try server.push(image, to: "library/app")
        for platform in [#"{"architecture":"unknown","os":"unknown"}"#, "{}", "null", #"{"architecture":"","os":"⌘"}"#]
        {
            let entry = Manifests.descriptor(image.manifest, .ociManifest, #","platform":\#(platform)"#)
            let index = Manifests.index(.ociIndex, [entry])
            #expect(try server.put(manifest: index, to: "library/app", type: .ociIndex).status == 201)
        }
    }

    @Test(.live) func `quirk 41: the largest manifest that is taken is one that containerd pulls`() {
        #expect(RegistryLimits().manifest <= 4_393_216)
        #expect(RegistryLimits().manifest >= 4_000_000)
    }
}
