import Glibc
import OCI
import RegistryCore
import RegistryTesting
import Testing

@Suite(.enabled(if: Client.dockerRegistry, "docker-registry is needed"), .timeLimit(.minutes(10)))
struct `Moving in from docker-registry` {
    private let folder = TemporaryFolder()
    private let image = Fixture.image(seed: 1, labels: ["number": "1"])

    private var data: String { "\(folder.path)/data" }

    private func waybill(_ arguments: String...) async throws -> Program.Result {
        try await Program.run(WaybillProgram.path, arguments)
    }

    private func importing(_ source: DockerRegistry, _ arguments: String...) async throws -> (Int32, JSONValue) {
        let result = try await Program.run(
            WaybillProgram.path,
            ["import", "docker-registry", source.data, "--data", data, "--json"] + arguments)
        return (result.status, try JSONValue(parsing: Array(result.output.utf8)))
    }

    /// Content that is different for each number, but for one layer that all share. Every third is Docker's, as most of what
    /// such registries hold.
    private func image(_ number: Int, subject: Descriptor? = nil) -> Fixture.Image {
        let isDocker = number.isMultiple(of: 3) && subject == nil
        var image = Fixture.image(seed: UInt64(number), layers: 1, labels: ["number": "\(number)"])
        image.layers = [Fixture.bytes(30_000, seed: 4242)] + image.layers
        var manifest: JSONObject = [
            "schemaVersion": 2, "mediaType": .string(type(of: number).rawValue),
            "config": Fixture.descriptor(image.config, isDocker ? .dockerConfig : .ociConfig).json,
            "layers": .array(image.layers.map { Fixture.descriptor($0, isDocker ? .dockerLayer : .ociLayerGzip).json }),
        ]
        if let subject {
            manifest["artifactType"] = "application/vnd.example.sbom"
            manifest["subject"] = subject.json
        }
        image.manifest = JSONValue.object(manifest).serialized()
        return image
    }

    private func type(of number: Int) -> MediaType { number.isMultiple(of: 3) ? .dockerManifest : .ociManifest }

    /// Two platforms of number and the next, in Docker's list or in an index.
    private func index(_ number: Int) -> (content: [UInt8], type: MediaType) {
        let list: MediaType = number.isMultiple(of: 4) ? .dockerManifestList : .ociIndex
        let entries = zip([number, number + 1], ["amd64", "arm64"]).map { number, architecture in
            var entry = Fixture.descriptor(image(number).manifest, type(of: number))
            entry.platform = Platform(architecture: architecture, os: "linux")
            return entry.json
        }
        let content = JSONValue.object([
            "schemaVersion": 2, "mediaType": .string(list.rawValue), "manifests": .array(entries),
        ]).serialized()
        return (content, list)
    }

    /// 60 images under tags, three indexes over two platforms each, a referrer, an untagged revision, and one that was deleted.
    private func fill(_ registry: DockerRegistry) throws -> (index: [UInt8], referrer: Digest, untagged: Digest) {
        for number in 0..<60 {
            try registry.push(image(number), to: "team/app\(number % 6)", as: "v\(number / 6)", type: type(of: number))
        }
        try registry.put(manifest: image(0).manifest, to: "team/app0", as: "latest", type: type(of: 0))
        for number in [100, 102, 104] {
            for child in [number, number + 1] {
                try registry.push(image(child), to: "multi", type: type(of: child))
            }
            let (content, type) = index(number)
            try registry.put(manifest: content, to: "multi", as: "v\(number / 2 - 50)", type: type)
        }
        let index = index(102).content
        let referrer = image(200, subject: Fixture.descriptor(index, .ociIndex))
        try registry.push(referrer, to: "multi")
        let untagged = image(202)
        try registry.push(untagged, to: "team/app1")
        let deleted = Fixture.image(seed: 203, labels: ["number": "203"])
        try registry.push(deleted, to: "team/app2", as: "gone")
        try registry.request("DELETE", "/v2/team/app2/manifests/\(deleted.digest)", expecting: 202)
        return (index, referrer.digest, untagged.digest)
    }

    @Test func `brings everything with the same digests, once, and out again`() async throws {
        let registry = try await DockerRegistry()
        let (index, referrer, untagged) = try fill(registry)
        let before = try Inventory { try registry.request("GET", $0, $1, expecting: 200) }
        #expect(before.digests.count == 64)
        await registry.stop()
        try await registry.collectGarbage()

        let (rehearsed, plan) = try await importing(registry, "--dry-run")
        #expect(rehearsed == 0 && access(data, F_OK) != 0)
        let (status, report) = try await importing(registry)
        #expect(status == 0 && report == plan, "\(String(decoding: report.serialized(), as: UTF8.self))")
        #expect(report["manifests"] == 71 && report["tags"] == 64 && report["repositories"] == 7)
        let (again, nothing) = try await importing(registry)
        #expect(again == 0 && nothing["manifests"] == 0 && nothing["tags"] == 0 && nothing["blobs"] == 0)

        let server = try await WaybillServer(data: data)
        #expect(try Inventory { try server.request("GET", $0, $1) } == before)
        #expect(try server.request("HEAD", "/v2/team/app1/manifests/\(untagged)").status == 200)
        let listed = try server.request("GET", "/v2/multi/referrers/\(Digest(.sha256, of: index))")
        #expect(listed.status == 200 && listed.text.contains("\(referrer)"))
        let trace = try JSONValue(parsing: server.request("GET", "/provenance/\(untagged)").body)
        let record = try #require(trace["records"]?.array?.first)
        #expect(trace["records"]?.array?.count == 1 && record["kind"] == "push")
        #expect(record["actor"]?["userAgent"]?.string?.hasSuffix("import docker-registry") == true)
        #expect(record["labels"]?["number"] == "202")
        // A server that runs has the folder, but it may be looked at.
        let locked = try await waybill("import", "docker-registry", registry.data, "--data", data)
        #expect(locked.status == 3 && locked.errors.contains("another waybill uses"))
        let layout = "\(folder.path)/layout"
        let exported = try await waybill("export", "oci-layout", layout, "--data", data)
        #expect(exported.status == 0, "\(exported.text)")
        let archive = try server.request("GET", "/provenance/\(Digest(.sha256, of: index))/archive")
        File.write(archive.body, to: "\(folder.path)/archive.tar")
        #expect(await server.stop() == 0)
        // The index and its platforms: nothing in its list leads to what refers to them.
        try await importArchive("\(folder.path)/archive.tar", manifests: 3)
        try await check(layout, has: before)
    }

    /// Imports an archive into a folder of its own, beforehand and then really.
    private func importArchive(_ path: String, manifests: Int64) async throws {
        let arguments = ["import", "oci-layout", path, "--repository", "one", "--data", "\(path).data", "--json"]
        var reports: [JSONValue] = []
        for more in [["--dry-run"], []] {
            let result = try await Program.run(WaybillProgram.path, arguments + more)
            #expect(result.status == 0, "\(result.text)")
            reports.append(try JSONValue(parsing: Array(result.output.utf8)))
        }
        #expect(reports[0] == reports[1] && reports[0]["manifests"] == .integer(manifests), "\(reports)")
    }

    /// Imports a layout into a folder of its own, and compares.
    private func check(_ layout: String, has before: Inventory) async throws {
        let copy = "\(folder.path)/copy"
        let imported = try await waybill("import", "oci-layout", layout, "--data", copy)
        #expect(imported.status == 0, "\(imported.text)")
        let server = try await WaybillServer(data: copy)
        #expect(try Inventory { try server.request("GET", $0, $1) } == before)
        #expect(await server.stop() == 0)
        for data in [data, copy] {
            let verified = try await waybill("ledger", "verify", "--data", data)
            #expect(verified.status == 0 && verified.output.contains("71 records"), "\(verified.text)")
        }
        guard Client.skopeo else { return }
        // Of Docker's own types it takes none from a layout.
        for name in ["team/app1:v3", "team/app5:v9", "multi:v1"] {
            let out = "\(folder.path)/\(name.filter { $0 != "/" && $0 != ":" })"
            let copied = try await Program.run(
                Program.find("skopeo") ?? "skopeo",
                ["copy", "--all", "--insecure-policy", "oci:\(layout):\(name)", "dir:\(out)"])
            #expect(copied.status == 0, "\(copied.text)")
            #expect(File.read("\(out)/manifest.json") == before.contents[name])
        }
        let packed = try await Program.run(
            Program.find("skopeo") ?? "skopeo",
            [
                "copy", "--insecure-policy", "oci:\(layout):team/app1:v3",
                "oci-archive:\(folder.path)/skopeo.tar:team/app1:v3",
            ])
        #expect(packed.status == 0, "\(packed.text)")
        try await importArchive("\(folder.path)/skopeo.tar", manifests: 1)
    }

    @Test func `ends with 1 and names what is damaged, missing, badly linked or a symbolic link`() async throws {
        let registry = try await DockerRegistry()
        let images = (0..<5).map { Fixture.image(seed: UInt64($0), labels: ["number": "\($0)"]) }
        for (number, image) in images.enumerated() { try registry.push(image, to: "app", as: "v\(number)") }
        let before = try Inventory { try registry.request("GET", $0, $1, expecting: 200) }
        await registry.stop()
        let top = "\(registry.data)/docker/registry/v2"
        func blob(_ content: [UInt8]) -> String {
            let hex = Digest(.sha256, of: content).hex
            return "\(top)/blobs/sha256/\(hex.prefix(2))/\(hex)/data"
        }
        File.write(Array("damaged".utf8), to: blob(images[0].layers[0]))
        unlink(blob(images[1].layers[0]))
        File.write(Array("sha256:\u{1b}[31m".utf8), to: "\(top)/repositories/app/_manifests/tags/v2/current/link")
        rename(blob(images[3].config), "\(folder.path)/config")
        #expect(symlink("\(folder.path)/config", blob(images[3].config)) == 0)
        let (status, report) = try await importing(registry)
        #expect(status == 1 && report["ok"] == false && report["tags"] == 1 && report["manifests"] == 2)
        let skipped = report["skipped"]?.array?.compactMap(\.object) ?? []
        func reason(_ name: String) -> String { skipped.first { $0["name"]?.string == name }?["reason"]?.string ?? "" }
        #expect(reason("\(Digest(.sha256, of: images[0].layers[0]))").contains("damaged"))
        #expect(reason("\(Digest(.sha256, of: images[1].layers[0]))").contains("there is no"))
        #expect(
            reason("v2").contains("\\u{1b}") && reason("\(Digest(.sha256, of: images[3].config))").contains("symbolic"))
        for number in [0, 1, 3] { #expect(reason("v\(number)").contains("\(images[number].digest)")) }
        let said = try await waybill("import", "docker-registry", registry.data, "--data", data)
        #expect(
            said.status == 1 && said.output.contains("left out      10") && !said.text.contains("\u{1b}"),
            "\(said.text)")

        let server = try await WaybillServer(data: data)
        let after = try Inventory { try server.request("GET", $0, $1) }
        #expect(after.digests == ["app:v4": before.digests["app:v4"] ?? ""])
        #expect(await server.stop() == 0)
        #expect(try await waybill("ledger", "verify", "--data", data).status == 0)
    }

    @Test func `goes on where it was killed`() async throws {
        let registry = try await DockerRegistry()
        for number in 0..<40 {
            try registry.push(image(number), to: "team/app\(number)", as: "v1", type: type(of: number))
        }
        let before = try Inventory { try registry.request("GET", $0, $1, expecting: 200) }
        await registry.stop()
        // Each time a bit later, until it comes to its end.
        var (delay, status, killed) = (useconds_t(20_000), Int32(-1), 0)
        while status != 0 {
            let program = try Program(
                WaybillProgram.path, ["import", "docker-registry", registry.data, "--data", data])
            usleep(delay)
            program.signal(SIGKILL)
            status = await program.end().status
            #expect(status == 0 || status == -SIGKILL)
            killed += status == 0 ? 0 : 1
            delay += 15_000
        }
        #expect(killed > 0)
        let server = try await WaybillServer(data: data)
        #expect(try Inventory { try server.request("GET", $0, $1) } == before)
        #expect(await server.stop() == 0)
        let verified = try await waybill("ledger", "verify", "--data", data)
        #expect(verified.status == 0 && verified.output.contains("40 records"), "\(verified.text)")
    }

    @Test func `is refused when the words are wrong`() async throws {
        #expect(try await waybill("import", "docker-registry", folder.path, "--data", data).status == 2)
        #expect(try await waybill("import", "oci-layout", folder.path, "--data", data).status == 2)
        #expect(try await waybill("import", "docker-registry", folder.path, "--repository", "A B").status == 2)
        #expect(try await waybill("import", "oci-layout", folder.path, "--repository", "A B").status == 2)
        #expect(try await waybill("export", "oci-layout", folder.path, "--data", data).status == 3)
        #expect(access(data, F_OK) != 0)
        let registry = try await DockerRegistry()
        try registry.push(image, to: "app", as: "v1")
        await registry.stop()
        let none = try await waybill(
            "import", "docker-registry", registry.data, "--data", data, "--repository", "team/**")
        #expect(none.status == 1 && none.errors.contains("no repository matches"))
    }
}
