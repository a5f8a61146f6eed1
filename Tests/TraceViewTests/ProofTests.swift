import OCI
import RegistryCore
import Testing
import TraceView
import TransparencyLog

@Suite struct `Checking the proof of a record` {
    private let signer: SignerKey
    private let policy: Policy
    private let document = Array(#"{"labels":{"team":"blue"},"revision":"7fd1a60","tags":["v1"]}"#.utf8)

    init() throws {
        signer = try SignerKey(
            name: KeyName(parsing: "registry.example.com"), seed: [UInt8](repeating: 7, count: 32))
        policy = try Policy(parsing: Array("log \(signer.verifier)\nquorum none\n".utf8))
    }

    private let record: JSONValue = [
        "id": 1, "kind": "push", "time": "2026-01-31T12:00:00.250Z", "repository": "team/app",
        "digest": .string(Answers.image), "revision": "7fd1a60", "labels": ["team": "blue"], "log": ["index": 1],
    ]

    /// A log of two leaves, of which the second is about the record.
    private func bundle(_ adjust: (inout LeafDocument) -> Void = { _ in }) throws -> [UInt8] {
        let nonce = try #require(Nonce(bytes: [UInt8](repeating: 1, count: 16)))
        var leaf = LeafDocument(
            kind: .push, origin: "registry.example.com", time: "2026-01-31T12:00:00.25Z", nonce: nonce)
        leaf.repository = .name(try RepositoryName(parsing: "team/app"))
        leaf.subject = try Digest(parsing: Answers.image)
        leaf.revision = "7fd1a60"
        leaf.labels = Digest(.sha256, of: JSONValue.object(["team": "blue"]).canonical())
        leaf.additional = ["recordSha256": .string(Digest(.sha256, of: document).hex)]
        adjust(&leaf)
        let entry = try leaf.entry()
        let other = TreeHash.leaf(of: Array("another leaf".utf8))
        let checkpoint = try Checkpoint(
            origin: "registry.example.com", size: 2, root: .node(other, .leaf(of: entry)))
        return ProofBundle(
            entry: entry, inclusion: InclusionProof(index: 1, size: 2, hashes: [other]),
            checkpoint: try SignedCheckpoint(checkpoint, signedBy: [signer]), body: document
        ).json.serialized()
    }

    private func changed(_ member: String, _ value: JSONValue?) -> JSONValue {
        guard var object = record.object else { return record }
        object[member] = value
        return .object(object)
    }

    @Test func `finds that a trusted log has the record as it was shown`() throws {
        #expect(ProofCheck(of: record, bundle: try bundle(), policy: policy) == .holds(size: 2))
    }

    @Test func `fails when any byte of the bundle is another`() throws {
        let bundle = try bundle()
        for position in bundle.indices {
            var changed = bundle
            changed[position] ^= position.isMultiple(of: 2) ? 1 : 0x20
            #expect(
                !ProofCheck(of: record, bundle: changed, policy: policy).holds,
                "byte \(position): \(String(decoding: changed, as: UTF8.self))")
        }
    }

    @Test func `fails when the bundle is cut, empty or something else`() throws {
        let bundle = try bundle()
        for bytes in [[], Array("{}".utf8), bundle.dropLast(), bundle + bundle] {
            #expect(!ProofCheck(of: record, bundle: bytes, policy: policy).holds)
        }
    }

    @Test func `fails by the key of another log`() throws {
        for (name, seed) in [("registry.example.com", UInt8(8)), ("other.example.com", 7)] {
            let other = try SignerKey(name: KeyName(parsing: name), seed: [UInt8](repeating: seed, count: 32))
            let policy = try Policy(parsing: Array("log \(other.verifier)\nquorum none\n".utf8))
            #expect(!ProofCheck(of: record, bundle: try bundle(), policy: policy).holds)
        }
    }

    @Test(
        arguments: [
            ("kind", "delete"), ("digest", .string(Answers.arm)), ("repository", "team/other"), ("repository", nil),
            ("revision", "7fd1a61"), ("revision", nil), ("time", "2026-01-31T12:00:00.251Z"), ("time", nil),
            ("labels", ["team": "red"]), ("labels", [:]), ("log", ["index": 0]), ("log", nil), ("predicateType", "x"),
        ] as [(String, JSONValue?)])
    func `fails when the record was shown otherwise`(_ member: String, _ value: JSONValue?) throws {
        #expect(!ProofCheck(of: changed(member, value), bundle: try bundle(), policy: policy).holds)
    }

    @Test func `fails when the leaf commits to another content`() throws {
        let other = try bundle { $0.additional["recordSha256"] = .string(String(repeating: "0", count: 64)) }
        #expect(
            ProofCheck(of: record, bundle: other, policy: policy)
                == .fails(reason: "the leaf has another content than the record"))
    }

    @Test func `does not miss what was never shown`() throws {
        let bundle = try bundle { $0.labels = Digest(.sha256, of: [1]) }
        #expect(
            ProofCheck(of: changed("labelsOmitted", 3), bundle: bundle, policy: policy) == .holds(size: 2),
            "labels that were left out cannot be compared")
    }
}
