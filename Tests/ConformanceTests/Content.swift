import OCI
import RegistryCore
import RegistryTesting
import Testing

@Suite(.live) struct `Keeping manifests as they were pushed` {
    let server = Live.server

    @Test func `keeps every byte, whatever the white space`() throws {
        try server.push(blob: Manifests.empty, to: "library/app")
        let compact = String(decoding: Manifests.image(), as: UTF8.self)
        let odd = compact.replacing(":", with: " :\t ").replacing(",", with: "\r\n,\n\n   ")
        for (tag, text) in [("odd", "\n\n \(odd)\t\r\n\n"), ("compact", compact), ("ended", compact + "\n")] {
            // The colons of digests and types are inside strings, where the white space would not be free.
            let manifest = [UInt8](text.replacing("sha256 :\t ", with: "sha256:"))
            #expect(try server.put(manifest: manifest, to: "library/app", as: tag).status == 201)
            #expect(try server.get("/v2/library/app/manifests/\(tag)").body == manifest)
            #expect(try server.get("/v2/library/app/manifests/\(manifest.digest)").body == manifest)
        }
    }

    @Test(arguments: [
        MediaType.ociManifest, .dockerManifest, .ociIndex, .dockerManifestList, .artifactManifest,
    ])
    func `serves each type under which a manifest was pushed, without parameters`(_ type: MediaType) throws {
        for member in [type, nil] {
            let manifest = empty(type, member: member)
            try server.push(blob: Manifests.empty, to: "library/app")
            let answer = try server.put(
                manifest: manifest, to: "library/app", as: "v1", type: "\(type.rawValue); charset=utf-8")
            #expect(answer.status == 201, "\(answer.text)")
            for reference in ["v1", "\(manifest.digest)"] {
                #expect(try server.head("/v2/library/app/manifests/\(reference)")["Content-Type"] == type.rawValue)
            }
        }
    }

    @Test(arguments: ["application/json", "application/octet-stream", ""])
    func `takes the type from the body when the client does not say it`(_ type: String) throws {
        try server.push(blob: Manifests.empty, to: "library/app")
        let manifest = Manifests.image(.dockerManifest)
        #expect(try server.put(manifest: manifest, to: "library/app", as: "v1", type: type).status == 201)
        #expect(
            try server.get("/v2/library/app/manifests/v1")["Content-Type"] == MediaType.dockerManifest.rawValue)
    }

    @Test func `lets a tag change from one type to any other and back`() throws {
        let image = Fixture.image()
        let types: [MediaType] = [
            .dockerManifest, .ociIndex, .ociManifest, .dockerManifestList, .ociIndex, .dockerManifest,
        ]
        try server.push(blob: Manifests.empty, to: "library/app")
        try server.push(image, to: "library/app")
        for type in types {
            let manifest = type.isIndex ? Manifests.index(type) : Manifests.image(type)
            let answer = try server.put(manifest: manifest, to: "library/app", as: "v1", type: type.rawValue)
            #expect(answer.status == 201)
            let pulled = try server.get("/v2/library/app/manifests/v1")
            #expect(pulled["Content-Type"] == type.rawValue)
            #expect(pulled.body == manifest)
        }
    }

    @Test func `serves bytes that do not say their type under the type that was said last`() throws {
        try server.push(blob: Manifests.empty, to: "library/app")
        let subject = [UInt8]("subject")
        let manifest = Manifests.image(nil, more: #","subject":\#(Manifests.descriptor(subject, .ociManifest))"#)
        for type in [MediaType.ociManifest, .dockerManifest, .ociManifest] {
            #expect(try server.put(manifest: manifest, to: "library/app", type: type).status == 201)
            #expect(
                try server.get("/v2/library/app/manifests/\(manifest.digest)")["Content-Type"] == type.rawValue)
            let referrer = try server.get("/v2/library/app/referrers/\(subject.digest)").json?["manifests"]?.array?
                .first
            #expect(referrer?["mediaType"]?.string == type.rawValue)
        }
    }

    @Test(arguments: [
        (MediaType.ociIndex, MediaType.ociManifest), (.ociManifest, .ociIndex), (.ociManifest, .dockerManifest),
    ])
    func `refuses a manifest that contradicts what the client says it is`(_ said: MediaType, body: MediaType) throws {
        let manifest = empty(body, member: body)
        let answer = try server.put(manifest: manifest, to: "library/app", as: "v1", type: said.rawValue)
        #expect(answer.status == 400)
        #expect(answer.codes == ["MANIFEST_INVALID"])
    }

    private func empty(_ type: MediaType, member: MediaType?) -> [UInt8] {
        switch type {
        case .artifactManifest: Manifests.artifact(member)
        case .ociIndex, .dockerManifestList: Manifests.index(member)
        default: Manifests.image(member)
        }
    }
}

@Suite(.live) struct `Taking every kind of content` {
    let server = Live.server

    @Test func `takes an artifact without layers, whose config is empty`() throws {
        try server.push(blob: Manifests.empty, to: "library/app")
        let manifest = Manifests.image(
            layers: [Manifests.descriptor(Manifests.empty, .empty)], more: #","artifactType":"application/x""#)
        #expect(try server.put(manifest: manifest, to: "library/app", as: "v1").status == 201)
        let bare = Manifests.image(layers: [])
        #expect(try server.put(manifest: bare, to: "library/app", as: "v2").status == 201)
    }

    @Test func `takes the artifact manifest of the release candidates, and lists it as a referrer`() throws {
        let file = Fixture.bytes(64)
        let subject = [UInt8]("subject")
        try server.push(blob: file, to: "library/app")
        let manifest = Manifests.artifact(
            .artifactManifest, blobs: [Manifests.descriptor(file)],
            more: #","subject":\#(Manifests.descriptor(subject, .ociManifest))"#)
        let answer = try server.put(manifest: manifest, to: "library/app", type: .artifactManifest)
        #expect(answer.status == 201)
        #expect(answer["OCI-Subject"] == "\(subject.digest)")
        #expect(
            try server.referrers(to: subject.digest, in: "library/app", "?artifactType=a/b") == ["\(manifest.digest)"])
    }

    @Test func `takes a Helm chart`() throws {
        let config = [UInt8](#"{"name":"app","version":"1.0.0","apiVersion":"v2"}"#)
        let chart = Fixture.bytes(2000)
        for blob in [config, chart] { try server.push(blob: blob, to: "charts/app") }
        let manifest = Manifests.image(
            config: Manifests.descriptor(config, MediaType(rawValue: "application/vnd.cncf.helm.config.v1+json")),
            layers: [
                Manifests.descriptor(chart, MediaType(rawValue: "application/vnd.cncf.helm.chart.content.v1.tar+gzip"))
            ], more: #","annotations":{"org.opencontainers.image.title":"app"}"#)
        #expect(try server.put(manifest: manifest, to: "charts/app", as: "1.0.0").status == 201)
        #expect(try server.get("/v2/charts/app/manifests/1.0.0").body == manifest)
    }

    @Test(arguments: [MediaType.ociIndex, .dockerManifestList])
    func `takes BuildKit's cache, an index whose entries are layers`(_ type: MediaType) throws {
        let (layer, cache) = (Fixture.bytes(300), [UInt8](#"{"layers":[],"records":[]}"#))
        let cacheType = MediaType(rawValue: "application/vnd.buildkit.cacheconfig.v0")
        let entries = [Manifests.descriptor(layer), Manifests.descriptor(cache, cacheType)]
        let manifest = Manifests.index(type, entries)
        try server.push(blob: layer, to: "library/app")
        let refused = try server.put(manifest: manifest, to: "library/app", as: "cache", type: type.rawValue)
        #expect(refused.codes == ["MANIFEST_BLOB_UNKNOWN"])
        try server.push(blob: cache, to: "library/app")
        #expect(try server.put(manifest: manifest, to: "library/app", as: "cache", type: type.rawValue).status == 201)
    }

    @Test func `takes an index with an attestation for an unknown platform`() throws {
        let (image, attestation) = (Fixture.image(seed: 1), Fixture.image(seed: 2, layers: 1))
        try server.push(image, to: "library/app")
        try server.push(attestation, to: "library/app")
        let reference = #","vnd.docker.reference.digest":"\#(image.digest)"}"#
        let manifest = Manifests.index(
            .ociIndex,
            [
                Manifests.descriptor(
                    image.manifest, .ociManifest, #","platform":{"architecture":"amd64","os":"linux"}"#),
                Manifests.descriptor(
                    attestation.manifest, .ociManifest,
                    #","platform":{"architecture":"unknown","os":"unknown"},"annotations":{"vnd.docker.reference.type":"attestation-manifest"\#(reference)"#
                ),
            ])
        let answer = try server.put(manifest: manifest, to: "library/app", as: "v1", type: MediaType.ociIndex.rawValue)
        #expect(answer.status == 201)
        #expect(answer["Warning"] == nil)
        #expect(try server.get("/v2/library/app/manifests/v1").body == manifest)
    }

    @Test func `takes an empty index and indexes inside indexes`() throws {
        var inner = Manifests.index()
        #expect(try server.put(manifest: inner, to: "library/app", type: .ociIndex).status == 201)
        for _ in 0..<5 {
            let outer = Manifests.index(.ociIndex, [Manifests.descriptor(inner, .ociIndex)])
            #expect(try server.put(manifest: outer, to: "library/app", type: .ociIndex).status == 201)
            inner = outer
        }
        #expect(try server.get("/v2/library/app/manifests/\(inner.digest)").body == inner)
    }

    @Test func `takes the same layer three times in one image`() throws {
        let layer = Fixture.bytes(100)
        for blob in [layer, Manifests.empty] { try server.push(blob: blob, to: "library/app") }
        let manifest = Manifests.image(layers: Array(repeating: Manifests.descriptor(layer), count: 3))
        #expect(try server.put(manifest: manifest, to: "library/app", as: "v1").status == 201)
    }

    @Test func `takes members that it does not know, and content inside descriptors`() throws {
        try server.push(blob: Manifests.empty, to: "library/app")
        let manifest = Manifests.image(
            config: Manifests.descriptor(Manifests.empty, .empty, #","data":"e30=","x-new":[1,{"y":null}]"#),
            more: #","org.example":{"deep":[[[]]]},"urls":7"#)
        #expect(try server.put(manifest: manifest, to: "library/app", as: "v1").status == 201)
        #expect(try server.get("/v2/library/app/manifests/v1").body == manifest)
    }

    @Test(.live(policy: RepositoryPolicy(allowsSparse: true)))
    func `takes manifests before their content in a sparse repository`() throws {
        let (image, child) = (Fixture.image(), Fixture.image(seed: 2))
        #expect(try Live.server.put(manifest: image.manifest, to: "mirror/app", as: "v1").status == 201)
        let index = Fixture.index([(child.manifest, nil)])
        #expect(
            try Live.server.put(manifest: index, to: "mirror/app", as: "all", type: MediaType.ociIndex.rawValue).status
                == 201)
        #expect(try Live.server.head("/v2/mirror/app/blobs/\(image.config.digest)").status == 404)
    }

    @Test func `refuses manifests before their content otherwise`() throws {
        let index = Fixture.index([(Fixture.image().manifest, nil)])
        let answer = try server.put(manifest: index, to: "library/app", as: "all", type: MediaType.ociIndex.rawValue)
        #expect(answer.status == 400)
        #expect(answer.codes == ["MANIFEST_BLOB_UNKNOWN"])
    }

    @Test func `does not take content of another repository for its own`() throws {
        let image = Fixture.image()
        try server.push(image, to: "library/other", as: "v1")
        let answer = try server.put(manifest: image.manifest, to: "library/app", as: "v1")
        #expect(answer.codes == ["MANIFEST_BLOB_UNKNOWN", "MANIFEST_BLOB_UNKNOWN", "MANIFEST_BLOB_UNKNOWN"])
    }
}
