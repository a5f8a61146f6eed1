import Access
import LinuxIO
import OCI
import RegistryAPI
import RegistryCore
import RegistryTesting
import Testing

/// A registry with an administrator, whose robots are real.
private func withRobots(_ body: @Sendable (TestServer, RobotKeys) async throws -> Void) async throws {
    try await Slots.shared.withSlot {
        let hash = try #require(Bcrypt.hash(Array("secret".utf8), cost: 4))
        let lines = ["alice", "bob"].map { "\($0):\(hash)\n" }.joined()
        let passwords = PasswordChecker(try PasswordFile(parsing: Array(lines.utf8)), lanes: Lanes(count: 1))
        let tokens = TokenService(
            TokenService.Options(service: "registry"), keys: [try await TokenKey.signing(pem: TokenKey.makePEM())])
        let policy = AccessPolicy([
            AccessRule(match: .everything, who: [.principal(Principal(.user, "alice"))], allow: [.admin]),
            AccessRule(match: .everything, who: [.principal(Principal(.user, "bob"))], allow: [.pull, .push, .ledger]),
        ])
        let store = try TestRegistry()
        let robots = RobotKeys(of: store.registry, logger: .silent)
        let authenticator = Authenticator(passwords: passwords, tokens: tokens, robots: robots)
        let server = try TestServer(store, gate: Gate(policy, authenticator: authenticator), loopCount: 1)
        do { try await body(server, robots) } catch {
            await server.stop()
            throw error
        }
        try await server.end()
    }
}

private func basic(_ name: String, _ password: String = "secret") -> (String, String) {
    ("Authorization", "Basic " + Base64.encode(Array("\(name):\(password)".utf8)))
}

extension TestServer {
    fileprivate func createRobot(_ request: String, by name: String = "alice") throws -> TestResponse {
        try self.request("POST", "/robots", [basic(name)], body: Array(request.utf8))
    }

    fileprivate func begin(_ repository: String, _ field: (String, String)) throws -> Int {
        try request("POST", "/v2/\(repository)/blobs/uploads/", [field], body: []).status
    }
}

@Suite struct `A robot` {
    @Test func `is made by an administrator, works at once, and ends at once`() async throws {
        try await withRobots { server, robots throws in
            let made = try server.createRobot(#"{"name": "ci", "scopes": ["team/**:push,pull"]}"#)
            #expect(made.status == 201 && made["Location"] == "/robots/ci" && made["Cache-Control"] == "no-store")
            #expect(made.json?["state"] == "active" && made.json?["expires"] == .null && made.json?["lastUse"] == .null)
            #expect(made.json?["scopes"] == ["team/**:pull,push"])
            let secret = try #require(made.json?["secret"]?.string)
            #expect(try server.begin("team/app", basic("ci", secret)) == 202)
            #expect(try server.begin("other/app", basic("ci", secret)) == 403)
            let token = try server.get(
                "/token?scope=repository:team/app:push&scope=repository:other:push", [basic("ci", secret)])
            #expect(token.json?["scope"] == "repository:team/app:push repository:other:")
            let bearer = ("Authorization", "Bearer \(token.json?["token"]?.string ?? "")")
            #expect(try server.begin("team/app", bearer) == 202)
            await robots.writeUses()
            let shown = try server.get("/robots/ci", [basic("alice")]).json
            #expect(shown?["secret"] == nil && shown?["lastUse"]?.string != nil)
            let revoked = try server.request("DELETE", "/robots/ci", [basic("alice")])
            #expect(revoked.status == 200 && revoked.json?["state"] == "revoked")
            #expect(try server.begin("team/app", bearer) == 401 && server.begin("team/app", basic("ci", secret)) == 401)
            #expect(try server.request("DELETE", "/robots/ci", [basic("alice")]).json == revoked.json, "once is enough")
            let again = try server.createRobot(#"{"name": "ci", "scopes": ["team/**:push"]}"#)
            #expect(again.status == 201 && again.json?["secret"]?.string != secret)
            #expect(try server.begin("team/app", basic("ci", secret)) == 401)
            #expect(try server.begin("team/app", bearer) == 401, "the token of the first key")
        }
    }

    @Test func `is in the record, and its secret is nowhere`() async throws {
        try await withRobots { server, _ throws in
            let made = try server.createRobot(
                #"{"name": "ci", "scopes": ["team/**:pull"], "expires": "2099-01-01T00:00:00Z"}"#)
            let secret = try #require(made.json?["secret"]?.string)
            _ = try server.request("DELETE", "/robots/ci", [basic("alice")])
            let records = try server.get("/provenance?kind=policy", [basic("alice")]).json?["records"]?.array ?? []
            #expect(records.map { $0["action"] } == ["robot-created", "robot-revoked"])
            #expect(records.allSatisfy { $0["robot"] == "ci" && $0["actor"]?["principal"] == "user:alice" })
            #expect(records.first?["scopes"] == ["team/**:pull"] && records.first?["expires"] == "2099-01-01T00:00:00Z")
            let database = server.store.folder.read("waybill.db") + server.store.folder.read("waybill.db-wal")
            #expect(!database.isEmpty)
            #expect(!String(decoding: database, as: UTF8.self).contains(secret.dropFirst(4)))
            let leaf = try server.get("/tile/entries/000.p/\(records.count)", [basic("alice")])
            #expect(!leaf.text.contains("alice") && leaf.text.contains("policy"))
        }
    }

    @Test(arguments: [
        ("", "not a JSON object"), ("[]", "not a JSON object"), (#"{"name": "Ci"}"#, "name is up to 64"),
        (#"{"name": "a..b"}"#, "name is up to 64"), (#"{"name": "-a"}"#, "name is up to 64"),
        ("{}", "name is up to 64"),
        (#"{"name": "ci", "secret": "x"}"#, "\"secret\" means nothing"),
        (#"{"name": "ci", "scopes": "a:pull"}"#, "scopes is a list"),
        (#"{"name": "ci", "scopes": [1]}"#, "a scope is a text"),
        (#"{"name": "ci", "scopes": ["a:fly"]}"#, "is no permission"),
        (#"{"name": "ci", "scopes": ["team/**:admin"]}"#, "write **:admin"),
        (#"{"name": "ci", "expires": "tomorrow"}"#, "expires is a time"),
        (#"{"name": "ci", "expires": 5}"#, "expires is a time"),
        (#"{"name": "ci", "expires": "2001-01-01T00:00:00Z"}"#, "end before it begins"),
    ])
    func `is refused when it cannot be meant, and then is not there`(_ request: String, _ reason: String) async throws {
        try await withRobots { server, _ throws in
            let answer = try server.createRobot(request)
            #expect(answer.status == 400 && answer.json?["detail"]?.string?.contains(reason) == true, "\(answer.text)")
            #expect(try server.get("/robots", [basic("alice")]).json?["robots"] == [])
            #expect(try server.get("/provenance?kind=policy", [basic("alice")]).json?["records"] == [])
        }
    }

    @Test func `is not made twice, nor by others, nor found under a name that none can have`() async throws {
        try await withRobots { server, _ throws in
            #expect(try server.createRobot(#"{"name": "ci"}"#).status == 201)
            #expect(try server.createRobot(#"{"name": "ci"}"#).status == 409)
            #expect(try server.createRobot(#"{"name": "other"}"#, by: "bob").status == 403)
            #expect(try server.get("/robots", [basic("bob")]).status == 403 && server.get("/robots").status == 401)
            for path in ["/robots/other", "/robots/Other", "/robots/ci/x"] {
                #expect(try server.get(path, [basic("alice")]).status == 404, "\(path)")
                #expect(try server.request("DELETE", path, [basic("alice")]).status == 404, "\(path)")
            }
            let many = (0..<65).map { "\"a\($0):pull\"" }.joined(separator: ",")
            #expect(try server.createRobot("{\"name\": \"many\", \"scopes\": [\(many)]}").status == 400)
            let long = #"{"name": "ci", "scopes": [""# + String(repeating: "a", count: 70_000) + "\"]}"
            #expect(try server.createRobot(long).status == 413)
        }
    }

    @Test func `may do what the rules say when its key has no limit of its own`() async throws {
        try await withRobots { server, _ throws in
            let made = try server.createRobot(#"{"name": "bob", "scopes": []}"#)
            let secret = try #require(made.json?["secret"]?.string)
            #expect(try server.begin("team/app", basic("bob")) == 202)
            #expect(try server.begin("team/app", basic("bob", secret)) == 403, "the robot bob is not the user bob")
        }
    }

    @Test func `is listed with others, in pages`() async throws {
        try await withRobots { server, _ throws in
            for name in ["c", "a", "b"] { #expect(try server.createRobot("{\"name\": \"\(name)\"}").status == 201) }
            let first = try server.get("/robots?n=2", [basic("alice")])
            #expect(first.json?["robots"]?.array?.map { $0["name"] } == ["a", "b"])
            let second = try server.get(try #require(first.next), [basic("alice")])
            #expect(second.json?["robots"]?.array?.map { $0["name"] } == ["c"] && second.next == nil)
        }
    }

    @Test func `opens nothing where nobody is asked`() async throws {
        try await Slots.shared.withSlot {
            let server = try TestServer(TestRegistry(), loopCount: 1)
            #expect(try server.get("/robots").status == 404)
            #expect(try server.request("POST", "/robots", body: Array(#"{"name": "ci"}"#.utf8)).status == 404)
            try await server.end()
        }
    }
}
