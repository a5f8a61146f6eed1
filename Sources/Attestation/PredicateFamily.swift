/// What kind of claim a statement makes, whichever version of the predicate it uses.
///
/// A statement counts only as what its predicate type says. Without that rule any statement that a trusted key
/// signed about an image, its bill of materials for one, would pass as a signature of approval.
package enum PredicateFamily: String, Sendable, CaseIterable {
    /// How the artifact was built (SLSA, build-provenance.md).
    case slsaProvenance
    /// What is in it: SPDX, CycloneDX or Syft.
    case sbom
    /// What a scanner found in it.
    case vulnerability
    /// What a verifier made of its attestations (SLSA, verification_summary.md).
    case vsa
    /// That somebody signed it (cosign, BUNDLE_SPEC.md).
    case cosignSign
    /// Every other claim.
    case other

    /// The family of a predicate type: the type is one of the family's names, or continues one after a slash.
    ///
    /// GitHub writes `https://spdx.dev/Document/v2.3` where others write `https://spdx.dev/Document`.
    package init(predicateType: String) {
        self = Self.allCases.first { $0.names.contains { predicateType.isOrExtends($0) } } ?? .other
    }

    private var names: [String] {
        switch self {
        case .slsaProvenance: ["https://slsa.dev/provenance"]
        case .sbom: ["https://spdx.dev/Document", "https://cyclonedx.org/bom", "https://syft.dev/bom"]
        case .vulnerability: ["https://in-toto.io/attestation/vulns", "https://cosign.sigstore.dev/attestation/vuln"]
        case .vsa: ["https://slsa.dev/verification_summary"]
        case .cosignSign: ["https://sigstore.dev/cosign/sign"]
        case .other: []
        }
    }
}

extension String {
    /// Compares bytes: what only looks like the name in some normalisation is another name.
    fileprivate func isOrExtends(_ name: String) -> Bool {
        guard utf8.starts(with: name.utf8) else { return false }
        let rest = utf8.dropFirst(name.utf8.count)
        return rest.isEmpty || rest.first == UInt8(ascii: "/")
    }
}
