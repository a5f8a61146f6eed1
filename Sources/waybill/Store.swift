import Configuration
import Glibc
import LinuxIO
import RegistryCore
import SQLite
import TransparencyLog

/// The data folder, opened by one process at a time.
struct Store {
    /// For uploads, which may be busy with a disk for long, and for everything that is read.
    let uploadLanes: Lanes
    let readLanes: Lanes
    /// For bodies and answers that are held in memory.
    let memory: MemoryBudget
    let blobs: BlobStore
    private(set) var ledger: Ledger
    /// Where news of checkpoints goes.
    let publications = Publications()
    private let settings: Settings
    private let seen: CheckpointFile
    /// Holds the lock on the folder for as long as the process lives.
    private let lock: FolderLock

    /// Opens the folder of `settings` and makes it if need be.
    ///
    /// - Parameter comparesNewest: whether the newest records are compared with the log first. Who passes false calls
    ///   `ledger.checkNewestBeforeWrites` before anything is written.
    /// - Parameter quotas: put in force; with nil, those of the last server stay.
    init(_ settings: Settings, comparesNewest: Bool = true, quotas: [Quota]? = nil) throws {
        let root = settings.data
        self.settings = settings
        do {
            lock = try FolderLock(of: root)
            uploadLanes = Lanes(count: settings.threads.lanes)
            readLanes = Lanes(count: settings.threads.lanes)
            memory = MemoryBudget(limit: settings.limits.memory)
            blobs = try BlobStore(
                root: root, lanes: uploadLanes, limits: settings.storageLimits, memory: memory)
            try Disk().makeFolder(Self.keyFolder(root), in: root)
            // A key that is there may be of a process that ended before its name was durable: nothing is signed with it till then.
            try Disk().synchronizeFolder(Self.keyFolder(root))
            seen = CheckpointFile(folder: Self.keyFolder(root))
            ledger = try Self.ledger(settings, publications, seen, quotas: quotas)
            if comparesNewest { try ledger.checkNewest() }
        } catch let failure as Failure {
            throw failure
        } catch {
            throw Failure(.cannotStart, "cannot use the data folder \(root): \(error)")
        }
    }

    /// Writes down which keys sign the log, when that has changed; nothing when the ledger is read-only.
    @discardableResult
    func recordKeys() async throws -> [LogKeyChange] {
        guard ledger.refusal == nil else { return [] }
        do {
            return try await ledger.recordKeys()
        } catch LedgerError.readOnly {
            // It was found damaged meanwhile, which has been said.
            return []
        } catch {
            throw Failure(.cannotStart, "cannot write to the ledger in \(settings.data): \(error)")
        }
    }

    /// For a command that has to write to the ledger.
    func requireWritable() throws {
        if let reason = ledger.refusal { throw Failure(.foundSomethingWrong, "the ledger is read-only: \(reason)") }
    }

    /// Replaces the private keys of the log and goes on with the new ones; gives what has been written down of it.
    mutating func changeKeys(_ change: ([SignerKey]) throws -> [SignerKey]) async throws -> [LogKeyChange] {
        try requireWritable()
        try await recordKeys()
        let file = LogKeyFile(folder: Self.keyFolder(settings.data))
        try file.write(try change(try file.read() ?? []))
        await close()
        ledger = try Self.ledger(settings, publications, seen)
        try ledger.checkNewest()
        return try await recordKeys()
    }

    /// The key that seals the sessions of uploads; made at the first start.
    func uploadKey() throws -> UploadKey {
        let file = SecretFile("upload.key", in: Self.keyFolder(settings.data))
        do {
            if let bytes = try file.read() {
                guard bytes.count == UploadKey.length else {
                    throw Failure(
                        .cannotStart,
                        "\(file.path) has no key of \(UploadKey.length) bytes in it: remove it, and a new one is made")
                }
                return UploadKey(bytes)
            }
            let bytes = RandomBytes.system(UploadKey.length)
            try file.write(bytes)
            return UploadKey(bytes)
        } catch let failure as Failure {
            throw failure
        } catch { throw Failure(.cannotStart, "cannot use the key of uploads: \(error)") }
    }

    /// Brings everything to rest. Called when the process ends.
    func close() async {
        await ledger.close()
        seen.flush()
    }

    /// Whether another process uses the folder of these settings at the moment.
    static func isInUse(_ settings: Settings) -> Bool {
        let file = Glibc.open("\(settings.data)/lock", O_RDWR | O_CLOEXEC)
        guard file >= 0 else { return false }
        defer { Glibc.close(file) }
        return flock(file, LOCK_EX | LOCK_NB) != 0
    }

    static func keyFolder(_ root: String) -> String { "\(root)/keys" }
    static func database(_ root: String) -> String { "\(root)/waybill.db" }

    /// Opens the ledger with the keys of the log, and makes a key when there is neither a key nor a ledger.
    ///
    /// What does not fit to what was published, or to the log itself, can be read and not written.
    private static func ledger(
        _ settings: Settings, _ publications: Publications, _ seen: CheckpointFile, quotas: [Quota]? = nil
    ) throws -> Ledger {
        let root = settings.data
        var options = settings.ledgerOptions
        options.quotas = quotas
        let (keys, database) = (keyFolder(root), database(root))
        let ledger = try Ledger(
            path: database, identity: try identity(in: keys, isNew: try Disk().size(of: database) == nil, settings),
            options: options,
            published: { checkpoint in
                seen.write(checkpoint)
                publications.publish()
            }
        ) { name, index, total in
            Console.error("migrating the database: \(name) (\(index + 1) of \(total))")
        }
        if let checkpoint = try seen.read(), let reason = try ledger.contradiction(to: checkpoint) {
            ledger.refuseWrites(because: reason)
        }
        return ledger
    }

    private static func identity(in keys: String, isNew: Bool, _ settings: Settings) throws -> LogIdentity {
        let file = LogKeyFile(folder: keys)
        if let signers = try file.read() {
            let identity = try LogIdentity(signers: signers)
            let wanted = settings.ledger.origin
            guard wanted.isEmpty || wanted == identity.origin else {
                throw LogError.otherOrigin(expected: identity.origin, found: wanted)
            }
            return identity
        }
        guard isNew else {
            throw Failure(
                .cannotStart,
                "cannot use the data folder \(settings.data): "
                    + "\(keys)/ledger.key is missing: the ledger was signed with it, put it back")
        }
        let origin = settings.ledger.origin.isEmpty ? hostName() : settings.ledger.origin
        let key = try LogKeyFile.makeKey(named: try KeyName(parsing: origin))
        try file.write([key])
        return try LogIdentity(signers: [key])
    }

    /// The machine's name for itself.
    private static func hostName() -> String {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "localhost" }
        let text = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return text.isEmpty ? "localhost" : text
    }
}
