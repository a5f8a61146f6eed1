import Attestation
import OCI
import Testing

@Suite struct `Writing an envelope` {
    @Test func `gives what was read`() throws {
        let envelope = try Envelope(parsing: bytes(Vector.envelope))
        #expect(text(envelope.json) == Vector.envelope)
        let again = try Envelope(parsing: envelope.json.serialized())
        #expect(again.payload == envelope.payload && again.signatures == envelope.signatures)
    }

    @Test func `leaves out what DSSE does not know, and the hash of the document does not`() throws {
        let extended = #"{"x": {"b": 1, "a": []}, "# + Vector.envelope.dropFirst()
        let document = try EnvelopeDocument(parsing: bytes(extended))
        #expect(text(document.envelope.json) == Vector.envelope)
        #expect(document.sha256 != (try EnvelopeDocument(parsing: bytes(Vector.envelope)).sha256))
        #expect(document.sha256.hex == sha256(document.json.canonical()))
        #expect(document.json["x"]?["b"] == 1)
    }

    /// The number is that of the ledger in the vectors, which another implementation made and a third verified.
    @Test func `has one hash for every spelling`() throws {
        let hash = "b75f573a4598b4e2eefcf6ed79511849cf0431ac6f460559bae83a5362ce006f"
        let spaced = Vector.envelope.replacing("\":", with: "\" : ").replacing("{", with: "{\n")
        let reordered = Vector.envelope.replacing(
            #""payloadType":"application/vnd.in-toto+json","signatures":[\#(Vector.signature)]"#,
            with: #""signatures":[\#(Vector.signature)],"payloadType":"application/vnd.in-toto+json""#)
        #expect(reordered != Vector.envelope)
        for spelling in [Vector.envelope, spaced, reordered] {
            #expect(try EnvelopeDocument(parsing: bytes(spelling)).sha256.hex == hash)
        }
    }

    @Test(arguments: ["", "[]", "{}", #"{"payload":"e30=","payloadType":"x"}"#])
    func `is refused for what is none`(_ text: String) {
        #expect(throws: AttestationError.self) { try EnvelopeDocument(parsing: bytes(text)) }
    }
}

@Suite struct `Writing a bundle` {
    private let entry: JSONValue = ["logIndex": "599"]

    private func bundle(timestamps: [[UInt8]] = []) throws -> SigstoreBundle {
        try SigstoreBundle(
            envelope: Envelope(parsing: bytes(Vector.envelope)), hint: Vector.builderKeyID, tlogEntries: [entry],
            timestamps: timestamps)
    }

    @Test func `has the members of version 0_3`() throws {
        let json = try bundle(timestamps: [[1, 2, 3]]).json
        let expected =
            #"{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{"publicKey":{"hint":"\#(Vector.builderKeyID)"},"tlogEntries":[{"logIndex":"599"}],"#
            + #""timestampVerificationData":{"rfc3161Timestamps":[{"signedTimestamp":"AQID"}]}},"dsseEnvelope":\#(Vector.envelope)}"#
        #expect(text(json) == expected)
    }

    @Test func `gives what is read`() throws {
        let read = try SigstoreBundle(parsing: bundle(timestamps: [[1]]).json.serialized())
        #expect(read.material == .publicKey(hint: Vector.builderKeyID))
        #expect(read.tlogEntries == [entry] && read.timestamps == [[1]])
        #expect(text(read.envelope.json) == Vector.envelope)
        let certificates = [
            #""certificate":{"rawBytes":"AQI="}"#,
            #""x509CertificateChain":{"certificates":[{"rawBytes":"AQI="},{"rawBytes":"Aw=="}]}"#,
        ]
        for material in certificates {
            let document =
                #"{"mediaType":"\#(SigstoreBundle.mediaType.rawValue)","verificationMaterial":{\#(material)},"dsseEnvelope":\#(Vector.envelope)}"#
            #expect(text(try SigstoreBundle(parsing: bytes(document)).json) == document)
        }
    }

    @Test func `needs one signature, and a hint that is its own`() throws {
        let envelope = try Envelope(parsing: bytes(Vector.envelope))
        #expect(throws: AttestationError.self) { try SigstoreBundle(envelope: envelope, hint: "other") }
        let twice = Envelope(
            payload: [], payloadType: "x", signatures: envelope.signatures + envelope.signatures)
        #expect(throws: AttestationError.self) { try SigstoreBundle(envelope: twice, hint: "") }
    }

    @Test func `can be many, as GitHub answers`() throws {
        let bundle = try bundle()
        #expect(text(SigstoreBundle.attestations([])) == #"{"attestations":[]}"#)
        #expect(
            text(SigstoreBundle.attestations([bundle, bundle]))
                == #"{"attestations":[{"bundle":\#(text(bundle.json))},{"bundle":\#(text(bundle.json))}]}"#)
    }
}

@Suite struct `The name that git gives to a content` {
    /// `printf 'hello\n' | git hash-object --stdin` in a repository of SHA-256, and the empty file.
    @Test(arguments: [
        ("hello\n", "2cf8d83d9ee29543b34a87727421fdecb7e3f3a183d337639025de576db9ebb4"),
        ("", "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813"),
    ])
    func `is that of git`(_ content: String, _ name: String) {
        #expect("\(Gitoid(of: bytes(content)))" == name)
        #expect(Gitoid(name) == Gitoid(of: bytes(content)))
    }

    @Test(arguments: ["", "2cf8", "2CF8d83d9ee29543b34a87727421fdecb7e3f3a183d337639025de576db9ebb4"])
    func `is 64 hexadecimal characters`(_ text: String) {
        #expect(Gitoid(text) == nil)
    }
}
