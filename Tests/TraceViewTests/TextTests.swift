import OCI
import Testing
import TraceView

@Suite struct `Text from somebody else` {
    @Test(arguments: [
        ("plain text, é, 漢字, 🚢", "plain text, é, 漢字, 🚢"), ("\u{1B}[31mred", #"\u{1b}[31mred"#),
        ("a\nb\r\tc\0", #"a\u{a}b\u{d}\u{9}c\u{0}"#), ("\u{9B}2J", #"\u{9b}2J"#), ("\u{7F}", #"\u{7f}"#),
        ("\u{202E}gnp.exe", #"\u{202e}gnp.exe"#), ("a\u{200B}b\u{FEFF}", #"a\u{200b}b\u{feff}"#),
        (#"\u{1b}"#, #"\\u{1b}"#), ("a\u{2028}b\u{A0}c", #"a\u{2028}b\u{a0}c"#), ("\u{E000}", #"\u{e000}"#),
    ])
    func `is shown without power over the terminal`(_ text: String, _ shown: String) {
        #expect(text.visible() == shown)
        let line: Line = "says \(text) and \(text, .strong)"
        #expect(line.text == "says \(shown) and \(shown)")
    }

    @Test func `is cut when it is long`() {
        let text = String(repeating: "é", count: 300)
        #expect(text.visible() == "\(String(repeating: "é", count: 200))… (600 bytes)")
        #expect(text.visible(limit: 300) == text)
    }

    @Test func `cannot write escapes into a report, wherever it stands`() throws {
        let evil: JSONValue = "\u{1B}]0;evil\u{7}\u{9B}2J\n\u{202E}"
        func poison(_ value: JSONValue) -> JSONValue {
            switch value {
            case .string: evil
            case .array(let elements): .array(elements.map(poison))
            case .object(let object):
                .object(
                    object.members.reduce(into: [:]) { result, member in
                        let isLabel = member.key.contains(".") || member.key == "team"
                        result[isLabel ? "\(member.key)\u{1B}[2J" : member.key] =
                            ["kind", "signature"].contains(member.key) ? member.value : poison(member.value)
                    })
            case .number, .bool, .null: value
            }
        }
        let conflict: JSONValue = ["field": "revision", "label": "x", "attested": "y", "record": 598]
        let records = ["valid", "unsigned", "invalid"].map { Answers.build($0) } + [Answers.push]
        for page in [Answers.image(records: records, conflicts: [conflict]), Answers.multi] {
            let answer = try #require(TraceAnswer(pages: [poison(page)]))
            let report = TraceReport(name: "\u{1B}c", digest: try Digest(parsing: Answers.image), answer: answer)
            for line in report.tree.lines(width: 60) {
                #expect(line.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) })
                #expect(!line.unicodeScalars.contains("\u{202E}"))
            }
        }
    }
}

@Suite struct `Lines of a tree` {
    private static let tree = Branch(
        "root",
        [
            Branch(
                "\("label", .faint) = \("the quick brown fox jumps over the lazy dog", .strong)", [Branch("\(1)")]),
            Branch("\(String(repeating: "x", count: 50))"), Branch("\(String(repeating: "漢", count: 30)) end"),
        ])

    @Test func `break between words and keep the tree's shape`() {
        let expected = """
            root
            ├─ label = the quick brown fox
            │  │ jumps over the lazy dog
            │  └─ 1
            ├─ xxxxxxxxxxxxxxxxxxxxxxxxxxx
            │    xxxxxxxxxxxxxxxxxxxxxxx
            └─ 漢漢漢漢漢漢漢漢漢漢漢漢漢
                 漢漢漢漢漢漢漢漢漢漢漢漢
                 漢漢漢漢漢 end
            """
        #expect(Self.tree.lines(width: 30) == expected.split(separator: "\n").map(String.init))
    }

    @Test func `are not broken where there is no width`() {
        #expect(Self.tree.lines().count == 5)
    }

    @Test func `lose nothing, however narrow the terminal is`() throws {
        let tree = try Answers.report(Answers.image()).tree
        let whole = tree.lines().joined().filter { !" ├│└─".contains($0) }
        for width in [1, 20, 40, 79, 80, 200] {
            let lines = tree.lines(width: width)
            #expect(lines.joined().filter { !" ├│└─".contains($0) } == whole)
            if width >= 40 { #expect(lines.allSatisfy { $0.unicodeScalars.count <= width }) }
        }
    }

    @Test func `have colours only when they are wanted`() throws {
        let tree = try Answers.report(Answers.image()).tree
        #expect(!tree.lines().joined().contains("\u{1B}"))
        let coloured = tree.lines(isColoured: true)
        #expect(coloured[0] == "\u{1B}[1mhttp://127.0.0.1:5000/team/app:v1\u{1B}[0m")
        let plain = coloured.map { $0.replacing(#/\u{1B}\[[0-9;]*m/#, with: "") }
        #expect(plain == tree.lines())
    }
}
