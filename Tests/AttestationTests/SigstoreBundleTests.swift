import Attestation
import OCI
import Testing

@Suite struct `A Sigstore bundle` {
    @Test func `gives its envelope, and keeps everything else as it came`() throws {
        let bundle = try SigstoreBundle(parsing: bytes(document()))
        #expect(bundle.material == .publicKey(hint: "abc="))
        #expect(bundle.tlogEntries == [try json(#"{"logIndex":"599"}"#)])
        #expect(bundle.timestamps == [[1, 2, 3]])
        #expect(try bundle.envelope.statement().isAbout(digest(Vector.image)))
    }

    @Test(arguments: [
        (#""certificate":{"rawBytes":"AQID"}"#, SigstoreBundle.Material.certificate([1, 2, 3])),
        (
            #""x509CertificateChain":{"certificates":[{"rawBytes":"AQID"},{"rawBytes":"BA=="}]}"#,
            .certificateChain([[1, 2, 3], [4]])
        ),
        (#""publicKey":{}"#, .publicKey(hint: "")),
        (#""publicKey":{"hint":null},"certificate":null"#, .publicKey(hint: "")),
    ])
    func `keeps certificates as bytes`(_ text: String, _ material: SigstoreBundle.Material) throws {
        let bundle = try SigstoreBundle(parsing: bytes(document(material: text)))
        #expect(bundle.material == material)
    }

    @Test(arguments: [
        "application/vnd.dev.sigstore.bundle.v0.3+json", "application/vnd.dev.sigstore.bundle.v0.3.1+json",
        "application/vnd.dev.sigstore.bundle+json;version=0.3",
    ])
    func `may spell its version in three ways`(_ type: String) throws {
        #expect(throws: Never.self) { try SigstoreBundle(parsing: bytes(document(type: type))) }
    }

    @Test(arguments: [
        "", "application/json", "application/vnd.dev.sigstore.bundle.v0.2+json",
        "application/vnd.dev.sigstore.bundle+json;version=0.1", "application/vnd.dev.sigstore.bundle.v0.4+json",
        "application/vnd.dev.sigstore.bundle.v0.3.+json", "application/vnd.dev.sigstore.bundle.v0.3.x+json",
        "application/vnd.dev.sigstore.bundle.v0.3.12345+json", "application/vnd.dev.sigstore.bundle.v0.3",
    ])
    func `of another version is refused`(_ type: String) {
        #expect(throws: AttestationError.self) { try SigstoreBundle(parsing: bytes(document(type: type))) }
    }

    @Test(arguments: ["[]", "[\(Vector.signature),\(Vector.signature)]"])
    func `must have exactly one signature`(_ signatures: String) throws {
        let error = try #require(throws: AttestationError.self) {
            try SigstoreBundle(parsing: bytes(document(signatures: signatures)))
        }
        #expect("\(error)".contains("dsseEnvelope.signatures must be exactly one"))
    }

    @Test func `is refused when its two hints at the key disagree`() throws {
        let signature = #"{"keyid":"abd=","sig":"AAAA"}"#
        #expect(throws: AttestationError.self) {
            try SigstoreBundle(parsing: bytes(document(signatures: "[\(signature)]")))
        }
    }

    @Test(arguments: [
        #"{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json"}"#, "[]", "",
        document(material: ""), document(material: #""publicKey":{},"certificate":{"rawBytes":""}"#),
        document(material: #""certificate":{}"#), document(material: #""certificate":{"rawBytes":"*"}"#),
        document(material: #""x509CertificateChain":{"certificates":[]}"#), document(material: #""publicKey":1"#),
        document(entries: "{}"), document(entries: "[\(Array(repeating: "{}", count: 17).joined(separator: ","))]"),
        document(extra: #","messageSignature":{}"#), document().replacing("dsseEnvelope", with: "x"),
    ])
    func `is refused when it is not one`(_ text: String) throws {
        let error = try #require(throws: AttestationError.self) { try SigstoreBundle(parsing: bytes(text)) }
        #expect(isPresentable("\(error)"))
    }

    @Test func `verifies by its signature, and not by its hint`() throws {
        let key = try BuilderKey(pem: Vector.builderKey)
        let bundle = try SigstoreBundle(parsing: bytes(document(material: #""publicKey":{"hint":"whatever"}"#)))
        #expect(SignatureVerifier(keys: [key]).verify(bundle) == .valid(keyids: [key.id]))
        let stranger = try TestSigner().publicKey
        #expect(SignatureVerifier(keys: [stranger]).verify(bundle) == .untrusted)
    }
}

private func document(
    type: String = "application/vnd.dev.sigstore.bundle.v0.3+json", material: String = #""publicKey":{"hint":"abc="}"#,
    signatures: String = #"[{"sig":"\#(Vector.signatureText)"}]"#, entries: String = #"[{"logIndex":"599"}]"#,
    extra: String = ""
) -> String {
    let envelope =
        #"{"payload":"\#(Vector.payload)","payloadType":"application/vnd.in-toto+json","signatures":\#(signatures)}"#
    let separator = material.isEmpty ? "" : ","
    return #"{"mediaType":"\#(type)","verificationMaterial":{\#(material)\#(separator)"tlogEntries":\#(entries),"#
        + #""timestampVerificationData":{"rfc3161Timestamps":[{"signedTimestamp":"AQID"}]}},"#
        + #""dsseEnvelope":\#(envelope)\#(extra),"unknown":[]}"#
}
