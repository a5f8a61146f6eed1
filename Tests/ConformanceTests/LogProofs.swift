import OCI
import RegistryCore
import RegistryTesting
import Testing
import TransparencyLog

extension Auditor {
    /// What `/log/consistency` answers, not verified yet.
    func consistency(from old: Int64, to new: Int64) throws -> ConsistencyProof {
        let answer = try server.get("/log/consistency?old=\(old)&new=\(new)")
        #expect(answer.status == 200)
        #expect(answer.json?["old"]?.int64 == old && answer.json?["new"]?.int64 == new)
        let hashes = try #require(answer.json?["proof"]?.strings?.compactMap { TreeHash(base64: Array($0.utf8)) })
        return ConsistencyProof(from: old, to: new, hashes: hashes)
    }
}

@Suite(.live(trust: .ofTests)) struct `Proofs of records` {
    static let bundleType = "application/vnd.waybill.bundle.v1+json"
    let server = Live.server
    var auditor: Auditor { Auditor(server: server) }
    let image = Fixture.image(labels: ["team": "a"])

    /// A push, an envelope, a statement, a bundle, and a plain record: records 0 to 4. Gives what `/checkpoint` said after each.
    @discardableResult
    private func fill() throws -> [SignedCheckpoint] {
        let provenance = Evidence.provenance(of: [image.digest])
        let envelope = try Signer.builder.envelope(Evidence.provenance(of: [image.digest], run: 2))
        var checkpoints: [SignedCheckpoint] = []
        try server.push(image, to: "library/app", as: "v1")
        checkpoints.append(try auditor.checkpoint())
        for (evidence, type) in [
            (try Signer.builder.envelope(provenance), Evidence.envelopeType),
            ([UInt8](provenance), Evidence.statementType), (Evidence.bundle(envelope), Evidence.bundleType),
            (Evidence.plain([image.digest]), Evidence.plainType),
        ] {
            #expect(try server.post(evidence, as: type).status == 201)
            checkpoints.append(try auditor.checkpoint())
        }
        return checkpoints
    }

    @Test(arguments: 0..<5)
    func `as text can be checked without the registry`(_ index: Int64) throws {
        try fill()
        let answer = try server.get("/provenance/records/\(index)/proof", [("Accept", "text/plain")])
        #expect(answer.status == 200)
        #expect(answer["Content-Type"] == "text/plain; charset=utf-8")
        let proof = try TlogProof(parsing: answer.body)
        let entry = try #require(proof.extra)
        #expect(entry == (try auditor.entries(5)[Int(index)]))
        #expect(proof.inclusion.index == index && proof.inclusion.size == 5)
        _ = try proof.verify(leaf: .leaf(of: entry), policy: Auditor.policy())
        #expect(throws: TlogProofError.self) {
            try proof.verify(leaf: .leaf(of: entry + [0]), policy: Auditor.policy())
        }
        #expect(try server.get("/provenance/records/\(index)/proof?format=text").body == answer.body)
    }

    @Test(arguments: 0..<5)
    func `as a bundle have six members that commit to each other`(_ index: Int64) throws {
        try fill()
        let answer = try server.get("/provenance/records/\(index)/proof")
        #expect(answer.status == 200)
        #expect(answer["Content-Type"] == Self.bundleType)
        let bundle = try #require(answer.json)
        #expect(
            bundle.object?.members.map(\.key).sorted() == [
                "body_or_ct", "checkpoint_note", "entry_bytes", "envelope", "inclusion_proof", "index",
            ])
        let entry = try #require(bundle["entry_bytes"]?.string.flatMap([UInt8].init(base64:)))
        let note = try #require(bundle["checkpoint_note"]?.string.flatMap([UInt8].init(base64:)))
        let hashes = try #require(
            bundle["inclusion_proof"]?.strings?.compactMap { TreeHash(base64: Array($0.utf8)) })
        let checkpoint = try SignedCheckpoint(parsing: note)
        try checkpoint.verify(by: VerifierKey(parsing: Auditor.key))
        try InclusionProof(index: index, size: checkpoint.checkpoint.size, hashes: hashes)
            .verify(leaf: .leaf(of: entry), root: checkpoint.checkpoint.root)
        #expect(bundle["index"]?.int64 == index)
        try expectCommitments(of: try JSONValue(parsing: entry), in: bundle, hasEnvelope: [1, 3].contains(index))
    }

    private func expectCommitments(of leaf: JSONValue, in bundle: JSONValue, hasEnvelope: Bool) throws {
        let body = try #require(bundle["body_or_ct"]?.string.flatMap([UInt8].init(base64:)))
        let committed = leaf["kind"] == "push" ? leaf["recordSha256"] : leaf["statementSha256"]
        #expect(committed?.string == body.digest.hex)
        #expect((bundle["envelope"] != .null) == hasEnvelope)
        guard hasEnvelope, let envelope = bundle["envelope"] else { return #expect(leaf["envelopeSha256"] == nil) }
        #expect(leaf["envelopeSha256"]?.string == envelope.canonical().digest.hex)
        #expect(envelope["payload"]?.string.flatMap([UInt8].init(base64:)) == body)
    }

    @Test func `of the past are under the checkpoint of the past`() throws {
        let checkpoints = try fill()
        for size in 1...5 as ClosedRange<Int64> {
            for index in 0..<size {
                let answer = try server.get("/provenance/records/\(index)/proof?size=\(size)&format=text")
                let proof = try TlogProof(parsing: answer.body)
                #expect(proof.checkpoint == checkpoints[Int(size) - 1])
                _ = try proof.verify(leaf: .leaf(of: proof.extra ?? []), policy: Auditor.policy())
            }
            for index in size..<5 {
                #expect(try server.get("/provenance/records/\(index)/proof?size=\(size)").isProblem(404))
            }
        }
    }

    @Test(arguments: [
        ("/proof?size=0", 404), ("/proof?size=6", 404), ("/proof?size=9223372036854775807", 404),
        ("/proof?size=9223372036854775808", 400), ("/proof?size=-1", 400), ("/proof?size=", 400),
        ("/proof?size=x", 400), ("/proof?size=1.5", 400),
    ])
    func `are not there for a tree that was never signed`(_ path: String, status: Int) throws {
        try fill()
        for format in ["text", "bundle"] {
            #expect(try server.get("/provenance/records/0\(path)&format=\(format)").isProblem(status))
        }
    }

    @Test(arguments: [
        ("5", 404), ("9223372036854775807", 404), ("9223372036854775808", 400), ("99999999999999999999", 400),
        ("-1", 400), ("+1", 400), ("x", 400), ("1x", 400), ("0x1", 400), ("1.0", 400), ("%31%32%33", 404),
        ("sha256:\(String(repeating: "a", count: 64))", 400),
    ])
    func `are not there for a record that is not`(_ index: String, status: Int) throws {
        try fill()
        for path in ["/provenance/records/\(index)/proof", "/provenance/records/\(index)"] {
            let answer = try server.get(path)
            #expect(answer.isProblem(status), "\(answer.status)")
            #expect(try server.head(path).status == status)
        }
    }

    @Test(arguments: [
        ("text/plain", "text/plain; charset=utf-8"), ("text/*", "text/plain; charset=utf-8"), ("*/*", bundleType),
        ("application/json", bundleType), ("application/*", bundleType), (bundleType, bundleType),
        ("text/html, text/plain;q=0.5", "text/plain; charset=utf-8"), ("image/png, */*;q=0.1", bundleType),
        ("TEXT/PLAIN", "text/plain; charset=utf-8"), ("text/plain;q=0, */*", bundleType),
        ("application/json;q=0, */*;q=0.5, \(bundleType)", bundleType),
    ])
    func `come in the form that is asked for`(_ accept: String, type: String) throws {
        try fill()
        let answer = try server.get("/provenance/records/0/proof", [("Accept", accept)])
        #expect(answer.status == 200 && answer["Content-Type"] == type)
    }

    @Test(arguments: [
        "text/html", "image/*", "application/xml", "text/plain;q=0", "*/*;q=0", "nonsense", "text/plain2",
    ])
    func `come in no other form`(_ accept: String) throws {
        try fill()
        let answer = try server.get("/provenance/records/0/proof", [("Accept", accept)])
        #expect(answer.isProblem(406, saying: "text/plain"), "\(answer.status)")
        #expect(try server.get("/provenance/records/0/proof?format=xml").isProblem(406))
    }
}

@Suite(.live) struct `The history of the log` {
    let server = Live.server
    var auditor: Auditor { Auditor(server: server) }

    /// Seven leaves, one at a time; gives what `/checkpoint` said after each.
    @discardableResult
    private func fill() throws -> [SignedCheckpoint] {
        try (0..<7).map { index in
            let record = Evidence.plain([[UInt8]("image \(index)").digest])
            #expect(try server.post(record, as: Evidence.plainType).status == 201)
            return try auditor.checkpoint()
        }
    }

    @Test func `keeps each checkpoint as it was published`() throws {
        for (index, checkpoint) in try fill().enumerated() {
            #expect(checkpoint.checkpoint.size == Int64(index) + 1)
            let answer = try server.get("/checkpoint?size=\(index + 1)")
            #expect(answer.status == 200)
            #expect(answer.body == checkpoint.bytes)
            #expect(answer["Cache-Control"] == "public, max-age=31536000, immutable")
            #expect(answer["Content-Type"] == "text/plain; charset=utf-8")
        }
    }

    @Test(arguments: [
        ("8", 404), ("9223372036854775807", 404), ("9223372036854775808", 400), ("-1", 400), ("", 400), ("x", 400),
        ("1%202", 400),
    ])
    func `has no checkpoint of another size`(_ size: String, status: Int) throws {
        try fill()
        #expect(try server.get("/checkpoint?size=\(size)").isProblem(status))
        #expect(try server.get("/api/v2/checkpoint?size=\(size)").isProblem(status))
    }

    @Test func `is consistent from each tree to each later one`() throws {
        let checkpoints = try fill().map(\.checkpoint)
        for new in 1...7 {
            for old in 1...new {
                let proof = try auditor.consistency(from: Int64(old), to: Int64(new))
                let (oldRoot, newRoot) = (checkpoints[old - 1].root, checkpoints[new - 1].root)
                try proof.verify(oldRoot: oldRoot, newRoot: newRoot)
                guard old < new else { continue }
                #expect(throws: ProofError.self) { try proof.verify(oldRoot: newRoot, newRoot: oldRoot) }
            }
            try auditor.consistency(from: 0, to: Int64(new))
                .verify(oldRoot: .emptyRoot, newRoot: checkpoints[new - 1].root)
        }
    }

    @Test(arguments: [
        ("old=5&new=4", 400), ("old=7&new=0", 400), ("old=8&new=7", 400), ("old=3&new=8", 404), ("old=8&new=9", 404),
        ("old=1&new=9223372036854775807", 404), ("old=1&new=9223372036854775808", 400), ("old=1", 400), ("new=1", 400),
        ("", 400), ("old=&new=", 400), ("old=-1&new=3", 400), ("old=1&new=x", 400), ("old=a&new=3", 400),
        ("OLD=1&NEW=3", 400), ("old=1.0&new=3", 400), ("old=%2B1&new=3", 400),
    ])
    func `is not asked about in another way`(_ query: String, status: Int) throws {
        try fill()
        let answer = try server.get("/log/consistency?\(query)")
        #expect(answer.isProblem(status), "\(answer.status) \(answer.text)")
    }

    @Test func `names the keys that sign it`() throws {
        try fill()
        let answer = try server.get("/log/keys")
        #expect(answer.status == 200 && answer["Content-Type"] == "application/json")
        #expect(answer.json?["origin"] == "registry.example.com")
        #expect(answer.json?["vkeys"] == [["vkey": .string(Auditor.key), "from": 0, "to": .null]])
        let policy = try #require(answer.json?["policy"]?.string)
        _ = try Policy(parsing: [UInt8](policy)).evaluate(auditor.checkpoint())
    }
}
