/// The table of ARCHITECTURE.md that says which target may import what.
struct ImportTable {
    /// The modules that each target may import.
    private(set) var rows: [String: Set<String>] = [:]
    /// What could not be read, a sentence each.
    private(set) var faults: [String] = []

    /// Reads the table after the line `<!-- import table -->`, up to the next comment.
    init(parsing markdown: String) {
        let lines = markdown.split(separator: "\n", omittingEmptySubsequences: false)
        guard let start = lines.firstIndex(of: "<!-- import table -->") else {
            faults.append("there is no line <!-- import table -->")
            return
        }
        let rest = lines[(start + 1)...]
        guard let end = rest.firstIndex(where: { $0.hasPrefix("<!--") }) else {
            faults.append("the table has no comment behind it that ends it")
            return
        }
        let table = rest[..<end].filter { $0.hasPrefix("|") }
        guard table.first.map(Self.cells)?.prefix(2) == ["target", "may import"] else {
            faults.append("the columns are not: target, may import")
            return
        }
        for line in table.dropFirst(2) { add(Self.cells(line)) }
    }

    private mutating func add(_ cells: [String]) {
        guard cells.count >= 2, !cells[0].isEmpty else { return faults.append("a row has no target: \(cells)") }
        let modules = cells[1].split { $0 == "," || $0 == " " }.map(String.init)
        guard rows.updateValue(Set(modules), forKey: cells[0]) == nil else {
            return faults.append("\(cells[0]) has two rows")
        }
    }

    /// The cells of a row, without the space and the backquotes around them.
    private static func cells(_ line: Substring) -> [String] {
        line.dropFirst().split(separator: "|", omittingEmptySubsequences: false).map { cell in
            String(cell.filter { $0 != "`" }.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
        }
    }
}
