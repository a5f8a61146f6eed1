package import OCI

/// How many bytes some repositories may hold together.
package struct QuotaRule: Sendable, Equatable {
    /// The names of the repositories that count.
    package var match = Glob.everything
    /// Bytes of what they hold; at least 1.
    package var bytes = 0

    /// A rule that says nothing yet.
    package init() {}
}

extension QuotaRule {
    /// How one item of `quotas` is written.
    static let form = RuleForm(
        blank: QuotaRule(),
        keys: [
            Key("match", \.match, .glob, "The repositories that count together."),
            Key("bytes", \.bytes, .size(1...1 << 60), "Bytes that they may hold together; past it, 403."),
        ],
        required: [
            .init(path: "match", missing: "names no repositories"), .init(path: "bytes", missing: "says no size"),
        ],
        identity: "match", repeated: "has an earlier quota already")
}
