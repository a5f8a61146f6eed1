import OCI
import RegistryCore
import RegistryTesting
import Testing

@Suite(.live(trust: .ofTests)) struct `Posting evidence` {
    let server = Live.server
    var auditor: Auditor { Auditor(server: server) }
    let image = Fixture.image()
    var provenance: String { Evidence.provenance(of: [image.digest]) }

    /// Posts what must be new, and gives its record.
    private func take(_ evidence: [UInt8], as type: String, _ fields: [(String, String)] = []) throws -> JSONValue {
        let size = try auditor.size()
        let answer = try server.post(evidence, as: type, fields)
        #expect(answer.status == 201, "\(answer.text)")
        #expect(answer["Idempotency-Replayed"] == nil)
        let document = try #require(answer.json)
        let record = try #require(document["record"])
        let id = try #require(record["id"]?.int64)
        #expect(answer["Location"] == "/provenance/records/\(id)")
        #expect(try server.get("/provenance/records/\(id)").json == record)
        #expect(try auditor.size() == size + 1)
        #expect(document["log"]?["origin"] == "registry.example.com")
        #expect(document["log"]?["index"]?.int64 == id && id == size)
        #expect(document["log"]?["treeSize"]?.int64 == size + 1)
        let hash = try Digest(parsing: "sha256:\(document["log"]?["leafHash"]?.string ?? "")").hash
        #expect(hash == Auditor.hash(ofLeaf: try auditor.entries(size + 1)[Int(id)]))
        return record
    }

    /// Posts what is there already.
    private func expectReplay(
        _ evidence: [UInt8], as type: String, _ fields: [(String, String)] = [], of id: Int64
    ) throws {
        let size = try auditor.size()
        let answer = try server.post(evidence, as: type, fields)
        #expect(answer.status == 200, "\(answer.text)")
        #expect(answer["Idempotency-Replayed"] == "true")
        #expect(answer["Location"] == "/provenance/records/\(id)")
        #expect(answer.json?["record"]?["id"]?.int64 == id)
        #expect(try auditor.size() == size)
    }

    @Test(arguments: [Evidence.envelopeType, "\(Evidence.envelopeType); charset=utf-8"])
    func `takes an envelope by a trusted key`(_ type: String) throws {
        let envelope = try Signer.builder.envelope(provenance)
        let record = try take(envelope, as: type)
        #expect(record["kind"] == "build")
        #expect(record["digest"]?.string == "\(image.digest)")
        #expect(record["predicateType"] == "https://slsa.dev/provenance/v1")
        #expect(
            record["verification"] == [
                "signature": "valid", "keyids": [.string(Signer.builder.keyid)], "trusted": true,
                "builderAllowed": true,
            ])
        #expect(record["evidence"]?["digest"]?.string == "\(envelope.digest)")
        #expect(record["actor"]?["clientAddress"] == "127.0.0.1")
        let leaf = try auditor.leaf(0)
        #expect(leaf["builder"]?.string == Evidence.builder)
        #expect(leaf["revision"]?.string?.contains(ProvenancePredicate.commit) == true)
        #expect(leaf["subjectDigest"]?.string == "\(image.digest)")
    }

    @Test func `takes a bundle, a statement and a plain record`() throws {
        let bundle = Evidence.bundle(try Signer.builder.envelope(provenance), hint: Signer.builder.keyid)
        let signed = try take(bundle, as: Evidence.bundleType)
        #expect(signed["kind"] == "build" && signed["verification"]?["signature"] == "valid")
        let statement = try take([UInt8](provenance), as: Evidence.statementType)
        #expect(statement["kind"] == "build")
        let plain = try take(
            Evidence.plain([image.digest], #","builder":"\#(Evidence.builder)""#), as: Evidence.plainType)
        #expect(plain["kind"] == "build")
        for record in [statement, plain] {
            #expect(record["verification"] == ["signature": "unsigned", "trusted": false, "builderAllowed": false])
            #expect(record["fields"]?["builder"]?["id"]?.string == Evidence.builder)
            #expect(record["fields"]?["builder"]?["claimed"] == true)
        }
        #expect(signed["fields"]?["builder"]?["claimed"] == false)
    }

    @Test func `believes a key only about the builders that it may speak for`() throws {
        let known = try take(Signer.builder.envelope(provenance), as: Evidence.envelopeType)
        let other = Evidence.provenance(of: [image.digest], by: "https://evil.example.com/")
        let foreign = try take(Signer.builder.envelope(other), as: Evidence.envelopeType)
        let unknown = try take(Signer.stranger.envelope(provenance), as: Evidence.envelopeType)
        let near = Evidence.provenance(of: [image.digest], by: "https://ci.example.com.evil.example/")
        let nearby = try take(Signer.builder.envelope(near), as: Evidence.envelopeType)
        let nobody = try take(
            Signer.builder.envelope(Evidence.provenance(of: [image.digest], by: "")), as: Evidence.envelopeType)
        let results = [known, foreign, unknown, nearby, nobody].map { record in
            let verification = record["verification"]
            return [verification?["signature"], verification?["trusted"], verification?["builderAllowed"]]
        }
        #expect(
            results == [
                ["valid", true, true], ["valid", true, false], ["untrusted", false, false], ["valid", true, false],
                ["valid", true, false],
            ])
    }

    @Test func `takes the signature of a stranger who names a trusted key in another way`() throws {
        // Only the whole name of a trusted key is a claim; anything else is a name that we do not know.
        for keyid in ["", "builder", String(Signer.builder.keyid.prefix(16))] {
            let signature = try Signer.stranger.dsse(provenance, keyid: keyid)
            let record = try take(
                Evidence.envelope(provenance, signatures: [signature]), as: Evidence.envelopeType)
            #expect(record["verification"]?["signature"] == "untrusted")
        }
        let unnamed = try Signer.builder.dsse(provenance, keyid: "")
        let record = try take(Evidence.envelope(provenance, signatures: [unnamed]), as: Evidence.envelopeType)
        #expect(record["verification"]?["signature"] == "valid")
    }

    @Test func `takes what two have signed`() throws {
        let signatures = [try Signer.stranger.dsse(provenance), try Signer.builder.dsse(provenance)]
        let record = try take(Evidence.envelope(provenance, signatures: signatures), as: Evidence.envelopeType)
        #expect(record["verification"]?["signature"] == "valid")
        #expect(record["verification"]?["keyids"] == [.string(Signer.builder.keyid)])
    }

    @Test(arguments: [
        ("https://cosign.sigstore.dev/attestation/vuln/v1", "attestation"),
        ("https://spdx.dev/Document", "attestation"),
        ("https://cyclonedx.org/bom", "attestation"), ("https://sigstore.dev/cosign/sign/v1", "signature"),
        ("https://slsa.dev/verification_summary/v1", "attestation"), ("https://example.com/anything", "attestation"),
        ("https://slsa.dev/provenance/v0.2", "build"),
    ])
    func `tells builds, signatures and other statements apart`(_ type: String, kind: String) throws {
        let statement = Evidence.statement(of: [image.digest], type: type)
        let record = try take(Signer.builder.envelope(statement), as: Evidence.envelopeType)
        #expect(record["kind"]?.string == kind)
        #expect(record["predicateType"]?.string == type)
    }

    // MARK: - Again

    @Test func `writes the same evidence down once, however it is written`() throws {
        let envelope = try Signer.builder.envelope(provenance)
        let id = try #require(try take(envelope, as: Evidence.envelopeType)["id"]?.int64)
        try expectReplay(envelope, as: Evidence.envelopeType, of: id)
        let spaced = [UInt8](String(decoding: envelope, as: UTF8.self).replacing("\",\"", with: "\" ,\n\t\""))
        #expect(spaced != envelope)
        try expectReplay(spaced, as: Evidence.envelopeType, of: id)
        let json = try JSONValue(parsing: envelope)
        var turned: JSONObject = [:]
        for member in json.object?.members.reversed() ?? [] { turned[member.key] = member.value }
        try expectReplay(JSONValue.object(turned).serialized(), as: Evidence.envelopeType, of: id)
        try expectReplay(Evidence.bundle(envelope), as: Evidence.bundleType, of: id)
        for (evidence, type) in [
            ([UInt8](provenance), Evidence.statementType), (Evidence.plain([image.digest]), Evidence.plainType),
        ] {
            let id = try #require(try take(evidence, as: type)["id"]?.int64)
            try expectReplay(evidence, as: type, of: id)
        }
        #expect(try server.ids() == [0, 1, 2])
    }

    @Test func `writes two signatures of one statement down twice`() throws {
        _ = try take(Signer.builder.envelope(provenance), as: Evidence.envelopeType)
        _ = try take(Signer.stranger.envelope(provenance), as: Evidence.envelopeType)
    }

    @Test func `answers a request with a known key as before`() throws {
        let key = [("Idempotency-Key", "ci.example.com/team/app/runs/8841/build")]
        let record = Evidence.plain([image.digest])
        let id = try #require(try take(record, as: Evidence.plainType, key)["id"]?.int64)
        try expectReplay(record, as: Evidence.plainType, key, of: id)
        try expectReplay(record, as: Evidence.plainType, [("Idempotency-Key", "another")], of: id)
        try expectReplay(record, as: Evidence.plainType, of: id)
    }

    @Test(arguments: [10, 300_000])
    func `refuses other evidence with a known key`(_ size: Int) throws {
        let key = [("Idempotency-Key", "run-1")]
        _ = try take(Evidence.plain([image.digest]), as: Evidence.plainType, key)
        let other = Evidence.statement(of: [image.digest], #"{"x":"\#(String(repeating: "x", count: size))"}"#)
        let answer = try server.post([UInt8](other), as: Evidence.statementType, key)
        #expect(answer.isProblem(409, saying: "record 0"))
        #expect(try auditor.size() == 1)
        let upload = [UInt8]("blob \(other.utf8.count)\0\(other)").digest
        #expect(try server.get("/download/\(upload.hex)").status == 404)
        // What was refused did no harm: without the key it is taken.
        _ = try take([UInt8](other), as: Evidence.statementType)
    }

    @Test(arguments: ["", " ", "two words", "tab\there", "ü", String(repeating: "k", count: 256)])
    func `refuses a malformed key`(_ key: String) throws {
        let answer = try server.post(
            Evidence.plain([image.digest]), as: Evidence.plainType, [("Idempotency-Key", key)])
        #expect((400..<500).contains(answer.status), "\(answer.status)")
        #expect(try auditor.size() == 0 && server.ids() == [])
    }

    @Test(arguments: ["k", String(repeating: "k", count: 255), "!~", "\"quoted\""])
    func `takes any other key`(_ key: String) throws {
        _ = try take(Evidence.plain([image.digest]), as: Evidence.plainType, [("Idempotency-Key", key)])
    }

    // MARK: - What it is about

    @Test func `may be about an image that is pushed later`() throws {
        #expect(try server.get("/provenance/\(image.digest)").status == 404)
        let id = try #require(try take(Signer.builder.envelope(provenance), as: Evidence.envelopeType)["id"]?.int64)
        let before = try server.trace(image.digest)
        #expect(before["records"]?.array?.map { $0["id"]?.int64 } == [id])
        #expect(before["repositories"] == [] && before["tags"] == [])
        try server.push(image, to: "team/app", as: "v1")
        let after = try server.trace(image.digest)
        #expect(after["records"]?.array?.map { $0["kind"]?.string } == ["build", "push"])
        #expect(after["records"]?.array?.first == before["records"]?.array?.first)
        #expect(after["repositories"]?.strings == ["team/app"])
        #expect(after["trace"]?["revision"]?.string == ProvenancePredicate.commit)
    }

    @Test(arguments: [1, 2, 500])
    func `is found by each of its subjects`(_ count: Int) throws {
        let subjects = (0..<count).map { [UInt8]("subject \($0)").digest }
        _ = try take([UInt8](Evidence.provenance(of: subjects)), as: Evidence.statementType)
        for subject in [subjects[0], subjects[count / 2], subjects[count - 1]] {
            #expect(try server.trace(subject)["records"]?.array?.count == 1)
        }
    }

    @Test func `is found by a subject of sha512, and by all digests of one subject`() throws {
        let long = Digest(.sha512, of: image.manifest)
        let subject =
            #"[{"digest":{"sha1":"\#(String(repeating: "a", count: 40))","sha512":"\#(long.hex)","#
            + #""sha256":"\#(image.digest.hex)","unknown":"x"}}]"#
        _ = try take([UInt8](Evidence.statement(subject: subject)), as: Evidence.statementType)
        _ = try take(Evidence.plain([long]), as: Evidence.plainType)
        #expect(try server.trace(long)["records"]?.array?.count == 2)
        #expect(try server.trace(image.digest)["records"]?.array?.count == 1)
    }

    @Test func `takes evidence that is larger than the database keeps`() throws {
        let large = Evidence.statement(of: [image.digest], #"{"x":"\#(String(repeating: "x", count: 400_000))"}"#)
        let record = try take([UInt8](large), as: Evidence.statementType)
        #expect(record["evidence"]?["size"]?.int64 == Int64(large.utf8.count))
        try expectReplay([UInt8](large), as: Evidence.statementType, of: 0)
    }

    @Test func `comes in chunks as well`() throws {
        let answer = try server.stream(
            "POST", "/provenance", [("Content-Type", Evidence.statementType)], body: [UInt8](provenance))
        #expect(answer.status == 201)
    }
}
