import OCI
import Testing

@Suite struct `Reading a manifest` {
    @Test func `gives the parts of an image`() throws {
        let image = try manifest(Fixture.richImage, contentType: MediaType.ociManifest.rawValue)
        #expect(image.kind == .image && image.mediaType == .ociManifest)
        #expect(image.config?.digest.description == Fixture.digestA)
        #expect(image.layers.map(\.digest.description) == [Fixture.digestB])
        #expect(image.layers.first?.urls == ["https://example.com/l"])
        #expect(image.layers.first?.annotations == ["ké": "v"])
        #expect(image.subject?.digest.description == Fixture.digestC)
        #expect(image.artifactType == "application/x" && image.annotations == ["a": "b"])
        #expect(image.manifests.isEmpty)
    }

    @Test func `gives the parts of an index, with the Windows version and features`() throws {
        let index = try manifest(Fixture.richIndex)
        #expect(index.kind == .index && index.config == nil && index.layers.isEmpty)
        let entry = try #require(index.manifests.first)
        #expect(
            entry.platform
                == Platform(
                    architecture: "amd64", os: "windows", osVersion: "10.0.20348.2340", osFeatures: ["win32k"],
                    variant: "v1"))
        #expect(entry.artifactType == "x")
    }

    @Test(arguments: [
        MediaType.ociManifest, .dockerManifest, .ociIndex, .dockerManifestList, .artifactManifest,
    ])
    func `takes each type from the header, from the body, and from both`(_ type: MediaType) throws {
        let body = Fixture.body(of: type)
        let bare = body.replacing(#""mediaType":"\#(type)","#, with: "", maxReplacements: 1)
        #expect(try manifest(body, contentType: type.rawValue).mediaType == type)
        #expect(try manifest(body, contentType: "\(type.rawValue.uppercased()); charset=utf-8").mediaType == type)
        #expect(try manifest(bare, contentType: type.rawValue).mediaType == type)
        for nothing in [nil, "", "application/json", "application/octet-stream;x=y"] {
            #expect(try manifest(body, contentType: nothing).mediaType == type)
        }
    }

    @Test func `deduces the type from the shape when nobody says it`() throws {
        #expect(try manifest(#"{"schemaVersion":2,"manifests":[]}"#).mediaType == .ociIndex)
        #expect(
            try manifest(#"{"schemaVersion":2,"config":\#(Fixture.descriptor())}"#, contentType: "application/json")
                .mediaType == .ociManifest)
        #expect(throws: ManifestError.missing(path: "mediaType")) { try manifest(#"{"schemaVersion":2}"#) }
    }

    @Test func `accepts white space, unknown members and data`() throws {
        let text = Fixture.image(
            layers: "[\(Fixture.descriptor(extra: #","data":"e30=","x":{"y":[1e5]}"#))]",
            extra: #", "future" : [ null , {"digest":"nonsense"} ] "#)
        #expect(try manifest("\n\t " + text + "\r\n").layers.count == 1)
    }

    @Test(arguments: ["[]", "null"])
    func `accepts an image without layers`(_ layers: String) throws {
        #expect(try manifest(Fixture.image(layers: layers)).layers.isEmpty)
    }

    @Test(arguments: ["[]", "null"])
    func `accepts an index without entries`(_ manifests: String) throws {
        #expect(try manifest(Fixture.index(manifests: manifests)).manifests.isEmpty)
    }

    @Test func `takes null for absent, as Go clients write it`() throws {
        let nulls = #","subject":null,"annotations":null,"artifactType":null,"manifests":null"#
        let image = try manifest(Fixture.image(extra: nulls))
        #expect(image.subject == nil && image.annotations.isEmpty && image.artifactType == nil)
    }

    @Test(arguments: ["application/vnd.cncf.helm.config.v1+json", "application/vnd.docker.plugin.v1+json", "x"])
    func `accepts a config of any type`(_ type: String) throws {
        let config = Fixture.descriptor(type: MediaType(rawValue: type))
        let text = #"{"schemaVersion":2,"config":\#(config),"layers":[\#(config)]}"#
        #expect(try manifest(text, contentType: MediaType.ociManifest.rawValue).config?.mediaType.rawValue == type)
    }
}

@Suite struct `The artifact type for referrers` {
    @Test func `of an image is its artifactType, or else the type of its config`() throws {
        #expect(try manifest(Fixture.image(extra: #","artifactType":"a/b""#)).referrerArtifactType == "a/b")
        for extra in ["", #","artifactType":"""#, #","artifactType":null"#] {
            #expect(try manifest(Fixture.image(extra: extra)).referrerArtifactType == MediaType.ociConfig.rawValue)
        }
    }

    @Test func `of an index is its artifactType or nothing`() throws {
        #expect(
            try manifest(Fixture.index(manifests: "[]", extra: #","artifactType":"a/b""#)).referrerArtifactType == "a/b"
        )
        for extra in ["", #","artifactType":"""#] {
            #expect(try manifest(Fixture.index(manifests: "[]", extra: extra)).referrerArtifactType == nil)
        }
    }

    @Test func `of an artifact is its artifactType`() throws {
        #expect(try manifest(Fixture.body(of: .artifactManifest)).referrerArtifactType == "application/x")
    }
}

@Suite struct `The references of a manifest` {
    private func references(_ text: String) throws -> [String] {
        try manifest(text).references.map { "\($0.role) \($0.descriptor.digest.hex.prefix(1))" }
    }

    @Test func `are config and layers in order, without the subject`() throws {
        #expect(try references(Fixture.richImage) == ["config a", "layer b"])
    }

    @Test func `name each digest once for each role`() throws {
        // Docker repeats its empty layer; ORAS uses the same empty content as config and as layer.
        let (a, b) = (Fixture.descriptor(), Fixture.descriptor(Fixture.digestB))
        #expect(try references(Fixture.image(layers: "[\(b),\(a),\(b),\(a)]")) == ["config a", "layer b", "layer a"])
    }

    @Test func `are manifests for an index of images and indexes`() throws {
        let entries = [
            Fixture.descriptor(Fixture.digestB, type: .dockerManifest),
            Fixture.descriptor(Fixture.digestA, type: .ociIndex),
            Fixture.descriptor(
                Fixture.digestC, type: .ociManifest, extra: #","platform":{"architecture":"unknown","os":"unknown"}"#),
        ]
        let text = Fixture.index(manifests: "[\(entries.joined(separator: ","))]")
        #expect(try references(text) == ["manifest b", "manifest a", "manifest c"])
    }

    @Test func `are blobs for the layers in a BuildKit cache index`() throws {
        let cache = MediaType(rawValue: "application/vnd.buildkit.cacheconfig.v0")
        let entries = [Fixture.descriptor(Fixture.digestB), Fixture.descriptor(Fixture.digestC, type: cache)]
        for type in [MediaType.ociIndex, .dockerManifestList] {
            let text = Fixture.index(type, manifests: "[\(entries.joined(separator: ","))]")
            #expect(try references(text) == ["blob b", "blob c"])
        }
    }

    @Test func `are blobs for an artifact`() throws {
        #expect(try references(Fixture.body(of: .artifactManifest)) == ["blob a"])
    }

    @Test(arguments: [MediaType.dockerForeignLayer, .ociNondistributableLayerGzip])
    func `keep a foreign layer recognisable`(_ type: MediaType) throws {
        let foreign = Fixture.descriptor(
            Fixture.digestB, type: type, extra: #","urls":["https://mcr.microsoft.com/x"]"#)
        let image = try manifest(Fixture.image(.dockerManifest, layers: "[\(foreign)]"))
        let layer = try #require(image.references.last?.descriptor)
        #expect(layer.mediaType.isForeignLayer && layer.urls == ["https://mcr.microsoft.com/x"])
    }

    @Test func `do not let a foreign layer hide a plain one of the same digest`() throws {
        let foreign = Fixture.descriptor(Fixture.digestB, type: .dockerForeignLayer)
        let plain = Fixture.descriptor(Fixture.digestB)
        for layers in ["[\(foreign),\(plain)]", "[\(plain),\(foreign)]"] {
            let references = try manifest(Fixture.image(layers: layers)).references
            #expect(references.map(\.descriptor.mediaType) == [.ociConfig, .ociLayerGzip])
        }
    }
}
