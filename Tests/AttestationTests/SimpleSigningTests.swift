import Attestation
import OCI
import Testing

@Suite struct `A cosign signature from before bundles` {
    @Test func `verifies by the key, for its own image`() throws {
        #expect(sha256(bytes(Vector.cosignPayload)) == Vector.cosignPayloadHash)
        let key = try BuilderKey(pem: Vector.builderKey)
        let signature = try CosignSignature(payload: bytes(Vector.cosignPayload), layer: layer())
        let verifier = SignatureVerifier(keys: [key])
        #expect(signature.content.dockerReference == "registry.example.com/team/app")
        #expect(try signature.verification(of: digest(Vector.image), by: verifier) == .valid(keyids: [key.id]))
        #expect(try signature.verification(of: digest("sha256:\(hex("b"))"), by: verifier) == .invalid)
        let stranger = SignatureVerifier(keys: [try TestSigner().publicKey])
        #expect(try signature.verification(of: digest(Vector.image), by: stranger) == .untrusted)
    }

    @Test func `does not verify when a byte of the payload changed`() throws {
        let changed = Vector.cosignPayload.replacing("team/app", with: "team/apq")
        let signature = try CosignSignature(payload: bytes(changed), layer: layer())
        let verifier = SignatureVerifier(keys: [try BuilderKey(pem: Vector.builderKey)])
        #expect(try signature.verification(of: digest(Vector.image), by: verifier) == .untrusted)
    }

    @Test(arguments: [nil, "*", "A"])
    func `must be in the annotation of its layer`(_ text: String?) throws {
        let layer = try layer(signature: text)
        let error = try #require(throws: AttestationError.self) {
            try CosignSignature(payload: bytes(Vector.cosignPayload), layer: layer)
        }
        #expect("\(error)".contains("dev.cosignproject.cosign/signature"))
    }

    private func layer(signature: String? = Vector.cosignSignature) throws -> Descriptor {
        Descriptor(
            mediaType: SimpleSigning.mediaType, digest: try digest("sha256:\(Vector.cosignPayloadHash)"), size: 245,
            annotations: signature.map { [CosignSignature.annotation: $0] } ?? [:])
    }
}

@Suite struct `The payload of a cosign signature` {
    @Test(arguments: [
        #""docker-manifest-digest":"sha256:\#(hex("a"))""#, #""Docker-manifest-digest":"sha256:\#(hex("a"))""#,
        #""docker-manifest-digest":"sha256:\#(hex("a"))","Docker-manifest-digest":"sha256:\#(hex("a"))""#,
        #""docker-manifest-digest":null,"Docker-manifest-digest":"sha256:\#(hex("a"))""#,
    ])
    func `may spell the digest in two ways`(_ image: String) throws {
        #expect(try SimpleSigning(parsing: bytes(payload(image))).manifest == digest("sha256:\(hex("a"))"))
    }

    @Test(arguments: [
        "", #""docker-manifest-digest":"sha256:\#(hex("a"))","Docker-manifest-digest":"sha256:\#(hex("b"))""#,
        #""docker-manifest-digest":"latest""#, #""docker-manifest-digest":1"#, #""Docker-manifest-digest":["x"]"#,
        #""DOCKER-manifest-digest":"sha256:\#(hex("a"))""#,
    ])
    func `is refused when it does not name one image`(_ image: String) throws {
        let error = try #require(throws: AttestationError.self) { try SimpleSigning(parsing: bytes(payload(image))) }
        #expect(isPresentable("\(error)"))
    }

    @Test(arguments: ["atomic container signature", "", "Cosign container image signature"])
    func `is refused when it is of another type`(_ type: String) {
        #expect(throws: AttestationError.self) { try SimpleSigning(parsing: bytes(payload(type: type))) }
    }

    @Test(arguments: [
        "{}", "[]", "", #"{"critical":null}"#, #"{"critical":{"type":"cosign container image signature"}}"#,
    ])
    func `is refused when it is something else`(_ text: String) {
        #expect(throws: AttestationError.self) { try SimpleSigning(parsing: bytes(text)) }
    }

    @Test func `keeps the claims that the signer added`() throws {
        let optional = try SimpleSigning(parsing: bytes(payload())).optional
        #expect(optional["creator"] == "atomic")
        #expect(optional["timestamp"] == 1_458_239_713)
    }

    private func payload(
        _ image: String = #""docker-manifest-digest":"sha256:\#(hex("a"))""#,
        type: String = "cosign container image signature"
    ) -> String {
        #"{"critical":{"identity":{"docker-reference":"testing/manifest"},"image":{\#(image)},"type":"\#(type)"},"#
            + #""optional":{"creator":"atomic","timestamp":1458239713}}"#
    }
}
