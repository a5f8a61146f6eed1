import Glibc
import OCI
import RegistryCore
import RegistryTesting
import Testing
import TraceView
import TransparencyLog

@Suite(.enabled(if: Client.buildah, "buildah, skopeo and openssl are needed"), .timeLimit(.minutes(20)))
struct `The way of an image from its base to its proof` {
    @Test func `is told in one answer, and as a tree`() async throws {
        let builder = try await SigningBuilder()
        let bench = try await Bench(configuration: builder.configuration)
        let base = try await pushBase(bench)
        let layout = try await build(bench)
        let image = try #require(layout.digest)

        // CI says how it was built before anybody can pull it.
        let receipt = try await post(builder.sign(Statements.ci(image, base: base)), to: bench)
        #expect(receipt["record"]?["verification"]?["signature"] == "valid")
        let index = try await pushIndex(of: layout, image, base: base, bench)

        try checkIndex(bench.trace(index), image: image, base: base)
        try checkImage(bench.trace(image), index: index, base: base, builder)
        try await checkCommand(bench, image: image)
        try checkProofs(bench.trace(image), bench)
        try await bench.finish()
    }

    // MARK: - Pushing

    private func pushBase(_ bench: Bench) async throws -> Digest {
        let image = SampleImage("the base")
        let layout = Layout([image], in: "\(bench.folder.path)/base")
        try await bench.run(
            "skopeo", "copy", "--insecure-policy", "--dest-tls-verify=false", "--preserve-digests",
            "oci:\(layout.path):v1", "docker://\(bench.server.address)/base:1")
        return image.digest
    }

    /// Builds on the base as it is in the registry; buildah itself writes where it comes from.
    private func build(_ bench: Bench) async throws -> Layout {
        let path = bench.folder.path
        mkdir("\(path)/context", 0o755)
        bench.folder.write(Array("the application".utf8), to: "context/app.txt")
        bench.folder.write(
            Array("FROM \(bench.server.address)/base:1\nCOPY app.txt /app.txt\n".utf8), to: "context/Containerfile")
        bench.folder.write(Array(#"{"default":[{"type":"insecureAcceptAnything"}]}"#.utf8), to: "policy.json")
        func buildah(_ command: String, _ arguments: [String]) async throws {
            let own = ["--root", "\(path)/root", "--runroot", "\(path)/run", "--storage-driver", "vfs"]
            let plain = ["--signature-policy", "\(path)/policy.json", "--tls-verify=false"]
            try await bench.run("buildah", own + [command] + plain + arguments)
        }
        let labels = Statements.labels.flatMap { ["--label", "\($0.key)=\($0.value)"] }
        try await buildah(
            "bud",
            ["--isolation", "chroot", "--format", "oci", "--tag", "localhost/app"] + labels
                + ["--file", "\(path)/context/Containerfile", "\(path)/context"])
        try await buildah("push", ["localhost/app", "oci:\(path)/app:v1"])
        return Layout(at: "\(path)/app")
    }

    /// Pushes the image in an index, with an attestation manifest as BuildKit makes them.
    private func pushIndex(
        of layout: Layout, _ image: Digest, base: Digest, _ bench: Bench
    ) async throws -> Digest {
        let statement = Statements.buildKit(image, base: base)
        let config = Array(#"{"architecture":"unknown","os":"unknown","config":{},"rootfs":{"type":"layers"}}"#.utf8)
        var layer = Fixture.descriptor(statement, MediaType(rawValue: "application/vnd.in-toto+json"))
        layer.annotations = ["in-toto.io/predicate-type": "https://slsa.dev/provenance/v0.2"]
        let attestation = JSONValue.object([
            "schemaVersion": 2, "mediaType": .string(MediaType.ociManifest.rawValue),
            "config": Fixture.descriptor(config, .ociConfig).json, "layers": [layer.json],
        ]).serialized()

        let manifest = layout[image]
        var entries = [manifest, attestation].map { Fixture.descriptor($0, .ociManifest) }
        entries[0].platform = Platform(architecture: "amd64", os: "linux")
        entries[1].platform = Platform(architecture: "unknown", os: "unknown")
        entries[1].annotations = [
            "vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": "\(image)",
        ]
        let index = JSONValue.object([
            "schemaVersion": 2, "mediaType": .string(MediaType.ociIndex.rawValue),
            "manifests": .array(entries.map(\.json)),
        ]).serialized()
        for blob in [statement, config, attestation] { layout.add(blob) }
        layout.replaceRoot(with: index, .ociIndex)
        try await bench.run(
            "skopeo", "copy", "--all", "--insecure-policy", "--dest-tls-verify=false", "--preserve-digests",
            "oci:\(layout.path):v1", "docker://\(bench.server.address)/team/app:v1")
        return Digest(.sha256, of: index)
    }

    private func post(_ envelope: [UInt8], to bench: Bench) throws -> JSONValue {
        let type = [("Content-Type", "application/vnd.dsse.envelope.v1+json")]
        let answer = try bench.server.request("POST", "/provenance", type, body: envelope)
        #expect(answer.status == 201, "\(answer.text)")
        return try JSONValue(parsing: answer.body)
    }

    // MARK: - Checking

    private func checkIndex(_ trace: JSONValue, image: Digest, base: Digest) throws {
        #expect(trace["kind"] == "index" && trace["next"] == .null)
        #expect(trace["tags"] == [["repository": "team/app", "tag": "v1"]])
        let platforms = try #require(trace["tree"]?["platforms"]?.array)
        #expect(platforms.map { $0["manifest"]?.string } == ["\(image)"], "attestations are no platform")
        let platform = try #require(platforms.first)
        #expect(platform["platform"]?["architecture"] == "amd64")
        #expect(platform["attestations"]?.array?.count == 1)
        #expect(platform["revision"]?.string == Statements.revision)
        #expect(platform["source"]?.string == Statements.source && platform["version"] == "1.4.2")
        #expect(platform["builder"]?["id"]?.string?.hasPrefix("skopeo/") == true)
        #expect(platform["time"]?.string?.hasSuffix("Z") == true)
        for (key, value) in Statements.labels { #expect(platform["labels"]?[key]?.string == value) }
        let found = try #require(trace["trace"]?["baseImages"]?.array?.first)
        #expect(found["manifest"]?.string == "\(base)" || found["digest"]?.string == "\(base)")
        #expect(found["evidence"]?.array?.contains("rootfs-prefix") == true)
        #expect(trace["records"]?.array?.first?["log"]?["proof"]?.string?.hasSuffix("/proof") == true)
        #expect(trace["asOf"]?["size"]?.int64 ?? 0 > 3)
    }

    private func checkImage(_ trace: JSONValue, index: Digest, base: Digest, _ builder: SigningBuilder) throws {
        #expect(trace["containedIn"] == [["manifest": .string("\(index)"), "role": "manifest"]])
        let records = try #require(trace["records"]?.array)
        #expect(records.map { $0["kind"] } == ["build", "push", "build"], "CI, the push, BuildKit's attestation")
        let build = records[0]
        #expect(build["verification"]?["signature"] == "valid" && build["verification"]?["builderAllowed"] == true)
        #expect(build["fields"]?["builder"] == ["id": .string(SigningBuilder.id), "claimed": false])
        #expect(build["fields"]?["revision"]?.string == Statements.revision)
        #expect(build["fields"]?["startedOn"] == "2026-01-31T11:55:00Z")
        #expect(build["fields"]?["finishedOn"] == "2026-01-31T11:59:00Z")
        for (key, value) in Statements.labels { #expect(records[1]["labels"]?[key]?.string == value) }
        #expect(records[2]["verification"]?["signature"] == "unsigned" && records[2]["carriedBy"] != nil)

        let bases = try #require(trace["trace"]?["baseImages"]?.array)
        #expect(bases.count == 1)
        #expect(bases[0]["digest"]?.string == "\(base)")
        let evidence = Set(bases[0]["evidence"]?.array?.compactMap(\.string) ?? [])
        #expect(evidence == Set(BaseEvidence.allCases.map(\.rawValue)))
        #expect(trace["trace"]?["revision"]?.string == Statements.revision)
        #expect(trace["summary"] == ["signed": false, "provenance": true, "conflicts": []])
    }

    private func checkCommand(_ bench: Bench, image: Digest) async throws {
        let key = try logKey(bench)
        let name = "\(bench.server.address)/team/app:v1"
        let result = try await WaybillProgram.run("trace", name, "--verify", "--key", key, "--strict")
        #expect(result.status == 0, "\(result.text)")
        let builder = SigningBuilder.id
        for text in [
            "http://\(name)", "├─ in team/app:v1\n", "linux/amd64 \(image)", "signature valid by key ",
            "builder \(builder), allowed for the key", "revision \(Statements.revision)",
            "ran 2026-01-31T11:55:00Z to 2026-01-31T11:59:00Z", "unsigned: anybody may have written this",
            "\(bench.server.address)/base:1 sha256:", "provenance: ", "annotation: ", "rootfs-prefix: ",
            "org.opencontainers.image.version = 1.4.2", "✔ proof checked", "✔ all 4 proofs checked",
        ] {
            #expect(result.output.contains(text), "\(text) is not in:\n\(result.output)")
        }
        #expect(!result.output.contains("\u{1B}"))
        let json = try await WaybillProgram.run(
            "trace", "--server", "http://\(bench.server.address)", "\(image)", "--json")
        #expect(try JSONValue(parsing: Array(json.output.utf8))["documents"]?.array?.first == (try bench.trace(image)))
        let other = try SignerKey(name: KeyName(parsing: "other"), seed: [UInt8](repeating: 1, count: 32)).verifier
        let distrusting = try await WaybillProgram.run("trace", name, "--verify", "--key", "\(other)")
        #expect(distrusting.status == 1 && distrusting.output.contains("✘ 4 of 4 proofs are wrong"))
    }

    /// Each proof holds, and none with another byte in it.
    private func checkProofs(_ trace: JSONValue, _ bench: Bench) throws {
        let policy = try Policy(parsing: Array("log \(logKey(bench))\nquorum none\n".utf8))
        for record in trace["records"]?.array ?? [] {
            let path = try #require(record["log"]?["proof"]?.string)
            let bundle = try bench.server.request("GET", path).body
            #expect(ProofCheck(of: record, bundle: bundle, policy: policy).holds)
            for position in stride(from: 0, to: bundle.count, by: 97) {
                var changed = bundle
                changed[position] ^= 1
                #expect(!ProofCheck(of: record, bundle: changed, policy: policy).holds, "byte \(position)")
            }
        }
    }

    private func logKey(_ bench: Bench) throws -> String {
        let keys = try JSONValue(parsing: bench.server.request("GET", "/log/keys").body)
        return try #require(keys["vkeys"]?.array?.first?["vkey"]?.string)
    }
}

/// What is said about the image, by those who built it.
private enum Statements {
    static let revision = "0123456789abcdef0123456789abcdef01234567"
    static let source = "https://git.example.com/team/app"
    static let labels = [
        "org.opencontainers.image.revision": revision, "org.opencontainers.image.source": source,
        "org.opencontainers.image.version": "1.4.2",
    ]

    /// SLSA provenance, version 1.
    static func ci(_ image: Digest, base: Digest) -> [UInt8] {
        statement(
            image, "https://slsa.dev/provenance/v1",
            [
                "buildDefinition": [
                    "buildType": "https://ci.example.com/build/v1",
                    "externalParameters": ["repository": .string(source)],
                    "resolvedDependencies": [
                        ["uri": "git+https://git.example.com/team/app", "digest": ["gitCommit": .string(revision)]],
                        ["uri": "pkg:docker/base@1", "digest": ["sha256": .string(base.hex)]],
                    ],
                ],
                "runDetails": [
                    "builder": ["id": .string(SigningBuilder.id)],
                    "metadata": [
                        "invocationId": "https://ci.example.com/runs/8841", "startedOn": "2026-01-31T11:55:00Z",
                        "finishedOn": "2026-01-31T11:59:00Z",
                    ],
                ],
            ])
    }

    /// What BuildKit attaches, in version 0.2, for a build from a local folder.
    static func buildKit(_ image: Digest, base: Digest) -> [UInt8] {
        statement(
            image, "https://slsa.dev/provenance/v0.2",
            [
                "builder": ["id": ""], "buildType": "https://mobyproject.org/buildkit@v1",
                "materials": [
                    ["uri": "pkg:docker/base@1?platform=linux%2Famd64", "digest": ["sha256": .string(base.hex)]]
                ],
                "invocation": [
                    "configSource": ["entryPoint": "Dockerfile"], "parameters": ["frontend": "dockerfile.v0"],
                    "environment": ["platform": "linux/amd64"],
                ],
                "metadata": [
                    "https://mobyproject.org/buildkit@v1#metadata": [
                        "vcs": ["source": .string(source), "revision": .string(revision)]
                    ]
                ],
            ])
    }

    private static func statement(_ image: Digest, _ type: String, _ predicate: JSONValue) -> [UInt8] {
        JSONValue.object([
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [["name": "app", "digest": ["sha256": .string(image.hex)]]],
            "predicateType": .string(type), "predicate": predicate,
        ]).serialized()
    }
}

/// A CI system with a key of its own, made and used by openssl.
private struct SigningBuilder {
    static let id = "https://ci.example.com/runners/1"

    private let folder = TemporaryFolder()

    init() async throws {
        try await openSSL("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "\(folder.path)/key.pem")
        try await openSSL("ec", "-in", "\(folder.path)/key.pem", "-pubout", "-out", "\(folder.path)/key.pub")
    }

    /// A server's configuration that trusts the key for this builder.
    var configuration: String {
        """
        builders:
          - key: \(folder.path)/key.pub
            allow: ["https://ci.example.com/runners/*"]

        """
    }

    /// A DSSE envelope with the signature over its pre-authentication encoding (DSSE, protocol.md).
    func sign(_ statement: [UInt8]) async throws -> [UInt8] {
        let type = "application/vnd.in-toto+json"
        folder.write(
            Array("DSSEv1 \(type.utf8.count) \(type) \(statement.count) ".utf8) + statement, to: "message")
        try await openSSL(
            "dgst", "-sha256", "-sign", "\(folder.path)/key.pem", "-out", "\(folder.path)/signature",
            "\(folder.path)/message")
        return JSONValue.object([
            "payload": .string(Base64.encode(statement)), "payloadType": .string(type),
            "signatures": [["keyid": "", "sig": .string(Base64.encode(folder.read("signature")))]],
        ]).serialized()
    }

    private func openSSL(_ arguments: String...) async throws {
        let result = try await Program.run(Program.find("openssl") ?? "openssl", arguments)
        guard result.status == 0 else { throw Bench.Failed(description: "openssl \(arguments): \(result.text)") }
    }
}
