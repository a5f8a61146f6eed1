import OCI
import RegistryTesting
import Testing

@Suite(.live) struct `end-1: asking whether this is a registry` {
    let server = Live.server

    @Test(arguments: ["/v2/", "/v2"])
    func `answers 200 with an empty document and the version`(_ path: String) throws {
        let answer = try server.get(path)
        #expect(answer.status == 200)
        #expect(answer.text == "{}")
        #expect(answer["Content-Type"] == "application/json")
        #expect(answer["Docker-Distribution-Api-Version"] == "registry/2.0")
    }

    @Test(arguments: ["/v1/", "/v3/", "/v2x/", "/V2/"])
    func `answers 404 to other versions of the protocol`(_ path: String) throws {
        #expect(try server.get(path).status == 404)
    }

    @Test(arguments: ["POST", "PUT", "PATCH", "DELETE"])
    func `answers 405 to methods that it does not have`(_ method: String) throws {
        let answer = try server.request(method, "/v2/", body: [])
        #expect(answer.status == 405)
        #expect(answer["Allow"] == "GET, HEAD")
        #expect(answer.codes == ["UNSUPPORTED"])
    }
}

@Suite(.live) struct `end-2: pulling a blob` {
    let server = Live.server
    let blob = Fixture.bytes(100_000)
    var path: String { "/v2/library/app/blobs/\(blob.digest)" }

    @Test func `answers 200 with the exact bytes, their length and their digest`() throws {
        try server.push(blob: blob, to: "library/app")
        let answer = try server.get(path)
        #expect(answer.status == 200)
        #expect(answer.body == blob)
        #expect(answer["Content-Length"] == "100000")
        #expect(answer["Docker-Content-Digest"] == "\(blob.digest)")
        #expect(answer["Content-Type"] == "application/octet-stream")
        #expect(answer["Docker-Distribution-Api-Version"] == "registry/2.0")
    }

    @Test func `answers HEAD with the head of GET`() throws {
        try server.push(blob: blob, to: "library/app")
        let answer = try server.head(path)
        #expect(answer.comparableHead == (try server.get(path)).comparableHead)
        #expect(answer.body.isEmpty)
    }

    @Test(arguments: [0, 1])
    func `serves a blob of no or one byte`(_ count: Int) throws {
        let small = Fixture.bytes(count)
        try server.push(blob: small, to: "library/app")
        let path = "/v2/library/app/blobs/\(small.digest)"
        #expect(try server.get(path).body == small)
        #expect(try server.head(path)["Content-Length"] == "\(count)")
    }

    @Test(arguments: ["GET", "HEAD"])
    func `answers 404 when the repository does not have the blob`(_ method: String) throws {
        #expect(try server.request(method, path).status == 404)
        try server.push(blob: blob, to: "another/app")
        #expect(try server.request(method, path).status == 404)
    }

    @Test func `names the code of a blob that is not there`() throws {
        #expect(try server.get(path).codes == ["BLOB_UNKNOWN"])
    }

    @Test func `answers 304 to a client that has the blob`() throws {
        try server.push(blob: blob, to: "library/app")
        let tag = try #require(try server.get(path)["ETag"])
        for method in ["GET", "HEAD"] {
            let answer = try server.request(method, path, [("If-None-Match", tag)])
            #expect(answer.status == 304)
            #expect(answer.body.isEmpty)
            #expect(answer["ETag"] == tag)
        }
        #expect(try server.get(path, [("If-None-Match", "\"sha256:0\"")]).status == 200)
    }
}

@Suite(.live) struct `end-2: pulling parts of a blob` {
    let server = Live.server
    let blob = Fixture.bytes(2048)
    var path: String { "/v2/library/app/blobs/\(blob.digest)" }

    init() throws { try server.push(blob: blob, to: "library/app") }

    @Test(arguments: [
        ("500-1499", 500, 1499), ("500-", 500, 2047), ("-500", 1548, 2047), ("0-0", 0, 0), ("2000-5000", 2000, 2047),
        ("-5000", 0, 2047), ("2047-", 2047, 2047), ("0-99999999999999999999", 0, 2047),
    ])
    func `answers 206 with exactly the bytes asked for`(_ range: String, first: Int, last: Int) throws {
        let answer = try server.get(path, [("Range", "bytes=\(range)")])
        #expect(answer.status == 206)
        #expect(answer["Content-Range"] == "bytes \(first)-\(last)/2048")
        #expect(answer["Content-Length"] == "\(last - first + 1)")
        #expect(answer.body == Array(blob[first...last]))
    }

    @Test func `answers 206 also for a blob that is too large for the database`() throws {
        let blob = Fixture.bytes(100_000, seed: 7)
        try server.push(blob: blob, to: "library/app")
        let answer = try server.get("/v2/library/app/blobs/\(blob.digest)", [("Range", "bytes=99990-")])
        #expect(answer.status == 206)
        #expect(answer["Content-Range"] == "bytes 99990-99999/100000")
        #expect(answer.body == Array(blob[99_990...]))
    }

    @Test(arguments: ["2048-", "5000-10000", "500-0", "-0"])
    func `answers 416 with the size when no such bytes are there`(_ range: String) throws {
        let answer = try server.get(path, [("Range", "bytes=\(range)")])
        #expect(answer.status == 416)
        #expect(answer["Content-Range"] == "bytes */2048")
        #expect(answer["Content-Length"] == "\(answer.body.count)")
        #expect(!answer.codes.isEmpty)
    }

    @Test(arguments: ["bytes=", "bytes=a-b", "lines=1-2", "bytes=1-2-3", "1-2"])
    func `ignores a range that is none`(_ range: String) throws {
        let answer = try server.get(path, [("Range", range)])
        #expect(answer.status == 200)
        #expect(answer.body == blob)
    }

    @Test func `answers several ranges with the parts of one body`() throws {
        let answer = try server.get(path, [("Range", "bytes=0-9,100-109,-8")])
        #expect(answer.status == 206)
        let type = try #require(answer["Content-Type"])
        #expect(type.hasPrefix("multipart/byteranges; boundary="))
        let boundary = String(type.drop { $0 != "=" }.dropFirst())
        var expected: [UInt8] = []
        for (index, range) in [0...9, 100...109, 2040...2047].enumerated() {
            expected += [UInt8](
                "\(index == 0 ? "" : "\r\n")--\(boundary)\r\nContent-Type: application/octet-stream\r\n")
            expected +=
                [UInt8]("Content-Range: bytes \(range.lowerBound)-\(range.upperBound)/2048\r\n\r\n") + blob[range]
        }
        #expect(answer.body == expected + [UInt8]("\r\n--\(boundary)--\r\n"))
    }

    @Test func `sends everything to a client that asks for absurdly many ranges`() throws {
        let ranges = (0..<100).map { "\($0 * 10)-\($0 * 10 + 1)" }.joined(separator: ",")
        let answer = try server.get(path, [("Range", "bytes=\(ranges)")])
        #expect(answer.status == 200)
        #expect(answer.body == blob)
    }

    @Test func `ignores the range of a HEAD`() throws {
        let answer = try server.head(path, [("Range", "bytes=0-9")])
        #expect(answer.status == 200)
        #expect(answer["Content-Length"] == "2048")
    }

    @Test func `sends a range only while If-Range names the same content`() throws {
        let tag = try #require(try server.get(path)["ETag"])
        #expect(try server.get(path, [("Range", "bytes=0-9"), ("If-Range", tag)]).status == 206)
        #expect(try server.get(path, [("Range", "bytes=0-9"), ("If-Range", "\"other\"")]).status == 200)
    }
}

@Suite(.live) struct `end-3: pulling a manifest` {
    let server = Live.server
    let image = Fixture.image()

    @Test func `answers 200 by tag and by digest, with the bytes, type, length and digest`() throws {
        try server.push(image, to: "library/app", as: "v1")
        for reference in ["v1", "\(image.digest)"] {
            let answer = try server.get("/v2/library/app/manifests/\(reference)")
            #expect(answer.status == 200)
            #expect(answer.body == image.manifest)
            #expect(answer["Content-Type"] == MediaType.ociManifest.rawValue)
            #expect(answer["Content-Length"] == "\(image.manifest.count)")
            #expect(answer["Docker-Content-Digest"] == "\(image.digest)")
        }
    }

    @Test func `answers HEAD with the head of GET`() throws {
        try server.push(image, to: "library/app", as: "v1")
        for reference in ["v1", "\(image.digest)"] {
            let path = "/v2/library/app/manifests/\(reference)"
            let answer = try server.head(path)
            #expect(answer.comparableHead == (try server.get(path)).comparableHead)
            #expect(answer.body.isEmpty)
        }
    }

    @Test(arguments: ["GET", "HEAD"])
    func `answers 404 when the repository, the tag or the digest is not there`(_ method: String) throws {
        let digest = [UInt8]().digest
        #expect(try server.request(method, "/v2/library/app/manifests/v1").status == 404)
        try server.push(image, to: "library/app", as: "v1")
        #expect(try server.request(method, "/v2/library/app/manifests/v2").status == 404)
        #expect(try server.request(method, "/v2/library/app/manifests/\(digest)").status == 404)
        #expect(try server.request(method, "/v2/another/app/manifests/\(image.digest)").status == 404)
    }

    @Test func `lets caches keep a digest forever and ask again for a tag`() throws {
        try server.push(image, to: "library/app", as: "v1")
        #expect(try server.get("/v2/library/app/manifests/v1")["Cache-Control"] == "no-cache")
        let byDigest = try server.get("/v2/library/app/manifests/\(image.digest)")["Cache-Control"]
        #expect(byDigest?.contains("immutable") == true)
    }

    @Test func `answers 304 until the tag moves`() throws {
        try server.push(image, to: "library/app", as: "v1")
        let path = "/v2/library/app/manifests/v1"
        let tag = try #require(try server.get(path)["ETag"])
        for method in ["GET", "HEAD"] {
            let answer = try server.request(method, path, [("If-None-Match", "\"x\", W/\(tag)")])
            #expect(answer.status == 304)
            #expect(answer.body.isEmpty)
        }
        try server.push(Fixture.image(seed: 2), to: "library/app", as: "v1")
        #expect(try server.get(path, [("If-None-Match", tag)]).status == 200)
    }
}
