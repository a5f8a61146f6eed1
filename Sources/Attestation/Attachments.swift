package import OCI

/// A manifest that carries something about an image: attestations, signatures, a bill of materials.
package struct Attachments: Equatable, Sendable {
    /// Whose way of attaching it is.
    package enum Kind: String, Sendable, CaseIterable {
        /// Statements of one platform's image (BuildKit, attestation-storage.md).
        case buildKit
        /// Signatures under a `.sig` tag (cosign, SIGNATURE_SPEC.md).
        case cosignSignatures
        /// Envelopes under an `.att` tag (cosign, ATTESTATION_SPEC.md).
        case cosignAttestations
        /// A Sigstore bundle that refers to an image (cosign, BUNDLE_SPEC.md).
        case sigstoreBundle
        /// A signature of the Notary Project.
        case notation
        /// A bill of materials as it is, signed by nobody (cosign, SBOM_SPEC.md, and the practice of oras).
        case sbom
        /// Results of a scanner in SARIF.
        case scan
        /// Some other artifact that refers to an image.
        case other
    }

    /// How to read one layer.
    package enum Reading: Hashable, Sendable {
        /// As `Statement`; nobody has signed it.
        case statement
        /// As `Envelope`.
        case envelope
        /// As `SigstoreBundle`.
        case bundle
        /// As `CosignSignature`, with the layer's descriptor.
        case cosignSignature
        /// As a document of the layer's media type, which this module does not read.
        case document
    }

    /// One layer that carries something.
    package struct Item: Equatable, Sendable {
        /// Where the bytes are.
        package let layer: Descriptor
        /// How to read them.
        package let reading: Reading
        /// The predicate type that annotations promise; only a reason to read a layer, never to believe it.
        package let predicateType: String?
    }

    /// Whose way of attaching it is.
    package let kind: Kind
    /// What it is attached to, when the manifest or its tag says. BuildKit before 0.32 says it in the index only: see
    /// `Manifest.attestationEntries`.
    package let subject: Digest?
    /// The layers that carry something, in order. Layers of types that the way of attaching does not know are left out.
    package let items: [Item]

    /// Recognises a manifest, and the tag it is pushed under if there is one; `nil` for an ordinary image or an index.
    ///
    /// A manifest is what its artifact type says. One without is recognised only if *all* its layers are of one such
    /// type, so that an image does not become a signature, which policies let pass, by one layer more.
    package init?(_ manifest: Manifest, tag: Tag? = nil) {
        guard manifest.kind != .index, let kind = Kind(manifest, tag.flatMap { CosignTag($0) }) else { return nil }
        self.kind = kind
        subject = manifest.subject?.digest ?? tag.flatMap { CosignTag($0)?.subject }
        let items = manifest.layers.compactMap { Item($0, in: manifest, of: kind) }
        // BUNDLE_SPEC.md: the layers of a bundle's manifest have a single entry.
        self.items = kind == .sigstoreBundle && manifest.layers.count != 1 ? [] : items
    }
}

extension Attachments.Kind {
    fileprivate init?(_ manifest: Manifest, _ tag: CosignTag?) {
        if let kind = Self(artifactType: manifest.referrerArtifactType ?? "") {
            self = kind
        } else if let kind = Self(layers: manifest.layers) {
            self = kind
        } else if tag?.content == .sbom {
            self = .sbom
        } else if manifest.subject != nil || manifest.artifactType?.isEmpty == false {
            self = .other
        } else {
            return nil
        }
    }

    private init?(artifactType type: String) {
        switch type {
        case "application/vnd.docker.attestation.manifest.v1+json": self = .buildKit
        case "application/vnd.dev.cosign.artifact.sig.v1+json": self = .cosignSignatures
        case "application/vnd.cncf.notary.signature": self = .notation
        case "application/sarif+json": self = .scan
        case _ where type.utf8.starts(with: SigstoreBundle.family.utf8): self = .sigstoreBundle
        case _ where MediaType(rawValue: type).isSBOM: self = .sbom
        default: return nil
        }
    }

    private init?(layers: [Descriptor]) {
        guard let reading = layers.first.flatMap({ Attachments.Reading($0.mediaType) }), reading != .document,
            layers.allSatisfy({ Attachments.Reading($0.mediaType) == reading })
        else { return nil }
        switch reading {
        case .statement: self = .buildKit
        case .envelope: self = .cosignAttestations
        case .bundle: self = .sigstoreBundle
        case .cosignSignature: self = .cosignSignatures
        case .document: return nil
        }
    }
}

extension Attachments.Item {
    fileprivate init?(_ layer: Descriptor, in manifest: Manifest, of kind: Attachments.Kind) {
        guard let reading = Attachments.Reading(layer.mediaType, of: kind) else { return nil }
        self.layer = layer
        self.reading = reading
        predicateType =
            layer.annotations["in-toto.io/predicate-type"] ?? layer.annotations["predicateType"]
            ?? manifest.annotations["dev.sigstore.bundle.predicateType"]
    }
}

extension Attachments.Reading {
    /// How to read a layer of that type in a manifest of that kind: what the manifest is for matters only for types that
    /// say nothing by themselves.
    fileprivate init?(_ type: MediaType, of kind: Attachments.Kind) {
        switch kind {
        case .sbom, .scan, .other: self = Self(type) ?? .document
        case .buildKit, .cosignSignatures, .cosignAttestations, .sigstoreBundle:
            guard let reading = Self(type), reading != .document else { return nil }
            self = reading
        case .notation: self = .document
        }
    }

    fileprivate init?(_ type: MediaType) {
        switch type.rawValue {
        case Envelope.statementType: self = .statement
        case Envelope.mediaType.rawValue: self = .envelope
        case SimpleSigning.mediaType.rawValue: self = .cosignSignature
        case let text where SigstoreBundle.isSupported(mediaType: text): self = .bundle
        case let text where text.isEnvelopeTypeOfOnePredicate: self = .envelope
        case let text where text.isStatementTypeOfOnePredicate: self = .statement
        case _ where type.isSBOM: self = .document
        default: return nil
        }
    }
}

extension MediaType {
    /// The types of SBOM_SPEC.md, with and without the suffix of the format, and those that SPDX registered.
    fileprivate var isSBOM: Bool {
        let families = [
            "application/spdx", "application/vnd.spdx", "application/vnd.cyclonedx", "application/vnd.syft",
            "text/spdx",
        ]
        return families.contains { family in
            let rest = rawValue.utf8.dropFirst(family.utf8.count)
            return rawValue.utf8.starts(with: family.utf8) && (rest.isEmpty || rest.first == UInt8(ascii: "+"))
        }
    }
}

extension String {
    /// `application/vnd.in-toto.<predicate>+dsse` (in-toto, envelope.md, "Storage convention").
    fileprivate var isEnvelopeTypeOfOnePredicate: Bool {
        utf8.starts(with: "application/vnd.in-toto.".utf8) && utf8.reversed().starts(with: "+dsse".utf8.reversed())
    }
}
