import OCI
import RegistryCore
import RegistryTesting
import Testing
import TransparencyLog

/// Images that share layers, and say what they are based on.
enum Lineages {
    static let revisionLabel = "org.opencontainers.image.revision"

    /// An image of a layer for each name; the same names are the same layers.
    static func image(
        _ layers: [String], labels: [String: String] = [:], annotations: [String: String] = [:]
    ) -> Fixture.Image {
        let diffs = layers.map { JSONValue.string("\([UInt8]("diff \($0)").digest)") }
        let config = JSONValue.object([
            "architecture": "amd64", "os": "linux", "config": ["Labels": .object(JSONObject(sorting: labels))],
            "rootfs": ["type": "layers", "diff_ids": .array(diffs)],
        ]).serialized()
        let contents = layers.map { [UInt8]("layer \($0)") }
        let more =
            annotations.isEmpty
            ? ""
            : ",\"annotations\":"
                + String(decoding: JSONValue.object(JSONObject(sorting: annotations)).serialized(), as: UTF8.self)
        return Fixture.Image(
            config: config, layers: contents,
            manifest: Manifests.image(
                config: Manifests.descriptor(config, .ociConfig),
                layers: contents.map { Manifests.descriptor($0) }, more: more))
    }

    /// A statement that an image was built from these.
    static func provenance(of image: Digest, from bases: [(name: String, digest: Digest)], commit: String? = nil)
        -> [UInt8]
    {
        var dependencies = bases.map { #"{"uri":"pkg:docker/\#($0.name)","digest":{"sha256":"\#($0.digest.hex)"}}"# }
        if let commit {
            dependencies.append(#"{"uri":"git+https://git.example.com/app","digest":{"gitCommit":"\#(commit)"}}"#)
        }
        return [UInt8](
            Evidence.statement(
                of: [image],
                #"{"buildDefinition":{"buildType":"x","resolvedDependencies":[\#(dependencies.joined(separator: ","))]},"#
                    + #""runDetails":{"builder":{"id":"\#(Evidence.builder)"}}}"#))
    }
}

@Suite(.live(trust: .ofTests)) struct `Tracing an image to where it comes from` {
    let server = Live.server
    let base = Lineages.image(["debian"])

    private func post(_ statement: [UInt8]) throws {
        #expect(try server.post(statement, as: Evidence.statementType).status == 201)
    }

    private func bases(of image: Fixture.Image, _ query: String = "") throws -> [JSONValue] {
        try #require(try server.trace(image.digest, query)["trace"]?["baseImages"]?.array)
    }

    private func derived(of image: Fixture.Image) throws -> JSONValue? {
        try server.trace(image.digest)["trace"]?["derived"]
    }

    @Test func `knows the base that a build used`() throws {
        let app = Lineages.image(["other"])
        try server.push(base, to: "library/debian", as: "13")
        try server.push(app, to: "team/app", as: "v1")
        try post(Lineages.provenance(of: app.digest, from: [("debian@13", base.digest)]))
        let bases = try bases(of: app)
        #expect(bases.count == 1)
        #expect(bases[0]["digest"]?.string == "\(base.digest)")
        #expect(bases[0]["evidence"] == ["provenance"])
        #expect(bases[0]["name"]?.string?.contains("debian") == true)
        #expect(try derived(of: base) == [["digest": .string("\(app.digest)"), "evidence": ["provenance"]]])
        #expect(try server.trace(base.digest)["trace"]?["derivedCount"] == 1)
    }

    @Test func `knows the base that the image names`() throws {
        let app = Lineages.image(
            ["other"],
            annotations: [
                "org.opencontainers.image.base.name": "docker.io/library/debian:13",
                "org.opencontainers.image.base.digest": "\(base.digest)",
            ])
        try server.push(app, to: "team/app", as: "v1")
        #expect(
            try bases(of: app) == [
                [
                    "evidence": ["annotation"], "name": "docker.io/library/debian:13",
                    "digest": .string("\(base.digest)"),
                ]
            ])
        try server.push(base, to: "library/debian", as: "13")
        #expect(try derived(of: base) == [["digest": .string("\(app.digest)"), "evidence": ["annotation"]]])
    }

    @Test(arguments: [false, true]) func `knows the base with the most layers in common`(_ isBaseLast: Bool) throws {
        let middle = Lineages.image(["debian", "python"])
        let sibling = Lineages.image(["debian", "node"])
        let suffix = Lineages.image(["python"])
        let app = Lineages.image(["debian", "python", "app"])
        let pushes = [base, middle, sibling, suffix, app]
        for image in isBaseLast ? pushes.reversed() : pushes { try server.push(image, to: "team/app") }
        let bases = try bases(of: app)
        #expect(bases.map { $0["digest"]?.string } == ["\(middle.digest)"])
        #expect(bases.map { $0["evidence"] } == [["rootfs-prefix"]])
        #expect(try self.bases(of: middle).map { $0["digest"]?.string } == ["\(base.digest)"])
        #expect(try self.bases(of: base) == [] && self.bases(of: suffix) == [])
        let derived = try #require(try derived(of: base)?.array?.compactMap { $0["digest"]?.string })
        #expect(Set(derived) == Set([middle, sibling, app].map { "\($0.digest)" }))
        #expect(try self.derived(of: app) == [])
    }

    @Test func `puts the three kinds of evidence together`() throws {
        let app = Lineages.image(
            ["debian", "app"], annotations: ["org.opencontainers.image.base.digest": "\(base.digest)"])
        try server.push(base, to: "library/debian", as: "13")
        try server.push(app, to: "team/app", as: "v1")
        let tool = [UInt8]("compiler").digest
        try post(Lineages.provenance(of: app.digest, from: [("gcc", tool), ("debian", base.digest)]))
        let bases = try bases(of: app)
        #expect(bases.map { $0["digest"]?.string } == ["\(base.digest)", "\(tool)"])
        #expect(Set(bases[0]["evidence"]?.strings ?? []) == ["provenance", "annotation", "rootfs-prefix"])
        #expect(bases[0]["manifest"]?.string == "\(base.digest)")
        let derived = try #require(try derived(of: base)?.array)
        #expect(derived.count == 1)
        #expect(Set(derived[0]["evidence"]?.strings ?? []) == ["provenance", "annotation", "rootfs-prefix"])
    }

    @Test func `knows a base that is named by its index`() throws {
        let index = Fixture.index([(base.manifest, Platform(architecture: "amd64", os: "linux"))])
        let app = Lineages.image(
            ["debian", "app"], annotations: ["org.opencontainers.image.base.digest": "\(index.digest)"])
        try server.push(base, to: "library/debian")
        #expect(try server.put(manifest: index, to: "library/debian", type: .ociIndex).status == 201)
        try server.push(app, to: "team/app", as: "v1")
        let bases = try bases(of: app)
        #expect(bases.count == 1)
        #expect(bases[0]["digest"]?.string == "\(index.digest)")
        #expect(bases[0]["manifest"]?.string == "\(base.digest)")
        #expect(Set(bases[0]["evidence"]?.strings ?? []) == ["annotation", "rootfs-prefix"])
    }

    @Test func `says the same of where it comes from, whatever page of the records is asked for`() throws {
        let app = Lineages.image(
            ["debian", "app"], labels: [Lineages.revisionLabel: String(repeating: "b", count: 40)])
        try server.push(base, to: "library/debian", as: "13")
        try server.push(app, to: "team/app", as: "v1")
        try post(
            Lineages.provenance(
                of: app.digest, from: [("gcc", [UInt8]("gcc").digest)], commit: String(repeating: "a", count: 40)))
        let signed = try Signer.builder.envelope(Evidence.provenance(of: [app.digest]))
        #expect(try server.post(signed, as: Evidence.envelopeType).status == 201)
        let whole = try server.trace(app.digest)
        #expect(whole["trace"]?["baseImages"]?.array?.count == 2)
        #expect(whole["summary"]?["conflicts"]?.array?.count == 2)
        for query in ["?limit=1", "?limit=0", "?limit=1&cursor=1", "?cursor=9223372036854775807"] {
            let page = try server.trace(app.digest, query)
            #expect(page["trace"] == whole["trace"], "\(query)")
            #expect(page["summary"] == whole["summary"], "\(query)")
        }
    }

    // MARK: - Contradictions

    @Test(arguments: [
        (String(repeating: "a", count: 40), true), (String(repeating: "a", count: 7), true),
        (String(repeating: "a", count: 39), true), (String(repeating: "a", count: 6), false), ("main", false),
        (String(repeating: "b", count: 40), false), ("\(String(repeating: "a", count: 7))b", false),
        ("\(String(repeating: "a", count: 40))-dirty", false),
    ])
    func `shows a label that is not what was built`(_ label: String, isSame: Bool) throws {
        let app = Lineages.image(["app"], labels: [Lineages.revisionLabel: label])
        let commit = String(repeating: "a", count: 40)
        try post(Lineages.provenance(of: app.digest, from: [], commit: commit))
        #expect(try server.trace(app.digest)["summary"]?["conflicts"] == [])
        try server.push(app, to: "team/app", as: "v1")
        let expected: JSONValue = [
            ["field": "revision", "label": .string(label), "attested": .string(commit), "record": 0]
        ]
        #expect(try server.trace(app.digest)["summary"]?["conflicts"] == (isSame ? [] : expected))
    }

    @Test func `shows no contradiction where nothing is said`() throws {
        let app = Lineages.image(["app"])
        try server.push(app, to: "team/app", as: "v1")
        try post(Lineages.provenance(of: app.digest, from: [], commit: String(repeating: "a", count: 40)))
        try post(Lineages.provenance(of: app.digest, from: []))
        #expect(try server.trace(app.digest)["summary"]?["conflicts"] == [])
    }
}

@Suite(.live(trust: .ofTests)) struct `Tracing whatever has a digest` {
    let server = Live.server
    let image = Fixture.image(labels: ["team": "a", Lineages.revisionLabel: ProvenancePredicate.commit])

    /// Pushes an index of BuildKit with provenance, and gives it and the attestation manifest.
    private func push() throws -> (index: [UInt8], attestation: [UInt8], statement: [UInt8]) {
        let statement = [UInt8](Evidence.provenance(of: [image.digest]))
        let attestation = Attached.buildKit([statement], about: image.manifest, config: [])
        let index = Attached.index(image.manifest, attestation)
        try server.push(image, to: "team/app")
        for blob in [statement, Manifests.empty] { try server.push(blob: blob, to: "team/app") }
        #expect(try server.put(manifest: attestation, to: "team/app").status == 201)
        #expect(try server.put(manifest: index, to: "team/app", type: .ociIndex, "?tag=v1").status == 201)
        return (index, attestation, statement)
    }

    private func kinds(_ trace: JSONValue) -> [String?]? { trace["records"]?.array?.map { $0["kind"]?.string } }

    @Test func `goes from the index to the platform and to what attests it`() throws {
        let (index, attestation, _) = try push()
        let trace = try server.trace(index.digest)
        #expect(trace["kind"] == "index" && trace["tags"] == [["repository": "team/app", "tag": "v1"]])
        let platforms = try #require(trace["tree"]?["platforms"]?.array)
        #expect(platforms.map { $0["manifest"]?.string } == ["\(image.digest)"])
        #expect(platforms[0]["attestations"]?.strings == ["\(attestation.digest)"])
        #expect(platforms[0]["revision"]?.string == ProvenancePredicate.commit)
        #expect(kinds(trace) == ["push"])
    }

    @Test func `goes from the image to its build and its index`() throws {
        let (index, _, _) = try push()
        let trace = try server.trace(image.digest)
        #expect(trace["kind"] == "image")
        #expect(kinds(trace) == ["push", "build"])
        #expect(
            trace["containedIn"]?.array?.contains(["manifest": .string("\(index.digest)"), "role": "manifest"]) == true)
        #expect(trace["trace"]?["revision"]?.string == ProvenancePredicate.commit)
        #expect(trace["trace"]?["source"] == "git+https://git.example.com/team/app@refs/heads/main")
        #expect(trace["summary"]?["provenance"] == false)
    }

    @Test func `goes from the attestation to what it attests`() throws {
        let (index, attestation, statement) = try push()
        let trace = try server.trace(attestation.digest)
        #expect(kinds(trace) == ["push", "build"])
        #expect(trace["records"]?.array?.last?["digest"]?.string == "\(image.digest)")
        #expect(
            trace["containedIn"]?.array?.contains(["manifest": .string("\(index.digest)"), "role": "manifest"]) == true)
        let layer = try server.trace(statement.digest)
        #expect(
            layer["containedIn"]?.array?.contains(["manifest": .string("\(attestation.digest)"), "role": "layer"])
                == true)
    }

    @Test func `goes from a config and a layer to their image`() throws {
        _ = try push()
        for (blob, role) in [(image.config, "config"), (image.layers[0], "layer"), (image.layers[1], "layer")] {
            let trace = try server.trace(blob.digest)
            #expect(trace["kind"] == "blob" && kinds(trace) == [])
            #expect(trace["repositories"]?.strings == ["team/app"])
            #expect(trace["containedIn"] == [["manifest": .string("\(image.digest)"), "role": .string(role)]])
        }
    }

    @Test func `has the five fields of pushes and of builds`() throws {
        _ = try push()
        let records = try #require(try server.trace(image.digest)["records"]?.array)
        for record in records {
            let fields = try #require(record["fields"])
            for name in ["builder", "timestamp", "revision", "hash", "labels"] {
                #expect(fields[name] != nil, "\(name)")
            }
            #expect(fields["hash"]?.string == "\(image.digest)")
            #expect(fields["revision"]?.string == ProvenancePredicate.commit)
            #expect(record["log"]?["proof"]?.string == "/provenance/records/\(record["id"]?.int64 ?? -1)/proof")
        }
        let push = records[0]["fields"]
        #expect(push?["labels"]?["team"] == "a" && push?["timestamp"] == "2026-01-01T00:00:00Z")
        let build = records[1]["fields"]
        #expect(build?["builder"] == ["id": .string(Evidence.builder), "claimed": true])
        #expect(build?["timestamp"] == "2026-01-01T00:02:11Z")
    }

    @Test func `says at which checkpoint it was so`() throws {
        _ = try push()
        let checkpoint = try Auditor(server: server).checkpoint().checkpoint
        let expected: JSONValue = [
            "origin": "registry.example.com", "size": .integer(checkpoint.size),
            "root": .string(checkpoint.root.base64), "checkpoint": "/checkpoint",
        ]
        #expect(try server.trace(image.digest)["asOf"] == expected)
    }

    @Test func `knows what was named or attested, and nothing that never was`() throws {
        let named = [UInt8]("only attested").digest
        #expect(try server.get("/provenance/\(named)").isProblem(404))
        #expect(try server.post(Evidence.plain([named]), as: Evidence.plainType).status == 201)
        #expect(kinds(try server.trace(named)) == ["build"])
        try server.push(blob: [1, 2, 3], to: "team/app")
        #expect(kinds(try server.trace([1, 2, 3].digest)) == [])
        #expect(try server.get("/provenance/\([UInt8]("never").digest)").isProblem(404))
        #expect(try server.get("/provenance/\(Digest(.sha512, of: [1, 2, 3]))").isProblem(404))
    }
}
