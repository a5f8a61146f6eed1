package import OCI

/// The payload of a cosign signature before bundles: which image was signed (cosign, SIGNATURE_SPEC.md, "Simple
/// Signing").
package struct SimpleSigning: Sendable {
    /// What was signed.
    package let manifest: Digest
    /// Where the signer saw it. Not checked: the same image may be copied (SIGNATURE_SPEC.md).
    package let dockerReference: String
    /// What else the signer says; `cosign sign -a` writes here.
    package let optional: JSONObject

    /// Reads the exact bytes that were signed.
    ///
    /// The specification writes `Docker-manifest-digest` and cosign `docker-manifest-digest`; a Go reader takes either.
    /// Both are accepted, and both at once only if they say the same.
    package init(parsing bytes: [UInt8], limits: JSONLimits = .default) throws(AttestationError) {
        let fields = try Fields(parsing: bytes, limits: limits)
        let critical = try fields.requiredFields("critical")
        guard try critical.requiredString("type") == "cosign container image signature" else {
            throw critical.invalid("type", "must be \"cosign container image signature\"")
        }
        manifest = try Self.manifest(in: critical.requiredFields("image"))
        dockerReference = try critical.fields("identity")?.string("docker-reference") ?? ""
        optional = try fields.fields("optional")?.object ?? [:]
    }

    private static func manifest(in image: Fields) throws(AttestationError) -> Digest {
        let spellings = ["docker-manifest-digest", "Docker-manifest-digest"].filter { image[$0] != nil }
        guard let first = spellings.first else { throw .missing(path: image.path(to: "docker-manifest-digest")) }
        let text = try image.requiredString(first)
        for spelling in spellings where try image.requiredString(spelling) != text {
            throw image.invalid(spelling, "is not what \(first) says")
        }
        do { return try Digest(parsing: text) } catch { throw image.invalid(first, "is refused: \(error)") }
    }

    /// The media type of the payload.
    package static let mediaType = MediaType(rawValue: "application/vnd.dev.cosign.simplesigning.v1+json")
}

/// One signature of the old kind: a payload, and the signature from the annotation of its layer.
package struct CosignSignature: Sendable {
    /// What the signer says.
    package let content: SimpleSigning
    private let payload: [UInt8]
    private let signature: [UInt8]

    /// Takes the bytes of a layer, which the caller has checked against their digest, and the layer's descriptor.
    package init(payload: [UInt8], layer: Descriptor) throws(AttestationError) {
        guard let text = layer.annotations[Self.annotation] else { throw .missing(path: Self.annotation) }
        guard let signature = Base64.decodeEither(text.utf8) else {
            throw .invalid(path: Self.annotation, reason: "is not base64")
        }
        self.signature = signature
        self.payload = payload
        content = try SimpleSigning(parsing: payload)
    }

    /// What the signature is worth for that image: invalid if it is a signature of another image.
    ///
    /// The signature is over the payload itself; there is no name of a key in it.
    package func verification(of image: Digest, by verifier: SignatureVerifier) -> Verification {
        guard content.manifest == image else { return .invalid }
        return verifier.verify(payload, signedBy: [Envelope.Signature(bytes: signature)])
    }

    /// Where cosign puts the signature; spelled unlike its other annotations.
    package static let annotation = "dev.cosignproject.cosign/signature"
}
