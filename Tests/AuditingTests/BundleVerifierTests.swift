import Attestation
import Auditing
import OCI
import RegistryTesting
import Testing
import TransparencyLog

@Suite struct `Checking a proof bundle` {
    private let all: Set<AuditReport.Check.Name> = [
        .format, .checkpoint, .quorum, .inclusion, .entry, .envelope, .statement, .digest, .payload, .builder,
    ]

    private func failures(_ file: [UInt8]) throws -> Set<AuditReport.Check.Name> {
        let report = try strictVerifier().verify(file)
        #expect(report.isGood == report.failures.isEmpty)
        return Set(report.failures)
    }

    @Test func `finds one of other implementations in order`() throws {
        let report = try strictVerifier().verify(bytes(AuditVectors.bundle))
        #expect(report.isGood && report.names(.ok) == all, "\(report.lines)")
        let entry = try #require(report.entries.first)
        #expect(entry.kind == "build" && entry.repository == "team/app" && entry.time == "2026-01-01T00:02:15Z")
        #expect(entry.subject.map { "\($0)" } == AuditVectors.image)
        #expect(entry.builder == "https://ci.example.com/runners/hosted@v1")
        #expect(entry.revision == "gitCommit:7fd1a60b01f91b314f59955a4e4d4e80d8edf11d")
        #expect(report.lines.contains("ok      quorum: signed by witness.example.org/w1 at 2026-01-01T00:00:00Z"))
        #expect(report.lines.contains("        repository  team/app"))
        #expect(report.lines.last?.contains("freshness") == true && report.lines.last?.contains("witnesses") == false)
    }

    @Test func `names what is wrong when one bit of a part is changed`() throws {
        let document = AuditVectors.bundle
        #expect(try failures(flipped(document, ["entry_bytes"], at: 20)).contains(.inclusion))
        #expect(try failures(flippedStandard(document, ["inclusion_proof", "0"])) == [.inclusion])
        #expect(try failures(changed(document, ["index"]) { _ in 597 }) == [.inclusion])
        // The tree size in the text, a bit in the log's signature, and one in the witness's.
        #expect(try failures(flipped(document, ["checkpoint_note"], at: 23)).isSuperset(of: [.checkpoint, .quorum]))
        #expect(try failures(flipped(document, ["checkpoint_note"], at: 120)).contains(.checkpoint))
        #expect(try failures(flipped(document, ["checkpoint_note"], at: -20)) == [.quorum])
        #expect(
            try failures(flippedStandard(document, ["envelope", "payload"], at: 400))
                == [.envelope, .payload, .builder])
        #expect(
            try failures(flippedStandard(document, ["envelope", "signatures", "0", "sig"], at: -1))
                == [.envelope, .builder])
        #expect(try failures(flipped(document, ["body_or_ct"], at: 400)) == [.statement, .payload])
    }

    @Test func `finds no bit that does not matter`() throws {
        let verifier = try strictVerifier()
        let document = bytes(AuditVectors.bundle)
        for index in stride(from: 0, to: document.count, by: 17) {
            var changed = document
            changed[index] ^= 1
            #expect(!verifier.verify(changed).isGood, "byte \(index)")
        }
    }

    @Test func `wants the keys and the digest that were asked for`() throws {
        let file = bytes(AuditVectors.bundle)
        let image = try Digest(parsing: AuditVectors.image)
        let stranger = try SmallLog().key.verifier
        let other = try BundleVerifier(policy: Policy(logs: [stranger]), digest: image).verify(file)
        #expect(other.failures == [.checkpoint])
        let digest = try BundleVerifier(
            policy: policy(), digest: Digest(parsing: "sha256:" + String(repeating: "a", count: 64)))
        #expect(digest.verify(file).failures == [.digest])
        let pem = """
            -----BEGIN PUBLIC KEY-----
            MCowBQYDK2VwAyEAbv/wrV1O5pwO3gQ0KZrzamVKxZPQUPzIf6BKxSeh9Cc=
            -----END PUBLIC KEY-----
            """
        let builder = try BundleVerifier(policy: policy(), builderKeys: [BuilderKey(pem: pem)])
        #expect(builder.verify(file).failures == [.builder])
    }

    @Test func `says what it could not check, and that nobody watched`() throws {
        let policy = try Policy(logs: [VerifierKey(parsing: AuditVectors.logKey)])
        let report = BundleVerifier(policy: policy).verify(bytes(AuditVectors.bundle))
        #expect(report.isGood && report.names(.skipped) == [.builder])
        #expect(!report.checks.map(\.name).contains(.quorum) && report.limits.contains("without witnesses"))
        let bare = try changed(AuditVectors.bundle, ["envelope"]) { _ in nil }
        #expect(try strictVerifier().verify(bare).failures == [.builder])
        #expect(BundleVerifier(policy: policy).verify(bare).names(.skipped) == [.envelope])
        let empty = try changed(String(decoding: bare, as: UTF8.self), ["body_or_ct"]) { _ in nil }
        #expect(BundleVerifier(policy: policy).verify(empty).names(.skipped) == [.envelope, .statement])
        #expect(try strictVerifier().verify(empty).names(.ok).contains(.digest), "the entry itself names the image")
    }

    @Test func `needs the quorum`() throws {
        let alone = AuditVectors.bundle.replacing(#""checkpoint_note":""#, with: #""checkpoint_note":"!"#)
        #expect(try failures(bytes(alone)) == [.format])
        let note = try flipped(AuditVectors.bundle, ["checkpoint_note"], at: -100)
        #expect(try strictVerifier().verify(note).failures == [.quorum])
        let none = try BundleVerifier(policy: policy(quorum: 0)).verify(bytes(AuditVectors.bundle))
        #expect(none.isGood && none.limits.contains("without witnesses"))
    }

    @Test func `is written for programs as well`() throws {
        let report = try strictVerifier().verify(bytes(AuditVectors.bundle))
        #expect(report.json["good"] == true && report.json["checks"]?.array?.count == all.count)
        #expect(report.json["checks"]?.array?.first?["name"] == "format")
        #expect(report.json["entries"]?.array?.first?["subject"] == .string(AuditVectors.image))
        let bad = try strictVerifier().verify([])
        #expect(bad.json["good"] == false && bad.json["checks"]?.array?.first?["result"] == "failed")
    }

    @Test(arguments: [
        "", "{}", "[]", "null", "c2sp.org/tlog-proof@v1\n", #"{"mediaType":"x"}"#, #"{"entry_bytes":""}"#,
    ])
    func `calls what is no evidence by that name`(_ file: String) throws {
        #expect(try failures(bytes(file)) == [.format])
    }
}

@Suite struct `Checking a proof in a file` {
    @Test func `finds one in order that has its entry`() throws {
        let verifier = try BundleVerifier(policy: policy(), digest: Digest(parsing: AuditVectors.image))
        let report = verifier.verify(bytes(AuditVectors.tlogProof))
        #expect(report.isGood, "\(report.lines)")
        #expect(report.names(.skipped) == [.envelope, .statement] && report.entries.first?.kind == "build")
    }

    @Test func `finds no bit that does not matter`() throws {
        let verifier = try BundleVerifier(policy: policy())
        let proof = bytes(AuditVectors.tlogProof)
        for index in stride(from: 0, to: proof.count, by: 7) {
            var changed = proof
            changed[index] ^= 1
            #expect(!verifier.verify(changed).isGood, "byte \(index)")
        }
    }

    @Test func `needs the entry`() throws {
        let lines = AuditVectors.tlogProof.split(separator: "\n", omittingEmptySubsequences: false)
        let bare = lines.filter { !$0.hasPrefix("extra ") }.joined(separator: "\n")
        #expect(try BundleVerifier(policy: policy()).verify(bytes(bare)).failures == [.inclusion])
    }

    @Test func `has nothing that a builder signed`() throws {
        #expect(try strictVerifier().verify(bytes(AuditVectors.tlogProof)).failures == [.builder])
    }
}

@Suite struct `Checking a Sigstore bundle` {
    private let entry = ["verificationMaterial", "tlogEntries", "0"]

    private func failures(_ file: [UInt8]) throws -> Set<AuditReport.Check.Name> {
        Set(try strictVerifier().verify(file).failures)
    }

    @Test func `finds one of other implementations in order`() throws {
        let report = try strictVerifier().verify(bytes(AuditVectors.sigstoreBundle))
        #expect(report.isGood, "\(report.lines)")
        #expect(
            report.names(.ok)
                == [.format, .checkpoint, .quorum, .inclusion, .entry, .envelope, .digest, .builder])
        #expect(report.entries.map(\.kind) == ["hashedrekord"])
    }

    @Test func `names what is wrong when one bit of a part is changed`() throws {
        let document = AuditVectors.sigstoreBundle
        #expect(try failures(flippedStandard(document, entry + ["canonicalizedBody"], at: 90)).contains(.inclusion))
        #expect(try failures(flippedStandard(document, entry + ["logId", "keyId"])) == [.checkpoint])
        #expect(
            try failures(changed(document, entry + ["kindVersion", "version"]) { _ in "0.0.1" }) == [.entry])
        #expect(
            try failures(flippedStandard(document, entry + ["inclusionProof", "hashes", "1"])) == [.inclusion])
        #expect(
            try failures(changed(document, entry + ["inclusionProof", "logIndex"]) { _ in "598" }) == [.inclusion])
        #expect(try failures(flippedStandard(document, entry + ["inclusionProof", "rootHash"])) == [.format])
        #expect(
            try failures(flippedStandard(document, ["dsseEnvelope", "payload"], at: 400)) == [.envelope, .builder])
        #expect(
            try failures(flippedStandard(document, ["dsseEnvelope", "signatures", "0", "sig"], at: -1))
                == [.envelope, .builder])
        #expect(
            try failures(
                changed(document, entry + ["inclusionProof", "checkpoint", "envelope"]) { note in
                    .string(note.string?.replacing("88CA", with: "88CB") ?? "")
                }) == [.quorum])
        #expect(try failures(changed(document, ["verificationMaterial", "tlogEntries"]) { _ in [] }) == [.format])
    }
}

@Suite struct `Checking what an entry commits to` {
    private func entry(_ members: String = "") -> String {
        #"{"kind":"build"\#(members),"time":"2026-01-01T00:00:00Z","v":"waybill.ledger/v1"}"#
    }

    private let record = #"{"subjects":["sha256:\#(String(repeating: "b", count: 64))"]}"#

    @Test func `takes a plain record for the statement`() throws {
        let log = try SmallLog()
        let hash = Digest(sha256Of: bytes(record)).hex
        let good = try log.report(
            entry(#","recordSha256":"\#(hash)""#), body: bytes(record),
            digest: "sha256:" + String(repeating: "b", count: 64))
        #expect(good.isGood && good.names(.ok).isSuperset(of: [.statement, .digest]), "\(good.lines)")
        let bad = try log.report(
            entry(#","recordSha256":"\#(hash)""#), body: bytes(record + " "),
            digest: "sha256:" + String(repeating: "c", count: 64))
        #expect(bad.failures == [.statement, .digest])
    }

    @Test func `refuses what the entry does not commit to`() throws {
        let log = try SmallLog()
        #expect(try log.report(entry()).isGood)
        #expect(try log.report(entry(), body: bytes(record)).failures == [.statement])
        let envelope = try JSONValue(parsing: bytes(AuditVectors.bundle))["envelope"]
        #expect(try log.report(entry(), envelope: envelope).failures == [.envelope])
        #expect(try log.report(entry(), envelope: ["payload": 1]).failures == [.format])
    }

    @Test func `counts members of an envelope that DSSE does not know`() throws {
        let known = try #require(try JSONValue(parsing: bytes(AuditVectors.bundle))["envelope"]?.object)
        var extended = known
        extended["x"] = [1, 2]
        let hash = try EnvelopeDocument(.object(extended)).sha256.hex
        let log = try SmallLog()
        #expect(try log.report(entry(#","envelopeSha256":"\#(hash)""#), envelope: .object(extended)).isGood)
        #expect(
            try log.report(entry(#","envelopeSha256":"\#(hash)""#), envelope: .object(known)).failures == [.envelope])
    }

    @Test(arguments: [
        "not JSON", "[]", "{}", #"{"kind":"build","v":"waybill.ledger/v2"}"#, #"{"v":"waybill.ledger/v1"}"#,
        #"{"kind":"build","v":"waybill.ledger/v1","subjectDigest":"md5:00"}"#,
        #"{"kind":"build","v":"waybill.ledger/v1","envelopeSha256":"sha256:00"}"#,
        #"{"kind":"build","v":"waybill.ledger/v1","time":1}"#, #"{"kind":"hashedrekord","apiVersion":"0.0.2"}"#,
    ])
    func `does not understand other entries`(_ entry: String) throws {
        let report = try SmallLog().report(entry)
        #expect(report.failures == [.entry] && report.names(.ok).contains(.inclusion))
    }

    @Test func `shows nothing on a terminal that the log could have hidden in an entry`() throws {
        let report = try SmallLog().report(entry(#","builder":"a\u001b[2J\nok      builder: x""#))
        let text = report.lines.joined(separator: "\n")
        #expect(report.isGood && !text.contains("\u{1B}") && !text.contains("\nok      builder"))
    }
}

@Suite struct `A policy from keys` {
    private let log = AuditVectors.logKey
    private let witness = AuditVectors.witnessKey

    @Test func `wants all witnesses unless told otherwise`() throws {
        #expect(try policy().groups.first?.threshold == 1 && policy().quorum != nil)
        #expect(try policy(quorum: 0).quorum == nil)
    }

    @Test func `refuses keys of the wrong type, twice the same, and more than there are`() throws {
        let (log, witness) = (try VerifierKey(parsing: log), try VerifierKey(parsing: witness))
        #expect(throws: PolicyError.Reason.wrongKeyType(expected: .ed25519, found: .cosignature)) {
            try Policy(logs: [witness])
        }
        #expect(throws: PolicyError.Reason.wrongKeyType(expected: .cosignature, found: .ed25519)) {
            try Policy(logs: [log], witnesses: [log])
        }
        #expect(throws: PolicyError.Reason.duplicateKey) { try Policy(logs: [log], witnesses: [witness, witness]) }
        for quorum in [-1, 2] {
            #expect(throws: PolicyError.Reason.malformedThreshold) {
                try Policy(logs: [log], witnesses: [witness], quorum: quorum)
            }
        }
    }
}
