import OCI
import RegistryCore
import RegistryTesting
import Testing

@Suite struct `Windows images` {
    static let foreign: [MediaType] = [
        .dockerForeignLayer, .ociNondistributableLayer, .ociNondistributableLayerGzip, .ociNondistributableLayerZstd,
    ]
    let base = Fixture.bytes(4000, seed: 7)
    let app = Fixture.bytes(300, seed: 8)
    let urls = #","urls":["https://mcr.microsoft.com/v2/windows/nanoserver/blobs/sha256:1"]"#

    @Test(.live, arguments: foreign, [true, false])
    func `take a base layer that was never uploaded, and serve it once it is`(_ type: MediaType, hasURLs: Bool) throws {
        let server = Live.server
        for blob in [app, Manifests.empty] { try server.push(blob: blob, to: "windows/app") }
        let manifest = manifest(type, hasURLs ? urls : "")
        #expect(try server.put(manifest: manifest, to: "windows/app", as: "v1").status == 201)
        #expect(try server.head("/v2/windows/app/blobs/\(base.digest)").status == 404)
        #expect(try state(of: manifest, on: server) == ["foreign", "present"])
        try server.push(blob: base, to: "windows/app")
        #expect(try server.serves(base, in: "windows/app"))
        #expect(try server.put(manifest: manifest, to: "windows/app", as: "v1").status == 201)
        #expect(try server.get("/v2/windows/app/manifests/v1").body == manifest)
        #expect(try state(of: manifest, on: server) == ["present", "present"])
    }

    @Test(.live) func `need a plain layer here, even if it has urls`() throws {
        let server = Live.server
        for blob in [app, Manifests.empty] { try server.push(blob: blob, to: "windows/app") }
        let answer = try server.put(manifest: manifest(.ociLayerGzip, urls), to: "windows/app", as: "v1")
        #expect(answer.codes == ["MANIFEST_BLOB_UNKNOWN"])
    }

    @Test(.live) func `need a layer here that is listed both as foreign and as plain`() throws {
        let server = Live.server
        try server.push(blob: Manifests.empty, to: "windows/app")
        let layers = [Manifests.descriptor(base, .ociNondistributableLayerGzip, urls), Manifests.descriptor(base)]
        for layers in [layers, layers.reversed()] {
            let answer = try server.put(manifest: Manifests.image(layers: layers), to: "windows/app", as: "v1")
            #expect(answer.codes == ["MANIFEST_BLOB_UNKNOWN"])
        }
        let config = Manifests.descriptor(base, .ociConfig)
        let asConfig = Manifests.image(config: config, layers: [layers[0]])
        #expect(try server.put(manifest: asConfig, to: "windows/app", as: "v1").codes == ["MANIFEST_BLOB_UNKNOWN"])
    }

    @Test(.live(policy: RepositoryPolicy(requiresForeignLayers: true)), arguments: foreign)
    func `need every layer here where the policy says so, and say how to push it`(_ type: MediaType) throws {
        let server = Live.server
        for blob in [app, Manifests.empty] { try server.push(blob: blob, to: "windows/app") }
        let manifest = manifest(type, urls)
        let answer = try server.put(manifest: manifest, to: "windows/app", as: "v1")
        #expect(answer.status == 400)
        #expect(answer.codes == ["MANIFEST_BLOB_UNKNOWN"])
        #expect(answer.text.contains("\(base.digest)") && answer.text.contains("allow-nondistributable-artifacts"))
        try server.push(blob: base, to: "windows/app")
        #expect(try server.put(manifest: manifest, to: "windows/app", as: "v1").status == 201)
    }

    @Test(
        .live,
        arguments: [
            "file:///etc/passwd", "ftp://example.com/x", "//example.com/x", "https://user:secret@example.com/x",
            "https://example.com/x#fragment", "javascript:alert(1)", "",
        ])
    func `may not send clients to places that are not the web`(_ url: String) throws {
        let server = Live.server
        for blob in [app, base, Manifests.empty] { try server.push(blob: blob, to: "windows/app") }
        let answer = try server.put(
            manifest: manifest(.dockerForeignLayer, #","urls":["https://mcr.microsoft.com/x","\#(url)"]"#),
            to: "windows/app", as: "v1")
        #expect(answer.status == 403)
        #expect(answer.codes == ["DENIED"])
    }

    @Test(.live) func `keep the version and the features of each host`() throws {
        let server = Live.server
        let images = (0..<3).map { Fixture.image(seed: 20 + $0) }
        for image in images { try server.push(image, to: "windows/app") }
        let versions = ["10.0.17763.6054", "10.0.20348.2582", "10.0.26100.1"]
        let index = Fixture.index(
            zip(images, versions).map {
                ($0.manifest, Platform(architecture: "amd64", os: "windows", osVersion: $1, osFeatures: ["win32k"]))
            })
        let answer = try server.put(manifest: index, to: "windows/app", as: "v1", type: MediaType.ociIndex.rawValue)
        #expect(answer.status == 201)
        #expect(answer["Warning"] == nil)
        #expect(try server.get("/v2/windows/app/manifests/v1").body == index)
        let platforms = try server.get("/provenance/\(index.digest)").json?["tree"]?["platforms"]?.array
        #expect(platforms?.map { $0["platform"]?["os.version"]?.string } == versions)
        #expect(platforms?.first?["platform"]?["os.features"]?.strings == ["win32k"])
    }

    @Test(.live) func `are told when a host could not choose`() throws {
        let server = Live.server
        let images = (0..<2).map { Fixture.image(seed: 20 + $0) }
        for image in images { try server.push(image, to: "windows/app") }
        let same = Platform(architecture: "amd64", os: "windows", osVersion: "10.0.20348.1")
        let twice = Fixture.index(images.map { ($0.manifest, same) })
        #expect(try server.put(manifest: twice, to: "windows/app", type: .ociIndex).all("Warning").count == 1)
        let bare = Fixture.index([(images[0].manifest, Platform(architecture: "amd64", os: "windows"))])
        let answer = try server.put(manifest: bare, to: "windows/app", type: .ociIndex)
        #expect(answer["Warning"]?.contains("os.version") == true)
    }

    private func manifest(_ type: MediaType, _ urls: String) -> [UInt8] {
        Manifests.image(layers: [Manifests.descriptor(base, type, urls), Manifests.descriptor(app)])
    }

    private func state(of manifest: [UInt8], on server: TestServer) throws -> [String?]? {
        let records = try server.get("/provenance/\(manifest.digest)").json?["records"]?.array
        return records?.last?["layers"]?.array?.map { $0["state"]?.string }
    }
}
