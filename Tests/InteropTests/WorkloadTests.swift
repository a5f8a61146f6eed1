import Glibc
import OCI
import RegistryCore
import RegistryTesting
import Testing

/// A server that trusts an issuer, which runs beside it.
private struct WorkloadBench {
    let issuer: IssuerServer
    let bench: Bench
    private let folder = TemporaryFolder()

    var server: WaybillServer { bench.server }

    /// - Parameter path: what is behind the issuer's address: another issuer, which gives no keys.
    init(below path: String = "") async throws {
        issuer = try await IssuerServer(CertificateAuthority())
        let hash = try await Program.run(
            "/bin/sh", ["-c", "echo secret | \"$0\" hash-password alice", WaybillProgram.path]
        ).output
        bench = try await Bench(
            configuration: """
                auth:
                  password_file: \(folder.write(Array(hash.utf8), to: "htpasswd"))
                  issuers:
                    - name: ci
                      url: \(issuer.url)\(path)
                      audience: [registry.example.com]
                      authorities: \(issuer.authority)
                      require: ["owner=acme"]
                      principal: "{repository}"
                      groups: ["{owner}"]
                      builder: "https://ci.example.com/{workflow}"
                access:
                  - {match: "**", who: ["group:ci:acme", "user:alice"], allow: [pull, provenance_read]}
                  - match: "team/**"
                    who: ["workload:ci:acme/app"]
                    allow: [pull, push, provenance_read, provenance_write]
                """)
    }

    /// What a job of `acme/app` gets from its issuer, with these claims otherwise.
    func token(_ more: JSONObject = [:], key: String = "rsa") async throws -> String {
        var claims: JSONObject = [
            "sub": "repo:acme/app:ref:refs/heads/main", "aud": "registry.example.com", "owner": "acme",
            "repository": "acme/app", "workflow": "build.yml@main",
        ]
        for member in more.members { claims[member.key] = member.value }
        return try await issuer.token(claims, key: key)
    }

    func get(_ path: String, _ token: String) throws -> TestResponse {
        try server.request("GET", path, [("Authorization", "Bearer \(token)")])
    }

    func finish() async {
        #expect(await server.stop() == 0)
        await issuer.stop()
    }
}

@Suite(
    .enabled(
        if: Client.curl && Client.skopeo && PythonTools.isAvailable, "skopeo, curl, openssl and Python are needed"),
    .timeLimit(.minutes(3)))
struct `A job with a token of its CI system` {
    private static let builder: JSONValue = "https://ci.example.com/build.yml@main"

    @Test(arguments: ["rsa", "ec"])
    func `pushes with it as a password, and is the authenticated builder of the image`(_ key: String) async throws {
        let job = try await WorkloadBench()
        let token = try await job.token(key: key)
        let image = SampleImage("hello")
        let layout = Layout([image], in: "\(job.bench.folder.path)/in")
        try await job.bench.run("skopeo", "login", "--tls-verify=false", "-u", "ci", "-p", token, job.server.address)
        try await job.bench.run(
            "skopeo", "copy", "--insecure-policy", "--dest-tls-verify=false", "--preserve-digests",
            "oci:\(layout.path):v1", "docker://\(job.server.address)/team/app:v1")
        let trace = try #require(try job.get("/provenance/\(image.digest)", token).json)
        let record = try #require(trace["records"]?.array?.first)
        #expect(record["kind"] == "push" && record["actor"]?["principal"] == "workload:ci:acme/app")
        #expect(
            record["authenticated"] == [
                "issuer": .string(job.issuer.url), "subject": "repo:acme/app:ref:refs/heads/main",
                "builder": Self.builder,
            ])
        #expect(record["fields"]?["builder"] == record["builder"])
        #expect(
            record["builder"] == [
                "id": Self.builder, "claimed": false, "authenticated": true, "source": "identity",
                "issuer": .string(job.issuer.url), "subject": "repo:acme/app:ref:refs/heads/main",
            ])
        let found = try job.get("/provenance?builder=https://ci.example.com/build.yml@main", token).json
        #expect(found?["records"]?.array?.count == 1)
        await job.finish()
    }

    @Test func `is the authenticated builder of its build records, and of nobody else's`() async throws {
        let job = try await WorkloadBench()
        let token = try await job.token()
        func post(_ fields: JSONObject, _ token: String) throws -> TestResponse {
            var record: JSONObject = ["subjects": [.string("\(Digest(.sha256, of: Array("app".utf8)))")]]
            for member in fields.members { record[member.key] = member.value }
            return try job.server.request(
                "POST", "/provenance",
                [
                    ("Authorization", "Bearer \(token)"),
                    ("Content-Type", "application/vnd.waybill.build-record.v1+json"),
                ], body: JSONValue.object(record).serialized())
        }
        func builder(_ answer: TestResponse) -> JSONValue? { answer.json?["record"]?["fields"]?["builder"] }
        let own = try post(["builder": Self.builder], token)
        #expect(own.status == 201 && builder(own)?["authenticated"] == true && builder(own)?["claimed"] == false)
        let silent = try post(["labels": ["a": "b"]], token)
        #expect(builder(silent)?["id"] == Self.builder && builder(silent)?["authenticated"] == true)
        let other = try post(["builder": "https://evil.example/builder"], token)
        #expect(builder(other) == ["id": "https://evil.example/builder", "claimed": true])
        #expect(other.json?["record"]?["authenticated"]?["builder"] == Self.builder)
        // The same words again are the same record; from another job they are another.
        let again = try post(["labels": ["a": "b"]], token)
        #expect(again.status == 200 && again.json?["record"]?["id"] == silent.json?["record"]?["id"])
        let branch = try await job.token(["sub": "repo:acme/app:ref:refs/heads/next"])
        #expect(try post(["labels": ["a": "b"]], branch).status == 201)
        await job.finish()
    }

    @Test func `is refused with a token that is not for it`() async throws {
        let job = try await WorkloadBench()
        for (name, value) in [
            ("aud", "other.example.com"), ("owner", "evil"), ("iss", "https://evil.example"), ("exp", 1_000_000),
        ] as [(String, JSONValue)] {
            let answer = try job.get("/v2/", try await job.token([name: value]))
            #expect(answer.status == 401 && answer["WWW-Authenticate"]?.contains("invalid_token") == true, "\(name)")
        }
        let token = try await job.token()
        #expect(try job.get("/v2/", token).status == 200)
        let change = token.dropLast(8) + "AAAAAAAA"
        #expect(try job.get("/v2/", String(change)).status == 401)
        let stranger = try await job.token(["repository": "acme/other"])
        let push = try job.server.request(
            "POST", "/v2/team/app/blobs/uploads/", [("Authorization", "Bearer \(stranger)")], body: [])
        #expect(push.status == 403)
        // As a password for the token service, it gives one of the registry's own.
        let basic = "Basic " + Base64.encode(Array("ci:\(token)".utf8))
        let issued = try job.server.request("GET", "/token?scope=repository:team/app:push", [("Authorization", basic)])
        #expect(issued.json?["scope"] == "repository:team/app:push")
        #expect(!job.server.program.errors.contains(token))
        await job.finish()
    }

    @Test(arguments: ["/slow", "/big", "/wrong"])
    func `is told to come again when its issuer gives no keys, and others are served meanwhile`(
        _ path: String
    ) async throws {
        let job = try await WorkloadBench(below: path)
        let token = try await job.token(["iss": .string(job.issuer.url + path)])
        let asking = Task { try job.get("/v2/", token) }
        let basic = ("Authorization", "Basic " + Base64.encode(Array("alice:secret".utf8)))
        #expect(try job.server.request("GET", "/v2/", [basic]).status == 200)
        let answer = try await asking.value
        #expect(answer.status == 503 && answer["Retry-After"] == "10")
        #expect(answer.text.contains("keys of the token's issuer cannot be fetched"))
        let line = try await job.server.program.line(containing: "keys of an issuer cannot be fetched")
        #expect(line.contains("issuer=ci"))
        await job.finish()
    }
}

extension TestResponse {
    fileprivate var json: JSONValue? { try? JSONValue(parsing: body) }
}
