import ArgumentParser
import Configuration
import LinuxIO
import OCI
import RegistryCore
import TransparencyLog

/// `waybill backup`
struct BackupCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Copy the data folder, also while a server uses it, into a folder that can be restored or served.",
        discussion: """
            The database is copied as it is at one moment, with every file that it names; each blob is compared with its digest when it \
            is copied. Used again on the same folder, it copies only what is new, and removes what is named no more. On one file \
            system blobs are hard links, which cost no space and are lost with the disk: keep a copy elsewhere, or use --copy. The \
            private keys of the log are in it: keep it as safe as the original.
            """)

    @OptionGroup var options: ConfigurationOptions

    @Argument(help: "The folder of the backup.")
    var folder: String

    @Flag(help: "Copy every byte, also on the same file system.")
    var copy = false

    @Flag(help: "Print the result as JSON.")
    var json = false

    func run() throws {
        let settings = try options.settings()
        let isSame = realPath(folder) != nil && realPath(folder) == realPath(settings.data)
        if isSame { throw Failure(.cannotStart, "the backup would be in the data folder itself") }
        try CopyReport(json: json, verb: "backed up").show {
            let lock = try FolderLock(of: folder)
            defer { withExtendedLifetime(lock) {} }
            return try FolderCopy(from: settings.data, to: folder, linksFiles: !copy).run(progress: $0, report: $1)
        }
    }
}

/// `waybill restore`
struct RestoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Make a data folder from a backup, unless that would fork the log.",
        discussion: """
            The data folder must not exist yet, or have nothing in it but keys/checkpoint. Whoever has seen a checkpoint of the log that is \
            newer than the backup could prove a fork once the log went on from here, so that is refused: the newest checkpoint of the \
            lost server is looked for in keys/checkpoint of the data folder, and can be given with --checkpoint, for example from an auditor \
            or a witness. With --read-only it is restored all the same, and serves pulls without ever writing again.
            """)

    @OptionGroup var options: ConfigurationOptions

    @Argument(help: "The folder of the backup.")
    var folder: String

    @Option(help: ArgumentHelp("The newest checkpoint of the log that anybody has seen.", valueName: "file"))
    var checkpoint: String?

    @Flag(help: "Restore a backup that is older than what was seen: for pulls only.")
    var readOnly = false

    @Flag(help: "Print the result as JSON.")
    var json = false

    func run() throws {
        let settings = try options.settings()
        let target = settings.data
        try requireEmpty(target)
        let seen = try checkpoints(of: target)
        let newest = try checkContinuity(seen)
        try CopyReport(json: json, verb: "restored").show {
            let lock = try FolderLock(of: target)
            defer { withExtendedLifetime(lock) {} }
            // Before there is anything to go on from: by this the server knows that it must not.
            if let newest {
                try Disk().makeFolder(Store.keyFolder(target), in: target)
                CheckpointFile(folder: Store.keyFolder(target)).write(newest)
            }
            return try FolderCopy(from: folder, to: target, linksFiles: false).run(progress: $0, report: $1)
        }
    }

    private func requireEmpty(_ target: String) throws {
        let isThere = try Disk().size(of: Store.database(target)) != nil
        guard !isThere else {
            throw Failure(
                .cannotStart,
                "there is a registry in \(target): move it away first, or choose another folder with --data")
        }
    }

    /// What anybody may have seen of the log.
    private func checkpoints(of target: String) throws -> [SignedCheckpoint] {
        var seen: [SignedCheckpoint] = []
        if let last = try CheckpointFile(folder: Store.keyFolder(target)).read() { seen.append(last) }
        if let checkpoint {
            do {
                seen.append(try SignedCheckpoint(parsing: try InputFile.read(checkpoint, atMost: SignedNote.longest)))
            } catch {
                throw Failure(.usage, "\(checkpoint) is no checkpoint: \(error)")
            }
        }
        return seen
    }

    /// Refuses what would fork the log.
    ///
    /// - Returns: a checkpoint that the backup does not continue, when that was accepted.
    private func checkContinuity(_ seen: [SignedCheckpoint]) throws -> SignedCheckpoint? {
        let archive: LedgerArchive
        do { archive = try LedgerArchive(path: Store.database(folder)) } catch {
            throw Failure(.cannotStart, "cannot read the backup in \(folder): \(error)")
        }
        defer { archive.close() }
        let origin = try archive.read { try $0.lastCheckpoint() }?.checkpoint.origin
        for checkpoint in seen {
            guard checkpoint.checkpoint.origin == origin else {
                throw Failure(
                    .usage,
                    "the checkpoint is of the log \(checkpoint.checkpoint.origin), and the backup of \(origin ?? "none")"
                )
            }
            guard let reason = try archive.read({ try $0.contradiction(to: checkpoint) }) else { continue }
            guard readOnly else {
                throw Failure(
                    .foundSomethingWrong,
                    """
                    \(reason). Going on from this backup would fork the log, which everybody could prove who has seen that checkpoint. \
                    Restore a newer backup; or restore this one with --read-only, for pulls; or begin a new log in an empty folder under \
                    another name (ledger.origin) and push again.
                    """)
            }
            return checkpoint
        }
        return nil
    }
}

/// Shows how far a copy is, and what came of it.
private struct CopyReport {
    let json: Bool
    let verb: String

    typealias Copy = (
        _ progress: (String, Int, Int) -> Void, _ report: (String) -> Void
    ) throws -> FolderCopy.Summary

    func show(_ copy: Copy) throws {
        var faults: [String] = []
        var progress: [String: Progress] = [:]
        let summary: FolderCopy.Summary
        do {
            summary = try copy(
                { step, done, total in progress[step, default: Progress(step)].report(done, of: total) },
                { fault in
                    faults.append(fault)
                    Console.error(fault)
                })
        } catch let failure as Failure {
            throw failure
        } catch {
            throw Failure(.cannotStart, "\(error)")
        }
        print(json ? line(summary, faults) : sentence(summary))
        if !faults.isEmpty { throw ExitCode(ExitStatus.foundSomethingWrong.rawValue) }
    }

    private func sentence(_ summary: FolderCopy.Summary) -> String {
        let size = summary.checkpoint?.checkpoint.size ?? 0
        return
            "\(verb): \(size) records, \(summary.files) files, of which \(summary.copied) new (\(summary.bytes) bytes), "
            + "\(summary.removed) removed"
    }

    private func line(_ summary: FolderCopy.Summary, _ faults: [String]) -> String {
        var document: JSONObject = [
            "files": .integer(Int64(summary.files)), "copied": .integer(Int64(summary.copied)),
            "bytes": .integer(summary.bytes), "removed": .integer(Int64(summary.removed)),
            "faults": .array(faults.map { .string($0) }),
        ]
        if let checkpoint = summary.checkpoint?.checkpoint {
            document["origin"] = .string(checkpoint.origin)
            document["size"] = .integer(checkpoint.size)
            document["root"] = .string("\(checkpoint.root)")
        }
        return String(decoding: JSONValue.object(document).serialized(), as: UTF8.self)
    }
}
