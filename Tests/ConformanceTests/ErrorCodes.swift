import OCI
import RegistryCore
import RegistryTesting
import Testing

/// One test for each row of the specification's table "Error Codes"; each is provoked by a request that a client could
/// send, and each answer must have the form that the specification gives.
///
/// code-11 `UNAUTHORIZED` cannot occur before there is access control; `RegistryAPITests` test how it is written.
@Suite(.live) struct `Error codes` {
    let server = Live.server
    let image = Fixture.image()
    let absent = [UInt8]("absent").digest

    @Test func `code-1: BLOB_UNKNOWN`() throws {
        try expect(404, "BLOB_UNKNOWN", server.get("/v2/library/app/blobs/\(absent)"))
    }

    @Test func `code-2: BLOB_UPLOAD_INVALID`() throws {
        let location = try server.beginUpload(to: "library/app")
        try expect(416, "BLOB_UPLOAD_INVALID", server.patch(location, [1, 2, 3], at: 7))
        try expect(
            400, "BLOB_UPLOAD_INVALID", server.request("PATCH", location, [("Content-Range", "x-y")], body: [1]))
    }

    @Test func `code-3: BLOB_UPLOAD_UNKNOWN`() throws {
        let location = "/v2/library/app/blobs/uploads/\(neverGiven)"
        try expect(404, "BLOB_UPLOAD_UNKNOWN", server.get(location))
        try expect(404, "BLOB_UPLOAD_UNKNOWN", server.patch(location, [1], at: 0))
        try expect(404, "BLOB_UPLOAD_UNKNOWN", server.finish(location, as: absent))
        try expect(404, "BLOB_UPLOAD_UNKNOWN", server.delete(location))
    }

    @Test func `code-4: DIGEST_INVALID`() throws {
        let path = "/v2/library/app/blobs/uploads/?digest="
        try expect(400, "DIGEST_INVALID", server.request("POST", "\(path)\(absent)", body: [1]))
        try expect(400, "DIGEST_INVALID", server.request("POST", "\(path)sha256:0", body: [1]))
        try expect(400, "DIGEST_INVALID", server.get("/v2/library/app/blobs/sha256:0"))
    }

    @Test func `code-5: MANIFEST_BLOB_UNKNOWN, once for each that is missing`() throws {
        let answer = try server.put(manifest: image.manifest, to: "library/app")
        #expect(answer.status == 400)
        #expect(answer.codes == Array(repeating: "MANIFEST_BLOB_UNKNOWN", count: 3))
        for (index, blob) in image.blobs.enumerated() {
            let error = answer.json?["errors"]?.array?[index]
            #expect(error?["detail"]?["digest"]?.string == "\(blob.digest)")
            #expect(error?["message"]?.string?.contains("\(blob.digest)") == true)
        }
        let twice = Manifests.image(layers: [Manifests.descriptor(Manifests.empty, .empty)])
        try expect(400, "MANIFEST_BLOB_UNKNOWN", server.put(manifest: twice, to: "library/app"))
    }

    @Test func `code-6: MANIFEST_INVALID`() throws {
        for text in ["", "{", "[]", "{}", #"{"schemaVersion":1}"#, #"{"schemaVersion":2,"config":7}"#] {
            try expect(400, "MANIFEST_INVALID", server.put(manifest: [UInt8](text), to: "library/app", as: "v1"))
        }
    }

    @Test func `code-7: MANIFEST_UNKNOWN`() throws {
        try server.push(image, to: "library/app", as: "v1")
        try expect(404, "MANIFEST_UNKNOWN", server.get("/v2/library/app/manifests/v2"))
        try expect(404, "MANIFEST_UNKNOWN", server.get("/v2/library/app/manifests/\(absent)"))
        try expect(404, "MANIFEST_UNKNOWN", server.delete("/v2/library/app/manifests/\(absent)"))
    }

    @Test func `code-8: NAME_INVALID`() throws {
        try expect(400, "NAME_INVALID", server.get("/v2/Library/app/tags/list"))
        try expect(400, "NAME_INVALID", server.get("/v2/library/app-/manifests/v1"))
    }

    @Test func `code-9: NAME_UNKNOWN`() throws {
        try expect(404, "NAME_UNKNOWN", server.get("/v2/library/app/tags/list"))
    }

    @Test func `code-10: SIZE_INVALID`() throws {
        let location = try server.beginUpload(to: "library/app")
        try expect(
            400, "SIZE_INVALID", server.request("PATCH", location, [("Content-Range", "0-9")], body: [1, 2, 3]))
        try expect(
            400, "SIZE_INVALID", server.stream("PATCH", location, [("Content-Range", "0-9")], body: [1, 2, 3]))
        #expect(try server.get(location)["Range"] == "0-0")
    }

    @Test func `code-12: DENIED`() throws {
        let layer = Manifests.descriptor([1], .dockerForeignLayer, #","urls":["file:///etc/passwd"]"#)
        let manifest = Manifests.image(.dockerManifest, layers: [layer])
        try server.push(blob: Manifests.empty, to: "library/app")
        try expect(403, "DENIED", server.put(manifest: manifest, to: "library/app", type: .dockerManifest))
    }

    @Test func `code-13: UNSUPPORTED`() throws {
        try expect(405, "UNSUPPORTED", server.request("PUT", "/v2/library/app/tags/list", body: [1]))
        try expect(400, "UNSUPPORTED", server.get("/v2/library/app/tags/list?n=many"))
    }

    @Test(.live(limits: .uploads(atMost: 3))) func `code-14: TOOMANYREQUESTS`() throws {
        for _ in 0..<3 {
            #expect(try Live.server.patch(Live.server.beginUpload(to: "library/app"), [1], at: 0).status == 202)
        }
        let answer = try Live.server.request("POST", "/v2/library/app/blobs/uploads/", body: [])
        try expect(429, "TOOMANYREQUESTS", answer)
        #expect(answer["Retry-After"].flatMap { Int($0) } != nil)
    }

    @Test func `HEAD answers with the status and the length alone`() throws {
        for path in ["/v2/library/app/blobs/\(absent)", "/v2/library/app/manifests/v1", "/v2/x", "/v2/A/tags/list"] {
            let (head, get) = (try server.head(path), try server.get(path))
            #expect(head.comparableHead == get.comparableHead)
            #expect(head.body.isEmpty && !get.body.isEmpty)
        }
    }

    private func expect(
        _ status: Int, _ code: String, _ answer: TestResponse, location: SourceLocation = #_sourceLocation
    ) throws {
        #expect(answer.status == status, sourceLocation: location)
        #expect(answer["Content-Type"] == "application/json", sourceLocation: location)
        #expect(answer["Docker-Distribution-Api-Version"] == "registry/2.0", sourceLocation: location)
        #expect(answer.codes == [code], sourceLocation: location)
        let error = answer.json?["errors"]?.array?.first
        #expect(error?["message"]?.string?.isEmpty == false, sourceLocation: location)
    }
}
