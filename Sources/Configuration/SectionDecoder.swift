/// Decodes one section of keys, and the sections in it, by the table of their keys.
struct SectionDecoder<Root: Sendable> {
    /// Which keys were decoded, and which were refused.
    struct Outcome {
        var accepted: [String: Position] = [:]
        var refused: Set<String> = []
    }

    let keys: [Key<Root>]
    /// How problems call the root, for example `repositories[0].`; empty for the file.
    var name = ""

    /// Reads `entries` into `root`. A key that is refused keeps its value, and the others are read nevertheless.
    func decode(
        _ entries: [Written.Entry], prefix: String = "", into root: inout Root, _ report: inout Report
    ) -> Outcome {
        var outcome = Outcome()
        var first: [String: Position] = [:]
        for entry in entries {
            let path = prefix + entry.key
            if let earlier = first[path] {
                report.refuse(
                    "\(name)\(path.beginning) is given twice", at: entry.position,
                    given: "again, first on line \(earlier.line)", accepted: "each key once")
                continue
            }
            first[path] = entry.position
            decode(entry, path, into: &root, &report, &outcome)
        }
        return outcome
    }

    private func decode(
        _ entry: Written.Entry, _ path: String, into root: inout Root, _ report: inout Report, _ outcome: inout Outcome
    ) {
        if let key = keys.first(where: { $0.path == path }), !entry.key.contains(".") {
            if key.decode(entry.value, as: name + path, into: &root, &report) {
                outcome.accepted[path] = entry.position
            } else {
                outcome.refused.insert(path)
            }
        } else if keys.contains(where: { $0.path.hasPrefix(path + ".") }), !entry.key.contains(".") {
            decodeSection(entry.value, path, into: &root, &report, &outcome)
        } else {
            // Guessing takes time, and nobody sees what stands behind the last problem that is shown.
            let isShown = report.problems.count < SettingsErrors.mostShown
            report.refuse(isShown ? unknown(entry.key, path) : "another key is not a setting", at: entry.position)
        }
    }

    private func decodeSection(
        _ value: Written, _ path: String, into root: inout Root, _ report: inout Report, _ outcome: inout Outcome
    ) {
        switch value.content {
        case .refused: return
        case .nothing: return  // All its keys are commented out.
        case .section(let entries):
            let inner = decode(entries, prefix: path + ".", into: &root, &report)
            outcome.accepted.merge(inner.accepted) { first, _ in first }
            outcome.refused.formUnion(inner.refused)
        case .scalar, .list:
            report.refuse(
                "\(name)\(path) is a section", at: value.position, given: report.shown(value),
                accepted: siblings(path + ".").joined(separator: ", "))
        }
    }

    /// The names directly below `prefix`.
    private func siblings(_ prefix: String) -> [String] {
        let names = keys.filter { $0.path.hasPrefix(prefix) }.map { key in
            String(key.path.dropFirst(prefix.count).prefix { $0 != "." })
        }
        return names.reduce(into: []) { list, name in if list.last != name { list.append(name) } }
    }

    private func unknown(_ key: String, _ path: String) -> String {
        let shown = name + path.beginning
        let prefix = String(path.dropLast(key.count))
        guard !Spelling.looksSecret(key) else { return "\(shown) is not a setting, and \(Spelling.secretAdvice)" }
        if keys.contains(where: { $0.path == path }) {
            return "\(shown) is not a setting (given a key with a dot; accepted: one section inside the other)"
        }
        let near = Spelling.nearest(to: key, among: siblings(prefix)).map { [prefix + $0] } ?? elsewhere(key)
        guard near.isEmpty else {
            return "\(shown) is not a setting; did you mean \(near.map { name + $0 }.joined(separator: " or "))?"
        }
        return "\(shown) is not a setting (accepted: \(siblings(prefix).joined(separator: ", ")))"
    }

    /// The keys of the same name in other sections.
    private func elsewhere(_ key: String) -> [String] {
        keys.map(\.path).filter { $0.hasSuffix("." + key) }
    }
}
