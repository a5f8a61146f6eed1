package import OCI
import SQLite

extension Ledger {
    /// Records that are compared before anything is written: as many as take a small part of a second.
    package static let checkedAtStart: Int64 = 4096

    /// Compares the newest records with the log; a ledger of no more than `checkedAtStart` is compared as a whole.
    ///
    /// What is found is the reason why the ledger is read-only from then on. Blocks.
    @discardableResult
    package func checkNewest() throws -> LedgerFault? {
        let fault = try LedgerAudit(.chained).run(newest: Self.checkedAtStart, readAnew)
        if let fault { refuseWrites(because: "\(fault)") }
        return fault
    }

    /// Does the same beside everything that reads; what is to be written waits for it. What cannot be compared is not written
    /// to either.
    ///
    /// - Parameter finished: told why the ledger is read-only from now on; nil when all is well.
    package func checkNewestBeforeWrites(finished: @escaping @Sendable (_ refusal: String?) -> Void) {
        beforeWrites {
            do { try self.checkNewest() } catch {
                self.refuseWrites(because: "the newest records cannot be compared with the log: \(error)")
            }
            finished(self.refusal)
        }
    }

    /// Compares everything with the log, as `checkNewest` does. Takes some seconds for each million records and blocks
    /// meanwhile, but holds up neither readers nor the writer.
    ///
    /// - Parameter progress: told now and then how many records are done, and how many there are; it ends the audit by
    ///   throwing.
    @discardableResult
    package func checkAll(
        progress: (_ done: Int64, _ total: Int64) throws -> Void = { _, _ in }
    ) throws -> LedgerFault? {
        let fault = try LedgerAudit(.chained).run(readAnew, progress: progress)
        if let fault { refuseWrites(because: "\(fault)") }
        return fault
    }

    /// Whether `checkNewest` leaves something out.
    package func needsFullCheck() throws -> Bool {
        try read { try $0.leafCount() } > Self.checkedAtStart
    }
}

/// A ledger that is only read, beside whatever process writes it.
package final class LedgerArchive {
    private let connection: Connection

    /// Opens the database at `path`, which exists.
    ///
    /// - Throws: `SQLiteError`, and `MigrationError` when it belongs to another version of the program.
    package init(path: String) throws {
        connection = try Connection(path: path, mode: .readOnly)
        if let pending = try Migrations.migrator.pending(on: connection).first {
            throw MigrationError.neverRun(version: pending.version, name: pending.name)
        }
    }

    /// Runs `body` on a snapshot of the database.
    package func read<Value>(_ body: (LedgerReader) throws -> Value) throws -> Value {
        try connection.transaction(.deferred) { try body(LedgerReader(connection: connection)) }
    }

    /// Compares everything: every record, leaf, tile, checkpoint and signature.
    ///
    /// - Parameters:
    ///   - files: answers with the bytes of evidence that is a file.
    ///   - progress: told now and then how many records are done, and how many there are.
    /// - Returns: the first fault; nil when all is well.
    package func audit(
        files: @escaping (_ digest: Digest, _ size: Int64) throws -> [UInt8],
        progress: (_ done: Int64, _ total: Int64) -> Void = { _, _ in }
    ) throws -> LedgerFault? {
        try LedgerAudit(.everything, files: files).run(read, progress: progress)
    }

    /// Copies the database as it is now into a new file, durably; others may go on writing.
    ///
    /// - Parameter progress: told now and then how many pages are copied, and how many there are.
    func copy(to path: String, progress: (_ copied: Int, _ total: Int) -> Void) throws {
        try connection.backup(to: path) { progress($0, $1) }
    }

    /// Closes the database.
    package func close() {
        connection.close()
    }
}
