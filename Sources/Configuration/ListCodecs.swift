extension Codec {
    /// A list whose items `item` reads, or one such item without the brackets.
    ///
    /// - Parameter distinct: whether two items cannot both be meant.
    static func list<Item>(
        of item: Codec<Item>, noun: String, accepts: String, atLeast fewest: Int = 0, atMost most: Int = .max,
        distinct: @escaping @Sendable (Item, Item) -> Bool = { _, _ in true }
    ) -> Codec where Value == [Item] {
        Codec(
            noun: noun, accepts: accepts, form: .commaSeparated,
            decode: { written, key, report throws(Refusal) in
                let written = try written.requireItems()
                guard written.count >= fewest else { throw .because("needs at least one \(item.thing)") }
                guard written.count <= most else { throw .because("has \(written.count) items, more than \(most)") }
                let problems = report.problems.count
                var items: [Item] = []
                for one in written {
                    guard let value = item.read(one, as: key, &report) else { continue }
                    guard items.allSatisfy({ distinct($0, value) }) else {
                        report.refuse(
                            "\(key) has the same \(item.thing) twice", at: one.position, given: report.shown(one),
                            accepted: "each \(item.thing) once")
                        continue
                    }
                    items.append(value)
                }
                guard report.problems.count == problems else { throw .reported }
                return items
            },
            encode: { "[" + $0.map(item.encode).joined(separator: ", ") + "]" })
    }

    /// The noun without its article.
    private var thing: Substring {
        noun.drop { $0 != " " }.dropFirst()
    }
}

/// How the items of a list of sections are written: which keys each has.
struct RuleForm<Rule: Sendable>: Sendable {
    /// A key without which a rule means nothing.
    struct Required {
        let path: String
        /// Completes "repositories[0] …" when it is missing.
        let missing: String
    }

    /// What a rule is before its keys are read.
    let blank: Rule
    let keys: [Key<Rule>]
    let required: [Required]
    /// The key whose value no two rules share; nil when two rules may be alike in every key.
    let identity: String?
    /// Completes "repositories[0].match …" when an earlier rule has the same value.
    let repeated: String

    /// What a list of such rules accepts.
    var accepts: String { "a list of {\(keys.map(\.path).joined(separator: ", "))}" }
}

extension Codec {
    /// A list of sections of keys.
    static func rules<Rule>(_ form: RuleForm<Rule>) -> Codec where Value == [Rule] {
        Codec(
            noun: "a list of rules", accepts: form.accepts, form: .yaml,
            decode: { written, key, report throws(Refusal) in
                guard case .list(let items) = written.content else { throw .wrongKind }
                let problems = report.problems.count
                var lines: [String: Int] = [:]
                let rules = items.enumerated().compactMap { number, item in
                    form.decode(item, "\(key)[\(number)]", &lines, &report)
                }
                guard report.problems.count == problems else { throw .reported }
                return rules
            },
            encode: { "[" + $0.map(form.encode).joined(separator: ", ") + "]" })
    }
}

extension RuleForm {
    /// The rule that `item` describes; nil, and a problem in `report`, when it does not.
    ///
    /// - Parameter lines: where the identities of earlier rules stand.
    fileprivate func decode(
        _ item: Written, _ name: String, _ lines: inout [String: Int], _ report: inout Report
    ) -> Rule? {
        if case .refused = item.content { return nil }
        guard case .section(let entries) = item.content else {
            report.refuse("\(name) is not a rule", at: item.position, given: report.shown(item), accepted: accepts)
            return nil
        }
        let problems = report.problems.count
        var rule = blank
        let section = SectionDecoder(keys: keys, name: name + ".").decode(entries, into: &rule, &report)
        guard required.allSatisfy({ section.accepted[$0.path] != nil }) else {
            if report.problems.count == problems { refuse(item, name, without: section.accepted, &report) }
            return nil
        }
        refuseRepetition(of: rule, item, name, &lines, &report)
        return rule
    }

    private func refuse(
        _ item: Written, _ name: String, without accepted: [String: Position], _ report: inout Report
    ) {
        for key in required where accepted[key.path] == nil {
            report.refuse(
                "\(name) \(key.missing)", at: item.position, given: "a rule without \(key.path)",
                accepted: "\(key.path): \(keys.first { $0.path == key.path }?.accepts ?? "")")
        }
    }

    private func refuseRepetition(
        of rule: Rule, _ item: Written, _ name: String, _ lines: inout [String: Int], _ report: inout Report
    ) {
        guard let identity, let value = keys.first(where: { $0.path == identity })?.encode(rule) else { return }
        guard let first = lines.updateValue(item.position.line, forKey: value) else { return }
        report.refuse(
            "\(name).\(identity) \(repeated)", at: item.position,
            given: "\(value) again, first on line \(first)", accepted: "each \(identity) once")
    }

    /// One rule in braces.
    fileprivate func encode(_ rule: Rule) -> String {
        "{" + keys.map { "\($0.path): \($0.encode(rule))" }.joined(separator: ", ") + "}"
    }
}
