internal import CSQLite
internal import Glibc

/// The file of commits that are not in the database file yet, to make durable what was committed without waiting for the
/// disk (`Connection.Synchronous.normal`).
///
/// Each commit in it has a checksum that covers those before, so what survives a power failure is always a beginning of the
/// history, and what was flushed is in it.
package final class WriteAheadLog: Sendable {
    /// SQLITE_IOERR_FSYNC, a macro that Swift does not see.
    private static let failedFlush = SQLITE_IOERR | 4 << 8

    private let number: Int32

    /// Opens the log of the database at `path`, which a connection has opened in the mode `.create`.
    package init(of path: String) throws(SQLiteError) {
        // SQLite locks neither this file nor through it, so closing it drops no lock: https://sqlite.org/howtocorrupt.html §2.2.
        number = open("\(path)-wal", O_RDONLY | O_CLOEXEC)
        guard number >= 0 else {
            throw SQLiteError(
                extendedCode: SQLITE_CANTOPEN, message: "the write-ahead log cannot be opened", systemErrno: errno)
        }
    }

    deinit { close(number) }

    /// Makes every commit durable that was made before. From any thread, also while others commit. Blocks.
    ///
    /// - Throws: `isDiskFailure`; nobody knows then what the disk has, and another call does not find out.
    package func flush() throws(SQLiteError) {
        var result = fdatasync(number)
        while result != 0, errno == EINTR { result = fdatasync(number) }
        guard result == 0 else {
            throw SQLiteError(
                extendedCode: Self.failedFlush,
                message: "the write-ahead log cannot be flushed", systemErrno: errno)
        }
    }
}
