import OCI
import RegistryCore
import RegistryTesting
import Testing

@Suite struct `Searching pushes and builds together` {
    static let commit = "0123456789abcdef0123456789abcdef01234567"
    static let other = "0123456fffffffffffffffffffffffffffffffff"
    static let base = [UInt8]("base").digest

    /// Seven records, an hour apart from 2026-01-01T00:00Z on:
    /// 0 a push of `commit` from one source, 1 a build of it, 2 a signed build of `other` on a base, 3 a signed bill of
    /// materials, 4 a push on that base to another repository, 5 the deletion of its tag, 6 a plain record.
    private static func history(_ server: TestServer, _ clock: ManualClock) throws {
        let first = Fixture.image(
            seed: 1, labels: ["team": "red", "same": "yes"],
            annotations: [
                "org.opencontainers.image.revision": commit,
                "org.opencontainers.image.source": "https://git.example.com/app.git",
            ])
        let second = Fixture.image(
            seed: 2, labels: ["team": "blue", "same": "yes"],
            annotations: ["org.opencontainers.image.base.digest": "\(base)"])
        let build = statement(first.digest, commit: commit, source: "git+https://git.example.com/app@refs/heads/main")
        let signed = statement(second.digest, commit: other, source: "https://git.example.com/lib", bases: [base])
        let sbom = Evidence.statement(of: [first.digest], type: "https://spdx.dev/Document/v2.3")
        let posts = [
            ([UInt8](build), Evidence.statementType), (try Signer.builder.envelope(signed), Evidence.envelopeType),
            (try Signer.builder.envelope(sbom), Evidence.envelopeType),
        ]
        try server.push(first, to: "team/app", as: "v1")
        clock.advance(by: 3_600_000)
        for (evidence, type) in posts {
            #expect(try server.post(evidence, as: type).status == 201)
            clock.advance(by: 3_600_000)
        }
        for blob in second.blobs { try server.push(blob: blob, to: "team/tool") }
        let answer = try server.put(manifest: second.manifest, to: "team/tool", as: "v2", [("User-Agent", "buildah")])
        #expect(answer.status == 201)
        clock.advance(by: 3_600_000)
        #expect(try server.delete("/v2/team/tool/manifests/v2").status == 202)
        clock.advance(by: 3_600_000)
        let plain = Evidence.plain(
            [first.digest],
            #","builder":"by hand","revision":{"gitCommit":"\#(commit)"},"source":"https://git.example.com/app/","labels":{"team":"red"}"#
        )
        #expect(try server.post(plain, as: Evidence.plainType).status == 201)
    }

    private static func statement(_ subject: Digest, commit: String, source: String, bases: [Digest] = []) -> String {
        let dependencies =
            [#"{"uri":"\#(source)","digest":{"gitCommit":"\#(commit)"}}"#]
            + bases.map { #"{"uri":"pkg:docker/debian","digest":{"sha256":"\#($0.hex)"}}"# }
        return Evidence.statement(
            of: [subject],
            #"{"buildDefinition":{"buildType":"x","resolvedDependencies":[\#(dependencies.joined(separator: ","))]},"#
                + #""runDetails":{"builder":{"id":"\#(Evidence.builder)"}}}"#)
    }

    private func search(_ body: @Sendable (TestServer) throws -> Void) async throws {
        try await live {
            let clock = ManualClock()
            let server = try TestServer(TestRegistry(trust: .ofTests, clock: clock.wallClock))
            try Self.history(server, clock)
            try body(server)
            try await server.end()
        }
    }

    @Test(arguments: [
        ("", [0, 1, 2, 3, 4, 5, 6]),
        ("revision=\(commit)", [0, 1, 6]), ("revision=gitCommit:\(commit)", [0, 1, 6]),
        ("revision=gitCommit%3A\(commit)", [0, 1, 6]), ("revision=0123456", [0, 1, 2, 6]),
        ("revision=gitCommit:0123456", [0, 1, 2, 6]), ("revision=01234567", [0, 1, 6]), ("revision=012345", []),
        ("revision=gitCommit:012345", []), ("revision=\(other)", [2]), ("revision=gitCommit:", []), ("revision=", []),
        ("revision=\(commit)0", []), ("revision=0123456%25", []), ("revision=0123456_", []),
        ("builder=\(Evidence.builder)", [1, 2]), ("builder=by%20hand", [6]), ("builder=buildah", [4]),
        ("builder=ci", []),
        ("source=https://git.example.com/app", [0, 1, 6]),
        ("source=git%2Bhttps://git.example.com/app.git@main", [0, 1, 6]),
        ("source=https://git.example.com/app.git%23v1", [0, 1, 6]), ("source=https://git.example.com/lib", [2]),
        ("source=https://user:token@git.example.com/lib", [2]), ("source=https://git.example.com/ap", []),
        ("source=https://git.example.com", []), ("source=", []),
        ("label=team=red", [0, 6]), ("label=same=yes", [0, 4]), ("label=team=red&kind=push", [0]),
        ("base=\(base)", [2, 4]), ("base=\(base)&kind=build", [2]), ("base=\([UInt8]("none").digest)", []),
        ("predicateType=https://slsa.dev/provenance/v1", [1, 2]),
        ("predicateType=https://slsa.dev/provenance/", [1, 2]),
        ("predicateType=https://slsa.dev/provenance", [1, 2]), ("predicateType=https://slsa.dev/prov", []),
        ("predicateType=https://spdx.dev/Document", [3]), ("predicateType=https://spdx.dev/Document/v2.3", [3]),
        ("kind=push", [0, 4]), ("kind=build", [1, 2, 6]), ("kind=attestation", [3]), ("kind=delete", [5]),
        ("kind=signature", []), ("kind=redaction", []),
        ("repository=team/app", [0]), ("repository=team/tool", [4, 5]),
        ("since=2026-01-01T01:00:00Z&until=2026-01-01T04:00:00Z", [1, 2, 3]),
        ("revision=0123456&builder=\(Evidence.builder)", [1, 2]),
        ("revision=0123456&builder=\(Evidence.builder)&source=https://git.example.com/lib", [2]),
        ("revision=0123456&kind=build&since=2026-01-01T02:00:00Z", [2, 6]),
        ("source=https://git.example.com/app&label=team=red&kind=build", [6]),
        (
            "base=\(base)&builder=\(Evidence.builder)&revision=\(other)&predicateType=https://slsa.dev/provenance/v1",
            [2]
        ),
        ("base=\(base)&revision=\(commit)", []), ("predicateType=https://slsa.dev/provenance/&repository=team/app", []),
        ("kind=build&until=2026-01-01T02:00:00Z", [1]),
        ("predicateType=https://spdx.dev/Document&kind=attestation", [3]),
    ])
    func `finds what every condition holds for`(_ query: String, ids: [Int64]) async throws {
        try await search { server in
            let answer = try server.get("/provenance?\(query)")
            #expect(answer.status == 200, "\(answer.text)")
            #expect(answer.json?["records"]?.array?.compactMap { $0["id"]?.int64 } == ids)
            #expect(answer.json?["next"] == .null && answer["Link"] == nil)
        }
    }

    @Test(
        arguments: [
            "revision=0123456", "builder=\(Evidence.builder)", "source=https://git.example.com/app", "base=\(base)",
            "predicateType=https://slsa.dev/provenance/", "kind=build", "label=team=red",
            "source=https://git.example.com/app&kind=build&since=2026-01-01T00:00:00Z",
        ], [1, 2])
    func `comes in pages that lead to the next`(_ query: String, limit: Int) async throws {
        try await search { server in
            let whole = try server.records("?\(query)")
            #expect(whole.count >= 2)
            var found: [JSONValue] = []
            var next: String? = "/provenance?\(query)&limit=\(limit)"
            for _ in 0..<10 {
                guard let path = next else { break }
                let answer = try server.get(path)
                let page = answer.json?["records"]?.array ?? []
                #expect(page.count <= limit)
                found += page
                next = answer.next
                #expect((answer.json?["next"]?.string != nil) == (next != nil))
            }
            #expect(next == nil && found == whole)
        }
    }

    @Test func `counts the values that there are to search for`() async throws {
        try await search { server in
            let answer = try server.get("/provenance/_facets")
            #expect(answer.status == 200 && answer["Content-Type"] == "application/json")
            func counts(_ field: String) -> [String: Int64] {
                (answer.json?[field]?.array ?? []).reduce(into: [:]) { counts, facet in
                    if let value = facet["value"]?.string { counts[value] = facet["count"]?.int64 }
                }
            }
            #expect(counts("kind") == ["push": 2, "build": 3, "attestation": 1, "delete": 1])
            #expect(
                counts("predicateType") == [
                    "https://slsa.dev/provenance/v1": 2, "https://spdx.dev/Document/v2.3": 1,
                ])
            #expect(counts("builder")[Evidence.builder] == 2 && counts("builder")["by hand"] == 1)
            #expect(answer.json?["kind"]?.array?.first?["value"] == "build")
            #expect(try server.head("/provenance/_facets").comparableHead == answer.comparableHead)
        }
    }
}

@Suite(.live) struct `Searching pushes and builds wrongly` {
    let server = Live.server

    @Test(arguments: [
        "rev=x", "revision=x&x=", "commit=x", "base=x", "base=", "base=sha256:abc", "label=", "label=x", "kind=Build",
        "repository=..", "source=x&sources=x", "predicatetype=x", "cursor=x&revision=x", "limit=1.5",
        "since=x&builder=y", "=", "&x", "label=team=red&label=team=blue", "kind=push&kind=push",
    ])
    func `is refused with a problem document`(_ query: String) throws {
        #expect(try server.post(Evidence.plain([[UInt8]("a").digest]), as: Evidence.plainType).status == 201)
        let answer = try server.get("/provenance?\(query)")
        #expect(answer.isProblem(400), "\(answer.status) \(answer.text)")
    }

    @Test func `names the parameters that there are`() throws {
        let answer = try server.get("/provenance?image=x")
        for name in ["revision", "builder", "source", "label", "base", "predicateType", "kind", "repository", "since"] {
            #expect(answer.isProblem(400, saying: name))
        }
    }

    @Test func `counts nothing where there is nothing`() throws {
        let answer = try server.get("/provenance/_facets")
        #expect(answer.json?["kind"] == [] && answer.json?["builder"] == [] && answer.json?["predicateType"] == [])
    }
}
