package import OCI

/// A Sigstore bundle, version 0.3, that holds a DSSE envelope (cosign, BUNDLE_SPEC.md; sigstore_bundle.proto).
///
/// Everything beside the envelope is kept as it came. None of it is believed: a hint names no key, and a certificate
/// proves nothing until somebody has checked its chain.
package struct SigstoreBundle: Sendable {
    /// How the signer says the signature can be verified.
    package enum Material: Equatable, Sendable {
        /// Some name of a key that the verifier has; may be empty.
        case publicKey(hint: String)
        /// The signer's certificate, DER.
        case certificate([UInt8])
        /// The signer's certificate and those above it, DER.
        case certificateChain([[UInt8]])
    }

    /// What is signed. Has exactly one signature.
    package let envelope: Envelope
    /// How the signature can be verified.
    package let material: Material
    /// Entries of transparency logs, as they came.
    package let tlogEntries: [JSONValue]
    /// RFC 3161 tokens over the signature, DER.
    package let timestamps: [[UInt8]]

    /// Log entries and timestamps beyond this are refused; real bundles have one of each.
    package static let mostProofs = 16

    /// Reads the JSON form. Unknown members are ignored.
    package init(parsing bytes: [UInt8], limits: JSONLimits = .default) throws(AttestationError) {
        let fields = try Fields(parsing: bytes, limits: limits)
        guard Self.isSupported(mediaType: try fields.requiredString("mediaType")) else {
            throw fields.invalid("mediaType", "must be that of a Sigstore bundle v0.3")
        }
        let verification = try fields.requiredFields("verificationMaterial")
        try self.init(
            envelope: Self.envelope(in: fields), material: Material(verification),
            tlogEntries: Self.proofs("tlogEntries", in: verification), timestamps: Self.timestamps(in: verification))
    }

    init(
        envelope: Envelope, material: Material, tlogEntries: [JSONValue], timestamps: [[UInt8]]
    ) throws(AttestationError) {
        self.envelope = envelope
        self.material = material
        self.tlogEntries = tlogEntries
        self.timestamps = timestamps
        // sigstore_bundle.proto: envelopes in a bundle MUST have exactly one signature.
        guard envelope.signatures.count == 1 else {
            throw .invalid(
                path: "dsseEnvelope.signatures", reason: "must be exactly one, not \(envelope.signatures.count)")
        }
        try checkHints()
    }

    /// The media type of the JSON form.
    package static let mediaType = MediaType(rawValue: "application/vnd.dev.sigstore.bundle.v0.3+json")

    /// Whether a media type is that of this version: `…bundle.v0.3+json`, with or without a patch number, or the
    /// spelling of older tools, `…bundle+json;version=0.3`.
    package static func isSupported(mediaType: String) -> Bool {
        if mediaType == Self.mediaType.rawValue || mediaType == "\(family)+json;version=0.3" { return true }
        let prefix = "\(family).v0.3."
        let suffix = "+json"
        guard mediaType.utf8.starts(with: prefix.utf8), mediaType.utf8.reversed().starts(with: suffix.utf8.reversed())
        else { return false }
        let patch = mediaType.utf8.dropFirst(prefix.utf8.count).dropLast(suffix.utf8.count)
        return (1...4).contains(patch.count) && patch.allSatisfy { (0x30...0x39).contains($0) }
    }

    /// How the media types of bundles of all versions begin.
    static let family = "application/vnd.dev.sigstore.bundle"
}

extension SigstoreBundle {
    private static func envelope(in fields: Fields) throws(AttestationError) -> Envelope {
        guard fields["messageSignature"] == nil else {
            throw fields.invalid("messageSignature", "is not supported; the bundle must have a dsseEnvelope")
        }
        return try Envelope(fields.requiredFields("dsseEnvelope"))
    }

    private static func proofs(_ key: String, in fields: Fields) throws(AttestationError) -> [JSONValue] {
        let proofs = try fields.array(key) ?? []
        guard proofs.count <= mostProofs else { throw fields.invalid(key, "must not be more than \(mostProofs)") }
        return proofs
    }

    private static func timestamps(in fields: Fields) throws(AttestationError) -> [[UInt8]] {
        guard let data = try fields.fields("timestampVerificationData") else { return [] }
        var timestamps: [[UInt8]] = []
        for (index, timestamp) in try proofs("rfc3161Timestamps", in: data).enumerated() {
            let token = try Fields(timestamp, at: data.path(to: "rfc3161Timestamps[\(index)]"))
            timestamps.append(try token.requiredBytes("signedTimestamp"))
        }
        return timestamps
    }

    /// Two hints at the key that disagree: one of them was exchanged.
    private func checkHints() throws(AttestationError) {
        guard case .publicKey(let hint) = material, let keyid = envelope.signatures.first?.keyid else { return }
        guard hint.isEmpty || keyid.isEmpty || hint == keyid else {
            throw .invalid(
                path: "dsseEnvelope.signatures[0].keyid", reason: "is not the hint of verificationMaterial.publicKey")
        }
    }
}

extension SigstoreBundle.Material {
    private static let names = ["publicKey", "certificate", "x509CertificateChain"]

    fileprivate init(_ fields: Fields) throws(AttestationError) {
        guard Self.names.filter({ fields[$0] != nil }).count == 1 else {
            throw .invalid(
                path: "verificationMaterial", reason: "must have one of \(Self.names.joined(separator: ", "))")
        }
        if let key = try fields.fields("publicKey") {
            self = .publicKey(hint: try key.string("hint") ?? "")
        } else if let certificate = try fields.fields("certificate") {
            self = .certificate(try certificate.requiredBytes("rawBytes"))
        } else {
            self = .certificateChain(try Self.chain(in: fields.requiredFields("x509CertificateChain")))
        }
    }

    private static func chain(in fields: Fields) throws(AttestationError) -> [[UInt8]] {
        var chain: [[UInt8]] = []
        for (index, element) in (try fields.array("certificates") ?? []).enumerated() {
            let certificate = try Fields(element, at: fields.path(to: "certificates[\(index)]"))
            chain.append(try certificate.requiredBytes("rawBytes"))
        }
        guard !chain.isEmpty else { throw .missing(path: fields.path(to: "certificates")) }
        return chain
    }
}
