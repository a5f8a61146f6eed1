import Glibc
import OCI
import RegistryCore
import RegistryTesting
import Testing

@Suite(.timeLimit(.minutes(20))) struct `The command trace` {
    private let folder = TemporaryFolder()
    private static let revision = "0123456789abcdef0123456789abcdef01234567"

    /// A server with one image, under a tag.
    private func start(_ image: Fixture.Image) async throws -> WaybillServer {
        let server = try await WaybillServer(data: "\(folder.path)/data")
        for blob in image.blobs {
            let digest = Digest(.sha256, of: blob)
            let path = "/v2/team/app/blobs/uploads/?digest=\(digest)"
            #expect(try server.request("POST", path, body: blob).status == 201)
        }
        let type = [("Content-Type", MediaType.ociManifest.rawValue)]
        #expect(try server.request("PUT", "/v2/team/app/manifests/v1", type, body: image.manifest).status == 201)
        return server
    }

    private func post(_ record: JSONValue, to server: WaybillServer) throws {
        let type = [("Content-Type", "application/vnd.waybill.build-record.v1+json")]
        #expect(try server.request("POST", "/provenance", type, body: record.serialized()).status == 201)
    }

    private let image = Fixture.image(labels: [
        "org.opencontainers.image.revision": revision, "evil": "\u{1B}[2J\u{7}",
    ])

    @Test func `shows an image by its tag and by its digest`() async throws {
        let server = try await start(image)
        for name in ["\(server.address)/team/app:v1", "http://\(server.address)/team/app@\(image.digest)"] {
            let result = try await WaybillProgram.run("trace", name)
            #expect(result.status == 0 && result.errors == "", "\(result.text)")
            #expect(result.output.contains("image \(image.digest)"))
            #expect(result.output.contains(#"evil = \u{1b}[2J\u{7}"#))
            #expect(result.output.contains("record 0, in the log at index 0 of 1, proof not checked"))
            #expect(!result.output.contains("\u{1B}") && !result.output.contains("\u{7}"))
        }
        let bare = try await WaybillProgram.run("trace", "team/app:v1", "--server", "http://\(server.address)/")
        #expect(bare.status == 0)
        #expect(await server.stop() == 0)
    }

    @Test func `says when the library for requests cannot be loaded, which nothing else needs`() async throws {
        // A file that is no library, where the loader looks first.
        let broken = [UInt8]("no library".utf8)
        let path = "\(folder.path)/libcurl.so.4"
        let file = creat(path, 0o600)
        #expect(write(file, broken, broken.count) == broken.count)
        close(file)
        let environment = ["LD_LIBRARY_PATH": folder.path]
        let result = try await WaybillProgram.run("trace", "127.0.0.1:9/a/b:v1", environment: environment)
        #expect(result.status == 3)
        #expect(result.errors.contains("the library libcurl.so.4 cannot be loaded"), "\(result.text)")
        #expect(try await WaybillProgram.run("check-config", environment: environment).status == 0)
    }

    @Test func `finds what was pushed under a sha512 digest`() async throws {
        let server = try await start(image)
        let manifest = Fixture.image(seed: 7, layers: 0, labels: ["a": "b"])
        let path = "/v2/team/app/blobs/uploads/?digest=\(Digest(.sha256, of: manifest.config))"
        #expect(try server.request("POST", path, body: manifest.config).status == 201)
        let digest = Digest(.sha512, of: manifest.manifest)
        let type = [("Content-Type", MediaType.ociManifest.rawValue)]
        let target = "/v2/team/app/manifests/\(digest)?tag=long"
        #expect(try server.request("PUT", target, type, body: manifest.manifest).status == 201)
        let result = try await WaybillProgram.run("trace", "\(server.address)/team/app:long")
        #expect(result.status == 0 && result.output.contains("image \(digest)"), "\(result.text)")
        #expect(await server.stop() == 0)
    }

    @Test func `follows all pages`() async throws {
        let server = try await WaybillServer(
            data: "\(folder.path)/data",
            ["--config", folder.write(Array("limits:\n  page: 2\n".utf8), to: "waybill.yaml")])
        for number in 0..<5 {
            try post(
                ["subjects": [.string("\(image.digest)")], "builder": "https://ci.example.com/\(number)"], to: server)
        }
        let result = try await WaybillProgram.run("trace", "--server", "http://\(server.address)", "\(image.digest)")
        for number in 0..<5 { #expect(result.output.contains("builder https://ci.example.com/\(number), ")) }
        #expect(await server.stop() == 0)
    }

    @Test func `ends with 1 for a conflict when it is asked to be strict`() async throws {
        let server = try await start(image)
        try post(
            [
                "subjects": [.string("\(image.digest)")],
                "revision": ["gitCommit": "ffffffffffffffffffffffffffffffffffffffff"],
            ], to: server)
        let name = "\(server.address)/team/app:v1"
        let lax = try await WaybillProgram.run("trace", name)
        #expect(lax.status == 0 && lax.output.contains("✘ conflict: revision"))
        let strict = try await WaybillProgram.run("trace", name, "--strict", "--json")
        #expect(strict.status == 1 && strict.errors == "statements contradict each other\n")
        #expect(try JSONValue(parsing: Array(strict.output.utf8))["documents"]?.array?.count == 1)
        #expect(await server.stop() == 0)
    }

    @Test func `ends with 1 for what is not there, and says so`() async throws {
        let server = try await start(image)
        let never = "sha256:\(String(repeating: "0", count: 64))"
        for name in ["team/app:v2", "team/other:v1", "team/app@\(never)"] {
            let result = try await WaybillProgram.run("trace", "\(server.address)/\(name)")
            #expect(result.status == 1 && result.output == "" && !result.errors.isEmpty)
        }
        #expect(await server.stop() == 0)
    }

    @Test(arguments: [
        [], ["team/app:v1"], ["127.0.0.1:1/App"], ["127.0.0.1:1/app", "--verify"], ["127.0.0.1:1/app", "--key", "x"],
        ["127.0.0.1:1/app", "--verify", "--key", "x"], ["app", "--server", "ftp://host"],
    ])
    func `ends with 2 when it is used wrongly`(_ arguments: [String]) async throws {
        let result = try await Program.run(WaybillProgram.path, ["trace"] + arguments)
        #expect(result.status == 2 && result.output == "")
    }

    @Test func `ends with 3 and says what to try when the server cannot be reached`() async throws {
        let server = try await start(image)
        let plain = try await WaybillProgram.run("trace", "https://\(server.address)/team/app:v1")
        #expect(plain.status == 3 && plain.errors.contains("write http:// before its address"))
        #expect(await server.stop() == 0)
        let gone = try await WaybillProgram.run("trace", "http://user:secret@\(server.address)/team/app:v1")
        #expect(gone.status == 3 && gone.errors.contains("Is the server running"))
        #expect(!gone.text.contains("secret"))
    }
}
