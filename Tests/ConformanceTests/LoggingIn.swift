import Access
import HTTPServing
import LinuxIO
import OCI
import RegistryAPI
import RegistryCore
import RegistryTesting
import Testing

/// A registry in which alice may do everything, bob may push to and pull from `team/…`, and everybody may pull `free/…`.
private func guarded(
    policy rule: RepositoryPolicy = RepositoryPolicy(), limits: CallerLimiter.Options = CallerLimiter.Options(),
    _ body: @Sendable (TestServer) async throws -> Void
) async throws {
    try await Slots.shared.withSlot {
        var lines = ""
        for name in ["alice", "bob"] {
            lines += "\(name):\(try #require(Bcrypt.hash(Array("secret of \(name)".utf8), cost: 4)))\n"
        }
        let passwords = PasswordChecker(try PasswordFile(parsing: Array(lines.utf8)), lanes: Lanes(count: 2))
        let tokens = TokenService(
            TokenService.Options(service: "registry"), keys: [try await TokenKey.signing(pem: TokenKey.makePEM())])
        let policy = AccessPolicy([
            AccessRule(match: try Glob(parsing: "free/**"), who: [.anonymous], allow: [.pull, .provenanceRead]),
            AccessRule(match: .everything, who: [.principal(Principal(.user, "alice"))], allow: [.admin]),
            AccessRule(
                match: try Glob(parsing: "team/**"), who: [.group("team")],
                allow: [.pull, .push, .provenanceRead, .provenanceWrite]),
        ])
        let gate = Gate(
            policy, authenticator: Authenticator(passwords: passwords, tokens: tokens, groups: ["team": ["bob"]]),
            limiter: CallerLimiter(limits))
        let server = try TestServer(TestRegistry(rule: { _ in rule }), gate: gate, loopCount: 1)
        do { try await body(server) } catch {
            await server.stop()
            throw error
        }
        try await server.end()
    }
}

private func basic(_ name: String, _ password: String? = nil) -> (String, String) {
    ("Authorization", "Basic " + Base64.encode(Array("\(name):\(password ?? "secret of \(name)")".utf8)))
}

extension TestServer {
    /// A token from the token service.
    fileprivate func token(_ query: String, _ fields: [(String, String)] = []) throws -> String {
        let answer = try get("/token?\(query)", fields)
        guard let token = answer.json?["token"]?.string else {
            throw TestConnection.Failure.malformed("token: \(answer.status) \(answer.text)")
        }
        return token
    }

    /// Pushes an image of one small blob; gives the digest of its manifest.
    fileprivate func push(_ repository: String, _ tag: String, by name: String, content: String) throws -> Digest {
        let blob = Array(content.utf8)
        let digest = Digest(.sha256, of: blob)
        let upload = try request(
            "POST", "/v2/\(repository)/blobs/uploads/?digest=\(digest)", [basic(name)], body: blob)
        let manifest = Array(
            """
            {"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{\
            "mediaType":"application/vnd.example.config","digest":"\(digest)","size":\(blob.count)},"layers":[]}
            """.utf8)
        let answer = try request(
            "PUT", "/v2/\(repository)/manifests/\(tag)",
            [basic(name), ("Content-Type", "application/vnd.oci.image.manifest.v1+json")], body: manifest)
        guard upload.status == 201, answer.status == 201 else {
            throw TestConnection.Failure.malformed("push: \(upload.status) \(answer.status) \(answer.text)")
        }
        return Digest(.sha256, of: manifest)
    }
}

@Suite struct `A registry that asks who somebody is` {
    @Test func `challenges with its token service, and says which token is needed`() async throws {
        try await guarded { server throws in
            let ping = try server.get("/v2/")
            let realm = "Bearer realm=\"http://127.0.0.1/token\",service=\"registry\""
            #expect(ping.status == 401 && ping["WWW-Authenticate"] == realm)
            #expect(ping.json?["errors"]?.array?.first?["code"] == "UNAUTHORIZED")
            let push = try server.request("POST", "/v2/team/app/blobs/uploads/", body: [])
            #expect(push.status == 401)
            #expect(push["WWW-Authenticate"] == realm + ",scope=\"repository:team/app:pull,push\"")
            let facets = try server.get("/provenance/_facets")
            #expect(
                facets.fields.filter { $0.name == "WWW-Authenticate" }.map(\.value).last?.hasPrefix("Basic") == true)
        }
    }

    @Test func `gives tokens for what the rules allow of what is asked, also for nothing`() async throws {
        try await guarded { server throws in
            let answer = try server.get(
                "/token?service=registry&scope=repository:team/app:pull,push&scope=repository:other:push"
                    + "&account=bob&offline_token=true&client_id=docker", [basic("bob")])
            #expect(answer.status == 200 && answer["Cache-Control"] == "no-store")
            #expect(answer.json?["scope"] == "repository:team/app:pull,push repository:other:")
            #expect(answer.json?["expires_in"] == 300 && answer.json?["access_token"] == answer.json?["token"])
            #expect(answer.json?["refresh_token"]?.string != nil)
            let token = try #require(answer.json?["token"]?.string)
            let bearer = ("Authorization", "Bearer \(token)")
            #expect(try server.request("POST", "/v2/team/app/blobs/uploads/", [bearer], body: []).status == 202)
            #expect(try server.request("POST", "/v2/other/blobs/uploads/", [bearer], body: []).status == 403)
            #expect(try server.get("/v2/", [bearer]).status == 200)
            let anonymous = try server.token("scope=repository:team/app:pull&scope=repository:free/app:pull")
            let nobody = ("Authorization", "Bearer \(anonymous)")
            #expect(try server.get("/v2/team/app/tags/list", [nobody]).status == 401)
            #expect(try server.get("/v2/free/app/tags/list", [nobody]).status == 404)
        }
    }

    @Test func `gives no token that nobody would read`() async throws {
        try await guarded { server throws in
            let names = (0..<64).map { "scope=repository:team/\(String(repeating: "a", count: 180))\($0):pull,push" }
            let answer = try server.get("/token?\(names.joined(separator: "&"))", [basic("bob")])
            #expect(answer.status == 400 && answer.text.contains("ask for fewer scopes"), "\(answer.status)")
            let half = try server.get("/token?\(names.prefix(24).joined(separator: "&"))", [basic("bob")])
            let token = try #require(half.json?["token"]?.string)
            #expect(try server.get("/v2/", [("Authorization", "Bearer \(token)")]).status == 200)
        }
    }

    @Test func `asks for another token when the one at hand is not for it`() async throws {
        try await guarded { server throws in
            let token = try server.token("scope=repository:team/app:pull", [basic("bob")])
            let answer = try server.request(
                "POST", "/v2/team/app/blobs/uploads/", [("Authorization", "Bearer \(token)")], body: [])
            #expect(answer.status == 401)
            #expect(answer["WWW-Authenticate"]?.hasSuffix(",error=\"insufficient_scope\"") == true)
        }
    }

    @Test func `gives tokens to forms, for a password and then without`() async throws {
        try await guarded { server throws in
            func post(_ form: String, _ type: String = "application/x-www-form-urlencoded") throws -> TestResponse {
                try server.request("POST", "/token", [("Content-Type", type)], body: Array(form.utf8))
            }
            let first = try post(
                "grant_type=password&username=bob&password=secret+of%20bob&service=registry&client_id=x"
                    + "&access_type=offline&scope=repository:team/app:pull+repository:team/b:push")
            #expect(first.status == 200)
            #expect(first.json?["scope"] == "repository:team/app:pull repository:team/b:push")
            let refresh = try #require(first.json?["refresh_token"]?.string)
            let second = try post("grant_type=refresh_token&refresh_token=\(refresh)&service=registry&client_id=x")
            #expect(second.status == 200 && second.json?["refresh_token"]?.string == refresh)
            #expect(try post("grant_type=password&username=bob&password=x").status == 401)
            #expect(try post("grant_type=password&username=bob").status == 400)
            #expect(try post("grant_type=refresh_token&refresh_token=x").status == 401)
            #expect(try post("grant_type=code").status == 400)
            #expect(try post("a=%zz").status == 400)
            #expect(try post("grant_type=password", "application/json").status == 415)
            #expect(try post(String(repeating: "a", count: 65_537)).status == 413)
            #expect(try post("service=elsewhere").status == 400)
        }
    }

    @Test(arguments: [
        "Basic", "Basic !!!!", "Basic YWxpY2U=", "Basic YWxpY2U6AA==", "Digest x", "Bearer", "Bearer a.b.c",
        "Basic YWxpY2U6c2VjcmV0IG9mIGFsaWNl=", "Basic /w==", "bearer ",
    ])
    func `refuses credentials that cannot be read, wherever they are sent`(_ field: String) async throws {
        try await guarded { server throws in
            for path in ["/v2/", "/v2/free/app/tags/list", "/provenance/records/0"] {
                let answer = try server.get(path, [("Authorization", field)])
                #expect(answer.status == 401 && answer["WWW-Authenticate"] != nil, "\(path)")
            }
            #expect(try server.get("/healthz", [("Authorization", field)]).status == 200)
        }
    }

    @Test func `refuses two credentials, and fields beyond the limit`() async throws {
        try await guarded { server throws in
            #expect(try server.get("/v2/", [basic("alice"), basic("bob")]).status == 400)
            let long = ("Authorization", "Basic " + String(repeating: "A", count: 100 * 1024))
            #expect(try server.get("/v2/", [long]).status == 431)
        }
    }

    @Test func `takes either case of the scheme`() async throws {
        try await guarded { server throws in
            let field = basic("alice").1.replacing("Basic", with: "bAsIc")
            #expect(try server.get("/v2/", [("Authorization", field)]).status == 200)
        }
    }

    @Test func `slows down whoever guesses`() async throws {
        try await guarded { server throws in
            var statuses: [Int] = []
            for _ in 0..<7 { statuses.append(try server.get("/v2/", [basic("alice", "x")]).status) }
            #expect(statuses == [401, 401, 401, 401, 401, 401, 429])
            let answer = try server.get("/v2/", [basic("alice")])
            #expect(answer.status == 429 && (Int(answer["Retry-After"] ?? "") ?? 0) >= 1)
            #expect(answer.json?["errors"]?.array?.first?["code"] == "TOOMANYREQUESTS")
            #expect(try server.get("/v2/", [basic("bob")]).status == 200)
        }
    }

    @Test func `answers before it takes a body`() async throws {
        try await guarded { server throws in
            let connection = try server.connect()
            try connection.send(
                "PUT /v2/team/app/manifests/v1 HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n"
                    + "Expect: 100-continue\r\n\r\n")
            let answer = try connection.receive()
            #expect(answer.status == 401)
        }
    }

    @Test func `writes down who pushed`() async throws {
        try await guarded { server throws in
            let digest = try server.push("team/app", "v1", by: "bob", content: "one")
            let record = try server.get("/provenance/\(digest)", [basic("alice")]).json?["records"]?.array?.first
            #expect(record?["actor"]?["principal"] == "user:bob")
            #expect(record?["builder"]?["id"] == "user:bob")
        }
    }

    @Test func `shows nobody what they may not have`() async throws {
        try await guarded { server throws in
            let secret = try server.push("secret/app", "v1", by: "alice", content: "secret")
            let team = try server.push("team/app", "v1", by: "bob", content: "team")
            let both = try server.push("secret/app", "v2", by: "alice", content: "team")
            #expect(both == team, "the same image in two repositories")
            let bob = basic("bob")
            #expect(try server.get("/v2/_catalog", [bob]).json?["repositories"]?.strings == ["team/app"])
            #expect(
                try server.get("/v2/_catalog", [basic("alice")]).json?["repositories"]?.strings
                    == ["secret/app", "team/app"])
            #expect(try server.get("/provenance/\(secret)", [bob]).status == 404)
            let trace = try server.get("/provenance/\(team)", [bob]).json
            #expect(trace?["repositories"]?.strings == ["team/app"])
            #expect(trace?["tags"]?.array?.compactMap { $0["repository"]?.string } == ["team/app"])
            #expect(trace?["records"]?.array?.compactMap { $0["repository"]?.string } == ["team/app"])
            let list = try server.get("/provenance", [bob]).json?["records"]?.array
            #expect(list?.compactMap { $0["repository"]?.string } == ["team/app"])
            let all = try server.get("/provenance?kind=push", [basic("alice")]).json?["records"]?.array ?? []
            for record in all {
                let id = try #require(record["id"]?.int64)
                let isTeam = record["repository"] == "team/app"
                #expect(try server.get("/provenance/records/\(id)", [bob]).status == (isTeam ? 200 : 404))
                #expect(try server.get("/provenance/records/\(id)/proof", [bob]).status == (isTeam ? 200 : 404))
            }
            #expect(try server.get("/provenance/\(secret)/archive", [bob]).status == 404)
            #expect(try server.get("/attestations/\(secret)", [bob]).json?["attestations"] == [])
            #expect(try server.get("/provenance/_facets", [bob]).status == 403)
            #expect(try server.get("/tile/entries/000.p/1", [bob]).status == 403)
            let size = all.count
            let entries = try server.get("/tile/entries/000.p/\(size)", [basic("alice")])
            #expect(entries.status == 200 && entries["Cache-Control"]?.hasPrefix("private") == true)
            #expect(try server.get("/tile/0/000.p/\(size)")["Cache-Control"]?.hasPrefix("public") == true)
            #expect(try server.get("/checkpoint").status == 200)
        }
    }

    @Test func `mounts only from where somebody may pull, and takes an upload otherwise`() async throws {
        try await guarded { server throws in
            _ = try server.push("secret/app", "v1", by: "alice", content: "secret")
            _ = try server.push("team/app", "v1", by: "bob", content: "team")
            func mount(_ content: String, _ from: String) throws -> Int {
                let digest = Digest(.sha256, of: Array(content.utf8))
                return try server.request(
                    "POST", "/v2/team/other/blobs/uploads/?mount=\(digest)\(from)", [basic("bob")], body: []
                ).status
            }
            #expect(try mount("secret", "&from=secret/app") == 202)
            #expect(try mount("secret", "") == 202)
            #expect(try mount("team", "&from=team/app") == 201)
            #expect(try mount("team", "") == 201)
            let blob = Digest(.sha256, of: Array("team".utf8))
            let nobody = try server.request(
                "POST", "/v2/team/third/blobs/uploads/?mount=\(blob)&from=team/app", body: [])
            #expect(nobody["WWW-Authenticate"]?.contains("repository:team/app:pull\"") == true, "both at once")
            let token = try server.token("scope=repository:team/third:pull,push", [basic("bob")])
            func mountWithToken(_ content: String, _ from: String) throws -> TestResponse {
                let digest = Digest(.sha256, of: Array(content.utf8))
                return try server.request(
                    "POST", "/v2/team/third/blobs/uploads/?mount=\(digest)&from=\(from)",
                    [("Authorization", "Bearer \(token)")], body: [])
            }
            let refused = try mountWithToken("team", "team/app")
            #expect(refused.status == 401)
            #expect(
                refused["WWW-Authenticate"]?.contains(
                    "scope=\"repository:team/third:pull,push repository:team/app:pull\"") == true)
            #expect(try mountWithToken("secret", "secret/app").status == 202, "no token would help")
        }
    }

    @Test func `lets nobody speak for repositories of others`() async throws {
        try await guarded { server throws in
            let secret = try server.push("secret/app", "v1", by: "alice", content: "secret")
            let team = try server.push("team/app", "v1", by: "bob", content: "team")
            func post(_ digest: Digest, _ name: String) throws -> TestResponse {
                let body = #"{"subjects":["\#(digest)"],"builder":"https://ci.example.com/runner"}"#
                return try server.request(
                    "POST", "/provenance",
                    [basic(name), ("Content-Type", "application/vnd.waybill.build-record.v1+json")],
                    body: Array(body.utf8))
            }
            #expect(try post(secret, "bob").status == 403)
            #expect(try post(team, "bob").status == 201)
            #expect(try post(Digest(.sha256, of: [1]), "bob").status == 201, "not here yet")
            #expect(try post(secret, "alice").status == 201)
        }
    }

    @Test(arguments: ["/v2/team%2fapp/manifests/v1", "/v2/free/../team/app/manifests/v1", "/v2/TEAM/app/manifests/v1"])
    func `is asked for one repository only, however it is written`(_ path: String) async throws {
        try await guarded { server throws in
            _ = try server.push("team/app", "v1", by: "bob", content: "team")
            let answer = try server.get(path)
            #expect([400, 401].contains(answer.status))
        }
    }

    @Test func `keeps tags that may not move, whoever asks`() async throws {
        let tags = try ["v*", "sha256-*"].map { try #require(TagPattern(parsing: $0)) }
        try await guarded(policy: RepositoryPolicy(immutableTags: tags)) { server throws in
            let one = try server.push("team/app", "v1", by: "alice", content: "one")
            #expect(try server.push("team/app", "v1", by: "alice", content: "one") == one, "the same again")
            let other = try server.push("team/app", "next", by: "alice", content: "two")
            _ = try server.push("team/app", "next", by: "alice", content: "three")
            let manifest = try server.get("/v2/team/app/manifests/\(other)", [basic("alice")])
            let type = ("Content-Type", "application/vnd.oci.image.manifest.v1+json")
            let moved = try server.request(
                "PUT", "/v2/team/app/manifests/v1", [basic("alice"), type], body: manifest.body)
            #expect(moved.status == 403 && moved.text.contains("DENIED") && moved.text.contains("immutable"))
            for path in ["v1", "\(one)"] {
                #expect(try server.request("DELETE", "/v2/team/app/manifests/\(path)", [basic("alice")]).status == 403)
            }
            #expect(try server.get("/v2/team/app/manifests/v1", [basic("alice")])["Docker-Content-Digest"] == "\(one)")
            #expect(try server.request("DELETE", "/v2/team/app/manifests/next", [basic("alice")]).status == 202)
            // What belongs to a digest changes with what refers to it.
            let tag = one.referrersTag
            for content in ["a", "b"] { _ = try server.push("team/app", "\(tag)", by: "alice", content: content) }
        }
    }

    @Test func `leaves protected tags to administrators`() async throws {
        let tags = [try #require(TagPattern(parsing: "latest"))]
        try await guarded(policy: RepositoryPolicy(protectedTags: tags)) { server throws in
            _ = try server.push("team/app", "v1", by: "bob", content: "one")
            let content = try server.get("/v2/team/app/manifests/v1", [basic("bob")]).body
            let type = ("Content-Type", "application/vnd.oci.image.manifest.v1+json")
            func put(_ name: String) throws -> Int {
                try server.request("PUT", "/v2/team/app/manifests/latest", [basic(name), type], body: content).status
            }
            #expect(try put("bob") == 403)
            #expect(try put("alice") == 201)
            #expect(try put("bob") == 403)
        }
    }

    @Test func `gives one caller no more than the limits, and the others theirs`() async throws {
        var limits = CallerLimiter.Options()
        limits.requestsPerSecond = 1
        try await guarded(limits: limits) { server throws in
            var last = try server.get("/v2/", [basic("bob")])
            for _ in 0..<10 { last = try server.get("/v2/", [basic("bob")]) }
            #expect(last.status == 429 && last["Retry-After"] == "1")
            #expect(try server.get("/v2/", [basic("alice")]).status == 200)
            for _ in 0..<20 { #expect(try server.get("/healthz").status == 200) }
        }
    }

    @Test func `lets one caller send no more uploads at once than the limit`() async throws {
        var limits = CallerLimiter.Options()
        limits.uploads = 1
        try await guarded(limits: limits) { server throws in
            func begin(_ name: String) throws -> String {
                let answer = try server.request("POST", "/v2/team/app/blobs/uploads/", [basic(name)], body: [])
                return try #require(answer["Location"])
            }
            let (first, second, other) = (try begin("bob"), try begin("bob"), try begin("alice"))
            func patch(_ location: String, _ name: String) throws -> TestResponse {
                try server.request("PATCH", location, [basic(name)], body: [1])
            }
            let slow = try server.connect()
            try slow.send(
                "PATCH \(first) HTTP/1.1\r\nHost: x\r\nAuthorization: \(basic("bob").1)\r\nContent-Length: 2\r\n\r\na")
            let isRefused = await eventually { (try? patch(second, "bob").status) == 429 }
            #expect(isRefused)
            #expect(try patch(other, "alice").status == 202, "others are not held up")
            try slow.send("b")
            #expect(try slow.receive().status == 202)
            let isTaken = await eventually { (try? patch(second, "bob").status) == 202 }
            #expect(isTaken)
        }
    }
}
