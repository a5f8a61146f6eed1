import OCI
import RegistryCore
import RegistryTesting
import Testing

@Suite(.live) struct `end-7a: pushing a manifest` {
    let server = Live.server
    let image = Fixture.image()

    @Test func `answers 201 by tag, with a location that can be pulled and the digest`() throws {
        let answer = try server.push(image, to: "library/app", as: "v1")
        #expect(answer.status == 201)
        #expect(answer["Docker-Content-Digest"] == "\(image.digest)")
        #expect(answer["OCI-Tag"] == nil)
        #expect(answer["OCI-Subject"] == nil)
        let location = try #require(answer["Location"])
        #expect(try server.get(location).body == image.manifest)
    }

    @Test(arguments: Digest.Algorithm.allCases)
    func `answers 201 by digest`(_ algorithm: Digest.Algorithm) throws {
        let digest = Digest(algorithm, of: image.manifest)
        let answer = try server.push(image, to: "library/app", as: "\(digest)")
        #expect(answer.status == 201)
        #expect(answer["Docker-Content-Digest"] == "\(digest)")
        #expect(try server.get("/v2/library/app/manifests/\(digest)").body == image.manifest)
    }

    @Test func `takes a manifest of unknown length, and the same one again`() throws {
        for blob in image.blobs { try server.push(blob: blob, to: "library/app") }
        for _ in 0..<2 {
            let answer = try server.stream(
                "PUT", "/v2/library/app/manifests/v1", [("Content-Type", MediaType.ociManifest.rawValue)],
                body: image.manifest)
            #expect(answer.status == 201)
        }
        #expect(try server.get("/v2/library/app/manifests/v1").body == image.manifest)
    }

    @Test func `moves a tag to what was pushed last`() throws {
        let second = Fixture.image(seed: 2)
        try server.push(image, to: "library/app", as: "v1")
        try server.push(second, to: "library/app", as: "v1")
        #expect(try server.get("/v2/library/app/manifests/v1").body == second.manifest)
        #expect(try server.get("/v2/library/app/manifests/\(image.digest)").body == image.manifest)
        #expect(try server.tags(of: "library/app") == ["v1"])
    }

    @Test func `answers 400 when the bytes have another digest, and stores nothing`() throws {
        try server.push(image, to: "library/app", as: "v1")
        let spaced = image.manifest + [UInt8]("  ")
        let answer = try server.put(manifest: spaced, to: "library/app", as: "\(image.digest)")
        #expect(answer.status == 400)
        #expect(answer.codes == ["DIGEST_INVALID"])
        #expect(try server.head("/v2/library/app/manifests/\(spaced.digest)").status == 404)
        #expect(try server.get("/v2/library/app/manifests/v1").body == image.manifest)
    }

    @Test(arguments: ["sha256:baddigeststring", "md5:0", ".hidden", "-x", "a%20b", String(repeating: "t", count: 129)])
    func `answers 400 to a reference that is neither tag nor digest`(_ reference: String) throws {
        #expect(try server.put(manifest: image.manifest, to: "library/app", as: reference).status == 400)
    }

    @Test(arguments: ["_", "0", "A.b-c_D", String(repeating: "t", count: 128)])
    func `takes every tag that the grammar has`(_ tag: String) throws {
        #expect(try server.push(image, to: "library/app", as: tag).status == 201)
        #expect(try server.get("/v2/library/app/manifests/\(tag)").status == 200)
    }

    @Test func `answers 413 to a manifest that is too large, and takes one that is just not`() throws {
        try server.push(image, to: "library/app", as: "v1")
        let limit = 4 * 1024 * 1024
        let largest = Manifests.padded(to: limit)
        try server.push(blob: Manifests.empty, to: "library/app")
        #expect(try server.put(manifest: largest, to: "library/app", as: "large").status == 201)
        #expect(try server.get("/v2/library/app/manifests/large").body == largest)
        let larger = Manifests.padded(to: limit + 1)
        let fields = [("Content-Type", MediaType.ociManifest.rawValue)]
        for answer in [
            try server.put(manifest: larger, to: "library/app", as: "v1"),
            try server.stream("PUT", "/v2/library/app/manifests/v1", fields, body: larger),
        ] {
            #expect(answer.status == 413)
            #expect(answer.codes == ["MANIFEST_INVALID"])
        }
        #expect(try server.get("/v2/library/app/manifests/v1").body == image.manifest)
    }

    @Test func `answers 400 and names each blob that is missing`() throws {
        try server.push(blob: image.config, to: "library/app")
        let answer = try server.put(manifest: image.manifest, to: "library/app", as: "v1")
        #expect(answer.status == 400)
        #expect(answer.codes == ["MANIFEST_BLOB_UNKNOWN", "MANIFEST_BLOB_UNKNOWN"])
        let named = answer.json?["errors"]?.array?.compactMap { $0["detail"]?["digest"]?.string }
        #expect(named == image.layers.map { "\($0.digest)" })
        #expect(try server.head("/v2/library/app/manifests/v1").status == 404)
    }

    @Test func `answers with the subject that it registered`() throws {
        let subject = Fixture.descriptor(image.manifest, .ociManifest)
        let referrer = Fixture.image(seed: 2, subject: subject)
        for reference in ["sbom", "\(referrer.digest)"] {
            #expect(try server.push(referrer, to: "library/app", as: reference)["OCI-Subject"] == "\(image.digest)")
        }
    }
}

@Suite(.live) struct `end-7b: pushing a manifest with several tags` {
    let server = Live.server
    let image = Fixture.image()

    @Test(arguments: Digest.Algorithm.allCases)
    func `answers 201 with the tags that it set`(_ algorithm: Digest.Algorithm) throws {
        let digest = Digest(algorithm, of: image.manifest)
        let answer = try server.push(image, to: "library/app", as: "\(digest)?tag=1.2.3&tag=1.2&tag=1&tag=latest&tag=1")
        #expect(answer.status == 201)
        let set = answer.all("OCI-Tag").joined(separator: ",").split(separator: ",").map { $0.drop { $0 == " " } }
        #expect(set == ["1.2.3", "1.2", "1", "latest"])
        #expect(try server.tags(of: "library/app") == ["1", "1.2", "1.2.3", "latest"])
        for tag in set {
            #expect(try server.head("/v2/library/app/manifests/\(tag)")["Docker-Content-Digest"] == "\(digest)")
        }
    }

    @Test func `takes 46 tags, and answers 414 to 47 without setting one`() throws {
        let tags = (0..<47).map { "tag=\(String(repeating: "t", count: 120))\($0)" }
        let path = "\(image.digest)?"
        let tooMany = try server.push(image, to: "library/app", as: path + tags.joined(separator: "&"))
        #expect(tooMany.status == 414)
        #expect(tooMany.codes == ["UNSUPPORTED"])
        #expect(try server.head("/v2/library/app/manifests/\(image.digest)").status == 404)
        let most = try server.push(image, to: "library/app", as: path + tags.dropLast().joined(separator: "&"))
        #expect(most.status == 201)
        #expect(try server.tags(of: "library/app")?.count == 46)
    }

    @Test func `answers 400 to a tag that is none, and sets none of the others`() throws {
        let answer = try server.push(image, to: "library/app", as: "\(image.digest)?tag=good&tag=.bad")
        #expect(answer.status == 400)
        #expect(try server.head("/v2/library/app/manifests/good").status == 404)
    }

    @Test func `answers 400 when the manifest is put by tag`() throws {
        let answer = try server.push(image, to: "library/app", as: "v1?tag=v2")
        #expect(answer.status == 400)
        #expect(answer.codes == ["UNSUPPORTED"])
        #expect(try server.head("/v2/library/app/manifests/v1").status == 404)
    }

    @Test func `answers 413 to a manifest that is too large`() throws {
        let larger = Manifests.padded(to: 4 * 1024 * 1024 + 1)
        #expect(try server.put(manifest: larger, to: "library/app", "?tag=a&tag=b").status == 413)
    }
}

@Suite(.live) struct `end-9: deleting a tag` {
    let server = Live.server
    let image = Fixture.image()

    init() throws { try server.push(image, to: "library/app", as: "\(image.digest)?tag=v1&tag=v2") }

    @Test func `answers 202 and takes only the tag away`() throws {
        #expect(try server.delete("/v2/library/app/manifests/v1").status == 202)
        #expect(try server.head("/v2/library/app/manifests/v1").status == 404)
        #expect(try server.get("/v2/library/app/manifests/v2").body == image.manifest)
        #expect(try server.get("/v2/library/app/manifests/\(image.digest)").body == image.manifest)
        #expect(try server.tags(of: "library/app") == ["v2"])
    }

    @Test func `leaves a manifest without tags where it is`() throws {
        for tag in ["v1", "v2"] { #expect(try server.delete("/v2/library/app/manifests/\(tag)").status == 202) }
        #expect(try server.get("/v2/library/app/manifests/\(image.digest)").body == image.manifest)
        #expect(try server.tags(of: "library/app") == [])
    }

    @Test func `answers 404 to a tag or a repository that is not there`() throws {
        #expect(try server.delete("/v2/library/app/manifests/v3").codes == ["MANIFEST_UNKNOWN"])
        let answer = try server.delete("/v2/library/other/manifests/v1")
        #expect(answer.status == 404)
        #expect(answer.codes == ["NAME_UNKNOWN"])
    }

    @Test func `answers 400 to what is no tag`() throws {
        #expect(try server.delete("/v2/library/app/manifests/.v1").status == 400)
    }
}

@Suite(.live) struct `end-9: deleting a manifest` {
    let server = Live.server
    let image = Fixture.image()
    var path: String { "/v2/library/app/manifests/\(image.digest)" }

    init() throws { try server.push(image, to: "library/app", as: "\(image.digest)?tag=v1&tag=v2") }

    @Test func `answers 202 and takes the tags that point at it away, saying so`() throws {
        try server.push(Fixture.image(seed: 2), to: "library/app", as: "other")
        let answer = try server.delete(path)
        #expect(answer.status == 202)
        #expect(answer["Warning"]?.hasPrefix("299 - \"2 tags ") == true)
        for reference in ["\(image.digest)", "v1", "v2"] {
            #expect(try server.head("/v2/library/app/manifests/\(reference)").status == 404)
        }
        #expect(try server.tags(of: "library/app") == ["other"])
    }

    @Test func `leaves other repositories alone`() throws {
        try server.push(image, to: "library/copy", as: "v1")
        #expect(try server.delete(path).status == 202)
        #expect(try server.get("/v2/library/copy/manifests/v1").body == image.manifest)
    }

    @Test func `answers 404 when it is done twice, or the repository is not there`() throws {
        #expect(try server.delete(path).status == 202)
        let again = try server.delete(path)
        #expect(again.status == 404)
        #expect(again.codes == ["MANIFEST_UNKNOWN"])
        #expect(try server.delete("/v2/library/other/manifests/\(image.digest)").codes == ["NAME_UNKNOWN"])
    }

    @Test func `answers 400 to what is no digest`() throws {
        #expect(try server.delete("/v2/library/app/manifests/sha256:abc").codes == ["DIGEST_INVALID"])
    }

    @Test func `takes the same manifest again`() throws {
        #expect(try server.delete(path).status == 202)
        #expect(try server.push(image, to: "library/app", as: "v1").status == 201)
        #expect(try server.get("/v2/library/app/manifests/v1").body == image.manifest)
    }

    @Test func `says when an index still names what was deleted, and leaves the index alone`() throws {
        let index = Fixture.index([(image.manifest, nil)])
        #expect(try server.put(manifest: index, to: "library/app", type: .ociIndex, "?tag=all").status == 201)
        let answer = try server.delete(path)
        #expect(answer.status == 202)
        #expect(answer.all("Warning").contains { $0.contains("1 indexes") })
        #expect(try server.get("/v2/library/app/manifests/all").body == index)
    }

    @Test func `leaves the children of an index that is deleted`() throws {
        let index = Fixture.index([(image.manifest, nil)])
        #expect(try server.put(manifest: index, to: "library/app", type: .ociIndex, "?tag=all").status == 201)
        #expect(try server.delete("/v2/library/app/manifests/\(index.digest)").status == 202)
        #expect(try server.get(path).status == 200)
    }
}

@Suite(.live) struct `end-10: deleting a blob` {
    let server = Live.server
    let blob = Fixture.bytes(1000)
    var path: String { "/v2/library/app/blobs/\(blob.digest)" }

    init() throws { try server.push(blob: blob, to: "library/app") }

    @Test func `answers 202, and nobody sees the blob any more`() throws {
        #expect(try server.delete(path).status == 202)
        #expect(try server.head(path).status == 404)
        #expect(try server.get(path).status == 404)
    }

    @Test func `leaves other repositories alone`() throws {
        try server.push(blob: blob, to: "library/copy")
        #expect(try server.delete(path).status == 202)
        #expect(try server.serves(blob, in: "library/copy"))
        #expect(try server.delete("/v2/library/copy/blobs/\(blob.digest)").status == 202)
        #expect(try !server.serves(blob, in: "library/copy"))
    }

    @Test func `answers 404 when it is done twice, or the repository is not there`() throws {
        #expect(try server.delete(path).status == 202)
        for path in [path, "/v2/library/other/blobs/\(blob.digest)", "/v2/library/app/blobs/\([UInt8]("x").digest)"] {
            let answer = try server.delete(path)
            #expect(answer.status == 404)
            #expect(answer.codes == ["BLOB_UNKNOWN"])
        }
    }

    @Test func `answers 400 to what is no digest`() throws {
        #expect(try server.delete("/v2/library/app/blobs/latest").codes == ["DIGEST_INVALID"])
    }

    @Test func `takes the same blob again, and again`() throws {
        for _ in 0..<3 {
            #expect(try server.delete(path).status == 202)
            try server.push(blob: blob, to: "library/app")
            #expect(try server.serves(blob, in: "library/app"))
        }
    }

    @Test func `says when a manifest still names the blob`() throws {
        let image = Fixture.image()
        try server.push(image, to: "library/app", as: "v1")
        let answer = try server.delete("/v2/library/app/blobs/\(image.layers[0].digest)")
        #expect(answer.status == 202)
        #expect(answer["Warning"]?.contains("1 manifests of library/app still name the blob") == true)
        #expect(try server.get("/v2/library/app/manifests/v1").body == image.manifest)
    }

    @Test func `no longer mounts it from anywhere once the last repository has deleted it`() throws {
        #expect(try server.delete(path).status == 202)
        for from in ["", "&from=library/app"] {
            let mount = "/v2/library/new/blobs/uploads/?mount=\(blob.digest)\(from)"
            #expect(try server.request("POST", mount, body: []).status == 202)
        }
    }
}
