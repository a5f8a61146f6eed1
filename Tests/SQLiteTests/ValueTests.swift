import SQLite
import Testing

@Suite struct `A value that is stored and read back` {
    let folder = TemporaryFolder()

    /// Stores `value` in a column that changes no value's type, and reads it.
    private func roundTrip<T>(
        _ value: any Bindable, read: (borrowing Row) throws(SQLiteError) -> T
    ) throws -> T {
        let connection = try folder.notebook()
        try connection.addNote(value)
        return try #require(try connection.first("SELECT text FROM note", read: read))
    }

    private func type(of value: any Bindable) throws -> String {
        let connection = try folder.connection()
        return try #require(try connection.first("SELECT typeof(?1)", value) { row in row.text(0) })
    }

    @Test(arguments: [Int64.min, -1, 0, 1, Int64.max])
    func `keeps every Int64`(_ number: Int64) throws {
        #expect(try roundTrip(number) { row in row.int64(0) } == number)
    }

    @Test(arguments: [Int.min, Int.max])
    func `keeps every Int`(_ number: Int) throws {
        #expect(try roundTrip(number) { row in row.int(0) } == number)
    }

    @Test(arguments: [0, -0.1, .pi, .greatestFiniteMagnitude, .leastNonzeroMagnitude, -.infinity])
    func `keeps every Double`(_ number: Double) throws {
        #expect(try roundTrip(number) { row in row.double(0) } == number)
    }

    @Test func `is NULL where it is not a number`() throws {
        #expect(try roundTrip(Double.nan) { row in row.isNull(0) })
    }

    @Test(arguments: [true, false])
    func `keeps a Bool`(_ value: Bool) throws {
        #expect(try roundTrip(value) { row in row.bool(0) } == value)
    }

    @Test(arguments: ["", "a", "Ünïcödé 🚢", "a\0b", "\0", "'; DROP TABLE note; --", "line\nline"])
    func `keeps every String`(_ text: String) throws {
        #expect(try roundTrip(text) { row in row.text(0) } == text)
        #expect(try type(of: text) == "text")
    }

    @Test(arguments: [[], [0], [0, 0], [255, 0, 254]] as [[UInt8]])
    func `keeps every blob`(_ bytes: [UInt8]) throws {
        #expect(try roundTrip(bytes) { row in row.blob(0) } == bytes)
        #expect(try type(of: bytes) == "blob")
    }

    @Test func `keeps a large blob, and lends it without a copy`() throws {
        var bytes = [UInt8](repeating: 7, count: 20 << 20)
        for index in stride(from: 0, to: bytes.count, by: 4093) { bytes[index] = UInt8(truncatingIfNeeded: index) }
        let (copied, lent) = try roundTrip(bytes) { row in
            (row.blob(0) == bytes, row.withBlobBytes(0) { lent in [UInt8](lent) == bytes })
        }
        #expect(copied)
        #expect(lent)
    }

    @Test func `is an error when it is larger than SQLite allows`() throws {
        let connection = try folder.notebook()
        let error = #expect(throws: SQLiteError.self) {
            try connection.execute("INSERT INTO note (text) VALUES (zeroblob(2000000000))")
        }
        #expect(error?.message == "string or blob too big")
    }

    @Test func `tells a blob or a text of no bytes from NULL`() throws {
        let connection = try folder.connection()
        let found = try connection.first("SELECT ?1, ?2, ?3", [UInt8](), "", [UInt8]?.none) { row in
            [
                row.isNull(0), row.isNull(1), row.isNull(2), row.blobOrNil(0) == [], row.textOrNil(1) == "",
                row.blobOrNil(2) == nil, row.textOrNil(2) == nil, row.int64OrNil(2) == nil,
            ]
        }
        #expect(found == [false, false, true, true, true, true, true, true])
    }

    @Test func `may be optional`() throws {
        let connection = try folder.connection()
        let (number, text) = try #require(
            try connection.first("SELECT ?1, ?2", Int64?.some(7), String?.some("x")) { row in
                (row.int64OrNil(0), row.textOrNil(1))
            })
        #expect(number == 7)
        #expect(text == "x")
    }

    @Test func `reads as nothing where it is NULL and nobody asked`() throws {
        let connection = try folder.connection()
        let empty = try connection.first("SELECT NULL") { row in
            row.int(0) == 0 && row.double(0) == 0 && row.text(0) == "" && row.blob(0) == [] && !row.bool(0)
                && row.withBlobBytes(0) { $0.count } == 0
        }
        #expect(empty == true)
    }

    @Test func `reads with replacement characters where a text is not UTF-8`() throws {
        let connection = try folder.connection()
        let text = try connection.first("SELECT CAST(x'61ff62c328' AS TEXT)") { row in row.text(0) }
        #expect(text == "a\u{FFFD}b\u{FFFD}(")
    }

    @Test func `is converted as SQLite does when it is read as another type`() throws {
        let connection = try folder.connection()
        let found = try connection.first("SELECT 42, '17 apples', 2.9, x'6869'") { row in
            (row.text(0), row.int(1), row.int(2), row.text(3), row.blob(0))
        }
        let (text, number, truncated, bytesAsText, numberAsBytes) = try #require(found)
        #expect(text == "42")
        #expect(number == 17)
        #expect(truncated == 2)
        #expect(bytesAsText == "hi")
        #expect(numberAsBytes == Array("42".utf8))
    }

    @Test func `of a column that is not there is our own bug, and traps`() async {
        await #expect(processExitsWith: .failure) {
            let connection = try TemporaryFolder().connection()
            _ = try connection.first("SELECT 1") { row in row.int(1) }
        }
    }
}
