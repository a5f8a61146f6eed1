import Glibc
import OCI
import RegistryCore
import RegistryTesting
import Testing

@Suite(.timeLimit(.minutes(20))) struct `An export with records` {
    private let folder = TemporaryFolder()
    private let image = Self.image()

    private var data: String { "\(folder.path)/data" }

    /// An image that Docker could read: its configuration says as many layers as it has.
    private static func image() -> Fixture.Image {
        var image = Fixture.image()
        let diffIDs = image.layers.map { JSONValue.string("\(Digest(.sha256, of: $0))") }
        image.config = JSONValue.object([
            "architecture": "amd64", "os": "linux", "rootfs": ["type": "layers", "diff_ids": .array(diffIDs)],
        ]).serialized()
        image.manifest = JSONValue.object([
            "schemaVersion": 2, "mediaType": .string(MediaType.ociManifest.rawValue),
            "config": Fixture.descriptor(image.config, .ociConfig).json,
            "layers": .array(image.layers.map { Fixture.descriptor($0, .ociLayerGzip).json }),
        ]).serialized()
        return image
    }

    /// Pushes the image under a tag.
    private func push(to repository: String, of server: WaybillServer) throws {
        for blob in image.blobs {
            let path = "/v2/\(repository)/blobs/uploads/?digest=\(Digest(.sha256, of: blob))"
            #expect(try server.request("POST", path, body: blob).status == 201)
        }
        let type = [("Content-Type", MediaType.ociManifest.rawValue)]
        #expect(try server.request("PUT", "/v2/\(repository)/manifests/v1", type, body: image.manifest).status == 201)
    }

    /// Posts a statement about the image, of so many bytes more than it needs.
    private func post(_ number: Int, padding: Int, to server: WaybillServer) throws {
        let statement = JSONValue.object([
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [["digest": ["sha256": .string(image.digest.hex)]]],
            "predicateType": "https://example.com/scan/v1",
            "predicate": [
                "number": .string("\(number)"), "padding": .string(String(repeating: "x", count: padding)),
            ],
        ])
        let type = [("Content-Type", "application/vnd.in-toto+json")]
        let answer = try server.request("POST", "/provenance", type, body: statement.serialized())
        #expect(answer.status == 201, "\(answer.text)")
    }

    private func export(_ form: String, _ path: String, _ arguments: String...) async throws {
        let result = try await Program.run(
            WaybillProgram.path, ["export", form, path, "--with-records", "--data", data] + arguments)
        #expect(result.status == 0, "\(result.text)")
    }

    /// The numbers of the records beside a layout, each of which proves what it should.
    private func verified(_ layout: String) async throws -> Set<Int> {
        var found: Set<Int> = []
        for number in 0..<20 {
            let file = "\(layout)/waybill/records/\(number).json"
            guard access(file, F_OK) == 0 else { continue }
            found.insert(number)
            let arguments = ["--key", "\(layout)/waybill/log.vkey", "--digest", "\(image.digest)"]
            let result = try await Program.run(WaybillProgram.path, ["verify-bundle", file] + arguments)
            #expect(result.status == 0, "\(result.text)")
        }
        return found
    }

    @Test func `has a proof of each that an auditor accepts, in a folder and in a file`() async throws {
        let server = try await WaybillServer(data: data)
        try push(to: "team/app", of: server)
        try push(to: "other", of: server)
        try post(1, padding: 0, to: server)
        // Past what the database keeps.
        try post(2, padding: 400_000, to: server)
        try await export("oci-layout", "\(folder.path)/all")
        #expect(try await verified("\(folder.path)/all") == [0, 1, 2, 3])
        try await export("oci-layout", "\(folder.path)/part", "--repository", "team/*")
        #expect(try await verified("\(folder.path)/part") == [0, 2, 3])
        #expect(await server.stop() == 0)

        // Of two keys both sign, until one is retired.
        for words in ["rotate-key", "retire-key"] {
            let changed = try await Program.run(WaybillProgram.path, ["ledger", words, "--data", data])
            #expect(changed.status == 0, "\(changed.text)")
            for form in ["oci-archive", "docker-archive"] {
                let place = "\(folder.path)/\(form)-\(words)"
                try await export(form, "\(place).tar")
                mkdir(place, 0o755)
                let unpacked = try await Program.run(
                    Program.find("tar") ?? "tar", ["--extract", "--file", "\(place).tar", "--directory", place])
                #expect(unpacked.status == 0, "\(unpacked.text)")
                #expect(try await verified(place).isSuperset(of: [0, 1, 2, 3]))
                let back = try await Program.run(
                    WaybillProgram.path, ["import", "docker-archive", place, "--data", "\(place)-data"])
                #expect(back.status == 0, "\(back.text)")
            }
        }
    }

    @Test func `names the evidence that is damaged`() async throws {
        let server = try await WaybillServer(data: data)
        try push(to: "team/app", of: server)
        try post(1, padding: 400_000, to: server)
        #expect(await server.stop() == 0)
        let large = try await Program.run(
            Program.find("find") ?? "find", ["\(data)/blobs", "-type", "f", "-size", "+300k"])
        let file = large.output.split(separator: "\n").map(String.init)
        #expect(file.count == 1)
        #expect(truncate(file[0], 400_000) == 0)
        let result = try await Program.run(
            WaybillProgram.path, ["export", "oci-layout", "\(folder.path)/out", "--with-records", "--data", data])
        #expect(result.status == 1 && result.errors.contains("record 1: its evidence cannot be proved"))
        #expect(try await verified("\(folder.path)/out") == [0])
    }
}
