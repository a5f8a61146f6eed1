import OCI
import RegistryCore
import RegistryTesting
import Testing

@Suite(.enabled(if: Client.skopeo, "skopeo is needed"), .timeLimit(.minutes(3)))
struct `skopeo` {
    private let labels = ["org.opencontainers.image.revision": "0123456789abcdef0123456789abcdef01234567"]

    @Test func `copies an image there and back without a byte's difference`() async throws {
        let bench = try await Bench()
        let image = SampleImage("hello", labels: labels)
        let layout = Layout([image], in: "\(bench.folder.path)/in")
        let target = "docker://\(bench.server.address)/app:v1"
        try await bench.run(
            "skopeo", "copy", "--insecure-policy", "--dest-tls-verify=false", "--preserve-digests",
            "oci:\(layout.path):v1", target)
        #expect(try bench.digest(of: "app", "v1") == image.digest)

        let back = Layout(at: "\(bench.folder.path)/out")
        try await bench.run(
            "skopeo", "copy", "--insecure-policy", "--src-tls-verify=false", "--preserve-digests", target,
            "oci:\(back.path):v1")
        #expect(back.digest == image.digest)
        #expect(back[image.digest] == image.manifest)
        #expect(back[Digest(.sha256, of: image.layer)] == image.layer)
        #expect(back[Digest(.sha256, of: image.config)] == image.config)

        let trace = try bench.trace(image.digest)
        let record = try #require(trace["records"]?.array?.first)
        #expect(record["kind"] == "push" && record["tags"] == ["v1"])
        #expect(record["actor"]?["userAgent"]?.string?.hasPrefix("skopeo/") == true)
        #expect(record["labels"] == .object(JSONObject(sorting: labels)))
        #expect(record["revision"]?.string == labels["org.opencontainers.image.revision"])
        try await bench.finish()
    }

    @Test func `does not send again what is there`() async throws {
        let bench = try await Bench()
        let image = SampleImage("hello")
        let layout = Layout([image], in: "\(bench.folder.path)/in")
        var said = ""
        for tag in ["v1", "v2"] {
            said = try await bench.run(
                "skopeo", "--debug", "copy", "--insecure-policy", "--dest-tls-verify=false", "--preserve-digests",
                "oci:\(layout.path):v1", "docker://\(bench.server.address)/app:\(tag)")
        }
        #expect(said.contains("already exists"))
        #expect(said.contains("blobs/uploads") == false)
        #expect(try bench.digest(of: "app", "v2") == image.digest)
        try await bench.finish()
    }

    @Test func `says which quota does not let it push`() async throws {
        let bench = try await Bench(configuration: "quotas: [{match: \"team/**\", bytes: 100}]")
        let layout = Layout([SampleImage("hello")], in: "\(bench.folder.path)/in")
        let error = await #expect(throws: Bench.Failed.self) {
            try await bench.run(
                "skopeo", "copy", "--insecure-policy", "--dest-tls-verify=false", "--preserve-digests",
                "oci:\(layout.path):v1", "docker://\(bench.server.address)/team/app:v1")
        }
        #expect(
            error?.description.contains("denied: the quota of team/** is 100 bytes, 0 are in use") == true, "\(error)")
        try await bench.run(
            "skopeo", "copy", "--insecure-policy", "--dest-tls-verify=false", "--preserve-digests",
            "oci:\(layout.path):v1", "docker://\(bench.server.address)/other:v1")
        try await bench.finish()
    }

    @Test func `copies an index with all its platforms`() async throws {
        let bench = try await Bench()
        let images = ["amd64", "arm64"].map { SampleImage("hello \($0)", architecture: $0, labels: labels) }
        let layout = Layout(images, in: "\(bench.folder.path)/in")
        let target = "docker://\(bench.server.address)/multi:v1"
        try await bench.run(
            "skopeo", "copy", "--all", "--insecure-policy", "--dest-tls-verify=false", "--preserve-digests",
            "oci:\(layout.path):v1", target)
        let index = try #require(layout.digest)
        #expect(try bench.digest(of: "multi", "v1") == index)

        let back = Layout(at: "\(bench.folder.path)/out")
        try await bench.run(
            "skopeo", "copy", "--all", "--insecure-policy", "--src-tls-verify=false", "--preserve-digests", target,
            "oci:\(back.path):v1")
        #expect(back.digest == index)
        for image in images { #expect(back[image.digest] == image.manifest) }

        let trace = try bench.trace(index)
        #expect(trace["kind"] == "index")
        let platforms = try #require(trace["tree"]?["platforms"]?.array)
        #expect(platforms.map { $0["manifest"]?.string } == images.map { "\($0.digest)" })
        #expect(platforms.map { $0["platform"]?["architecture"] } == ["amd64", "arm64"])
        #expect(platforms.allSatisfy { $0["revision"]?.string == labels["org.opencontainers.image.revision"] })
        #expect(trace["records"]?.array?.first?["labels"] == .object(JSONObject(sorting: labels)))
        try await bench.finish()
    }

    @Test func `inspects, lists and deletes`() async throws {
        let bench = try await Bench()
        let image = SampleImage("hello", labels: labels)
        let layout = Layout([image], in: "\(bench.folder.path)/in")
        let target = "docker://\(bench.server.address)/app:v1"
        try await bench.run(
            "skopeo", "copy", "--insecure-policy", "--dest-tls-verify=false", "--preserve-digests",
            "oci:\(layout.path):v1", target)
        let inspected = try await bench.run("skopeo", "inspect", "--tls-verify=false", target)
        #expect(inspected.contains("\(image.digest)") && inspected.contains("image.revision"))
        let tags = try await bench.run(
            "skopeo", "list-tags", "--tls-verify=false", "docker://\(bench.server.address)/app")
        #expect(tags.contains(#""v1""#))

        try await bench.run("skopeo", "delete", "--tls-verify=false", target)
        #expect(try bench.digest(of: "app", "v1") == nil)
        await #expect(throws: Bench.Failed.self) {
            try await bench.run("skopeo", "inspect", "--tls-verify=false", target)
        }
        #expect(try bench.trace(image.digest)["records"]?.array?.map { $0["kind"] } == ["push", "delete"])
        try await bench.finish()
    }
}
