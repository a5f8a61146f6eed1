package import OCI

/// An entry of an index that holds BuildKit's attestations of another entry (BuildKit, attestation-storage.md,
/// "Attestation Manifest Descriptor").
package struct AttestationEntry: Equatable, Sendable {
    /// The attestation manifest.
    package let attestations: Descriptor
    /// What it is about, which need not be in the index.
    package let subject: Digest
    /// The entry that it is about, with its platform, when it is in the index.
    package let image: Descriptor?
}

extension Manifest {
    /// The entries of an index that hold attestations, each with the image it is about.
    ///
    /// An entry with another `vnd.docker.reference.type` is nothing we know, and one without a digest is about nothing.
    package var attestationEntries: [AttestationEntry] {
        let images = Dictionary(manifests.filter { !$0.isAttestationEntry }.map { ($0.digest, $0) }) { first, _ in first
        }
        return manifests.filter(\.isAttestationEntry).compactMap { entry in
            guard let text = entry.annotations["vnd.docker.reference.digest"], let subject = try? Digest(parsing: text)
            else { return nil }
            return AttestationEntry(attestations: entry, subject: subject, image: images[subject])
        }
    }
}

extension Descriptor {
    /// Whether an index entry is an attestation manifest and no image for any platform.
    package var isAttestationEntry: Bool {
        annotations["vnd.docker.reference.type"] == "attestation-manifest"
    }
}
