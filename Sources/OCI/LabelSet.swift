/// The labels of an image, merged from the three places where builders write them.
///
/// Where places disagree, the manifest's annotations win over the index's, and those over the labels of the
/// configuration. The image specification (annotations.md) gives the keys and no order, so the order is our decision:
/// the nearer a statement is to the digest that was asked for, the more it counts, and a configuration often still
/// carries the labels of its base image. A disagreement is never silent: it is in `conflicts`.
package struct LabelSet: Equatable, Sendable {
    /// A place where a label can be written.
    package enum Source: String, Sendable, CaseIterable {
        case manifest, index, config
    }

    /// Every label with the value that wins.
    package let labels: [String: String]

    /// For each key on which places disagree: what each of them says, by `Source.rawValue`.
    package let conflicts: [String: [String: String]]

    /// Merges what each place says; pass an empty map for a place that there is not.
    package init(
        manifest: [String: String] = [:], index: [String: String] = [:], config: [String: String] = [:]
    ) {
        var labels: [String: String] = [:]
        var said: [String: [String: String]] = [:]
        for (source, values) in [(Source.manifest, manifest), (.index, index), (.config, config)] {
            for (key, value) in values {
                if labels[key] == nil { labels[key] = value }
                said[key, default: [:]][source.rawValue] = value
            }
        }
        self.labels = labels
        conflicts = said.filter { Set($0.value.values).count > 1 }
    }
}

/// The pre-defined keys that provenance is asked by.
extension LabelSet {
    /// The source revision, usually a commit.
    package var revision: String? { labels["org.opencontainers.image.revision"] }

    /// Where the source code is.
    package var source: String? { labels["org.opencontainers.image.source"] }

    /// When the image was built, in the author's words; RFC 3339 if the author is right.
    package var created: String? { labels["org.opencontainers.image.created"] }

    /// The version of the packaged software.
    package var version: String? { labels["org.opencontainers.image.version"] }

    /// The reference of the base image.
    package var baseName: String? { labels["org.opencontainers.image.base.name"] }

    /// The digest of the base image; `nil` also when the label is not a digest.
    package var baseDigest: Digest? {
        labels["org.opencontainers.image.base.digest"].flatMap { try? Digest(parsing: $0) }
    }
}
