/// Rows with the same columns, for people.
struct Table {
    private let rows: [[String]]

    /// - Parameters:
    ///   - names: of the columns.
    ///   - rows: each with a cell for each of them.
    init(_ names: [String], _ rows: [[String]]) {
        self.rows = [names] + rows
    }

    /// Writes it to standard output, each column as wide as its widest cell.
    func print() {
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        for row in rows {
            let cells = zip(row, widths).map { cell, width in cell + String(repeating: " ", count: width - cell.count) }
            let line = cells.joined(separator: "  ")
            Swift.print(line.prefix(line.reversed().drop { $0 == " " }.count))
        }
    }
}
