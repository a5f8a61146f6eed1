import Attestation
import OCI
import Testing

@Suite struct `An envelope` {
    @Test func `is encoded for signing as the specification shows`() throws {
        let envelope = try Envelope(parsing: bytes(Vector.specificationEnvelope))
        #expect(envelope.preAuthenticationEncoding == bytes(Vector.specificationEncoding))
        #expect(envelope.payload == bytes("hello world"))
        #expect(envelope.signatures.map(\.keyid) == [""])
    }

    @Test func `counts bytes and not characters in the encoding`() throws {
        let envelope = Envelope(payload: [0xFF, 0], payloadType: "é", signatures: [])
        #expect(envelope.preAuthenticationEncoding == bytes("DSSEv1 2 é 2 ") + [0xFF, 0])
    }

    @Test func `hands out the exact payload`() throws {
        let envelope = try Envelope(parsing: bytes(Vector.envelope))
        #expect(envelope.payload.count == 1030)
        #expect(sha256(envelope.payload) == Vector.statementHash)
        #expect(envelope.preAuthenticationEncoding.starts(with: bytes("DSSEv1 28 application/vnd.in-toto+json 1030 {")))
        #expect(try envelope.statement().isAbout(digest(Vector.image)))
    }

    @Test(arguments: [Array(UInt8.min ... .max), [], [0], [0xFB, 0xFF], [0xFB, 0xFF, 0xFE]])
    func `may be in either alphabet of base64`(_ payload: [UInt8]) throws {
        let standard = base64(payload)
        for text in [standard, urlSafe(standard), urlSafe(standard, padded: false)] {
            #expect(try Envelope(parsing: bytes(document(payload: text))).payload == payload)
        }
    }

    @Test(arguments: [
        "A", "AA=", "AA==AA==", "====", "=", "AAAAA", "A===", "AA-/", "+/+-", "+w", "-w=", "AAAA=", "AAAA====",
        "AA\n==", " AAAA", "AAAA ", "AB==", "AAB=", "AB", "A*AA", "ééé", "AA==\u{0}",
    ])
    func `refuses what two readers might decode differently`(_ text: String) {
        let document = JSONValue.object([
            "payload": .string(text), "payloadType": "x", "signatures": [],
        ]).serialized()
        #expect(throws: AttestationError.invalid(path: "payload", reason: "is not base64")) {
            try Envelope(parsing: document)
        }
    }

    @Test func `ignores members it does not know and a null keyid`() throws {
        let text = document(signatures: #"[{"keyid":null,"sig":"AAAA","cert":"x","extension":{"kind":1}}]"#)
        let envelope = try Envelope(parsing: bytes(text))
        #expect(envelope.signatures == [Envelope.Signature(bytes: [0, 0, 0])])
    }

    @Test func `may have no signature, which verifies as unsigned`() throws {
        let envelope = try Envelope(parsing: bytes(document(signatures: "[]")))
        #expect(SignatureVerifier(keys: []).verify(envelope) == .unsigned)
    }

    @Test(arguments: [
        (#"{"payloadType":"x","signatures":[]}"#, "payload"),
        (#"{"payload":"","signatures":[]}"#, "payloadType"),
        (#"{"payload":"","payloadType":"x"}"#, "signatures"),
        (#"{"payload":"","payloadType":"x","signatures":null}"#, "signatures"),
        (#"{"payload":"","payloadType":"x","signatures":[{"keyid":""}]}"#, "signatures[0].sig"),
    ])
    func `must have its members`(_ text: String, _ path: String) {
        #expect(throws: AttestationError.missing(path: path)) { try Envelope(parsing: bytes(text)) }
    }

    @Test(arguments: [
        "[]", "null", #"{"payload":1,"payloadType":"x","signatures":[]}"#,
        #"{"payload":"","payloadType":[],"signatures":[]}"#, #"{"payload":"","payloadType":"x","signatures":{}}"#,
        #"{"payload":"","payloadType":"x","signatures":[1]}"#,
        #"{"payload":"","payloadType":"x","signatures":[{"sig":"","keyid":1}]}"#,
        #"{"payload":"","payload":"AAAA","payloadType":"x","signatures":[]}"#,
        #"{"payload":"","\u0070ayload":"AAAA","payloadType":"x","signatures":[]}"#, "", "{",
    ])
    func `refuses other documents with a presentable message`(_ text: String) throws {
        let error = try #require(throws: AttestationError.self) { try Envelope(parsing: bytes(text)) }
        #expect(isPresentable("\(error)"))
    }

    @Test func `refuses more signatures than anybody needs`() throws {
        let one = #"{"sig":"AAAA"}"#
        let most = Array(repeating: one, count: Envelope.mostSignatures).joined(separator: ",")
        #expect(try Envelope(parsing: bytes(document(signatures: "[\(most)]"))).signatures.count == 16)
        #expect(throws: AttestationError.self) {
            try Envelope(parsing: bytes(document(signatures: "[\(most),\(one)]")))
        }
    }

    @Test(arguments: [
        ("application/vnd.in-toto+json", true), ("application/vnd.in-toto.provenance+json", true),
        ("application/vnd.in-toto+JSON", false), ("application/json", false), ("application/vnd.in-toto", false),
        ("application/vnd.in-toto.+dsse", false), ("", false),
    ])
    func `gives its statement only when the type says that it is one`(_ type: String, _ isStatement: Bool) throws {
        let envelope = Envelope(payload: bytes(statementText()), payloadType: type, signatures: [])
        #expect(envelope.hasStatement == isStatement)
        #expect((try? envelope.statement())?.predicateType == (isStatement ? "https://slsa.dev/provenance/v1" : nil))
    }

    private func document(payload: String = "", signatures: String = "[]") -> String {
        #"{"payload":"\#(payload)","payloadType":"x","signatures":\#(signatures),"unknown":1}"#
    }
}
