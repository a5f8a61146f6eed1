package import OCI

/// A tag under which cosign keeps what belongs to an image: `sha256-<hex>.sig` (cosign, SIGNATURE_SPEC.md, "Tag-based
/// Discovery").
///
/// Such a tag moves whenever something is added, so rules that make tags immutable must leave it out.
package struct CosignTag: Hashable, Sendable {
    /// What is kept under the tag.
    package enum Content: String, Sendable, CaseIterable {
        case signatures = "sig"
        case attestations = "att"
        case sbom
    }

    /// The image that the content belongs to.
    package let subject: Digest
    /// What is kept under the tag.
    package let content: Content

    /// `nil` when the tag is an ordinary one.
    package init?(_ tag: Tag) {
        let parts = tag.rawValue.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let content = Content(rawValue: String(parts[1])) else { return nil }
        let digest = parts[0].split(separator: "-", omittingEmptySubsequences: false)
        guard digest.count == 2, let subject = try? Digest(parsing: "\(digest[0]):\(digest[1])") else { return nil }
        self.subject = subject
        self.content = content
    }
}
