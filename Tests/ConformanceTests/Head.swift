import OCI
import RegistryCore
import RegistryTesting
import Testing

@Suite(.live) struct `HEAD instead of GET` {
    @Test func `gives the same head and no body, wherever there is something and wherever there is not`() throws {
        let server = Live.server
        let image = Fixture.image()
        let absent = [UInt8]("absent").digest
        try server.push(image, to: "library/app", as: "v1")
        let location = try server.beginUpload(to: "library/app")
        let paths = [
            "/v2/", "/v2/_catalog", "/v2/_catalog?n=x", "/v2/library/app/tags/list", "/v2/library/app/tags/list?n=0",
            "/v2/library/other/tags/list", "/v2/library/app/manifests/v1", "/v2/library/app/manifests/v2",
            "/v2/library/app/manifests/\(image.digest)", "/v2/library/app/blobs/\(image.config.digest)",
            "/v2/library/app/blobs/\(image.digest)", "/v2/library/app/blobs/\(absent)", "/v2/library/app/blobs/x",
            location,
            "/v2/library/app/referrers/\(image.digest)", "/v2/library/app/referrers/\(absent)?artifactType=a/b",
            "/v2/x/y",
            "/provenance", "/provenance/\(image.digest)", "/provenance/\(absent)", "/provenance?x=y", "/healthz",
            "/readyz", "/",
        ]
        let connection = try server.connect()
        for path in paths {
            let head = try connection.request("HEAD", path)
            let get = try connection.request("GET", path)
            #expect(head.comparableHead == get.comparableHead, "\(path)")
            #expect(head.body.isEmpty)
        }
        #expect(connection.unread.isEmpty)
    }
}

@Suite struct `What a repository allows` {
    @Test func `is asked for each repository by its name`() async throws {
        let image = Fixture.image()
        try await live {
            let store = try TestRegistry(rule: { RepositoryPolicy(allowsSparse: $0.rawValue.hasPrefix("mirror/")) })
            let server = try TestServer(store)
            #expect(try server.put(manifest: image.manifest, to: "mirror/app", as: "v1").status == 201)
            #expect(
                try server.put(manifest: image.manifest, to: "library/app", as: "v1").codes
                    == Array(repeating: "MANIFEST_BLOB_UNKNOWN", count: 3))
            try await server.end()
        }
    }

    @Test(
        .live(policy: RepositoryPolicy(urlPrefixes: ["https://mcr.microsoft.com/"])),
        arguments: [
            ("https://mcr.microsoft.com/x", 201), ("https://mcr.microsoft.com.evil.example/x", 403),
            ("http://mcr.microsoft.com/x", 403), ("https://example.com/https://mcr.microsoft.com/", 403),
        ])
    func `says where clients may fetch a foreign layer`(_ url: String, status: Int) throws {
        let server = Live.server
        try server.push(blob: Manifests.empty, to: "windows/app")
        let layer = Manifests.descriptor([1], .dockerForeignLayer, #","urls":["\#(url)"]"#)
        let answer = try server.put(manifest: Manifests.image(layers: [layer]), to: "windows/app", as: "v1")
        #expect(answer.status == status)
        #expect(answer.codes == (status == 403 ? ["DENIED"] : []))
    }
}
