internal import CSQLite
internal import Glibc

/// The file of commits that are not in the database file yet, to make durable what was committed without waiting for the
/// disk (`Connection.Synchronous.normal`).
///
/// Each commit in it has a checksum that covers those before, so what survives a power failure is always a beginning of the
/// history, and what was flushed is in it.
package final class WriteAheadLog: Sendable {
    // SQLITE_IOERR_READ, _WRITE, _FSYNC and _DIR_FSYNC, macros that Swift does not see.
    private static let (failedRead, failedWrite) = (SQLITE_IOERR | 1 << 8, SQLITE_IOERR | 3 << 8)
    private static let failedFlush = SQLITE_IOERR | 4 << 8

    private static let failedFolder = SQLITE_IOERR | 5 << 8

    private let number: Int32
    private let folder: String

    /// Opens the log of the database at `path`, which a connection has opened in the mode `.create`.
    package init(of path: String) throws(SQLiteError) {
        // SQLite locks neither this file nor through it, so closing it drops no lock: https://sqlite.org/howtocorrupt.html §2.2.
        number = open("\(path)-wal", O_RDWR | O_CLOEXEC)
        folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        guard number >= 0 else {
            throw SQLiteError(
                extendedCode: SQLITE_CANTOPEN, message: "the write-ahead log cannot be opened", systemErrno: errno)
        }
    }

    deinit { close(number) }

    /// Writes every byte of the log once more, where it is, so that the next `flush` is for all of it. Blocks.
    ///
    /// After a flush that failed Linux takes the pages that it was for as clean: they can be read, they are not on the disk, and the
    /// next flush succeeds without them. Whoever finds a log cannot know whether that has happened to the process that left it,
    /// and what is committed behind such pages is lost with them. Nobody commits meanwhile.
    package func rewrite() throws(SQLiteError) {
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        var offset = 0
        while true {
            let count = try call(Self.failedRead) { pread(number, &buffer, buffer.count, off_t(offset)) }
            if count == 0 { return }
            var written = 0
            while written < count {
                written += try call(Self.failedWrite) {
                    buffer.withUnsafeBytes { bytes in
                        pwrite(number, bytes.baseAddress.map { $0 + written }, count - written, off_t(offset + written))
                    }
                }
            }
            offset += count
        }
    }

    /// Makes the name of the log durable; once is enough, since it stays until the last connection is closed. Blocks.
    ///
    /// SQLite does so with its first flush of a new log. But when it can open no further descriptor then, it says nothing, and never
    /// tries again: without its name, a log is lost with every commit in it.
    package func flushName() throws(SQLiteError) {
        let descriptor = Int32(try call(Self.failedFolder) { Int(open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) })
        defer { close(descriptor) }
        _ = try call(Self.failedFolder) { Int(fsync(descriptor)) }
    }

    /// Makes every commit durable that was made before. From any thread, also while others commit. Blocks.
    ///
    /// - Throws: `isDiskFailure`; nobody knows then what the disk has, and another call does not find out.
    package func flush() throws(SQLiteError) {
        _ = try call(Self.failedFlush) { Int(fdatasync(number)) }
    }

    private func call(_ code: Int32, _ body: () -> Int) throws(SQLiteError) -> Int {
        while true {
            let result = body()
            if result >= 0 { return result }
            guard errno != EINTR else { continue }
            let systemErrno = errno
            let what =
                switch code {
                case Self.failedFlush: "the write-ahead log cannot be flushed"
                case Self.failedFolder: "the name of the write-ahead log cannot be flushed"
                default: "the write-ahead log cannot be written again"
                }
            throw SQLiteError(extendedCode: code, message: what, systemErrno: systemErrno)
        }
    }
}
