internal import Yams

/// Reads one YAML document. The only file that knows Yams.
///
/// Anchors, aliases, tags and deep nesting are refused: a configuration needs none of them, and each of them
/// is a way to write a small file that takes long to read.
enum YAMLReader {
    /// Levels of lists and sections in one document.
    static let deepest = 16
    /// Bytes that are read again to find more keys that are given twice: hundreds of them in a file like ours.
    static let mostRereading = 2 << 20

    /// The value `text` stands for; nil, and problems in the report, when it must not be read further.
    static func read(_ text: String, _ report: inout Report) -> Written? {
        if let position = text.firstForbiddenCharacter {
            report.refuse("has a control character, which YAML does not accept", at: position)
            return nil
        }
        do {
            guard try !hasAnchors(text, &report) else { return nil }
            return try Document(text).written(&report)
        } catch {
            let (reason, position) = explain(error)
            report.refuse("is not valid YAML: \(reason)", at: position)
            return nil
        }
    }

    /// Whether `text` has anchors and may have aliases to them; each anchor is then a problem.
    ///
    /// Yams hashes every key, and a key made of nested aliases takes it exponential time. So it
    /// reads the text first with a letter for every star, where no alias can exist.
    private static func hasAnchors(_ text: String, _ report: inout Report) throws -> Bool {
        guard text.utf8.contains(UInt8(ascii: "&")), text.utf8.contains(UInt8(ascii: "*")) else { return false }
        let anchors = try Document(text.replacing("*", with: "x")).anchors()
        for position in anchors { report.refuse(Document.anchorSentence, at: position) }
        return !anchors.isEmpty
    }

    private static func explain(_ error: any Error) -> (reason: String, position: Position?) {
        guard let error = error as? YamlError else { return ("\(error)", nil) }
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let reason = [context?.text, problem].compactMap(\.self).joined(separator: ", ")
            guard reason.contains("alias") else { return (reason, Position(mark)) }
            return (reason + " (aliases are not accepted; a pattern such as \"*\" needs quotes)", Position(mark))
        case .duplicatedKeysInMapping(let names, let context):
            return ("\(names[0].shown) is given twice", Position(context.mark))
        case .memory: return ("there is not enough memory to read it", nil)
        case .reader(let problem, _, _, _): return (problem, nil)
        case .no, .writer, .emitter, .representer, .dataCouldNotBeDecoded: return ("\(error)", nil)
        }
    }
}

/// One document as Yams reads it.
private struct Document {
    static let anchorSentence = "has an anchor (given &; accepted: every value written out where it is used)"

    /// Nodes refer to their anchors weakly, and the parser keeps those alive.
    private let parser: Parser
    private let root: Node?
    /// The names of keys that were changed to read on, by their place.
    private let renamed: [Position: String]

    /// Yams stops at the first key that is given twice, and we report all of them. So the earlier
    /// one of each pair gets a name that nobody uses, of the same length, until the text can be read.
    init(_ original: String) throws {
        var text = original
        var renamed: [Position: String] = [:]
        while true {
            do {
                // `basic` reads every scalar as text; what it means is decided by the key.
                let parser = try Parser(yaml: text, resolver: .basic, encoding: .utf8)
                (self.root, self.parser, self.renamed) = (try parser.singleRoot(), parser, renamed)
                return
            } catch let error as YamlError {
                let reread = (renamed.count + 1) * text.utf8.count
                let unused = Unicode.Scalar(0xE000 + renamed.count)
                guard case .duplicatedKeysInMapping(let names, let context) = error, let name = names.first, let unused,
                    reread <= YAMLReader.mostRereading,
                    let next = text.renaming(name, at: Position(context.mark), to: unused)
                else { throw error }
                let position = Position(context.mark)
                renamed[position] = name
                text = next
            }
        }
    }

    func written(_ report: inout Report) -> Written {
        guard let root else { return Written(.nothing) }
        return withExtendedLifetime(parser) { written(root, depth: 1, &report) }
    }

    private func written(_ node: Node, depth: Int, _ report: inout Report) -> Written {
        let position = Position(node)
        if let sentence = refusal(of: node, depth) {
            report.refuse(sentence, at: position)
            return Written(.refused, at: position)
        }
        switch node {
        case .scalar(let scalar): return Written(content(scalar), at: position)
        case .sequence(let items):
            return Written(.list(items.map { written($0, depth: depth + 1, &report) }), at: position)
        case .mapping(let pairs):
            let entries = pairs.compactMap { entry($0.key, $0.value, depth: depth, &report) }
            return Written(.section(entries), at: position)
        case .alias: return Written(.refused, at: position)  // Yams resolves them, and `hasAnchors` refused them.
        }
    }

    private func content(_ scalar: Node.Scalar) -> Written.Content {
        let isQuoted = scalar.style != .plain || scalar.tag.rawValue == Tag.Name.str.rawValue
        if !isQuoted, ["", "~", "null", "Null", "NULL"].contains(scalar.string) { return .nothing }
        return .scalar(scalar.string, isQuoted ? .quoted : .plain)
    }

    private func entry(_ key: Node, _ value: Node, depth: Int, _ report: inout Report) -> Written.Entry? {
        let position = Position(key)
        guard case .scalar(let scalar) = key, refusal(of: key, depth) == nil else {
            report.refuse("has a key that is not a name", at: position)
            return nil
        }
        let name = renamed[position] ?? scalar.string
        return Written.Entry(key: name, position: position, value: written(value, depth: depth + 1, &report))
    }

    private func refusal(of node: Node, _ depth: Int) -> String? {
        if node.anchor != nil { return Document.anchorSentence }
        if depth > YAMLReader.deepest {
            return "is nested too deep (accepted: \(YAMLReader.deepest) levels of lists and sections)"
        }
        let tag = node.writtenTag
        guard ["", "!", Tag.Name.str.rawValue].contains(tag) else {
            return "has a tag (given \(tag.shown); accepted: values without tags)"
        }
        return nil
    }

    /// Where anchors are; does not look inside what has one.
    func anchors() -> [Position] {
        guard let root else { return [] }
        var found: [Position] = []
        var open = [root]
        while let node = open.popLast() {
            if node.anchor != nil {
                found.append(Position(node))
            } else if case .sequence(let items) = node {
                open += items
            } else if case .mapping(let pairs) = node {
                open += pairs.flatMap { [$0.key, $0.value] }
            }
        }
        return withExtendedLifetime(parser) { found.sorted() }
    }
}

extension Node {
    /// The tag as it was written, without resolving it.
    fileprivate var writtenTag: String {
        switch self {
        case .scalar(let scalar): scalar.tag.rawValue
        case .sequence(let sequence): sequence.tag.rawValue
        case .mapping(let mapping): mapping.tag.rawValue
        case .alias: ""
        }
    }
}

extension Position {
    fileprivate init(_ mark: Mark) {
        self.init(line: mark.line, column: mark.column)
    }

    fileprivate init(_ node: Node) {
        self = node.mark.map(Position.init) ?? .start
    }
}
