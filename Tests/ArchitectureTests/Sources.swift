import FoundationEssentials

/// A Swift file of the repository.
struct SourceFile: CustomStringConvertible {
    /// Its path from the root of the repository.
    let path: String
    let lines: [Substring]

    var description: String { path }

    /// The folder below `Sources` or `Tests` that it is in.
    var target: String { String(path.split(separator: "/")[1]) }

    /// Its lines with their numbers, without those that are nothing but a comment.
    var code: [(number: Int, text: Substring)] {
        lines.enumerated().map { ($0 + 1, $1) }.filter { line in
            !line.1.drop { $0 == " " }.hasPrefix("//")
        }
    }

    /// The modules that it imports, whole or in part.
    var imports: [String] {
        code.compactMap { line in
            guard let match = line.text.prefixMatch(of: importLine) else { return nil }
            return String(match.1)
        }
    }

    /// Where in it a line of code matches, as `path:line`.
    func places(_ isFound: (Substring) -> Bool) -> [String] {
        code.filter { isFound($0.text) }.map { "\(path):\($0.number)" }
    }
}

nonisolated(unsafe) private let importLine =
    #/\s*(?:@\w+\s+)*(?:(?:package|internal|public|private|fileprivate)\s+)?import\s+(?:(?:struct|class|enum|protocol|func|var|let|typealias)\s+)?(\w+)/#

/// The repository that this test was built from.
enum Repository {
    static let root = #filePath.split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" }

    /// Everything that a folder of the root has in Swift, sorted by path.
    static func files(in folder: String) throws -> [SourceFile] {
        let names = try FileManager.default.subpathsOfDirectory(atPath: "\(root)/\(folder)")
        return try names.filter { $0.hasSuffix(".swift") }.sorted().map { name in
            SourceFile(
                path: "\(folder)/\(name)",
                lines: try text(of: "\(folder)/\(name)").split(separator: "\n", omittingEmptySubsequences: false))
        }
    }

    /// The targets of `Sources`.
    static func targets() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "\(root)/Sources").sorted()
    }

    static func text(of path: String) throws -> String {
        try String(contentsOfFile: "\(root)/\(path)", encoding: .utf8)
    }
}
