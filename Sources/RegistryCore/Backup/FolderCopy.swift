import Glibc
import LinuxIO
import OCI
package import TransparencyLog

/// Copies a data folder into another: a backup, and what is restored from one. A server may go on using the source.
///
/// The copy is a data folder like any other: at every moment it has the database that it had before with all of its files, or the
/// new one with all of its files. What is there already is not copied again, and what the new database does not name goes.
package struct FolderCopy {
    /// What was copied.
    package struct Summary: Sendable, Equatable {
        /// Blobs and evidence that are files.
        package var files = 0
        /// Those of them that were not there yet, and their bytes.
        package var copied = 0
        package var bytes: Int64 = 0
        /// Files that the database does not name any more.
        package var removed = 0
        /// What the log was when the database was copied; nil before it has begun.
        package var checkpoint: SignedCheckpoint?
    }

    private static let database = "waybill.db"
    /// What else belongs to it: without the keys nobody can go on with the log.
    private static let keys = ["ledger.key", "token.key", "upload.key"]

    private let source: String
    private let target: String
    private let linksFiles: Bool
    private let disk: Disk

    /// - Parameters:
    ///   - source: the data folder to copy.
    ///   - target: where the copy goes; made if need be. No server may use it.
    ///   - linksFiles: whether a file on the same file system may be a second name of the same bytes. Then a bad disk takes both.
    ///   - disk: the disk of the target, with faults if a test hands them in.
    package init(from source: String, to target: String, linksFiles: Bool = true, disk: Disk = Disk()) {
        self.disk = disk
        self.source = source
        self.target = target
        self.linksFiles = linksFiles
    }

    /// Copies everything, durably. Blocks for as long as that takes.
    ///
    /// - Parameters:
    ///   - progress: told now and then of a step, and how many of how many parts of it are done.
    ///   - report: told of each file that is damaged or missing in the source, in a sentence. It is not copied, the rest is.
    /// - Throws: `FolderCopyError`, and what database and disk throw; then the target has what it had before, if not a few files more.
    package func run(
        progress: (_ step: String, _ done: Int, _ total: Int) -> Void = { _, _, _ in }, report: (String) -> Void
    ) throws -> Summary {
        guard try disk.size(of: "\(source)/\(Self.database)") != nil else { throw FolderCopyError.noDatabase(source) }
        let lock = try FileLock.shared("\(source)/\(BlobStore.removalLock)")
        defer { withExtendedLifetime(lock) {} }
        try makeTarget()
        // Read first: the server writes this file behind the database, so the copy has everything that it speaks of.
        let seen = try CheckpointFile(folder: "\(source)/keys").read()
        let new = "\(target)/\(Self.database).new"
        try disk.unlink(new)
        try removeLog(of: new)
        try copyDatabase(to: new) { progress("copying the database", $0, $1) }
        let archive = try LedgerArchive(path: new)
        defer {
            archive.close()
            // It reads only, and so it leaves these.
            try? removeLog(of: new)
        }
        var summary = Summary()
        summary.checkpoint = try archive.read { try $0.lastCheckpoint() }
        try checkContinuity(of: archive)
        try copyFiles(of: archive, &summary, progress, report)
        // Of a server that was run on the copy: its pages are not of this database.
        try removeLog(of: "\(target)/\(Self.database)")
        try disk.rename(new, to: "\(target)/\(Self.database)", in: target)
        // Behind the database: a server that found the keys without it would begin their log anew.
        for name in Self.keys { try copyKey(name) }
        try publish(seen)
        summary.removed = try removeOthers(archive)
        return summary
    }

    private func removeLog(of database: String) throws {
        for suffix in ["-wal", "-shm"] { try disk.unlink("\(database)\(suffix)") }
    }

    private func makeTarget() throws {
        try disk.makeFolders(target)
        for folder in ["blobs", "keys", "uploads"] { try disk.makeFolder("\(target)/\(folder)", in: target) }
        for algorithm in Digest.Algorithm.allCases {
            try disk.makeFolder("\(target)/blobs/\(algorithm.rawValue)", in: "\(target)/blobs")
        }
    }

    private func copyDatabase(to path: String, _ progress: (Int, Int) -> Void) throws {
        let archive = try LedgerArchive(path: "\(source)/\(Self.database)")
        defer { archive.close() }
        try archive.copy(to: path, progress: progress)
    }

    /// Refuses to replace what the new copy does not continue.
    private func checkContinuity(of archive: LedgerArchive) throws {
        let path = "\(target)/\(Self.database)"
        guard try disk.size(of: path) != nil else { return }
        let old = try LedgerArchive(path: path)
        defer { old.close() }
        guard let last = try old.read({ try $0.lastCheckpoint() }) else { return }
        guard let now = try archive.read({ try $0.lastCheckpoint() }),
            now.checkpoint.origin == last.checkpoint.origin
        else { throw FolderCopyError.otherLog(target, last.checkpoint.origin) }
        if let reason = try archive.read({ try $0.contradiction(to: last) }) {
            throw FolderCopyError.doesNotContinue(target, reason)
        }
    }

    // MARK: - Files

    private func copyFiles(
        of archive: LedgerArchive, _ summary: inout Summary, _ progress: (String, Int, Int) -> Void,
        _ report: (String) -> Void
    ) throws {
        let total = try archive.read { try $0.blobCount() }
        var (key, done) = (Int64(0), 0)
        while true {
            let after = key
            let page = try archive.read { try $0.storedBlobs(after: after, limit: 1000) }
            guard let last = page.last else { break }
            for blob in page {
                progress("copying blobs", done, total)
                done += 1
                if blob.isFile { try copy(blob.digest, size: blob.size, &summary, report) }
            }
            key = last.key
        }
        var evidence: Digest?
        while true {
            let page = try archive.read { try $0.evidenceFiles(after: evidence, limit: 1000) }
            guard let last = page.last else { return }
            for file in page { try copy(file.digest, size: file.size, &summary, report) }
            evidence = last.digest
        }
    }

    private func copy(
        _ digest: Digest, size: Int64, _ summary: inout Summary, _ report: (String) -> Void
    ) throws {
        summary.files += 1
        let path = BlobStore.path(of: digest, in: target)
        if try disk.size(of: path) == size { return }
        do {
            if let fault = try copyFile(digest, size: size, to: path) {
                return report("\(digest) \(fault) and was not copied")
            }
        } catch let error as SystemError {
            guard let fault = BlobFault(error) else { throw error }
            return report("\(digest) \(fault) and was not copied")
        }
        summary.copied += 1
        summary.bytes += size
    }

    /// - Returns: what is wrong with the bytes; then there is no copy.
    private func copyFile(_ digest: Digest, size: Int64, to path: String) throws -> BlobFault? {
        let original = BlobStore.path(of: digest, in: source)
        let folder = String(path.dropLast(digest.hex.utf8.count + 1))
        try disk.makeFolder(folder, in: String(folder.dropLast(3)))
        let new = "\(path).new"
        try disk.unlink(new)
        let found: (digest: Digest, size: Int64)
        if linksFiles, link(original, new) == 0 {
            found = try BlobStore.hash(digest, in: source) { _ in }
        } else {
            found = try BlobStore.copy(digest, from: source, to: new, disk)
        }
        guard found.size == size, found.digest == digest else {
            try disk.unlink(new)
            return found.size == size ? .otherContent : .otherSize(found.size, wanted: size)
        }
        try disk.rename(new, to: path, in: folder)
        return nil
    }

    private func removeOthers(_ archive: LedgerArchive) throws -> Int {
        var removed = 0
        for folder in BlobStore.folders {
            let path = "\(target)/blobs/\(folder)"
            guard try disk.size(of: path) != nil else { continue }
            for name in try disk.names(in: path) {
                if let digest = folder.digest(named: name), try archive.read({ try $0.needsFile(of: digest) }) {
                    continue
                }
                try disk.unlink("\(path)/\(name)")
                removed += 1
            }
        }
        return removed
    }

    /// Keeps what anybody may have seen, unless the target knows of more.
    private func publish(_ seen: SignedCheckpoint?) throws {
        let file = CheckpointFile(folder: "\(target)/keys")
        guard let seen, try file.read().map({ $0.checkpoint.size < seen.checkpoint.size }) ?? true else { return }
        file.write(seen)
    }

    private func copyKey(_ name: String) throws {
        guard let bytes = try SecretFile(name, in: "\(source)/keys").read() else { return }
        try SecretFile(name, in: "\(target)/keys").write(bytes)
    }
}

/// Why a data folder cannot be copied.
package enum FolderCopyError: Error, Equatable {
    /// There is none to copy.
    case noDatabase(String)
    /// The target holds another log.
    case otherLog(String, String)
    /// The target holds what the source does not continue.
    case doesNotContinue(String, String)
}

extension FolderCopyError: CustomStringConvertible {
    /// A sentence, and what to do.
    package var description: String {
        switch self {
        case .noDatabase(let path): "there is no data folder at \(path): it has no waybill.db"
        case .otherLog(let path, let origin): "\(path) holds the log \(origin), which is another: choose another folder"
        case .doesNotContinue(let path, let reason):
            "\(path) holds a history that this one does not continue: \(reason)"
        }
    }
}
