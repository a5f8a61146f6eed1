import Access
import LinuxIO
import OCI
import RegistryAPI
import RegistryCore
import RegistryTesting
import Testing

/// A registry in which bob may push to `team/…` and pull nothing else, and alice sees everything.
private func withRules(
    _ policy: RepositoryPolicy = RepositoryPolicy(), _ body: @Sendable (TestServer) async throws -> Void
) async throws {
    try await Slots.shared.withSlot {
        let hash = try #require(Bcrypt.hash(Array("secret".utf8), cost: 4))
        let lines = ["alice", "bob"].map { "\($0):\(hash)\n" }.joined()
        let passwords = PasswordChecker(try PasswordFile(parsing: Array(lines.utf8)), lanes: Lanes(count: 1))
        func user(_ name: String) -> Grantee { .principal(Principal(.user, name)) }
        let rules = AccessPolicy([
            AccessRule(match: .everything, who: [user("alice")], allow: [.admin]),
            AccessRule(
                match: try Glob(parsing: "team/**"), who: [user("bob")], allow: [.pull, .push, .provenanceWrite]),
        ])
        let gate = Gate(rules, authenticator: Authenticator(passwords: passwords, tokens: nil))
        let server = try TestServer(TestRegistry(rule: { _ in policy }), gate: gate, loopCount: 1)
        do { try await body(server) } catch {
            await server.stop()
            throw error
        }
        try await server.end()
    }
}

private func basic(_ name: String) -> (String, String) {
    ("Authorization", "Basic " + Base64.encode(Array("\(name):secret".utf8)))
}

extension TestServer {
    fileprivate func ask(_ method: String, _ path: String, by name: String, body: [UInt8]? = nil) throws -> Int {
        try request(
            method, path, [basic(name), ("Content-Type", "application/vnd.oci.image.index.v1+json")], body: body
        ).status
    }

    fileprivate func decisions() throws -> [JSONValue] {
        try get("/provenance?kind=decision", [basic("alice")]).json?["records"]?.array ?? []
    }
}

private let index = Array(
    #"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"#.utf8)

@Suite struct `What somebody is refused` {
    @Test func `is a record with who, what, where and which rule`() async throws {
        try await withRules { server throws in
            #expect(try server.ask("PUT", "/v2/other/app/manifests/v1", by: "bob", body: index) == 403)
            #expect(try server.ask("GET", "/v2/other/app/manifests/\(index.digest)", by: "bob") == 403)
            #expect(try server.ask("DELETE", "/v2/team/app/manifests/v1", by: "bob") == 403)
            #expect(try server.ask("GET", "/provenance/export", by: "bob") == 403)
            let records = try server.decisions()
            #expect(records.map { $0["permission"] } == ["push", "pull", "delete", "ledger"])
            #expect(records.allSatisfy { $0["decision"] == "denied" && $0["actor"]?["principal"] == "user:bob" })
            #expect(records.map { $0["repository"] } == ["other/app", "other/app", "team/app", nil])
            #expect(records[0]["reference"] == "v1" && records[1]["reference"]?.string == "\(index.digest)")
            #expect(records[0]["access"] == ["ground": "rule", "rule": 0, "match": "**"])
            #expect(records[2]["access"] == ["ground": "rule", "rule": 1, "match": "team/**"])
            let leaf = try server.get("/tile/entries/000.p/\(records.count)", [basic("alice")])
            #expect(leaf.text.contains(#""decision":"denied""#) && !leaf.text.contains("bob"))
        }
    }

    @Test func `is no record when somebody has only to log in`() async throws {
        try await withRules { server throws in
            #expect(try server.get("/v2/team/app/manifests/v1").status == 401)
            #expect(try server.get("/v2/team/app/manifests/v1", [("Authorization", "Basic Ym9iOng=")]).status == 401)
            #expect(try server.ask("GET", "/v2/team/app/manifests/v1", by: "bob") == 404)
            #expect(try server.decisions() == [])
        }
    }

    @Test func `is written down once a minute, so that nobody fills the ledger with it`() async throws {
        try await withRules { server throws in
            for _ in 0..<10 { #expect(try server.ask("GET", "/v2/other/app/manifests/v1", by: "bob") == 403) }
            #expect(try server.ask("GET", "/v2/other/app/manifests/v2", by: "bob") == 403)
            let records = try server.decisions()
            #expect(records.map { $0["reference"] } == ["v1", "v2"] && records.last?["omitted"] == 9)
            for number in 0..<60 { _ = try server.ask("GET", "/v2/other/app/manifests/t\(number)", by: "bob") }
            #expect(try server.decisions().count == 30)
        }
    }

    @Test func `for a tag that may not move, and for content of others, is a record too`() async throws {
        let policy = RepositoryPolicy(
            immutableTags: [try #require(TagPattern(parsing: "v*"))],
            protectedTags: [try #require(TagPattern(parsing: "latest"))])
        try await withRules(policy) { server throws in
            #expect(try server.ask("PUT", "/v2/team/app/manifests/v1", by: "bob", body: index) == 201)
            let other = index + [0x20]
            #expect(try server.ask("PUT", "/v2/team/app/manifests/v1", by: "bob", body: other) == 403)
            #expect(try server.ask("PUT", "/v2/team/app/manifests/latest", by: "bob", body: index) == 403)
            #expect(try server.ask("PUT", "/v2/secret/app/manifests/v1", by: "alice", body: other) == 201)
            let record = Array(#"{"subjects":["\#(other.digest)"]}"#.utf8)
            let said = try server.request(
                "POST", "/provenance",
                [basic("bob"), ("Content-Type", "application/vnd.waybill.build-record.v1+json")], body: record)
            #expect(said.status == 403)
            let records = try server.decisions()
            #expect(records.map { $0["access"]?["ground"] } == ["tag", "tag", "subject"])
            #expect(records.map { $0["reference"] } == ["v1", "latest", "\(other.digest)"])
        }
    }

    @Test func `and what is allowed has the rule in its record`() async throws {
        try await withRules { server throws in
            #expect(try server.ask("PUT", "/v2/team/app/manifests/v1", by: "bob", body: index) == 201)
            #expect(try server.ask("PUT", "/v2/other/manifests/v1", by: "alice", body: index) == 201)
            #expect(try server.ask("DELETE", "/v2/other/manifests/v1", by: "alice") == 202)
            let records = try server.get("/provenance", [basic("alice")]).json?["records"]?.array ?? []
            #expect(records.map { $0["kind"] } == ["push", "push", "delete"])
            #expect(records.first?["access"] == ["ground": "rule", "rule": 1, "match": "team/**"])
            #expect(records.dropFirst().allSatisfy { $0["access"] == ["ground": "administrator", "rule": 0] })
        }
    }

    @Test func `shows in the record only to those who may see the repository`() async throws {
        try await withRules { server throws in
            #expect(try server.ask("GET", "/v2/secret/app/manifests/v1", by: "bob") == 403)
            #expect(try server.ask("GET", "/provenance/records/0", by: "bob") == 403)
            #expect(try server.ask("GET", "/provenance/records/0", by: "alice") == 200)
        }
    }
}
