import OCI
import RegistryCore
import RegistryTesting
import Testing

@Suite(.live) struct `end-12a: listing referrers` {
    let server = Live.server
    let image = Fixture.image()
    var subject: Descriptor { Fixture.descriptor(image.manifest, .ociManifest) }
    var path: String { "/v2/library/app/referrers/\(image.digest)" }

    @Test func `answers 200 with an empty index when nothing refers, even in a repository that is not there`() throws {
        for _ in 0..<2 {
            let answer = try server.get(path)
            #expect(answer.status == 200)
            #expect(answer["Content-Type"] == "application/vnd.oci.image.index.v1+json")
            #expect(answer["OCI-Filters-Applied"] == nil)
            #expect(answer.json?["schemaVersion"] == 2)
            #expect(answer.json?["mediaType"] == "application/vnd.oci.image.index.v1+json")
            #expect(answer.json?["manifests"] == [])
            try server.push(image, to: "library/app", as: "v1")
        }
    }

    @Test func `answers HEAD with the head of GET`() throws {
        #expect(try server.head(path).comparableHead == (try server.get(path)).comparableHead)
    }

    @Test func `describes an artifact with its type, size and annotations`() throws {
        let sbom = Fixture.image(
            seed: 2, annotations: ["org.example.format": "spdx", "ключ": "значение \"x\""], subject: subject,
            artifactType: "application/vnd.example.sbom")
        try server.push(sbom, to: "library/app")
        let entries = try #require(try server.get(path).json?["manifests"]?.array)
        #expect(entries.count == 1)
        #expect(entries[0]["mediaType"] == "application/vnd.oci.image.manifest.v1+json")
        #expect(entries[0]["digest"]?.string == "\(sbom.digest)")
        #expect(entries[0]["size"]?.int64 == Int64(sbom.manifest.count))
        #expect(entries[0]["artifactType"] == "application/vnd.example.sbom")
        #expect(entries[0]["annotations"]?["org.example.format"] == "spdx")
        #expect(entries[0]["annotations"]?["ключ"] == "значение \"x\"")
    }

    @Test func `takes the type of the config for an image that names none`() throws {
        try server.push(Fixture.image(seed: 2, subject: subject, artifactType: ""), to: "library/app")
        try server.push(Fixture.image(seed: 3, subject: subject), to: "library/app")
        let entries = try #require(try server.get(path).json?["manifests"]?.array)
        #expect(entries.map { $0["artifactType"]?.string } == Array(repeating: MediaType.ociConfig.rawValue, count: 2))
    }

    @Test func `lists an index, and leaves out a type that the index does not name`() throws {
        let plain = Manifests.index(
            .ociIndex, [], more: #","subject":\#(Manifests.descriptor(image.manifest, .ociManifest))"#)
        let typed = Manifests.index(
            .ociIndex, [],
            more: #","artifactType":"a/b","subject":\#(Manifests.descriptor(image.manifest, .ociManifest))"#)
        for index in [plain, typed] {
            let answer = try server.put(manifest: index, to: "library/app", type: .ociIndex)
            #expect(answer.status == 201)
            #expect(answer["OCI-Subject"] == "\(image.digest)")
        }
        let entries = try #require(try server.get(path).json?["manifests"]?.array)
        #expect(entries.map { $0["mediaType"]?.string } == [MediaType.ociIndex.rawValue, MediaType.ociIndex.rawValue])
        #expect(entries[0]["artifactType"] == nil)
        #expect(entries[1]["artifactType"] == "a/b")
    }

    @Test func `lists referrers that came before their subject`() throws {
        let referrer = Fixture.image(seed: 2, subject: subject)
        try server.push(referrer, to: "library/app")
        #expect(try server.referrers(to: image.digest, in: "library/app") == ["\(referrer.digest)"])
        try server.push(image, to: "library/app", as: "v1")
        #expect(try server.referrers(to: image.digest, in: "library/app") == ["\(referrer.digest)"])
    }

    @Test func `lists referrers of their own repository only`() throws {
        try server.push(Fixture.image(seed: 2, subject: subject), to: "library/other")
        #expect(try server.referrers(to: image.digest, in: "library/app") == [])
    }

    @Test func `keeps referrers while the subject is deleted, and drops a referrer that is`() throws {
        let referrer = Fixture.image(seed: 2, subject: subject)
        try server.push(image, to: "library/app", as: "v1")
        try server.push(referrer, to: "library/app")
        #expect(try server.delete("/v2/library/app/manifests/\(image.digest)").status == 202)
        #expect(try server.referrers(to: image.digest, in: "library/app") == ["\(referrer.digest)"])
        #expect(try server.delete("/v2/library/app/manifests/\(referrer.digest)").status == 202)
        #expect(try server.referrers(to: image.digest, in: "library/app") == [])
        try server.push(referrer, to: "library/app")
        #expect(try server.referrers(to: image.digest, in: "library/app") == ["\(referrer.digest)"])
    }

    @Test(arguments: [
        (MediaType.artifactManifest, #"{"subject":SUBJECT}"#),
        (.ociIndex, #"{"schemaVersion":2,"manifests":null,"subject":SUBJECT}"#),
        (.dockerManifestList, #"{"schemaVersion":2,"manifests":[],"subject":SUBJECT}"#),
    ])
    func `drops a deleted referrer whose bytes do not say what it is`(_ type: MediaType, text: String) throws {
        let manifest = [UInt8](text.replacing("SUBJECT", with: Manifests.descriptor(image.manifest, .ociManifest)))
        #expect(try server.put(manifest: manifest, to: "library/app", type: type).status == 201)
        #expect(try server.referrers(to: image.digest, in: "library/app") == ["\(manifest.digest)"])
        #expect(try server.delete("/v2/library/app/manifests/\(manifest.digest)").status == 202)
        #expect(try server.referrers(to: image.digest, in: "library/app") == [])
        let trace = try server.get("/provenance/\(manifest.digest)").json
        #expect(trace?["kind"]?.string == (type.isIndex ? "index" : "artifact"))
        #expect(trace?["mediaType"]?.string == type.rawValue)
    }

    @Test func `lists a referrer once, however often it is pushed`() throws {
        let referrer = Fixture.image(seed: 2, subject: subject)
        for reference in ["a", "b", "\(referrer.digest)"] {
            try server.push(referrer, to: "library/app", as: reference)
        }
        #expect(try server.referrers(to: image.digest, in: "library/app").count == 1)
    }

    @Test func `finds the referrers of a sha512 subject`() throws {
        var subject = subject
        subject.digest = Digest(.sha512, of: image.manifest)
        let referrer = Fixture.image(seed: 2, subject: subject)
        #expect(try server.push(referrer, to: "library/app")["OCI-Subject"] == "\(subject.digest)")
        #expect(try server.referrers(to: subject.digest, in: "library/app") == ["\(referrer.digest)"])
        #expect(try server.referrers(to: image.digest, in: "library/app") == [])
    }

    @Test func `lists fifty referrers that were all pushed at once`() throws {
        let referrers = (0..<50).map { Fixture.image(seed: 100 + $0, layers: 1, subject: subject) }
        for blob in referrers.flatMap(\.blobs) { try server.push(blob: blob, to: "library/app") }
        let connections = try referrers.map { referrer in
            let connection = try server.connect()
            try connection.send(
                "PUT /v2/library/app/manifests/\(referrer.digest) HTTP/1.1\r\nHost: x\r\nContent-Type: "
                    + "\(MediaType.ociManifest.rawValue)\r\nContent-Length: \(referrer.manifest.count)\r\n\r\n")
            return connection
        }
        // Every head is there and every body still to come: now all pushes are in progress.
        for (connection, referrer) in zip(connections, referrers) { try connection.send(referrer.manifest) }
        for connection in connections { #expect(try connection.receive().status == 201) }
        let listed = try server.referrers(to: image.digest, in: "library/app")
        #expect(Set(listed) == Set(referrers.map { "\($0.digest)" }))
        #expect(listed.count == 50)
    }

    @Test(arguments: ["sha256:abc", "latest", "md5:d41d8cd98f00b204e9800998ecf8427e"])
    func `answers 400 to what is no digest`(_ text: String) throws {
        let answer = try server.get("/v2/library/app/referrers/\(text)")
        #expect(answer.status == 400)
        #expect(answer.codes == ["DIGEST_INVALID"])
    }

    /// Clients that found no referrers API keep a list of their own under a tag; see "Enabling the Referrers API".
    @Test func `lists what a client keeps in a fallback tag, without a second entry`() throws {
        let referrer = Fixture.image(seed: 2, subject: subject)
        try server.push(image, to: "library/app", as: "v1")
        try server.push(referrer, to: "library/app")
        let list = Manifests.index(.ociIndex, [Manifests.descriptor(referrer.manifest, .ociManifest)])
        let tag = "sha256-\(image.digest.hex)"
        #expect(
            try server.put(manifest: list, to: "library/app", as: tag, type: MediaType.ociIndex.rawValue).status == 201)
        #expect(try server.get("/v2/library/app/manifests/\(tag)").body == list)
        #expect(try server.referrers(to: image.digest, in: "library/app") == ["\(referrer.digest)"])
    }
}

@Suite struct `end-12a: listing referrers in pages` {
    let server = Live.server
    let image = Fixture.image()
    let referrers: [Fixture.Image]

    init() throws {
        let subject = Fixture.descriptor(image.manifest, .ociManifest)
        referrers = (0..<7).map {
            Fixture.image(
                seed: 10 + $0, layers: 1, subject: subject, artifactType: $0.isMultiple(of: 2) ? "a/even" : "a/odd")
        }
        for referrer in referrers { try server.push(referrer, to: "library/app") }
    }

    @Test(.live(limits: .page(of: 3))) func `links to the next page until the list ends`() throws {
        #expect(try pages("").map(\.count) == [3, 3, 1])
        #expect(try pages("").flatMap(\.self) == referrers.map { "\($0.digest)" })
    }

    @Test(.live(limits: .page(of: 3))) func `keeps the filter from page to page`() throws {
        let pages = try pages("?artifactType=a/even")
        #expect(pages.map(\.count) == [3, 1])
        #expect(pages.flatMap(\.self) == stride(from: 0, to: 7, by: 2).map { "\(referrers[$0].digest)" })
    }

    @Test(.live(limits: .referrersPage(of: 700))) func `bounds the bytes of a page as well`() throws {
        let pages = try pages("")
        #expect(pages.flatMap(\.self) == referrers.map { "\($0.digest)" })
        #expect(pages.count > 1)
    }

    @Test(.live(limits: .referrersPage(of: 1))) func `gives a page at least one entry`() throws {
        #expect(try pages("").map(\.count) == Array(repeating: 1, count: 7))
    }

    @Test(.live, arguments: ["x", "-1", "", "99999999999999999999"])
    func `answers 400 to a place in the list that is none`(_ last: String) throws {
        #expect(try server.get("/v2/library/app/referrers/\(image.digest)?last=\(last)").status == 400)
    }

    private func pages(_ query: String) throws -> [[String]] {
        var pages: [[String]] = []
        var next: String? = "/v2/library/app/referrers/\(image.digest)\(query)"
        while let path = next, pages.count < 20 {
            let answer = try server.get(path)
            #expect(answer["OCI-Filters-Applied"] == (query.isEmpty ? nil : "artifactType"))
            pages.append(answer.json?["manifests"]?.array?.compactMap { $0["digest"]?.string } ?? [])
            next = answer.next
        }
        return pages
    }
}

@Suite(.live) struct `end-12b: listing referrers of one type` {
    let server = Live.server
    let image = Fixture.image()

    @Test(arguments: ["application/vnd.example+json", "application%2Fvnd.example%2Bjson"])
    func `answers with the matching entries and says that it filtered`(_ type: String) throws {
        let subject = Fixture.descriptor(image.manifest, .ociManifest)
        let wanted = Fixture.image(seed: 2, subject: subject, artifactType: "application/vnd.example+json")
        try server.push(wanted, to: "library/app")
        try server.push(Fixture.image(seed: 3, subject: subject, artifactType: "other/type"), to: "library/app")
        let answer = try server.get("/v2/library/app/referrers/\(image.digest)?artifactType=\(type)")
        #expect(answer.status == 200)
        #expect(answer["OCI-Filters-Applied"] == "artifactType")
        #expect(answer.json?["manifests"]?.array?.map { $0["digest"]?.string } == ["\(wanted.digest)"])
    }

    @Test func `finds images by the type of their config`() throws {
        let subject = Fixture.descriptor(image.manifest, .ociManifest)
        let referrer = Fixture.image(seed: 2, subject: subject)
        try server.push(referrer, to: "library/app")
        let query = "?artifactType=\(MediaType.ociConfig.rawValue)"
        #expect(try server.referrers(to: image.digest, in: "library/app", query) == ["\(referrer.digest)"])
    }

    @Test func `answers with an empty index when nothing matches`() throws {
        let answer = try server.get("/v2/library/app/referrers/\(image.digest)?artifactType=a/b")
        #expect(answer.status == 200)
        #expect(answer["OCI-Filters-Applied"] == "artifactType")
        #expect(answer.json?["manifests"] == [])
    }

    @Test func `answers 400 to what is no digest`() throws {
        #expect(try server.get("/v2/library/app/referrers/sha256:1?artifactType=a/b").status == 400)
    }
}
