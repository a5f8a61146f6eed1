/// A line and what belongs to it.
package struct Branch: Equatable, Sendable {
    package var line: Line
    package var branches: [Branch]

    /// A line with what belongs to it, in this order.
    package init(_ line: Line, _ branches: [Branch] = []) {
        self.line = line
        self.branches = branches
    }

    /// The first branch whose line begins so; tests look for what they are about.
    package subscript(beginning: String) -> Branch? { branches.first { $0.line.text.hasPrefix(beginning) } }

    /// Fewest columns that a text is squeezed into, however deep it is.
    private static let narrowest = 24

    /// The tree as lines of a terminal.
    ///
    /// - Parameter width: columns to stay within; nil when nobody reads it on a terminal, so that no value is broken.
    package func lines(width: Int? = nil, isColoured: Bool = false) -> [String] {
        var lines: [String] = []
        write(to: &lines, first: "", rest: "", width: width ?? .max / 2, isColoured)
        return lines
    }

    private func write(to lines: inout [String], first: String, rest: String, width: Int, _ isColoured: Bool) {
        let hanging = rest + (branches.isEmpty ? "  " : "│ ")
        let pieces = line.wrapped(
            first: max(Self.narrowest, width - first.columns), rest: max(Self.narrowest, width - hanging.columns))
        for (index, piece) in pieces.enumerated() {
            lines.append((index == 0 ? first : hanging) + piece.rendered(isColoured: isColoured))
        }
        for (index, branch) in branches.enumerated() {
            let isLast = index == branches.count - 1
            branch.write(
                to: &lines, first: rest + (isLast ? "└─ " : "├─ "), rest: rest + (isLast ? "   " : "│  "), width: width,
                isColoured)
        }
    }
}
