package import OCI
import SQLite

/// What a rebuild is about: first the records are compared with the log, then the tables with the records.
package enum RebuildStep: Sendable {
    case checking, deriving
}

extension LedgerReader {
    /// How the index tables differ from what the records say, which have been compared with the log.
    func indexDifferences(evidence files: LedgerAudit.EvidenceFiles?) throws -> IndexReport {
        var comparison = IndexComparison(on: connection, mends: false, files: files)
        return try comparison.run()
    }
}

extension LedgerArchive {
    /// What a rebuild of the index tables would change.
    ///
    /// - Parameters:
    ///   - files: answers with the bytes of evidence that is a file.
    ///   - progress: told now and then how many records are done in a step, and how many there are.
    /// - Throws: `LedgerFault` when the records are not as they were written: nothing can be derived from them.
    package func indexDifferences(
        files: @escaping (_ digest: Digest, _ size: Int64) throws -> [UInt8],
        progress: (RebuildStep, _ done: Int64, _ total: Int64) -> Void = { _, _, _ in }
    ) throws -> IndexReport {
        try read { try IndexRebuild.run(on: $0.connection, mends: false, files: files, progress: progress) }
    }
}

extension Ledger {
    /// Derives the index tables anew from the records: adds what is missing, takes away what no record accounts for.
    ///
    /// One transaction, durable when this returns; records, leaves and checkpoints are only read. Blocks, and nobody may write
    /// meanwhile.
    ///
    /// - Parameters:
    ///   - files: answers with the bytes of evidence that is a file.
    ///   - progress: told now and then how many records are done in a step, and how many there are.
    /// - Returns: what was changed.
    /// - Throws: `LedgerFault` when the records are not as they were written; then nothing was changed.
    package func rebuildIndex(
        files: @escaping (_ digest: Digest, _ size: Int64) throws -> [UInt8],
        progress: (RebuildStep, _ done: Int64, _ total: Int64) -> Void = { _, _, _ in }
    ) throws -> IndexReport {
        var options = Connection.Options()
        options.runsTriggers = false
        options.keepsLog = true
        let connection = try Connection(path: path, mode: .readWrite, options: options)
        defer { connection.close() }
        return try connection.transaction(.immediate) {
            try IndexRebuild.run(on: connection, mends: true, files: files, progress: progress)
        }
    }
}

private enum IndexRebuild {
    static func run(
        on connection: Connection, mends: Bool, files: @escaping LedgerAudit.EvidenceFiles,
        progress: (RebuildStep, _ done: Int64, _ total: Int64) -> Void
    ) throws -> IndexReport {
        let audit = LedgerAudit(.everything, files: files, comparesIndex: false)
        let fault = try audit.run({ try $0(LedgerReader(connection: connection)) }) { progress(.checking, $0, $1) }
        if let fault { throw fault }
        var comparison = IndexComparison(on: connection, mends: mends, files: files)
        return try comparison.run { progress(.deriving, $0, $1) }
    }
}
