import Glibc
import SQLite

/// A folder of one test, removed with its last reference.
final class TemporaryFolder {
    let path: String

    init() {
        path = "/tmp/waybill-sqlite-" + String(UInt64.random(in: .min ... .max), radix: 36)
        precondition(mkdir(path, 0o700) == 0, "the folder \(path) cannot be made")
    }

    deinit {
        for name in names { unlink("\(path)/\(name)") }
        rmdir(path)
    }

    var database: String { "\(path)/test.db" }

    var names: [String] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Opens the database of this folder, and makes it when there is none.
    func connection(_ adjust: (inout Connection.Options) -> Void = { _ in }) throws -> Connection {
        var options = Connection.Options()
        adjust(&options)
        return try Connection(path: database, mode: .create, options: options)
    }

    /// A database with a table of notes.
    func notebook(_ adjust: (inout Connection.Options) -> Void = { _ in }) throws -> Connection {
        let connection = try connection(adjust)
        try connection.execute("CREATE TABLE note (id INTEGER PRIMARY KEY, text ANY UNIQUE) STRICT")
        return connection
    }

    /// Writes `byte` over `count` bytes of the database file, from `offset` on.
    func damage(from offset: Int, count: Int, with byte: UInt8) {
        let descriptor = open(database, O_WRONLY)
        defer { close(descriptor) }
        let bytes = [UInt8](repeating: byte, count: count)
        precondition(pwrite(descriptor, bytes, count, off_t(offset)) == count, "the damage was not done")
    }
}

/// The permission bits of a file.
func permissions(_ path: String) -> UInt32 {
    var status = stat()
    stat(path, &status)
    return status.st_mode & 0o777
}

extension Connection {
    func addNote(_ text: any Bindable) throws(SQLiteError) {
        try execute("INSERT INTO note (text) VALUES (?1)", text)
    }

    func noteCount() throws(SQLiteError) -> Int {
        try first("SELECT count(*) FROM note") { row in row.int(0) } ?? -1
    }

    func notes() throws(SQLiteError) -> [String] {
        try all("SELECT text FROM note ORDER BY id") { row in row.text(0) }
    }
}

/// An error of a test itself.
struct Mishap: Error, Equatable {}
