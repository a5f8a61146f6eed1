import Attestation
import OCI
import RegistryTesting
import Testing

@Suite struct `Provenance of BuildKit` {
    @Test func `gives the context as revision, and not what a Dockerfile fetched`() throws {
        let record = try record(ProvenancePredicate.buildKitRemote)
        #expect(record.builder == "https://github.com/docker/buildx/actions/runs/3709599520")
        #expect(record.revision?.description == "gitCommit:\(ProvenancePredicate.commit)")
        #expect(record.revision?.evidence == .resolved)
        #expect(record.source == "https://github.com/moby/buildkit.git#refs/tags/v0.11.0")
        #expect(record.startedOn?.description == "2022-12-08T11:48:59.466513707Z")
        #expect(record.finishedOn?.description == "2022-12-08T11:49:01.256820297Z")
        #expect(record.labels == ["FOO": "bar"])
        #expect(record.invocation == "rpv7a389uzil5lqmrgwhijwjz")
        #expect(record.invocationURL == nil)
        #expect(record.environment == ["platform": "linux/amd64"])
        #expect(record.dependencies.count == 3)
        #expect(record.remarks.isEmpty)
    }

    @Test func `gives base images by name and digest`() throws {
        let image = try #require(try record(ProvenancePredicate.buildKitRemote).images.first)
        #expect(image.repository == "alpine")
        #expect(image.tag == "3.17")
        #expect(image.platform == "linux/amd64")
        #expect(image.digest?.hex == ProvenancePredicate.alpine)
    }

    @Test func `of a local context has a hint only, marked as such`() throws {
        let record = try record(ProvenancePredicate.buildKitLocal)
        #expect(record.builder == nil)
        #expect(record.revision?.commit == ProvenancePredicate.commit)
        #expect(record.revision?.evidence == .hint)
        #expect(record.revision?.isDirty == true)
        #expect(record.source == "https://github.com/crazy-max/buildx.git")
        #expect(record.json["revisionEvidence"] == "hint")
        #expect(record.json["dirty"] == true)
    }

    @Test func `is read in version 0_2 too`() throws {
        let record = try record(ProvenancePredicate.buildKitV02, type: "https://slsa.dev/provenance/v0.2")
        #expect(record.revision?.commit == ProvenancePredicate.commit)
        #expect(record.revision?.evidence == .resolved)
        #expect(record.startedOn?.description == "2021-11-17T15:00:00Z")
        #expect(record.labels == ["FOO": "bar"])
        #expect(record.invocation == "rpv7a389uzil5lqmrgwhijwjz")
        #expect(record.images.map(\.repository) == ["alpine"])
        let local = try AttestationTests.record(
            ProvenancePredicate.buildKitV02Local, type: "https://slsa.dev/provenance/v0.2")
        #expect(local.revision?.evidence == .hint)
        #expect(local.source == "git@github.com:moby/buildkit.git")
        #expect(local.environment == ["platform": "linux/arm64"])
    }
}

@Suite struct `Provenance of GitHub` {
    @Test func `gives the commit of the repository that the workflow is in`() throws {
        let record = try record(ProvenancePredicate.gitHub)
        #expect(record.revision?.commit == ProvenancePredicate.commit)
        #expect(record.source == "git+https://github.com/octo/app@refs/heads/main")
        #expect(record.invocationURL == "https://github.com/octo/app/actions/runs/9/attempts/1")
        #expect(record.environment == ["event": "push", "runner": "github-hosted"])
        #expect(record.startedOn == nil)
    }

    @Test func `does not bring the name of a person into the record`() throws {
        let record = try record(ProvenancePredicate.gitHubV02, type: "https://slsa.dev/provenance/v0.2")
        #expect(record.revision?.commit == ProvenancePredicate.commit)
        #expect(record.environment == ["architecture": "X64", "os": "ubuntu22", "event": "push"])
        #expect(!text(record.json).contains("octocat"))
    }
}

@Suite struct `Provenance of Tekton Chains` {
    @Test func `gives the source of the task, not of the pipeline`() throws {
        let record = try record(ProvenancePredicate.tekton)
        #expect(record.builder == "https://tekton.dev/chains/v2")
        #expect(record.revision?.commit == ProvenancePredicate.commit)
        #expect(record.revision?.evidence == .resolved)
        #expect(record.source == "git+https://git.example.com/team/app.git")
        #expect(record.invocation == "abhhf-12354-asjsdbjs23-taskrun1")
        #expect(record.images.map(\.repository) == ["gcr.io/test2/test2"])
    }

    @Test func `is read in version 0_2 too`() throws {
        let record = try record(ProvenancePredicate.tektonV02, type: "https://slsa.dev/provenance/v0.2")
        #expect(record.revision?.commit == ProvenancePredicate.commit)
        #expect(record.revision?.evidence == .resolved)
        #expect(record.source == "git+https://git.example.com/team/app.git")
        #expect(record.images.map(\.repository) == ["gcr.io/test1/test1"])
        #expect(record.finishedOn?.description == "2021-03-29T09:50:15Z")
    }

    @Test func `takes the word of the parameters when no dependency is the source`() throws {
        let predicate = """
            {"buildDefinition":{"buildType":"https://tekton.dev/chains/v2/slsa-tekton","externalParameters":{"runSpec":{
              "params":[{"name":"CHAINS-GIT_COMMIT","value":"\(ProvenancePredicate.commit)"},
                        {"name":"CHAINS-GIT_URL","value":"https://git.example.com/a"}]}}}}
            """
        let record = try record(predicate)
        #expect(record.revision?.evidence == .stated)
        #expect(record.source == "https://git.example.com/a")
    }
}

@Suite struct `Provenance of any builder` {
    @Test func `is the vector of the field notes`() throws {
        let envelope = try Envelope(parsing: bytes(Vector.envelope))
        let record = try #require(BuildRecord(provenance: try envelope.statement(), now: now))
        #expect(record.builder == "https://ci.example.com/runners/hosted@v1")
        #expect(record.revision?.description == "gitCommit:7fd1a60b01f91b314f59955a4e4d4e80d8edf11d")
        #expect(record.source == "git+https://git.example.com/team/app@refs/heads/main")
        #expect(record.labels == ["org.opencontainers.image.version": "1.4.2"])
        #expect(record.startedOn?.description == "2026-01-01T00:00:00Z")
        #expect(record.images.first?.tag == "3.22")
        #expect(record.remarks.isEmpty)
    }

    @Test(arguments: [
        "https://spdx.dev/Document", "https://sigstore.dev/cosign/sign/v1", "https://slsa.dev/provenanceX",
    ])
    func `is not read out of another kind of statement`(_ type: String) throws {
        #expect(
            BuildRecord(provenance: try statement(statementText(ProvenancePredicate.gitHub, type: type)), now: now)
                == nil)
    }

    @Test(arguments: [
        ("gitCommit", hex("a", 40), true), ("gitCommit", hex("a", 64), true), ("sha1", hex("a", 40), true),
        ("sha256", hex("a", 64), true), ("gitTree", hex("a", 40), false), ("sha512", hex("a", 128), false),
    ])
    func `names its commit by any of three algorithms`(_ algorithm: String, _ hash: String, _ isCommit: Bool) throws {
        let dependency = #"{"uri":"git+https://x.example/a","digest":{"\#(algorithm)":"\#(hash)"}}"#
        let record = try record(#"{"buildDefinition":{"resolvedDependencies":[\#(dependency)]}}"#)
        #expect(record.revision?.commit == (isCommit ? hash : nil))
    }

    @Test func `does not take the hash of a file for a commit`() throws {
        let dependency = #"{"uri":"https://x.example/a.tar.gz","digest":{"sha1":"\#(hex("a", 40))"}}"#
        let record = try record(#"{"buildDefinition":{"resolvedDependencies":[\#(dependency)]}}"#)
        #expect(record.revision == nil)
        #expect(record.dependencies.count == 1)
    }

    @Test func `says so when it cannot tell which repository was built`() throws {
        let dependencies = ["a", "b"].map {
            #"{"uri":"git+https://x.example/\#($0)","digest":{"gitCommit":"\#(hex(Character($0), 40))"}}"#
        }.joined(separator: ",")
        let record = try record(#"{"buildDefinition":{"resolvedDependencies":[\#(dependencies)]}}"#)
        #expect(record.revision == nil)
        #expect(record.remarks == [.ambiguousRevision])
    }

    @Test(arguments: ["https://x.example/b", "git+https://x.example/b.git", "https://x.example/b.git/", "b"])
    func `finds the repository that the client named, however it is spelled`(_ repository: String) throws {
        let dependencies = ["a", "b", "bb"].map {
            #"{"uri":"git+https://x.example/\#($0)@main","digest":{"sha1":"\#(hex($0.first ?? "0", 39))\#($0.count)"}}"#
        }.joined(separator: ",")
        let external = #""externalParameters":{"repository":"\#(repository)"}"#
        let record = try record(#"{"buildDefinition":{\#(external),"resolvedDependencies":[\#(dependencies)]}}"#)
        #expect(record.revision?.commit == hex("b", 39) + "1")
    }

    @Test func `does not take another repository for the one that the client named`() throws {
        let dependency = #"{"uri":"git+https://x.example/a","digest":{"gitCommit":"\#(hex("a", 40))"}}"#
        let external = #""externalParameters":{"repository":"https://x.example/b"}"#
        let record = try record(#"{"buildDefinition":{\#(external),"resolvedDependencies":[\#(dependency)]}}"#)
        #expect(record.revision == nil)
        #expect(record.source == "https://x.example/b")
    }

    @Test(arguments: [
        ("9999-01-01T00:00:00Z", BuildRecord.Remark.absurdTimestamp(member: "startedOn")),
        ("0001-01-01T00:00:00Z", .absurdTimestamp(member: "startedOn")),
        ("2026-01-01T12:10:01Z", .absurdTimestamp(member: "startedOn")),
        ("last week", .malformedTimestamp(member: "startedOn")),
        ("2026-01-01T00:00:00.0000000001Z", .malformedTimestamp(member: "startedOn")),
    ])
    func `leaves out an absurd time and says so`(_ time: String, _ remark: BuildRecord.Remark) throws {
        let record = try record(#"{"runDetails":{"metadata":{"startedOn":"\#(time)"}}}"#)
        #expect(record.startedOn == nil)
        #expect(record.remarks == [remark])
    }

    @Test func `keeps times in the wrong order and says so`() throws {
        let times = #""startedOn":"2026-01-01T00:00:01Z","finishedOn":"2026-01-01T00:00:00Z""#
        let record = try record(#"{"runDetails":{"metadata":{\#(times)}}}"#)
        #expect(record.remarks == [.finishedBeforeStarted])
        #expect(record.json["remarks"] == ["the build was complete before it began"])
    }

    @Test func `leaves out 65 KiB of labels and says so`() throws {
        let value = String(repeating: "x", count: 65 * 1024)
        let arguments = #"{"label:small":"1","label:large":"\#(value)"}"#
        let request = #"{"externalParameters":{"request":{"args":\#(arguments)}}}"#
        let record = try record(#"{"buildDefinition":\#(request)}"#)
        #expect(record.labels.isEmpty)
        #expect(record.remarks == [.labelsLeftOut])
    }

    @Test func `prefers what was written for the image to what was asked of the build`() throws {
        let subject = """
            [{"digest":{"sha256":"\(hex("a"))"},"annotations":{"a":"subject","n":1}},
             {"digest":{"sha256":"\(hex("b"))"},"annotations":{"a":"second","b":"second"}}]
            """
        let predicate =
            #"{"invocation":{"parameters":{"args":{"label:a":"x","label:c":"y","label:":"z","label:d":1}}}}"#
        let statement = try statement(
            statementText(predicate, type: "https://slsa.dev/provenance/v0.2", subject: subject))
        #expect(BuildRecord(provenance: statement, now: now)?.labels == ["a": "subject", "b": "second", "c": "y"])
    }

    @Test func `leaves out dependencies beyond the limit and says so`() throws {
        let one = #"{"uri":"pkg:deb/debian/x@1"}"#
        let many = Array(repeating: one, count: BuildRecord.Limits.dependencies + 1).joined(separator: ",")
        let record = try record(#"{"buildDefinition":{"resolvedDependencies":[\#(many)]}}"#)
        #expect(record.dependencies.count == BuildRecord.Limits.dependencies)
        #expect(record.remarks == [.dependenciesLeftOut])
    }

    @Test func `skips a text that is longer than anybody needs`() throws {
        let long = hex("x", BuildRecord.Limits.text + 1)
        #expect(try record(#"{"runDetails":{"builder":{"id":"\#(long)"}}}"#).builder == nil)
    }
}

@Suite struct `Provenance with anything in it` {
    private static let predicates = [
        ProvenancePredicate.buildKitRemote, ProvenancePredicate.buildKitLocal, ProvenancePredicate.buildKitV02,
        ProvenancePredicate.buildKitV02Local,
        ProvenancePredicate.gitHub, ProvenancePredicate.gitHubV02, ProvenancePredicate.tekton,
        ProvenancePredicate.tektonV02,
    ]

    /// Each member of each predicate in turn becomes something else: what remains is still read.
    @Test(arguments: predicates, ["null", "\"\"", "1", "true", "[]", "{}", "[null,[],{}]"])
    func `is read as far as it makes sense`(_ predicate: String, _ replacement: String) throws {
        let original = try json(predicate)
        for changed in try original.withEachMemberReplaced(by: json(replacement)) {
            let record = try record(text(changed))
            #expect(record.subjects.count == 1)
        }
    }

    @Test(arguments: predicates)
    func `takes null, empty and absent for the same`(_ predicate: String) throws {
        let original = try json(predicate)
        let withNull = original.withEachMemberReplaced(by: .null)
        let withNothing = original.withEachMemberReplaced(by: nil)
        for (null, nothing) in zip(withNull, withNothing) {
            #expect(try record(text(null)) == record(text(nothing)))
        }
    }
}

private func record(_ predicate: String, type: String = "https://slsa.dev/provenance/v1") throws -> BuildRecord {
    let statement = try statement(statementText(predicate, type: type))
    return try #require(BuildRecord(provenance: statement, now: now))
}

extension JSONValue {
    /// The document once for each member of each object in it, with that member replaced or removed.
    fileprivate func withEachMemberReplaced(by replacement: JSONValue?) -> [JSONValue] {
        switch self {
        case .object(let object):
            object.members.flatMap { member in
                [object.setting(member.key, replacement)]
                    + member.value.withEachMemberReplaced(by: replacement).map { object.setting(member.key, $0) }
            }
        case .array(let elements):
            elements.indices.flatMap { index in
                elements[index].withEachMemberReplaced(by: replacement).map { changed in
                    var copy = elements
                    copy[index] = changed
                    return .array(copy)
                }
            }
        case .null, .bool, .number, .string: []
        }
    }
}

extension JSONObject {
    fileprivate func setting(_ key: String, _ value: JSONValue?) -> JSONValue {
        var copy = self
        copy[key] = value
        return .object(copy)
    }
}
