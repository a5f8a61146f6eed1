import OCI
import RegistryCore
import RegistryTesting
import Testing

@Suite(.live) struct `Tracing a digest` {
    let server = Live.server
    let image = Fixture.image(
        labels: ["org.opencontainers.image.revision": "0123456789abcdef", "team": "a"],
        annotations: ["org.opencontainers.image.source": "https://example.com/app"])

    private func trace(_ digest: Digest, _ query: String = "") throws -> JSONValue {
        let answer = try server.get("/provenance/\(digest)\(query)")
        #expect(answer.status == 200)
        #expect(answer["Content-Type"] == "application/json")
        return try #require(answer.json)
    }

    @Test func `tells of an image where it is and how it came`() throws {
        #expect(try server.request("GET", "/v2/").status == 200)
        for blob in image.blobs { try server.push(blob: blob, to: "library/app") }
        let fields = [("User-Agent", "docker/28.5.2 (linux)")]
        #expect(try server.put(manifest: image.manifest, to: "library/app", as: "v1", fields).status == 201)
        let trace = try trace(image.digest)
        #expect(trace["subject"]?.string == "\(image.digest)")
        #expect(trace["kind"] == "image")
        #expect(trace["mediaType"]?.string == MediaType.ociManifest.rawValue)
        #expect(trace["repositories"]?.strings == ["library/app"])
        #expect(trace["tags"] == [["repository": "library/app", "tag": "v1"]])
        #expect(trace["tree"] == nil)
        #expect(trace["containedIn"] == [])
        let record = try #require(trace["records"]?.array?.first)
        #expect(trace["records"]?.array?.count == 1)
        #expect(record["id"] == 0 && record["kind"] == "push" && record["repository"] == "library/app")
        #expect(record["digest"]?.string == "\(image.digest)")
        #expect(record["size"]?.int64 == Int64(image.manifest.count))
        #expect(record["tags"]?.strings == ["v1"])
        #expect(record["previous"] == .object([:]))
        #expect(record["revision"] == "0123456789abcdef")
        #expect(record["source"] == "https://example.com/app")
        #expect(record["created"] == "2026-01-01T00:00:00Z")
        #expect(record["version"] == nil)
        #expect(record["labels"]?["team"] == "a")
        #expect(record["labelsConflict"] == nil)
        #expect(record["config"]?.string == "\(image.config.digest)")
        #expect(record["platform"] == ["architecture": "amd64", "os": "linux"])
        #expect(record["layers"]?.array?.map { $0["digest"]?.string } == image.layers.map { "\($0.digest)" })
        #expect(record["layers"]?.array?.map { $0["state"]?.string } == ["present", "present"])
        #expect(record["actor"]?["clientAddress"] == "127.0.0.1")
        #expect(record["actor"]?["userAgent"] == "docker/28.5.2 (linux)")
        #expect(record["actor"]?["principal"] == .null)
        #expect(record["builder"] == ["id": "docker/28.5.2 (linux)", "claimed": true, "source": "user-agent"])
        #expect(record["time"]?.string?.hasSuffix("Z") == true)
    }

    @Test func `tells of an index which platform came from where`() throws {
        let arm = Fixture.image(seed: 2, labels: ["org.opencontainers.image.revision": "fedcba", "team": "a"])
        try server.push(image, to: "library/app")
        try server.push(arm, to: "library/app")
        let index = Fixture.index(
            [
                (image.manifest, Platform(architecture: "amd64", os: "linux")),
                (arm.manifest, Platform(architecture: "arm64", os: "linux", variant: "v8")),
            ], annotations: ["org.opencontainers.image.version": "2.0"])
        #expect(try server.put(manifest: index, to: "library/app", type: .ociIndex, "?tag=2.0").status == 201)
        let trace = try trace(index.digest)
        #expect(trace["kind"] == "index")
        #expect(trace["tree"]?["index"]?.string == "\(index.digest)")
        let platforms = try #require(trace["tree"]?["platforms"]?.array)
        #expect(platforms.map { $0["manifest"]?.string } == ["\(image.digest)", "\(arm.digest)"])
        #expect(platforms.map { $0["platform"]?["architecture"]?.string } == ["amd64", "arm64"])
        #expect(platforms.map { $0["revision"]?.string } == ["0123456789abcdef", "fedcba"])
        #expect(platforms.map { $0["record"]?.int64 } == [0, 1])
        let record = try #require(trace["records"]?.array?.first)
        #expect(record["version"] == "2.0")
        // Only what all platforms agree on is said of the index.
        #expect(record["labels"] == ["org.opencontainers.image.version": "2.0", "team": "a"])
        #expect(record["revision"] == nil)
        #expect(
            try self.trace(arm.digest)["containedIn"] == [["manifest": .string("\(index.digest)"), "role": "manifest"]])
    }

    @Test func `tells of a config and a layer which images contain them`() throws {
        let second = Fixture.Image(
            config: image.config, layers: [image.layers[0]],
            manifest: Manifests.image(
                config: Manifests.descriptor(image.config, .ociConfig), layers: [Manifests.descriptor(image.layers[0])])
        )
        try server.push(image, to: "library/app", as: "v1")
        try server.push(second, to: "library/other", as: "v1")
        let layer = try trace(image.layers[0].digest)
        #expect(layer["kind"] == "blob")
        #expect(layer["mediaType"] == nil)
        #expect(layer["repositories"]?.strings == ["library/app", "library/other"])
        #expect(layer["records"] == [])
        let manifests = [image.digest, second.digest].map { JSONValue.string("\($0)") }
        #expect(layer["containedIn"] == .array(manifests.map { ["manifest": $0, "role": "layer"] }))
        #expect(
            try trace(image.config.digest)["containedIn"]
                == .array(manifests.map { ["manifest": $0, "role": "config"] }))
    }

    @Test func `tells of a blob that nothing names that it is here`() throws {
        try server.push(blob: [1, 2, 3], to: "library/app")
        let trace = try trace([1, 2, 3].digest)
        #expect(trace["repositories"]?.strings == ["library/app"])
        #expect(trace["containedIn"] == [] && trace["records"] == [] && trace["tags"] == [])
    }

    @Test func `tells of a foreign layer that it was never here, and where it is said to be`() throws {
        try server.push(blob: Manifests.empty, to: "windows/app")
        let layer = Manifests.descriptor([7], .dockerForeignLayer, #","urls":["https://mcr.microsoft.com/x"]"#)
        let manifest = Manifests.image(layers: [layer])
        #expect(try server.put(manifest: manifest, to: "windows/app", as: "v1").status == 201)
        let record = try trace(manifest.digest)["records"]?.array?.first
        #expect(record?["layers"]?.array?.first?["state"] == "foreign")
        #expect(record?["layers"]?.array?.first?["urls"]?.strings == ["https://mcr.microsoft.com/x"])
        let trace = try trace([7].digest)
        #expect(trace["repositories"] == [])
        #expect(trace["containedIn"] == [["manifest": .string("\(manifest.digest)"), "role": "layer"]])
    }

    @Test(.live(policy: RepositoryPolicy(allowsSparse: true)))
    func `tells of a sparse image which layers were absent`() throws {
        #expect(try Live.server.put(manifest: image.manifest, to: "mirror/app", as: "v1").status == 201)
        let record = try Live.server.get("/provenance/\(image.digest)").json?["records"]?.array?.first
        #expect(record?["layers"]?.array?.map { $0["state"]?.string } == ["absent", "absent"])
        #expect(record?["revision"] == nil)
    }

    @Test(arguments: ["GET", "HEAD"])
    func `answers 404 to a digest that was never seen`(_ method: String) throws {
        try server.push(image, to: "library/app", as: "v1")
        let answer = try server.request(method, "/provenance/\([UInt8]("never").digest)")
        #expect(answer.status == 404)
        #expect(answer["Content-Type"] == "application/problem+json")
        #expect(method == "HEAD" || answer.json?["status"] == 404)
    }

    @Test(arguments: [
        "latest", "sha256:12", "md5:d41d8cd98f00b204e9800998ecf8427e", "sha256:\(String(repeating: "A", count: 64))",
    ])
    func `answers 400 to what is no digest`(_ text: String) throws {
        let answer = try server.get("/provenance/\(text)")
        #expect(answer.status == 400)
        #expect(answer["Content-Type"] == "application/problem+json")
    }

    @Test func `comes in pages of records`() throws {
        for index in 0..<5 { try server.push(image, to: "library/app", as: "v\(index)") }
        var ids: [Int64] = []
        var next: String? = "/provenance/\(image.digest)?limit=2"
        while let path = next, ids.count < 20 {
            let answer = try server.get(path)
            ids += answer.json?["records"]?.array?.compactMap { $0["id"]?.int64 } ?? []
            next = answer.next
        }
        #expect(ids == [0, 1, 2, 3, 4])
    }
}

@Suite(.live) struct `Recording labels` {
    let server = Live.server

    @Test func `the manifest wins over its config, and the disagreement is kept`() throws {
        let image = Fixture.image(
            labels: [
                "org.opencontainers.image.revision": "of-the-base", "org.opencontainers.image.version": "1.0",
                "only.config": "c", "same": "s",
            ],
            annotations: [
                "org.opencontainers.image.revision": "of-the-app",
                "org.opencontainers.image.created": "2025-05-05T00:00:00Z",
                "only.manifest": "m", "same": "s",
            ])
        let record = try push(image)
        #expect(record["revision"] == "of-the-app")
        #expect(record["version"] == "1.0")
        #expect(record["created"] == "2025-05-05T00:00:00Z")
        #expect(record["labels"]?["only.config"] == "c" && record["labels"]?["only.manifest"] == "m")
        #expect(
            record["labelsConflict"] == [
                "org.opencontainers.image.revision": ["config": "of-the-base", "manifest": "of-the-app"]
            ])
    }

    @Test func `the base image is told when the labels name it`() throws {
        let digest = "sha256:\(String(repeating: "ab", count: 32))"
        let record = try push(
            Fixture.image(annotations: [
                "org.opencontainers.image.base.name": "docker.io/library/debian:13",
                "org.opencontainers.image.base.digest": digest,
            ]))
        #expect(record["base"]?["name"] == "docker.io/library/debian:13")
        #expect(record["base"]?["digest"]?.string == digest)
    }

    @Test(arguments: ["", "nonsense", "[]", #"{"config":7}"#, #"{"config":{"Labels":{"a":1}}}"#, #"{"config":null}"#])
    func `a config that cannot be read does not stop the push`(_ text: String) throws {
        let config = [UInt8](text)
        let manifest = Manifests.image(config: Manifests.descriptor(config, .ociConfig))
        let record = try push(Fixture.Image(config: config, layers: [], manifest: manifest))
        #expect(record["labels"] == .object([:]))
    }

    @Test func `labels of any size and content are taken, and what is left out is counted`() throws {
        var labels = Dictionary(
            uniqueKeysWithValues: (0..<400).map { ("label.\($0)", String(repeating: "x", count: 200)) })
        labels["zero\u{0}\"\\\n"] = "'; DROP TABLE record; --"
        let record = try push(Fixture.image(labels: labels))
        let kept = try #require(record["labels"]?.object?.members.count)
        let omitted = try #require(record["labelsOmitted"]?.int64)
        #expect(kept + Int(omitted) == labels.count)
        #expect(kept >= 50)
        try server.push(Fixture.image(seed: 3, labels: ["zero\u{0}\"": "'; --"]), to: "library/app", as: "odd")
        let odd = try server.get("/provenance?repository=library/app").json?["records"]?.array?.last
        #expect(odd?["labels"] == .object(["zero\u{0}\"": "'; --"]))
    }

    private func push(_ image: Fixture.Image) throws -> JSONValue {
        try server.push(image, to: "library/app", as: "v1")
        return try #require(try server.get("/provenance/\(image.digest)").json?["records"]?.array?.last)
    }
}

@Suite(.live) struct `Recording what happens to an image` {
    let server = Live.server
    let first = Fixture.image(seed: 1)
    let second = Fixture.image(seed: 2)

    private func records(_ query: String = "") throws -> [JSONValue] {
        try server.get("/provenance\(query)").json?["records"]?.array ?? []
    }

    @Test func `a tag that moves says from where, in the push and in a record of its own`() throws {
        try server.push(first, to: "library/app", as: "v1")
        try server.push(second, to: "library/app", as: "\(second.digest)?tag=v1&tag=v2")
        let records = try records()
        #expect(records.map { $0["kind"]?.string } == ["push", "push", "tag"])
        #expect(records.map { $0["id"]?.int64 } == [0, 1, 2])
        #expect(records[1]["tags"]?.strings == ["v1", "v2"])
        #expect(records[1]["previous"] == ["v1": .string("\(first.digest)")])
        #expect(records[2]["tag"] == "v1")
        #expect(records[2]["digest"]?.string == "\(second.digest)")
        #expect(records[2]["previous"]?.string == "\(first.digest)")
        // Both that it left and that it came to are told of the move.
        for (image, ids) in [(first, [0, 2]), (second, [1, 2])] {
            let about = try server.get("/provenance/\(image.digest)").json?["records"]?.array
            #expect(about?.map { $0["id"]?.int64 } == ids.map { Int64($0) })
        }
    }

    @Test func `a push of the same image to the same tag is a record and no move`() throws {
        for _ in 0..<2 { try server.push(first, to: "library/app", as: "v1") }
        let records = try records()
        #expect(records.map { $0["kind"]?.string } == ["push", "push"])
        #expect(records[1]["previous"] == ["v1": .string("\(first.digest)")])
    }

    @Test func `each deletion is a record`() throws {
        try server.push(first, to: "library/app", as: "\(first.digest)?tag=v1&tag=v2")
        #expect(try server.delete("/v2/library/app/manifests/v2").status == 202)
        #expect(try server.delete("/v2/library/app/manifests/\(first.digest)").status == 202)
        #expect(try server.delete("/v2/library/app/blobs/\(first.layers[0].digest)").status == 202)
        let deletions = try records("?kind=delete")
        #expect(deletions.map { $0["deleted"]?.string } == ["tag", "manifest", "blob"])
        #expect(deletions[0]["tag"] == "v2")
        #expect(deletions[1]["tags"]?.strings == ["v1"])
        #expect(deletions[2]["digest"]?.string == "\(first.layers[0].digest)")
        #expect(deletions.allSatisfy { $0["actor"]?["clientAddress"] == "127.0.0.1" })
    }

    @Test func `what was refused is no record`() throws {
        _ = try server.put(manifest: first.manifest, to: "library/app", as: "v1")
        _ = try server.delete("/v2/library/app/manifests/v1")
        _ = try server.delete("/v2/library/app/blobs/\(first.digest)")
        #expect(try records().isEmpty)
    }

    @Test func `records outlive the image`() throws {
        try server.push(first, to: "library/app", as: "v1")
        let before = try records()
        #expect(try server.delete("/v2/library/app/manifests/\(first.digest)").status == 202)
        for blob in first.blobs { #expect(try server.delete("/v2/library/app/blobs/\(blob.digest)").status == 202) }
        let trace = try #require(try server.get("/provenance/\(first.digest)").json)
        #expect(trace["kind"] == "image")
        #expect(trace["repositories"] == [] && trace["tags"] == [])
        #expect(trace["records"]?.array?.first == before[0])
        #expect(trace["records"]?.array?.count == 2)
        let layer = try #require(try server.get("/provenance/\(first.layers[0].digest)").json)
        #expect(layer["containedIn"]?.array?.count == 1)
        #expect(layer["repositories"] == [])
    }
}
