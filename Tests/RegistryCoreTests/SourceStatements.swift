import Testing

@testable import SQLite

/// A statement as it is written in the sources.
struct SourceStatement: CustomTestStringConvertible {
    /// The file that it is in, without its folder.
    let file: String
    let sql: String

    var testDescription: String { "\(file): \(sql.prefix { $0 != "\n" })" }

    /// The statements of the folders that have any, which another test holds to be all folders that have.
    static let all: [SourceStatement] = ["RegistryCore/Ledger", "SQLite"].flatMap { folder in
        SourceFolder(folder).files.flatMap { file in
            var scanner = LiteralScanner(file.content)
            return scanner.literals().filter(isStatement).map { SourceStatement(file: file.name, sql: $0) }
        }
    }

    private static func isStatement(_ literal: String) -> Bool {
        ["SELECT ", "INSERT ", "UPDATE ", "DELETE ", "WITH ", "REPLACE "].contains { literal.hasPrefix($0) }
    }
}

/// Finds the string literals of Swift code. It reads what is in the two folders, and not everything that Swift allows: a test
/// compares what it finds with what runs.
struct LiteralScanner {
    private let text: [UInt8]
    private var place = 0

    init(_ text: [UInt8]) { self.text = text }

    mutating func literals() -> [String] {
        var found: [String] = []
        while place < text.count {
            if starts(with: "//") {
                while place < text.count, text[place] != UInt8(ascii: "\n") { place += 1 }
            } else if text[place] == UInt8(ascii: "\"") {
                found.append(literal())
            } else {
                place += 1
            }
        }
        return found
    }

    private func starts(with mark: String) -> Bool { text[place...].starts(with: mark.utf8) }

    /// From its first quotation mark to behind its last.
    private mutating func literal() -> String {
        let mark = starts(with: "\"\"\"") ? "\"\"\"" : "\""
        place += mark.utf8.count
        var bytes: [UInt8] = []
        while place < text.count, !starts(with: mark) {
            if starts(with: "\\(") {
                skipInterpolation()
            } else {
                if text[place] == UInt8(ascii: "\\") { place += 1 }
                bytes.append(text[place])
                place += 1
            }
        }
        place += mark.utf8.count
        return mark.utf8.count == 1 ? String(decoding: bytes, as: UTF8.self) : Self.unindented(bytes)
    }

    private mutating func skipInterpolation() {
        var depth = 0
        repeat {
            switch text[place] {
            case UInt8(ascii: "("): depth += 1
            case UInt8(ascii: ")"): depth -= 1
            case UInt8(ascii: "\""):
                _ = literal()
                continue
            default: break
            }
            place += 1
        } while depth > 0 || text[place - 1] == UInt8(ascii: "\\")
    }

    /// The lines between the marks, without the space that stands before the last mark.
    private static func unindented(_ bytes: [UInt8]) -> String {
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        let space = lines.last?.count ?? 0
        return lines.dropFirst().dropLast().map { $0.dropFirst(space) }.joined(separator: "\n")
    }
}
