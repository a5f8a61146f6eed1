import Glibc
package import LinuxIO
package import OCI
import Synchronization

/// Content-addressed files: blobs that are complete, and uploads that are not yet.
///
/// ```
/// <root>/blobs/<algorithm>/<2 hex>/<hex>   complete and immutable: one copy, however many repositories link to it
/// <root>/uploads/<uuid>                    what has been received so far
/// ```
/// Knows nothing of repositories: who may read a blob is a row of the ledger, written after the file is durable. The bytes
/// of a small blob are in the ledger as well: there they are durable with the flush of a whole group of writes, where a
/// file of its own would need two.
package final class BlobStore: Sendable {
    /// The data folder.
    let root: String
    private let lanes: Lanes
    let disk: Disk
    private let limits: StorageLimits
    private let memory: MemoryBudget
    private let uploads = Mutex<[UploadID: UploadFile]>([:])
    /// Blobs that uploads are becoming or have become, until their rows are written: their files are not to be removed.
    private let held = Mutex<[UploadID: Digest]>([:])
    /// Folders of blobs whose own names this process has made durable.
    private let durableFolders = Mutex<Set<String>>([])

    /// Uses the folder `root`, and makes what is missing in it.
    ///
    /// - Parameter memory: for the buffers of uploads, which are smaller when there is none left.
    package init(
        root: String, lanes: Lanes, disk: Disk = Disk(), limits: StorageLimits = StorageLimits(),
        memory: MemoryBudget = MemoryBudget()
    ) throws(SystemError) {
        self.memory = memory
        self.root = root
        self.lanes = lanes
        self.disk = disk
        self.limits = limits
        try disk.makeFolder("\(root)/uploads", in: root)
        try disk.makeFolder("\(root)/blobs", in: root)
        for algorithm in Digest.Algorithm.allCases {
            try disk.makeFolder("\(root)/blobs/\(algorithm.rawValue)", in: "\(root)/blobs")
        }
    }

    // MARK: - Complete blobs

    /// Opens a blob for reading. Blocks: called on a lane.
    package func open(_ digest: Digest) throws(SystemError) -> FileDescriptor {
        try disk.openForReading(path(of: digest))
    }

    /// Opens a blob for reading without waiting for the disk; nil when that is not possible, for whatever reason.
    func openCached(_ digest: Digest) -> FileDescriptor? {
        disk.openCached(path(of: digest))
    }

    /// The bytes of a small blob. Blocks: called on a lane.
    func read(_ digest: Digest, size: Int) throws(SystemError) -> [UInt8] {
        try open(digest).read(size)
    }

    /// The bytes of a small blob below the folder `root`, for who only reads and leaves the folder as it is. Blocks.
    package static func read(_ digest: Digest, size: Int, in root: String) throws(SystemError) -> [UInt8] {
        try open(digest, in: root).read(size)
    }

    /// Opens the file of a blob below the folder `root`, for who only reads. Blocks.
    package static func open(_ digest: Digest, in root: String) throws(SystemError) -> FileDescriptor {
        try Disk().openForReading(path(of: digest, in: root))
    }

    /// Whether so many bytes may still be written without touching the reserve.
    func hasRoom(for bytes: Int) -> Bool {
        let free = disk.freeBytes(at: root)
        return free < 0 || free >= limits.reserve + Int64(bytes)
    }

    /// Copies the file of a blob below the folder `root` into a new file, durably, and says what its bytes hash to. Blocks for long.
    static func copy(
        _ digest: Digest, from root: String, to path: String, _ disk: Disk
    ) throws -> (digest: Digest, size: Int64) {
        let file = SharedDescriptor(try disk.openForReading(self.path(of: digest, in: root)))
        let copy = try disk.openForWriting(path)
        var hasher = ContentHasher(digest.algorithm)
        var size: Int64 = 0
        try file.forEachPiece(of: 256 * 1024) { bytes throws(SystemError) in
            hasher.update(bytes)
            try disk.write(bytes, to: copy, at: size)
            size += Int64(bytes.count)
        }
        try disk.synchronize(copy)
        return (hasher.digest, size)
    }

    /// What the file of a blob below the folder `root` really hashes to, and its size. Blocks for long.
    ///
    /// - Parameter pace: told of each piece, in bytes, once it was read.
    static func hash(
        _ digest: Digest, in root: String, pace: (Int) throws -> Void
    ) throws -> (digest: Digest, size: Int64) {
        let file = SharedDescriptor(try Disk().openForReading(path(of: digest, in: root)))
        // What is read only once should not push out what is read often.
        posix_fadvise(file.number, 0, 0, POSIX_FADV_NOREUSE)
        var hasher = ContentHasher(digest.algorithm)
        var size: Int64 = 0
        try file.forEachPiece(of: 256 * 1024) { bytes in
            hasher.update(bytes)
            size += Int64(bytes.count)
            try pace(bytes.count)
        }
        return (hasher.digest, size)
    }

    func path(of digest: Digest) -> String { Self.path(of: digest, in: root) }

    static func path(of digest: Digest, in root: String) -> String {
        "\(folder(of: digest, in: root))/\(digest.hex)"
    }

    private func folder(of digest: Digest) -> String { Self.folder(of: digest, in: root) }

    private static func folder(of digest: Digest, in root: String) -> String {
        "\(root)/blobs/\(digest.algorithm.rawValue)/\(digest.hex.prefix(2))"
    }

    /// Makes a folder of blobs and its name durable. A folder that is there already may be another upload's that has not
    /// come that far, or of a process that died before it did.
    private func makeDurable(_ folder: String) throws(SystemError) {
        guard !durableFolders.withLock({ $0.contains(folder) }) else { return }
        try disk.makeFolder(folder, in: String(folder.dropLast(3)))
        _ = durableFolders.withLock { $0.insert(folder) }
    }

    // MARK: - Uploads

    /// Bytes received so far.
    func offset(of id: UploadID) async throws(SystemError) -> Int64 {
        let path = path(of: id)
        return try await lanes.lane(of: id).run { () throws(SystemError) -> Int64 in try self.disk.size(of: path) ?? 0 }
    }

    /// Takes up an upload at the bytes received so far, and supersedes whoever was at it before.
    ///
    /// The caller looks afterwards whether the upload's row is still there, and calls `forget` if it is not.
    func resume(_ id: UploadID, algorithm: Digest.Algorithm) async throws(UploadError) -> UploadIntake {
        let file = uploads.withLock { uploads in
            if let file = uploads[id] { return file }
            let file = UploadFile(path: path(of: id), algorithm: algorithm, disk: disk, limits: limits, root: root)
            uploads[id] = file
            return file
        }
        let lane = lanes.lane(of: id)
        let turn = try await lane.run { () throws(UploadError) -> UploadFile.Turn in try file.begin() }
        return UploadIntake(id: id, file: file, turn: turn, lane: lane, bufferSize: limits.buffer, memory: memory)
    }

    /// The blob that an upload has already become, when only its rows are missing.
    func committed(_ id: UploadID) async -> CommittedBlob? {
        guard let file = uploads.withLock({ $0[id] }) else { return nil }
        return await lanes.lane(of: id).run { file.committed }
    }

    /// Whether a request is at the upload now.
    func isInUse(_ id: UploadID) async -> Bool {
        guard let file = uploads.withLock({ $0[id] }) else { return false }
        return await lanes.lane(of: id).run { file.isInUse }
    }

    /// Forgets an upload that has become a blob, when the rows of both are written.
    func release(_ id: UploadID) async {
        letGo(id)
        await forget(id)
    }

    /// Forgets an upload that has become a blob, and drops the file of a small one. The blob stays held until `letGo`.
    func forget(_ id: UploadID) async {
        guard let file = uploads.withLock({ $0.removeValue(forKey: id) }), file.hasFile else { return }
        let path = path(of: id)
        // One that stays is dropped at the next start.
        try? await lanes.lane(of: id).run { () throws(SystemError) in try self.disk.unlink(path) }
    }

    /// The blob that an upload has become has its rows, or never will: from now on its file may be removed when none name it.
    func letGo(_ id: UploadID) {
        held.withLock { $0[id] = nil }
    }

    /// Makes the upload the blob `digest`: a durable file, or the bytes of a small one, which its row will keep. Until
    /// `release`, it is remembered what the upload has become.
    ///
    /// - Throws: `.digestMismatch` when the bytes hash to something else; then they stay in the upload.
    func commit(_ intake: UploadIntake, as digest: Digest) async throws(UploadError) -> CommittedBlob {
        let (id, file, turn) = (intake.id, intake.file, intake.turn)
        return try await intake.lane.run { () throws(UploadError) -> CommittedBlob in
            let folder = self.folder(of: digest)
            // From before the file has the blob's name.
            let before = self.held.withLock { $0.updateValue(digest, forKey: id) }
            do throws(UploadError) {
                return try file.commit(turn, as: digest, to: self.path(of: digest), in: folder) {
                    () throws(SystemError) in try self.makeDurable(folder)
                }
            } catch {
                self.held.withLock { $0[id] = before }
                throw error
            }
        }
    }

    /// Drops an upload and its bytes.
    func discard(_ id: UploadID) async throws(SystemError) {
        letGo(id)
        let file = uploads.withLock { $0.removeValue(forKey: id) }
        let path = path(of: id)
        try await lanes.lane(of: id).run { () throws(SystemError) in
            file?.discard()
            try self.disk.unlink(path)
        }
    }

    /// Names of all files in uploads/, whether or not anybody remembers them.
    func storedUploads() async throws(SystemError) -> [UploadID] {
        let folder = "\(root)/uploads"
        let names = try await lanes.next().run { () throws(SystemError) in try self.disk.names(in: folder) }
        return names.compactMap { UploadID(parsing: $0) }
    }

    private func path(of id: UploadID) -> String {
        "\(root)/uploads/\(id)"
    }

    // MARK: - Removal

    /// A file below the data folder: who removes blobs has it locked for itself, who copies them together with others.
    static let removalLock = "removal.lock"

    /// Keeps others from copying the files while some are removed; nil while somebody copies them. Blocks.
    func lockForRemoval() throws(SystemError) -> FileLock? { try FileLock.exclusive("\(root)/\(Self.removalLock)") }

    /// Folders of blobs, which together hold every file of a blob there is.
    static let folders: [BlobFolder] = Digest.Algorithm.allCases.flatMap { algorithm in
        (0...255).map { BlobFolder(algorithm: algorithm, prefix: UInt8($0)) }
    }

    /// Blobs with a file in a folder, whether or not anything names them, in order. What is no blob is left out. Blocks.
    func storedBlobs(in folder: BlobFolder) throws(SystemError) -> [Digest] {
        let path = "\(root)/blobs/\(folder)"
        guard try disk.size(of: path) != nil else { return [] }
        return try disk.names(in: path).compactMap { folder.digest(named: $0) }.sorted()
    }

    /// The size of the file of a blob; nil when there is none. Blocks.
    func fileSize(of digest: Digest) throws(SystemError) -> Int64? {
        try disk.size(of: path(of: digest))
    }

    /// Removes the file of a blob that nothing names any more. Blocks: called on a lane.
    ///
    /// The file takes the name of an upload that nobody knows first, so whatever becomes of the rest, the next start drops it.
    ///
    /// - Parameter isNamed: whether some row names it after all. Asked while no upload can become this blob.
    /// - Returns: false when it stays, because a row names it or an upload is becoming it.
    func removeFile(of digest: Digest, unless isNamed: () throws -> Bool) throws -> Bool {
        var random = SystemRandomNumberGenerator()
        let forgotten = path(of: UploadID(using: &random))
        let isRemoved = try held.withLock { held in
            guard !held.values.contains(digest), try !isNamed() else { return false }
            try disk.rename(path(of: digest), to: forgotten)
            return true
        }
        if isRemoved { try disk.unlink(forgotten) }
        return isRemoved
    }

    /// Which file a blob is now; nil when there is none. Blocks.
    func identity(of digest: Digest) throws(SystemError) -> FileIdentity? {
        try disk.identity(of: path(of: digest))
    }

    /// Moves the file of a damaged blob out of the way, to `<root>/quarantine/`, unless it is another file by now or an upload is becoming
    /// this blob. Blocks: called on a lane.
    func quarantine(_ digest: Digest, if file: FileIdentity) throws(SystemError) {
        let folder = "\(root)/quarantine"
        try disk.makeFolder(folder, in: root)
        try held.withLock { held throws(SystemError) in
            guard !held.values.contains(digest), try identity(of: digest) == file else { return }
            try disk.rename(path(of: digest), to: "\(folder)/\(digest.algorithm.rawValue)-\(digest.hex)")
        }
    }
}

/// A folder of blobs: those of one algorithm whose hashes begin with the same byte.
struct BlobFolder: Sendable, CustomStringConvertible {
    let algorithm: Digest.Algorithm
    let prefix: UInt8

    /// Its path below blobs/.
    var description: String {
        let hex = String(prefix, radix: 16)
        return "\(algorithm.rawValue)/\(hex.count < 2 ? "0" : "")\(hex)"
    }

    /// The blob whose file has this name; nil when no blob's file has it in this folder.
    func digest(named name: String) -> Digest? {
        guard let digest = try? Digest(parsing: "\(algorithm.rawValue):\(name)"), digest.hash[0] == prefix else {
            return nil
        }
        return digest
    }
}

/// What an upload has become.
package struct CommittedBlob: Sendable, Equatable {
    /// Bytes of a blob past which it is a file.
    static let mostInDatabase: Int64 = 16 * 1024

    let digest: Digest
    let size: Int64
    /// The bytes of a small blob, which are durable once they are in its row; nil when they are a durable file.
    let content: [UInt8]?

    /// A blob that is stored.
    package init(_ digest: Digest, size: Int64, content: [UInt8]? = nil) {
        self.digest = digest
        self.size = size
        self.content = content
    }
}

/// Bounds on what is stored. Each is a field of the configuration file.
package struct StorageLimits: Sendable {
    /// Bytes that are received, hashed and written at a time; an upload uses two such buffers.
    package var buffer = 256 * 1024
    /// Bytes of one blob; 0 for no limit.
    package var blob: Int64 = 0
    /// Bytes kept free on the disk, so that the ledger and the operator still have room when uploads do not.
    package var reserve: Int64 = 64 * 1024 * 1024

    /// The defaults.
    package init() {}
}
