import Attestation
import OCI
import Testing

@Suite struct `A statement` {
    @Test(arguments: ["https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1"])
    func `is read in both versions`(_ version: String) throws {
        let statement = try statement(statementText(#"{"x":1}"#, version: version))
        #expect(statement.predicateType == "https://slsa.dev/provenance/v1")
        #expect(statement.predicate["x"] == 1)
        #expect(statement.subjects.map(\.name) == ["app"])
    }

    @Test func `is about what its digests name, whatever the names say`() throws {
        let subject = """
            [{"name":"sha256:\(hex("c"))","digest":{"sha256":"\(hex("a"))","md5":"x"}},
             {"digest":{"sha512":"\(hex("b", 128))","gitCommit":"\(hex("d", 40))"},"annotations":{"a":"b"}}]
            """
        let statement = try statement(statementText(subject: subject))
        #expect(try statement.isAbout(digest("sha256:\(hex("a"))")))
        #expect(try statement.isAbout(digest("sha512:\(hex("b", 128))")))
        #expect(try !statement.isAbout(digest("sha256:\(hex("c"))")))
        #expect(try !statement.isAbout(digest("sha512:\(hex("a", 128))")))
        #expect(statement.subjectDigests.map(\.description) == ["sha256:\(hex("a"))", "sha512:\(hex("b", 128))"])
        #expect(statement.subjects[1].digests.values["gitCommit"] == hex("d", 40))
        #expect(statement.subjects[1].annotations["a"] == "b")
    }

    @Test func `matches by any of the digests of a subject`() throws {
        let subject = #"[{"digest":{"sha256":"\#(hex("a"))","sha512":"\#(hex("b", 128))"}}]"#
        let statement = try statement(statementText(subject: subject))
        #expect(try statement.isAbout(digest("sha512:\(hex("b", 128))")))
    }

    @Test(arguments: ["", #","predicate":null"#, #","predicate":{}"#])
    func `may say nothing beyond its type`(_ predicate: String) throws {
        let text = #"{"_type":"https://in-toto.io/Statement/v1","predicateType":"https://sigstore.dev/cosign/sign/v1","#
        let subject = #""subject":[{"digest":{"sha256":"\#(hex("a"))"}}]\#(predicate)}"#
        let statement = try statement(text + subject)
        #expect(statement.predicate == [:])
        #expect(statement.predicateFamily == .cosignSign)
    }

    @Test(arguments: [
        ("[]", "subject"), ("null", "subject"), ("[{}]", "subject[0].digest"),
        (#"[{"name":"x"}]"#, "subject[0].digest"),
        (#"[{"digest":{}}]"#, "subject[0].digest"), (#"[{"digest":null}]"#, "subject[0].digest"),
        (#"[{"digest":{"sha256":"\#(hex("a"))"}},{"digest":{}}]"#, "subject[1].digest"),
    ])
    func `is refused when a subject has no digest`(_ subject: String, _ path: String) {
        #expect(throws: AttestationError.missing(path: path)) { try statement(statementText(subject: subject)) }
    }

    @Test(arguments: [
        #"{"sha256":"\#(hex("A"))"}"#, #"{"sha256":"\#(hex("a", 63))"}"#, #"{"sha512":"\#(hex("a"))"}"#,
        #"{"sha256":"sha256:\#(hex("a"))"}"#, #"{"sha256":1}"#, #"{"sha256":null}"#, #"{"sha1":"\#(hex("a", 41))"}"#,
        #"{"gitCommit":"abc"}"#, #"{"x":""}"#, #"{"sha256":"\#(hex("a"))","md5":[]}"#,
        #"{"x":"\#(hex("a", 513))"}"#, "[]", #""sha256""#,
    ])
    func `is refused when a digest is malformed`(_ digest: String) throws {
        let error = try #require(throws: AttestationError.self) {
            try statement(statementText(subject: #"[{"digest":\#(digest)}]"#))
        }
        #expect(isPresentable("\(error)"))
    }

    @Test(arguments: [
        statementText(version: "https://in-toto.io/Statement/v2"), statementText(type: ""), statementText("[]"),
        statementText(#""text""#), statementText(#"{"a":1,"a":2}"#), "{}", "[]",
        #"{"_type":"https://in-toto.io/Statement/v1"}"#,
        statementText(subject: #"[{"digest":{"sha256":"\#(hex("a"))","sha256":"\#(hex("b"))"}}]"#),
        statementText(subject: #"{"digest":{"sha256":"\#(hex("a"))"}}"#), statementText(subject: "[1]"),
        statementText(subject: #"[{"name":1,"digest":{"sha256":"\#(hex("a"))"}}]"#),
        statementText(subject: #"[{"annotations":1,"digest":{"sha256":"\#(hex("a"))"}}]"#),
    ])
    func `is refused when it is not one`(_ text: String) throws {
        let error = try #require(throws: AttestationError.self) { try statement(text) }
        #expect(isPresentable("\(error)"))
    }

    @Test func `is refused when it is nested without end`() throws {
        let deep = String(repeating: #"{"a":"#, count: 10_000)
        let error = try #require(throws: AttestationError.self) { try statement(statementText(deep)) }
        #expect("\(error)".contains("nested more than 32 deep"))
    }

    @Test func `may have as many subjects as a large release, and no more`() throws {
        let one = #"{"digest":{"sha256":"\#(hex("a"))"}}"#
        let most = Array(repeating: one, count: Statement.mostSubjects).joined(separator: ",")
        let large = try statement(statementText(subject: "[\(most)]"))
        #expect(large.subjects.count == 4096)
        #expect(large.subjectDigests.count == 1)
        #expect(throws: AttestationError.self) { try statement(statementText(subject: "[\(most),\(one)]")) }
    }
}

@Suite struct `The family of a predicate` {
    @Test(arguments: [
        ("https://slsa.dev/provenance/v1", PredicateFamily.slsaProvenance),
        ("https://slsa.dev/provenance/v0.2", .slsaProvenance), ("https://spdx.dev/Document", .sbom),
        ("https://spdx.dev/Document/v2.3", .sbom), ("https://cyclonedx.org/bom", .sbom),
        ("https://cyclonedx.org/bom/v1.4", .sbom), ("https://syft.dev/bom", .sbom),
        ("https://in-toto.io/attestation/vulns/v0.2", .vulnerability),
        ("https://cosign.sigstore.dev/attestation/vuln/v1", .vulnerability),
        ("https://slsa.dev/verification_summary/v1", .vsa), ("https://sigstore.dev/cosign/sign/v1", .cosignSign),
        ("https://in-toto.io/attestation/test-result/v0.1", .other), ("", .other),
    ])
    func `is told by the beginning of its type`(_ type: String, _ family: PredicateFamily) {
        #expect(PredicateFamily(predicateType: type) == family)
    }

    @Test(arguments: [
        "https://slsa.dev/provenanceX/v1", "https://sigstore.dev/cosign/signature/v1", "HTTPS://slsa.dev/provenance/v1",
        "https://spdx.dev/Documents", " https://slsa.dev/provenance/v1", "https://slsa.dev/provenance\u{301}/v1",
        "https://evil.example/https://slsa.dev/provenance/v1", "https://sigstore.dev/cosign/sign\u{0}/v1",
    ])
    func `is not told by what merely looks like it`(_ type: String) {
        #expect(PredicateFamily(predicateType: type) == .other)
    }
}
