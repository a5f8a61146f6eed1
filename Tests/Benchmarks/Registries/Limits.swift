import BenchmarkLoad
import Glibc
import RegistryTesting
import SQLite

import struct Crypto.SHA256

/// What the machine can do in these minutes, whoever asks.
struct Limits: Sendable {
    /// In MiB a second.
    let hashing: Double
    let copying: Double
    let writing: Double
    /// Of a file to which 4 KiB have been added, a second.
    let flushes: Double
    /// Rows that SQLite makes durable in a second: one in a commit, and 64.
    let singleCommits: Double
    let groupCommits: Double

    private static let block = 64 << 20
    private static let time = Duration.milliseconds(500)

    /// Measures for some four seconds.
    init(in parent: String) throws {
        let folder = TemporaryFolder(in: parent)
        let bytes = ContentMaker.randomBytes(Self.block)
        hashing = Self.rate { Self.hash(bytes) } * Double(Self.block >> 20)
        copying = Self.copyRate(bytes)
        let file = open("\(folder.path)/file", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        defer { close(file) }
        writing = Self.rate { Self.write(bytes[...], to: file, at: 0) } * Double(Self.block >> 20)
        var end = Self.block
        flushes = Self.rate {
            Self.write(bytes[..<4096], to: file, at: end)
            end += 4096
        }
        singleCommits = try Self.commitRate(path: "\(folder.path)/1.db", rows: 1)
        groupCommits = try Self.commitRate(path: "\(folder.path)/64.db", rows: 64)
    }

    /// How often a second `body` can be done.
    private static func rate(_ body: () throws -> Void) rethrows -> Double {
        let clock = ContinuousClock()
        let begin = clock.now
        var count = 0
        repeat {
            try body()
            count += 1
        } while begin.duration(to: clock.now) < time
        return Double(count) / begin.duration(to: clock.now).seconds
    }

    private static func hash(_ bytes: [UInt8]) {
        var hash = SHA256()
        bytes.withUnsafeBytes { hash.update(bufferPointer: $0) }
        _ = hash.finalize()
    }

    private static func copyRate(_ bytes: [UInt8]) -> Double {
        let target = UnsafeMutableRawBufferPointer.allocate(byteCount: block, alignment: 4096)
        defer { target.deallocate() }
        target.copyBytes(from: bytes)
        return rate { target.copyBytes(from: bytes) } * Double(block >> 20)
    }

    private static func write(_ bytes: ArraySlice<UInt8>, to file: CInt, at offset: Int) {
        bytes.withUnsafeBytes { bytes in
            var done = 0
            while done < bytes.count {
                let count = pwrite(file, bytes.baseAddress.map { $0 + done }, bytes.count - done, off_t(offset + done))
                guard count > 0 else { return }
                done += count
            }
        }
        fdatasync(file)
    }

    private static func commitRate(path: String, rows: Int) throws -> Double {
        let connection = try Connection(path: path, mode: .create)
        defer { connection.close() }
        try connection.execute("CREATE TABLE row (number INTEGER PRIMARY KEY, content BLOB NOT NULL) STRICT")
        let content = [UInt8](repeating: 7, count: 200)
        return try rate {
            try connection.execute("BEGIN IMMEDIATE")
            for _ in 0..<rows { try connection.execute("INSERT INTO row (content) VALUES (?1)", content) }
            try connection.execute("COMMIT")
        } * Double(rows)
    }
}
