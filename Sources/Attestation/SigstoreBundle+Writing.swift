package import OCI

extension SigstoreBundle {
    /// A bundle for a key that the verifier has.
    ///
    /// - Parameter hint: what names the key; it has to be the signature's `keyid` if that has one.
    /// - Throws: `.invalid` unless there is exactly one signature, and for hints that disagree.
    package init(
        envelope: Envelope, hint: String, tlogEntries: [JSONValue] = [], timestamps: [[UInt8]] = []
    ) throws(AttestationError) {
        try self.init(
            envelope: envelope, material: .publicKey(hint: hint), tlogEntries: tlogEntries, timestamps: timestamps)
    }

    /// The bundle in JSON of protocol buffers. The envelope has the members of its specification only, because readers
    /// of bundles refuse others.
    package var json: JSONValue {
        var verification = material.json
        if !tlogEntries.isEmpty { verification["tlogEntries"] = .array(tlogEntries) }
        if !timestamps.isEmpty {
            let tokens = timestamps.map { token in ["signedTimestamp": .string(Base64.encode(token))] as JSONValue }
            verification["timestampVerificationData"] = ["rfc3161Timestamps": .array(tokens)]
        }
        return [
            "mediaType": .string(Self.mediaType.rawValue),
            "verificationMaterial": .object(verification),
            "dsseEnvelope": envelope.json,
        ]
    }

    /// Bundles as GitHub's API for attestations answers: `{"attestations":[{"bundle":…}]}`.
    package static func attestations(_ bundles: [SigstoreBundle]) -> JSONValue {
        ["attestations": .array(bundles.map { ["bundle": $0.json] })]
    }
}

extension SigstoreBundle.Material {
    fileprivate var json: JSONObject {
        switch self {
        case .publicKey(let hint): ["publicKey": ["hint": .string(hint)]]
        case .certificate(let der): ["certificate": ["rawBytes": .string(Base64.encode(der))]]
        case .certificateChain(let chain):
            [
                "x509CertificateChain": [
                    "certificates": .array(chain.map { ["rawBytes": .string(Base64.encode($0))] })
                ]
            ]
        }
    }
}
