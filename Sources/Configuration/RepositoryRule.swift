package import OCI

/// What holds for the repositories whose name matches.
package struct RepositoryRule: Sendable, Equatable {
    /// What is done with layers that are stored elsewhere (Windows base images).
    package enum ForeignLayers: String, Sendable, CaseIterable {
        /// A manifest may name such a layer although its blob is not here.
        case allow
        /// Every layer must be here before its manifest.
        case requireBlob = "require_blob"
    }

    /// The names this rule is for.
    package var match = Glob.everything
    /// Whether a manifest may name manifests and layers that are not here.
    package var allowSparse = false
    /// What is done with layers that are stored elsewhere.
    package var foreignLayers = ForeignLayers.allow
    /// How the URLs may begin from which clients fetch such layers; empty allows the whole web.
    package var foreignURLs: [String] = []
    /// Tags that, once they are set, neither move nor go away.
    package var immutableTags: [TagPattern] = []
    /// Tags that only an administrator may set or remove.
    package var protectedTags: [TagPattern] = []
    /// How many of the newest tags stay; 0 for all.
    package var keepLast = 0
    /// How long a tag stays after it was last set; zero for ever.
    package var keepFor = Duration.zero
    /// How long a tag stays after it was last set or its manifest pulled; zero when that does not matter.
    package var keepPulled = Duration.zero
    /// How many of the highest semantic versions stay; 0 when versions do not matter.
    package var keepVersions = 0
    /// Tags that stay whatever the other rules say.
    package var keepTags: [TagPattern] = []
    /// Whether tags of manifests stay, whatever the other rules say, that a trusted key has signed.
    package var keepSigned = false

    /// The rule for a repository that no other rule matches.
    package init() {}

    /// The rule with these values.
    package init(
        match: Glob, allowSparse: Bool = false, foreignLayers: ForeignLayers = .allow, foreignURLs: [String] = []
    ) {
        self.match = match
        self.allowSparse = allowSparse
        self.foreignLayers = foreignLayers
        self.foreignURLs = foreignURLs
    }
}

extension RepositoryRule {
    /// How one item of `repositories` is written.
    static let form = RuleForm(
        blank: RepositoryRule(),
        keys: [
            Key("match", \.match, .glob, "Names this rule is for."),
            Key(
                "allow_sparse", \.allowSparse, .bool,
                "Whether a manifest may name manifests and layers that are not here."),
            Key("foreign_layers", \.foreignLayers, .choice(), "What is done with layers that are stored elsewhere."),
            Key(
                "foreign_urls", \.foreignURLs, .urlPrefixes,
                "How the URLs may begin from which clients fetch such layers; empty allows the whole web."),
            Key(
                "immutable_tags", \.immutableTags, .tagPatterns,
                "Tags that, once they are set, neither move nor go away."),
            Key("protected_tags", \.protectedTags, .tagPatterns, "Tags that only an administrator may set or remove."),
            Key("keep_last", \.keepLast, .count(0...1_000_000, zero: "all"), "How many of the newest tags stay."),
            Key(
                "keep_for", \.keepFor, .duration(.zero...minutes(60 * 24 * 3660), zero: "for ever"),
                "How long a tag stays after it was last set."),
            Key(
                "keep_pulled", \.keepPulled, .duration(.zero...minutes(60 * 24 * 3660), zero: "for ever"),
                "How long a tag stays after it was last set or its manifest pulled."),
            Key(
                "keep_versions", \.keepVersions, .count(0...1_000_000, zero: "all"),
                "How many of the highest semantic versions stay."),
            Key("keep_tags", \.keepTags, .tagPatterns, "Tags that stay whatever the other rules say."),
            Key(
                "keep_signed", \.keepSigned, .bool,
                "Whether tags of manifests stay, whatever the other rules say, that a trusted key has signed."),
        ],
        required: [.init(path: "match", missing: "names no repositories")], identity: "match",
        repeated: "can never be reached: an earlier rule is for the same names")
}
