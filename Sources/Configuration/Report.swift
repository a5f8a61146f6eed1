/// Collects the problems of one source while it is decoded.
struct Report {
    /// What is decoded: the whole file, a variable or an option.
    var source: Place
    var problems: [SettingsProblem] = []
    /// True while a secret is decoded: then no problem repeats what was given.
    var hidesValues = false

    init(source: Place) {
        self.source = source
    }

    /// Where `position` of the source is for the operator; only a file has lines.
    func place(_ position: Position?) -> Place {
        guard case .file(let path, _) = source else { return source }
        return .file(path, position)
    }

    mutating func refuse(_ sentence: String, at position: Position?) {
        problems.append(SettingsProblem(place: place(position), sentence: sentence))
    }

    mutating func refuse(_ sentence: String, at position: Position?, given: String, accepted: String) {
        refuse("\(sentence) (given \(given); accepted: \(accepted))", at: position)
    }

    /// `written` as a problem repeats it.
    func shown(_ written: Written) -> String {
        switch written.content {
        case .nothing: "nothing"
        case .scalar(let text, _): hidesValues ? "a secret" : text.shown
        case .list: "a list"
        case .section: "a section of keys"
        case .refused: "a value that YAML cannot give"
        }
    }
}

extension String {
    /// Quoted for a problem: short, on one line, and without what stands before an `@`, where URLs hold passwords.
    var shown: String {
        "\"\((lastIndex(of: "@").map { "***" + self[$0...] } ?? self).beginning)\""
    }

    /// As much as fits in a problem, on one line.
    var beginning: String {
        let longest = 64
        return (count > longest ? prefix(longest) + "…" : self[...]).description.printable
    }

    /// With every character that could move a terminal's cursor or start a new line spelled out.
    var printable: String {
        unicodeScalars.reduce(into: "") { text, scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate:
                text += "\\u{\(String(scalar.value, radix: 16))}"
            default: text.unicodeScalars.append(scalar)
            }
        }
    }
}
