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
    /// The keys of one item of `repositories`.
    static let keys: [Key<RepositoryRule>] = [
        Key("match", \.match, .glob, "Names this rule is for."),
        Key(
            "allow_sparse", \.allowSparse, .bool, "Whether a manifest may name manifests and layers that are not here."),
        Key("foreign_layers", \.foreignLayers, .choice(), "What is done with layers that are stored elsewhere."),
        Key(
            "foreign_urls", \.foreignURLs, .urlPrefixes,
            "How the URLs may begin from which clients fetch such layers; empty allows the whole web."),
    ]
}

extension Codec<[RepositoryRule]> {
    /// A list of rules, each with a `match` of its own.
    static let rules = Codec(
        noun: "a list of rules", accepts: "a list of {match, allow_sparse, foreign_layers, foreign_urls}", form: .yaml,
        decode: { written, key, report throws(Refusal) in
            guard case .list(let items) = written.content else { throw .wrongKind }
            let problems = report.problems.count
            var lines: [Glob: Position] = [:]
            let rules = items.enumerated().compactMap { number, item in
                let name = "\(key)[\(number)]"
                guard let rule = RepositoryRule.decode(item, name, &report) else { return nil as RepositoryRule? }
                if let first = lines.updateValue(item.position, forKey: rule.match) {
                    report.refuse(
                        "\(name).match can never be reached: an earlier rule is for the same names", at: item.position,
                        given: "\(rule.match) again, first on line \(first.line)", accepted: "each pattern once")
                }
                return rule
            }
            guard report.problems.count == problems else { throw .reported }
            return rules
        },
        encode: { rules in
            let items = rules.map { rule in
                RepositoryRule.keys.map { "\($0.path): \($0.encode(rule))" }.joined(separator: ", ")
            }
            return "[" + items.map { "{\($0)}" }.joined(separator: ", ") + "]"
        })
}

extension RepositoryRule {
    /// The rule that `item` describes; nil, and a problem in `report`, when it does not.
    fileprivate static func decode(_ item: Written, _ name: String, _ report: inout Report) -> RepositoryRule? {
        if case .refused = item.content { return nil }
        guard case .section(let entries) = item.content else {
            report.refuse(
                "\(name) is not a rule", at: item.position, given: report.shown(item),
                accepted: Codec<[RepositoryRule]>.rules.accepts)
            return nil
        }
        let problems = report.problems.count
        var rule = RepositoryRule()
        let section = SectionDecoder(keys: keys, name: name + ".").decode(entries, into: &rule, &report)
        if section.accepted["match"] == nil, report.problems.count == problems {
            report.refuse(
                "\(name) names no repositories", at: item.position, given: "a rule without match",
                accepted: "match: \(Codec<Glob>.glob.accepts)")
        }
        return section.accepted["match"] == nil ? nil : rule
    }
}
