import OCI
import RegistryCore
import RegistryTesting
import Testing

@Suite(.live) struct `end-4a: beginning an upload` {
    let server = Live.server

    @Test(arguments: ["/v2/library/app/blobs/uploads/", "/v2/library/app/blobs/uploads"])
    func `answers 202 with a location that names the session`(_ path: String) throws {
        let answer = try server.request("POST", path, body: [])
        #expect(answer.status == 202)
        let id = try #require(answer["Docker-Upload-UUID"])
        #expect(UploadID(parsing: id) != nil)
        let location = try #require(answer["Location"])
        #expect(location.hasPrefix("/v2/library/app/blobs/uploads/\(id)."))
        #expect(UploadSession(parsing: String(location.split(separator: "/").last ?? "")) != nil)
        #expect(answer["Range"] == "0-0")
    }

    @Test func `gives each upload a name of its own`() throws {
        let locations = try (0..<20).map { _ in try server.beginUpload(to: "library/app") }
        #expect(Set(locations).count == 20)
    }

    @Test func `answers 405 to anything but POST`() throws {
        let answer = try server.get("/v2/library/app/blobs/uploads/")
        #expect(answer.status == 405)
        #expect(answer["Allow"] == "POST")
    }

    @Test func `answers 400 to a name that no repository can have`() throws {
        let answer = try server.request("POST", "/v2/Library/app/blobs/uploads/", body: [])
        #expect(answer.status == 400)
        #expect(answer.codes == ["NAME_INVALID"])
    }
}

@Suite(.live) struct `end-4b: pushing a blob in one request` {
    let server = Live.server
    let blob = Fixture.bytes(50_000)
    let path = "/v2/library/app/blobs/uploads/?digest="

    @Test(arguments: Digest.Algorithm.allCases)
    func `answers 201 with the blob's location and digest`(_ algorithm: Digest.Algorithm) throws {
        let digest = Digest(algorithm, of: blob)
        let answer = try server.request("POST", "\(path)\(digest)", body: blob)
        #expect(answer.status == 201)
        #expect(answer["Docker-Content-Digest"] == "\(digest)")
        let location = try #require(answer["Location"])
        #expect(try server.get(location).body == blob)
    }

    @Test func `takes a body of unknown length`() throws {
        let answer = try server.stream("POST", "\(path)\(blob.digest)", body: blob)
        #expect(answer.status == 201)
        #expect(try server.serves(blob, in: "library/app"))
    }

    @Test func `answers 400 when the digest is another one, and stores nothing`() throws {
        let other = [UInt8]("other")
        let answer = try server.request("POST", "\(path)\(other.digest)", body: blob)
        #expect(answer.status == 400)
        #expect(answer.codes == ["DIGEST_INVALID"])
        #expect(try server.head("/v2/library/app/blobs/\(other.digest)").status == 404)
        #expect(try server.head("/v2/library/app/blobs/\(blob.digest)").status == 404)
    }

    @Test(arguments: ["sha256:abc", "md5:d41d8cd98f00b204e9800998ecf8427e", "latest", ""])
    func `answers 400 when the digest is none`(_ text: String) throws {
        let answer = try server.request("POST", "\(path)\(text)", body: blob)
        #expect(answer.status == 400)
        #expect(answer.codes == ["DIGEST_INVALID"])
    }

    @Test func `takes the same blob again`() throws {
        for _ in 0..<2 {
            #expect(try server.request("POST", "\(path)\(blob.digest)", body: blob).status == 201)
        }
    }
}

@Suite(.live) struct `end-4c: naming the digest algorithm beforehand` {
    let server = Live.server
    let blob = Fixture.bytes(50_000)

    @Test(arguments: Digest.Algorithm.allCases)
    func `answers 202 to an algorithm that is supported`(_ algorithm: Digest.Algorithm) throws {
        let location = try server.beginUpload(to: "library/app", "?digest-algorithm=\(algorithm.rawValue)")
        let digest = Digest(algorithm, of: blob)
        #expect(try server.request("PATCH", location, body: blob).status == 202)
        #expect(try server.finish(location, as: digest).status == 201)
        #expect(try server.get("/v2/library/app/blobs/\(digest)").body == blob)
    }

    @Test func `takes another algorithm at the end than was named`() throws {
        let location = try server.beginUpload(to: "library/app", "?digest-algorithm=sha256")
        #expect(try server.request("PATCH", location, body: blob).status == 202)
        let answer = try server.finish(location, as: Digest(.sha512, of: blob))
        #expect(answer.status == 201)
        #expect(answer["Docker-Content-Digest"] == "\(Digest(.sha512, of: blob))")
    }

    @Test(arguments: ["md5", "SHA256", "sha384", ""])
    func `answers 400 to any other`(_ algorithm: String) throws {
        let answer = try server.request(
            "POST", "/v2/library/app/blobs/uploads/?digest-algorithm=\(algorithm)", body: [])
        #expect(answer.status == 400)
        #expect(answer.codes == ["DIGEST_INVALID"])
    }
}

@Suite(.live) struct `end-5: uploading in chunks` {
    let server = Live.server
    let blob = Fixture.bytes(3067)
    let location: String

    init() throws { location = try Live.server.beginUpload(to: "library/app") }

    @Test func `answers 202 with the location and the last byte received`() throws {
        let first = try server.patch(location, blob[..<1024], at: 0)
        #expect(first.status == 202)
        #expect(first["Location"] == location)
        #expect(first["Range"] == "0-1023")
        #expect(first["Docker-Upload-UUID"] != nil)
        #expect(try server.patch(location, blob[1024..<2048], at: 1024)["Range"] == "0-2047")
        #expect(try server.patch(location, blob[2048...], at: 2048)["Range"] == "0-3066")
        #expect(try server.finish(location, as: blob.digest).status == 201)
        #expect(try server.serves(blob, in: "library/app"))
    }

    @Test func `takes a stream whose length nobody knows`() throws {
        let answer = try server.stream("PATCH", location, body: blob)
        #expect(answer.status == 202)
        #expect(answer["Range"] == "0-3066")
        #expect(try server.finish(location, as: blob.digest).status == 201)
    }

    @Test func `appends chunks that do not say where they belong`() throws {
        for start in stride(from: 0, to: blob.count, by: 1024) {
            let chunk = Array(blob[start..<min(start + 1024, blob.count)])
            #expect(try server.request("PATCH", location, body: chunk).status == 202)
        }
        #expect(try server.finish(location, as: blob.digest).status == 201)
    }

    @Test(arguments: ["bytes 0-1023/3067", "bytes 0-1023/*", "0-1023"])
    func `reads the range in each form that clients write`(_ range: String) throws {
        let answer = try server.request("PATCH", location, [("Content-Range", range)], body: Array(blob[..<1024]))
        #expect(answer.status == 202)
        #expect(answer["Range"] == "0-1023")
    }

    @Test(arguments: [(0, 1024), (0, 2048), (1024, 0), (1024, 512), (1024, 2048)])
    func `answers 416 to a chunk out of order, and the session goes on`(_ received: Int, offset: Int) throws {
        if received > 0 { #expect(try server.patch(location, blob[..<received], at: 0).status == 202) }
        let answer = try server.patch(location, blob[offset..<min(offset + 100, blob.count)], at: offset)
        #expect(answer.status == 416)
        #expect(answer.codes == ["BLOB_UPLOAD_INVALID"])
        #expect(answer["Location"] == location)
        #expect(answer["Range"] == "0-\(max(0, received - 1))")
        #expect(answer["Content-Range"] == nil)
        #expect(try server.get(location)["Range"] == "0-\(max(0, received - 1))")
        #expect(try server.patch(location, blob[received...], at: received).status == 202)
        #expect(try server.finish(location, as: blob.digest).status == 201)
        #expect(try server.serves(blob, in: "library/app"))
    }

    @Test func `answers 404 to an upload that never began`() throws {
        let answer = try server.patch(
            "/v2/library/app/blobs/uploads/\(neverGiven)", blob, at: 0)
        #expect(answer.status == 404)
        #expect(answer.codes == ["BLOB_UPLOAD_UNKNOWN"])
    }
}

@Suite(.live) struct `end-6: closing an upload` {
    let server = Live.server
    let blob = Fixture.bytes(40_000)
    let location: String

    init() throws { location = try Live.server.beginUpload(to: "library/app") }

    @Test(arguments: Digest.Algorithm.allCases)
    func `answers 201 when the whole blob comes with it`(_ algorithm: Digest.Algorithm) throws {
        let digest = Digest(algorithm, of: blob)
        let answer = try server.finish(location, as: digest, last: blob)
        #expect(answer.status == 201)
        #expect(answer["Location"] == "/v2/library/app/blobs/\(digest)")
        #expect(answer["Docker-Content-Digest"] == "\(digest)")
        #expect(try server.get("/v2/library/app/blobs/\(digest)").body == blob)
    }

    @Test func `answers 201 when the last chunk comes with it, with or without its range`() throws {
        let second = try server.beginUpload(to: "library/app")
        for (location, fields) in [(location, []), (second, [("Content-Range", "30000-39999")])] {
            #expect(try server.patch(location, blob[..<30_000], at: 0).status == 202)
            #expect(try server.finish(location, as: blob.digest, fields, last: Array(blob[30_000...])).status == 201)
            #expect(try server.serves(blob, in: "library/app"))
        }
    }

    @Test func `takes a last chunk of unknown length`() throws {
        #expect(try server.patch(location, blob[..<30_000], at: 0).status == 202)
        let answer = try server.stream("PUT", "\(location)?digest=\(blob.digest)", body: Array(blob[30_000...]))
        #expect(answer.status == 201)
        #expect(try server.serves(blob, in: "library/app"))
    }

    @Test func `stores an empty blob`() throws {
        #expect(try server.finish(location, as: [UInt8]().digest).status == 201)
        #expect(try server.serves([], in: "library/app"))
    }

    @Test func `answers 416 when the last chunk is out of order, appends nothing and goes on`() throws {
        #expect(try server.patch(location, blob[..<1000], at: 0).status == 202)
        let answer = try server.finish(
            location, as: blob.digest, [("Content-Range", "2000-39999")], last: Array(blob[2000...]))
        #expect(answer.status == 416)
        #expect(answer["Location"] == location)
        #expect(answer["Range"] == "0-999")
        let status = try server.get("\(location)?digest=\(blob.digest)")
        #expect(status.status == 204)
        #expect(status["Range"] == "0-999")
        #expect(
            try server.finish(
                location, as: blob.digest, [("Content-Range", "1000-39999")], last: Array(blob[1000...])
            ).status == 201)
    }

    @Test func `answers 400 to another digest, stores nothing, and lets the client try again`() throws {
        let other = [UInt8]("other")
        let answer = try server.finish(location, as: other.digest, last: blob)
        #expect(answer.status == 400)
        #expect(answer.codes == ["DIGEST_INVALID"])
        #expect(try server.head("/v2/library/app/blobs/\(other.digest)").status == 404)
        #expect(try server.head("/v2/library/app/blobs/\(blob.digest)").status == 404)
        #expect(try server.get(location)["Range"] == "0-39999")
        #expect(try server.finish(location, as: blob.digest).status == 201)
    }

    @Test(arguments: ["", "?digest=", "?digest=sha256:12", "?digest=sha1:da39a3ee5e6b4b0d3255bfef95601890afd80709"])
    func `answers 400 without a digest or with one that is none`(_ query: String) throws {
        let answer = try server.request("PUT", "\(location)\(query)", body: blob)
        #expect(answer.status == 400)
        #expect(answer.codes == ["DIGEST_INVALID"])
    }

    @Test func `answers 404 once the upload is closed`() throws {
        #expect(try server.finish(location, as: blob.digest, last: blob).status == 201)
        #expect(try server.finish(location, as: blob.digest, last: blob).status == 404)
        #expect(try server.patch(location, blob, at: 0).status == 404)
        #expect(try server.get(location).codes == ["BLOB_UPLOAD_UNKNOWN"])
        #expect(try server.delete(location).status == 404)
    }
}

@Suite(.live) struct `end-11: mounting a blob of another repository` {
    let server = Live.server
    let blob = Fixture.bytes(1000)
    var path: String { "/v2/team/new/blobs/uploads/?mount=\(blob.digest)" }

    @Test(arguments: ["&from=team/old", "&from=team%2Fold", ""])
    func `answers 201 with the location and the digest`(_ from: String) throws {
        try server.push(blob: blob, to: "team/old")
        let answer = try server.request("POST", "\(path)\(from)", body: [])
        #expect(answer.status == 201)
        #expect(answer["Location"] == "/v2/team/new/blobs/\(blob.digest)")
        #expect(answer["Docker-Content-Digest"] == "\(blob.digest)")
        #expect(try server.serves(blob, in: "team/new"))
    }

    @Test(arguments: [
        "&from=team/old", "&from=team/third", "&from=Not+A+Name", "&from=", "", "&from=team/old&digest=x",
    ])
    func `answers 202 with an upload when the source does not have it`(_ from: String) throws {
        if from.contains("third") { try server.push(blob: blob, to: "team/old") }
        let answer = try server.request("POST", "\(path)\(from)", body: [])
        #expect(answer.status == 202)
        let location = try #require(answer["Location"])
        #expect(try server.head("/v2/team/new/blobs/\(blob.digest)").status == 404)
        #expect(try server.finish(location, as: blob.digest, last: blob).status == 201)
    }

    @Test func `mounts into the repository that has the blob already`() throws {
        try server.push(blob: blob, to: "team/new")
        #expect(try server.request("POST", "\(path)&from=team/new", body: []).status == 201)
    }

    @Test func `mounts sha512 as well`() throws {
        let digest = Digest(.sha512, of: blob)
        #expect(try server.request("POST", "/v2/team/old/blobs/uploads/?digest=\(digest)", body: blob).status == 201)
        let mount = try server.request("POST", "/v2/team/new/blobs/uploads/?from=team/old&mount=\(digest)", body: [])
        #expect(mount.status == 201)
        #expect(try server.get("/v2/team/new/blobs/\(digest)").body == blob)
    }

    @Test func `answers 400 to a digest that is none`() throws {
        let answer = try server.request("POST", "/v2/team/new/blobs/uploads/?mount=sha256:x&from=team/old", body: [])
        #expect(answer.status == 400)
        #expect(answer.codes == ["DIGEST_INVALID"])
    }

    @Test func `keeps the blob when the source deletes it`() throws {
        try server.push(blob: blob, to: "team/old")
        #expect(try server.request("POST", "\(path)&from=team/old", body: []).status == 201)
        #expect(try server.delete("/v2/team/old/blobs/\(blob.digest)").status == 202)
        #expect(try server.serves(blob, in: "team/new"))
    }
}

@Suite(.live) struct `end-13: asking how far an upload is` {
    let server = Live.server
    let blob = Fixture.bytes(3000)
    let location: String

    init() throws { location = try Live.server.beginUpload(to: "library/app") }

    @Test(arguments: ["GET", "HEAD"])
    func `answers 204 with the location and the last byte received`(_ method: String) throws {
        let empty = try server.request(method, location)
        #expect(empty.status == 204)
        #expect(empty["Location"] == location)
        #expect(empty["Range"] == "0-0")
        #expect(try server.patch(location, blob[..<2000], at: 0).status == 202)
        let answer = try server.request(method, location)
        #expect(answer.status == 204)
        #expect(answer["Range"] == "0-1999")
        #expect(answer["Content-Length"] == nil)
    }

    @Test func `answers 404 in another repository and for a name that was never given`() throws {
        let id = try #require(location.split(separator: "/").last)
        for path in ["/v2/library/other/blobs/uploads/\(id)", "/v2/library/app/blobs/uploads/\(id.dropLast())"] {
            let answer = try server.get(path)
            #expect(answer.status == 404)
            #expect(answer.codes == ["BLOB_UPLOAD_UNKNOWN"])
        }
    }
}

@Suite(.live) struct `end-14: cancelling an upload` {
    let server = Live.server
    let blob = Fixture.bytes(3000)
    let location: String

    init() throws { location = try Live.server.beginUpload(to: "library/app") }

    @Test func `answers 204, and the upload is gone with its bytes`() throws {
        #expect(try server.patch(location, blob, at: 0).status == 202)
        let answer = try server.delete(location)
        #expect(answer.status == 204)
        #expect(answer["Content-Length"] == nil)
        #expect(try server.get(location).status == 404)
        #expect(try server.finish(location, as: blob.digest).status == 404)
        #expect(try server.head("/v2/library/app/blobs/\(blob.digest)").status == 404)
    }

    @Test func `answers 404 when it is done twice, or in another repository`() throws {
        let id = try #require(location.split(separator: "/").last)
        #expect(try server.delete("/v2/library/other/blobs/uploads/\(id)").status == 404)
        #expect(try server.delete(location).status == 204)
        let again = try server.delete(location)
        #expect(again.status == 404)
        #expect(again.codes == ["BLOB_UPLOAD_UNKNOWN"])
    }
}
