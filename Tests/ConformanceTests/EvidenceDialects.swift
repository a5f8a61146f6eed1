import OCI
import RegistryCore
import RegistryTesting
import Testing

/// A predicate of some builder, and what a record must say of it.
struct Dialect: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let type: String
    let predicate: String
    let builder: String?
    var times: [String?] = [nil, nil]
    let source: String
    /// Another way to write the same repository.
    let spelling: String

    private static let (v1, v02) = ("https://slsa.dev/provenance/v1", "https://slsa.dev/provenance/v0.2")
    private static let buildKitTimes: [String?] = ["2022-12-08T11:48:59.466513707Z", "2022-12-08T11:49:01.256820297Z"]
    private static let tektonTimes: [String?] = ["2021-03-29T09:50:00Z", "2021-03-29T09:50:15Z"]

    static let all = [
        Dialect(
            testDescription: "SLSA 1", type: v1,
            predicate: """
                {"buildDefinition":{"buildType":"https://example.com/ci@v1","externalParameters":{},
                  "resolvedDependencies":[{"uri":"git+https://git.example.com/team/app@refs/heads/main",
                    "digest":{"gitCommit":"\(ProvenancePredicate.commit)"}}]},
                 "runDetails":{"builder":{"id":"https://ci.example.com/hosted@v1"},
                  "metadata":{"startedOn":"2026-01-01T00:00:00Z","finishedOn":"2026-01-01T01:02:11+01:00"}}}
                """,
            builder: "https://ci.example.com/hosted@v1", times: ["2026-01-01T00:00:00Z", "2026-01-01T00:02:11Z"],
            source: "git+https://git.example.com/team/app@refs/heads/main",
            spelling: "https://git.example.com/team/app.git"),
        Dialect(
            testDescription: "BuildKit, a repository", type: v1, predicate: ProvenancePredicate.buildKitRemote,
            builder: "https://github.com/docker/buildx/actions/runs/3709599520", times: buildKitTimes,
            source: "https://github.com/moby/buildkit.git#refs/tags/v0.11.0",
            spelling: "git+https://github.com/moby/buildkit@main"),
        Dialect(
            testDescription: "BuildKit, a local context", type: v1, predicate: ProvenancePredicate.buildKitLocal,
            builder: nil, times: buildKitTimes, source: "https://github.com/crazy-max/buildx.git",
            spelling: "https://github.com/crazy-max/buildx/"),
        Dialect(
            testDescription: "BuildKit, SLSA 0.2", type: v02, predicate: ProvenancePredicate.buildKitV02, builder: nil,
            times: ["2021-11-17T15:00:00Z", "2021-11-17T15:01:00Z"],
            source: "https://github.com/moby/buildkit.git#refs/tags/v0.11.0",
            spelling: "https://github.com/moby/buildkit"),
        Dialect(
            testDescription: "GitHub", type: v1, predicate: ProvenancePredicate.gitHub,
            builder: "https://github.com/octo/app/.github/workflows/build.yml@refs/heads/main",
            source: "git+https://github.com/octo/app@refs/heads/main", spelling: "https://github.com/octo/app.git"),
        Dialect(
            testDescription: "GitHub's generator", type: v02, predicate: ProvenancePredicate.gitHubV02,
            builder: "https://github.com/slsa-framework/slsa-github-generator/.github/workflows/"
                + "generator_container_slsa3.yml@refs/tags/v1.5.0",
            source: "git+https://github.com/octo/app@refs/heads/main", spelling: "https://github.com/octo/app"),
        Dialect(
            testDescription: "Tekton, SLSA 0.2", type: v02, predicate: ProvenancePredicate.tektonV02,
            builder: "https://tekton.dev/chains/v2", times: tektonTimes,
            source: "git+https://git.example.com/team/app.git", spelling: "https://git.example.com/team/app"),
        Dialect(
            testDescription: "Tekton, SLSA 1", type: v1, predicate: ProvenancePredicate.tekton,
            builder: "https://tekton.dev/chains/v2", times: tektonTimes,
            source: "git+https://git.example.com/team/app.git", spelling: "git+https://git.example.com/team/app@main"),
    ]
}

@Suite(.live) struct `Reading what builders send` {
    let server = Live.server
    let image = [UInt8]("image").digest

    @Test(arguments: Dialect.all) func `gives the five fields`(_ dialect: Dialect) throws {
        let statement = Evidence.statement(of: [image], dialect.predicate, type: dialect.type)
        let answer = try server.post([UInt8](statement), as: Evidence.statementType)
        #expect(answer.status == 201)
        let fields = try #require(answer.json?["record"]?["fields"])
        #expect(fields["builder"]?["id"]?.string == dialect.builder)
        #expect(fields["startedOn"]?.string == dialect.times[0])
        #expect(fields["finishedOn"]?.string == dialect.times[1])
        #expect(fields["timestamp"]?.string == dialect.times[1])
        #expect(fields["revision"]?.string == ProvenancePredicate.commit)
        #expect(fields["source"]?.string == dialect.source)
        #expect(fields["hash"]?.string == "\(image)")
        #expect(fields["labels"]?.object != nil)
        #expect(!answer.text.contains("ghs_secret"))
    }

    @Test(arguments: Dialect.all) func `makes the record searchable`(_ dialect: Dialect) throws {
        let statement = Evidence.statement(of: [image], dialect.predicate, type: dialect.type)
        #expect(try server.post([UInt8](statement), as: Evidence.statementType).status == 201)
        let spelling = dialect.spelling.replacing("+", with: "%2B")
        #expect(try server.ids("?revision=\(ProvenancePredicate.commit)") == [0])
        #expect(try server.ids("?source=\(spelling)") == [0])
        #expect(
            try server.ids("?source=\(dialect.source.replacing("+", with: "%2B").replacing("#", with: "%23"))") == [0])
        #expect(try server.ids("?source=x\(spelling)") == [])
        #expect(try server.ids("?predicateType=\(dialect.type)") == [0])
        if let builder = dialect.builder { #expect(try server.ids("?builder=\(builder)") == [0]) }
    }

    @Test func `gives labels and dependencies of BuildKit`() throws {
        let statement = Evidence.statement(of: [image], ProvenancePredicate.buildKitRemote)
        let record = try server.post([UInt8](statement), as: Evidence.statementType).json?["record"]
        #expect(record?["fields"]?["labels"] == ["FOO": "bar"])
        #expect(
            record?["images"]?.array?.compactMap { $0["digest"]?.string } == ["sha256:\(ProvenancePredicate.alpine)"])
        #expect(try server.ids("?base=sha256:\(ProvenancePredicate.alpine)") == [0])
        #expect(try server.ids("?label=FOO=bar") == [0])
    }

    @Test(arguments: [
        "{}", "null", #"{"buildDefinition":7,"runDetails":"x"}"#, #"{"runDetails":{"builder":{"id":7}}}"#,
        #"{"runDetails":{"metadata":{"startedOn":"yesterday","finishedOn":"9999-01-01T00:00:00Z"}}}"#,
        #"{"runDetails":{"metadata":{"startedOn":"2026-01-02T00:00:00Z","finishedOn":"2026-01-01T00:00:00Z"}}}"#,
        #"{"buildDefinition":{"resolvedDependencies":[null,7,{"uri":"git+https://x","digest":{"gitCommit":"zz"}}]}}"#,
        #"{"builder":[],"materials":{}}"#,
    ])
    func `takes provenance that says nothing or nonsense, and says no more than it does`(_ predicate: String) throws {
        let statement = Evidence.statement(of: [image], predicate)
        let answer = try server.post([UInt8](statement), as: Evidence.statementType)
        #expect(answer.status == 201, "\(answer.text)")
        let fields = try #require(answer.json?["record"]?["fields"])
        #expect(fields["builder"] == .null && fields["revision"] == .null)
        #expect(fields["hash"]?.string == "\(image)")
    }
}
