import Testing

@Suite struct `The code of the repository` {
    @Test(arguments: ["Sources", "Tests"])
    func `is in files of at most 500 lines`(_ folder: String) throws {
        let long = try Repository.files(in: folder).filter { $0.lines.count > 500 }
        #expect(long.map(\.path) == [])
    }

    @Test func `has no SQL outside the ledger's folder`() throws {
        let files = try Repository.files(in: "Sources").filter { file in
            file.target != "SQLite" && !file.path.hasPrefix("Sources/RegistryCore/Ledger/")
        }
        #expect(files.flatMap { $0.places(Self.isSQL) } == [])
        #expect(files.filter { $0.target == "RegistryCore" && $0.imports.contains("SQLite") }.map(\.path) == [])
    }

    @Test func `never ends the process instead of throwing`() throws {
        let found = try Repository.files(in: "Sources").flatMap { file in
            file.places { $0.contains("try!") || $0.contains("fatalError") }
        }
        #expect(found == [])
    }

    @Test func `has no type with the name of its module, which would hide the module`() throws {
        let found = try Repository.files(in: "Sources").flatMap { file in
            file.places { line in
                line.split { !$0.isLetter && !$0.isNumber && $0 != "_" }.adjacentPairs.contains { keyword, name in
                    Self.typeKeywords.contains(keyword) && name == file.target
                }
            }
        }
        #expect(found == [])
    }

    @Test(arguments: [
        #"let sql: StaticSQL = "SELECT 1""#, "    INSERT INTO tag VALUES (1)", #"run("DELETE FROM tag")"#,
        #""UPDATE tag SET x = 1""#,
    ])
    func `is recognised as SQL`(_ line: String) {
        #expect(Self.isSQL(line[...]))
    }

    private static let typeKeywords: Set<Substring> = ["struct", "class", "enum", "actor", "protocol", "typealias"]

    private static func isSQL(_ line: Substring) -> Bool {
        line.contains(#/(?:^\s*|")(?:SELECT |INSERT |UPDATE |DELETE FROM)/#)
    }
}

extension Array {
    /// Each element with the one behind it.
    fileprivate var adjacentPairs: Zip2Sequence<[Element], ArraySlice<Element>> { zip(self, dropFirst()) }
}
