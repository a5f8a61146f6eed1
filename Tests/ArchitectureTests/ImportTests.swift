import Testing

@Suite struct `The import table of ARCHITECTURE.md` {
    let table: ImportTable

    init() throws {
        table = ImportTable(parsing: try Repository.text(of: "ARCHITECTURE.md"))
    }

    @Test func `can be read and has a row for each target`() throws {
        #expect(table.faults == [])
        #expect(table.rows.keys.sorted() == (try Repository.targets()))
    }

    @Test func `allows every import of Sources`() throws {
        for file in try Repository.files(in: "Sources") {
            let allowed = table.rows[file.target] ?? []
            let refused = file.imports.filter { !allowed.contains($0) }
            #expect(refused == [], "\(file) imports what \(file.target) may not")
        }
    }

    @Test(arguments: ["OCI", "HTTPWire"])
    func `lets pure modules have nothing that reads a clock, a file or a socket`(_ target: String) {
        let values: Set = ["OCI", "HTTPWire", "HTTPTypes"]
        #expect(table.rows[target]?.subtracting(values) == [])
    }

    @Test(arguments: ["LinuxIO", "HTTPWire", "HTTPServing", "HTTPClient", "Anchoring"])
    func `keeps registries out of the engine and of what goes out`(_ target: String) {
        let registries: Set = ["OCI", "RegistryCore", "RegistryAPI", "SQLite", "CSQLite"]
        #expect(table.rows[target]?.intersection(registries) == [])
    }

    @Test(arguments: ["RegistryCore", "SQLite", "OCI"])
    func `keeps HTTP out of the domain`(_ target: String) {
        let web: Set = ["HTTPTypes", "HTTPWire", "HTTPServing", "RegistryAPI"]
        #expect(table.rows[target]?.intersection(web) == [])
    }

    @Test func `lets nobody use curl but the HTTP client`() {
        #expect(table.rows.filter { $0.value.contains("CCurl") }.map(\.key) == ["HTTPClient"])
    }

    @Test func `lets nobody import the program`() {
        #expect(table.rows.filter { $0.value.contains("waybill") }.isEmpty)
    }
}

@Suite struct `Reading an import table` {
    @Test func `takes the rows between the marks`() {
        let table = ImportTable(
            parsing: """
                | target | may import |
                <!-- import table -->
                | target | may import | why |
                |---|:--|---|
                | `A` | `B`, C | because |
                | B | | |
                <!-- end -->
                | C | D |
                """)
        #expect(table.faults == [])
        #expect(table.rows == ["A": ["B", "C"], "B": []])
    }

    @Test(arguments: [
        "| target | may import |",
        "<!-- import table -->\n| target | may import |\n|---|---|",
        "<!-- import table -->\n| who | may import |\n|---|---|\n<!-- -->",
        "<!-- import table -->\n| target | may import |\n|---|---|\n| A | B |\n| A | C |\n<!-- -->",
        "<!-- import table -->\n| target | may import |\n|---|---|\n| | B |\n<!-- -->",
    ])
    func `says what is wrong with it`(_ text: String) {
        #expect(ImportTable(parsing: text).faults.count == 1)
    }

    @Test(arguments: [
        ("import Glibc", "Glibc"), ("package import OCI", "OCI"), ("internal import CSQLite", "CSQLite"),
        ("import struct Crypto.SHA256", "Crypto"), ("@testable import OCI", "OCI"),
        ("@preconcurrency package import Dispatch", "Dispatch"), ("    import Logging", "Logging"),
    ])
    func `finds every way to import`(_ line: String, _ module: String) {
        #expect(SourceFile(path: "Sources/A/a.swift", lines: [line[...]]).imports == [module])
    }

    @Test(arguments: ["// import Glibc", "let important = 1", "imports(OCI)"])
    func `takes nothing else for an import`(_ line: String) {
        #expect(SourceFile(path: "Sources/A/a.swift", lines: [line[...]]).imports == [])
    }
}
