import OCI
import RegistryCore
import RegistryTesting
import Testing

@Suite(.live) struct `Bad uploads` {
    let server = Live.server
    let blob = Fixture.bytes(5000)
    let location: String

    init() throws { location = try Live.server.beginUpload(to: "library/app") }

    @Test func `a wrong digest stores nothing and leaves the tag alone`() throws {
        let image = Fixture.image()
        try server.push(image, to: "library/app", as: "v1")
        let other = Fixture.image(seed: 2)
        #expect(try server.request("PATCH", location, body: other.layers[0]).status == 202)
        #expect(try server.finish(location, as: other.layers[1].digest).codes == ["DIGEST_INVALID"])
        for layer in other.layers { #expect(try server.head("/v2/library/app/blobs/\(layer.digest)").status == 404) }
        #expect(try server.put(manifest: other.manifest, to: "library/app", as: "v1").status == 400)
        #expect(try server.get("/v2/library/app/manifests/v1").body == image.manifest)
    }

    @Test(arguments: ["PATCH", "PUT", "GET", "DELETE"])
    func `an upload of another repository is unknown, and untouched`(_ method: String) throws {
        let foreign = location.replacing("library/app", with: "library/other")
        #expect(try server.patch(location, blob[..<1000], at: 0).status == 202)
        let query = method == "PUT" ? "?digest=\(blob.digest)" : ""
        let answer = try server.request(method, foreign + query, body: method == "GET" ? nil : Array(blob[1000...]))
        #expect(answer.status == 404)
        #expect(answer.codes == ["BLOB_UPLOAD_UNKNOWN"])
        #expect(try server.get(location)["Range"] == "0-999")
    }

    @Test func `a chunk behind the end is refused with 416`() throws {
        for offset in [1, 5000, Int(Int32.max), Int.max - 10_000] {
            let answer = try server.patch(location, blob, at: offset)
            #expect(answer.status == 416)
            #expect(answer["Range"] == "0-0")
        }
    }

    @Test(arguments: [
        "", "x", "-", "0-", "-5", "5", "9-0", "0-4999-", "a-b", "0 - 4999", "0-4999/x", "0-4999/4000", "bytes=0-4999",
        "0-99999999999999999999", "99999999999999999999-99999999999999999999", "+0-4999", "0-4999,5000-5001", "0x0-0x9",
    ])
    func `a range that is none is refused, and nothing is appended`(_ range: String) throws {
        for target in [("PATCH", location), ("PUT", "\(location)?digest=\(blob.digest)")] {
            let answer = try server.request(target.0, target.1, [("Content-Range", range)], body: blob)
            #expect([400, 416].contains(answer.status))
            #expect(answer.codes == ["BLOB_UPLOAD_INVALID"])
            #expect(try server.get(location)["Range"] == "0-0")
        }
    }

    @Test(arguments: ["0-0", "0-4998", "0-5000", "0-9223372036854775806"])
    func `a range of another length than the body is refused with SIZE_INVALID`(_ range: String) throws {
        let fields = [("Content-Range", range)]
        #expect(try server.request("PATCH", location, fields, body: blob).codes == ["SIZE_INVALID"])
        #expect(try server.stream("PATCH", location, fields, body: blob).codes == ["SIZE_INVALID"])
        #expect(try server.get(location)["Range"] == "0-0")
        #expect(try server.patch(location, blob, at: 0).status == 202)
        #expect(try server.finish(location, as: blob.digest).status == 201)
    }

    @Test func `a range up to the largest number there is does no harm`() throws {
        let answer = try server.request("PATCH", location, [("Content-Range", "0-9223372036854775807")], body: blob)
        #expect([400, 416].contains(answer.status))
        #expect(try server.get(location)["Range"] == "0-0")
    }

    @Test(arguments: ["POST", "PUT"])
    func `a body that is shorter than it says stores nothing`(_ method: String) throws {
        let path = method == "POST" ? "/v2/library/app/blobs/uploads/" : location
        let connection = try server.connect()
        try connection.send(
            "\(method) \(path)?digest=\(blob.digest) HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n")
        try connection.send(Array(blob.dropLast()))
        connection.finishSending()
        #expect(connection.isClosed())
        #expect(try server.head("/v2/library/app/blobs/\(blob.digest)").status == 404)
        #expect(try server.head("/v2/library/app/blobs/\(Array(blob.dropLast()).digest)").status == 404)
    }

    @Test(arguments: ["zz\r\n", "5\r\nabcdefg\r\n", "-1\r\n", "FFFFFFFFFFFFFFFFFF\r\n"])
    func `a body that is badly chunked is refused with 400`(_ body: String) throws {
        let answer = try server.request("PATCH", location, [("Transfer-Encoding", "chunked")], body: [UInt8](body))
        #expect(answer.status == 400)
        #expect(!answer.codes.isEmpty)
    }

    @Test(.live(limits: .uploads(atMost: 2))) func `too many uploads are refused until one ends`() throws {
        let server = Live.server
        let second = try server.beginUpload(to: "library/app")
        let third = try server.beginUpload(to: "library/app")
        // Those count that have kept something.
        #expect(try server.patch(location, [1], at: 0).status == 202)
        #expect(try server.patch(second, [1], at: 0).status == 202)
        #expect(try server.patch(third, [1], at: 0).status == 429)
        for path in ["", "?mount=\(blob.digest)&from=library/nowhere"] {
            let answer = try server.request("POST", "/v2/library/app/blobs/uploads/\(path)", body: [])
            #expect(answer.status == 429)
            #expect(answer.codes == ["TOOMANYREQUESTS"])
            #expect(answer["Retry-After"].flatMap { Int($0) }.map { $0 > 0 } == true)
        }
        _ = try server.beginUpload(to: "library/other")
        #expect(try server.delete(second).status == 204)
        _ = try server.beginUpload(to: "library/app")
    }
}
