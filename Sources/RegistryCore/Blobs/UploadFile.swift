import Glibc
import LinuxIO
import OCI

/// The file of one upload and the state of its hash.
///
/// `@unchecked Sendable`: every method runs on the lane of the upload's id, which is one serial queue.
final class UploadFile: @unchecked Sendable {
    /// The right to write: each request that takes the upload up gets a new one, and only the newest is good.
    struct Turn: Sendable, Equatable {
        fileprivate var number: Int
        /// Bytes that had been received when the turn began.
        var offset: Int64
    }

    /// Bytes after which the disk is set to work: otherwise a commit would wait for gigabytes at once.
    private static let writebackStep: Int64 = 2 * 1024 * 1024

    private let path: String
    private let root: String
    private let algorithm: Digest.Algorithm
    private let disk: Disk
    private let limits: StorageLimits
    private var hasher: ContentHasher
    private var offset: Int64 = 0
    private var turn = 0
    /// Why the turn can append nothing more: what follows would come to stand where the bytes that are missing belong.
    private var failure: UploadError?
    private var writebackOffset: Int64 = 0
    private var file: SharedDescriptor?
    /// Whether a request is at it now.
    private(set) var isInUse = false
    /// Whether there may be something at the path. Once the upload is a blob it changes no more, and anybody may look.
    private(set) var hasFile = false
    private var state = State.open
    /// The hash as it was when the turn began, so that a chunk can be taken back without reading everything again.
    private var hasherAtTurn: ContentHasher
    /// A hash by the other algorithm, and how many bytes it has seen: who names that algorithm at the end and is wrong
    /// does not make us read everything each time.
    private var other: (hasher: ContentHasher, offset: Int64)?

    private enum State {
        case open
        /// It has become a blob; the rows may still have to be written.
        case committed(CommittedBlob)
        case discarded
    }

    init(path: String, algorithm: Digest.Algorithm, disk: Disk, limits: StorageLimits, root: String) {
        self.path = path
        self.root = root
        self.algorithm = algorithm
        self.disk = disk
        self.limits = limits
        hasher = ContentHasher(algorithm)
        hasherAtTurn = hasher
    }

    /// Begins a turn: opens the file, and after a restart hashes again what is in it.
    ///
    /// - Throws: `.unknownUpload` when it has become a blob or was discarded meanwhile.
    func begin() throws(UploadError) -> Turn {
        guard case .open = state else { throw .unknownUpload }
        turn += 1
        failure = nil
        isInUse = true
        do throws(SystemError) {
            let size = try disk.size(of: path)
            hasFile = size != nil
            if size ?? 0 != offset { try rehash(size ?? 0) }
            hasherAtTurn = hasher
            return Turn(number: turn, offset: offset)
        } catch {
            throw UploadError(error)
        }
    }

    /// Writes `bytes` behind those received so far.
    ///
    /// - Throws: once it has thrown, the same again for all that follows in this turn, which may be queued already.
    func append(_ bytes: UnsafeRawBufferPointer, in turn: Turn) throws(UploadError) {
        guard turn.number == self.turn else { throw .superseded }
        if let failure { throw failure }
        do throws(UploadError) {
            try add(bytes)
        } catch {
            failure = error
            throw error
        }
    }

    private func add(_ bytes: UnsafeRawBufferPointer) throws(UploadError) {
        if limits.blob > 0, offset + Int64(bytes.count) > limits.blob { throw .tooLarge(limit: limits.blob) }
        do throws(SystemError) {
            let file = try openFile()
            try checkRoom(for: bytes.count)
            try write(bytes, to: file)
            hasher.update(bytes)
            offset += Int64(bytes.count)
            if offset - writebackOffset >= Self.writebackStep {
                disk.beginWriteback(of: file, from: writebackOffset, count: offset - writebackOffset)
                writebackOffset = offset
            }
        } catch {
            throw UploadError(error)
        }
    }

    /// Forgets what was received behind `offset`.
    func truncate(to offset: Int64, in turn: Turn) throws(UploadError) {
        guard turn.number == self.turn else { throw .superseded }
        do throws(SystemError) {
            let file = try openFile()
            _ = try systemCall("ftruncate") { ftruncate(file.number, off_t(offset)) }
            guard offset == turn.offset else { return try rehash(offset) }
            hasher = hasherAtTurn
            self.offset = offset
            forgetBehind(offset)
        } catch {
            throw UploadError(error)
        }
    }

    /// Closes the file between two requests.
    func end(_ turn: Turn) {
        guard turn.number == self.turn else { return }
        file = nil
        isInUse = false
    }

    /// The blob that the upload has become, if it has: a request that is repeated need not send it again.
    var committed: CommittedBlob? {
        if case .committed(let blob) = state { blob } else { nil }
    }

    /// Takes the right to write from whoever has it, for good.
    func discard() {
        finish(.discarded)
    }

    private func finish(_ end: State) {
        turn += 1
        file = nil
        isInUse = false
        state = end
    }

    /// Makes the file the blob `digest`: compare, sync the bytes, give them their name, sync the name. The bytes of a small
    /// blob are read for its row instead, and the file stays until that is durable. When the bytes cannot be synced, the upload
    /// has none of them any more.
    ///
    /// - Parameter makeFolder: makes `folder` durable; called before anything is moved into it.
    func commit(
        _ turn: Turn, as digest: Digest, to path: String, in folder: String,
        makeFolder: () throws(SystemError) -> Void
    ) throws(UploadError) -> CommittedBlob {
        guard turn.number == self.turn else { throw .superseded }
        let computed = try digestSoFar(digest.algorithm)
        guard computed == digest else { throw .digestMismatch(expected: digest, computed: computed) }
        do throws(SystemError) {
            var blob = CommittedBlob(digest, size: offset)
            if offset <= CommittedBlob.mostInDatabase {
                let content = try hasFile ? disk.openForReading(self.path).read(Int(offset)) : []
                blob = CommittedBlob(digest, size: offset, content: content)
            } else {
                try synchronize(try openFile())
                try makeFolder()
                // Once it has the blob's name nobody may write to it, also when making that name durable fails.
                file = nil
                try disk.rename(self.path, to: path, in: folder)
                hasFile = false
            }
            finish(.committed(blob))
            return blob
        } catch {
            throw UploadError(error)
        }
    }

    /// Makes the bytes durable, or forgets them: after a flush that failed Linux takes what it was for as clean, so that the next
    /// one would succeed, and the bytes were lost all the same. The upload begins anew.
    private func synchronize(_ file: SharedDescriptor) throws(SystemError) {
        do throws(SystemError) {
            try disk.synchronize(file)
        } catch {
            _ = ftruncate(file.number, 0)
            (hasher, offset, other) = (ContentHasher(algorithm), 0, nil)
            (hasherAtTurn, writebackOffset) = (hasher, 0)
            throw error
        }
    }

    private func checkRoom(for bytes: Int) throws(SystemError) {
        let free = disk.freeBytes(at: root)
        if free >= 0, free < limits.reserve + Int64(bytes) { throw SystemError(code: ENOSPC, call: "pwrite") }
    }

    private func openFile() throws(SystemError) -> SharedDescriptor {
        if let file { return file }
        let opened = try disk.openForWriting(path)
        hasFile = true
        file = opened
        return opened
    }

    private func write(_ bytes: UnsafeRawBufferPointer, to file: SharedDescriptor) throws(SystemError) {
        do throws(SystemError) {
            try disk.write(bytes, to: file, at: offset)
        } catch {
            // A part may have been written: it was not hashed, so it must not count.
            _ = ftruncate(file.number, off_t(offset))
            throw error
        }
    }

    private func rehash(_ size: Int64) throws(SystemError) {
        var hasher = ContentHasher(algorithm)
        if size > 0 { try hasher.update(from: openFile(), at: 0, count: size, buffer: limits.buffer) }
        self.hasher = hasher
        offset = size
        forgetBehind(size)
    }

    /// A client may name the algorithm only at the end; then what is on the disk is read once more.
    private func digestSoFar(_ wanted: Digest.Algorithm) throws(UploadError) -> Digest {
        guard wanted != algorithm else { return hasher.digest }
        do throws(SystemError) {
            var (hasher, seen) = other ?? (ContentHasher(wanted), 0)
            if seen < offset {
                try hasher.update(from: openFile(), at: seen, count: offset - seen, buffer: limits.buffer)
            }
            seen = offset
            other = (hasher, seen)
            return hasher.digest
        } catch {
            throw UploadError(error)
        }
    }

    private func forgetBehind(_ offset: Int64) {
        writebackOffset = min(writebackOffset, offset)
        if let seen = other?.offset, seen > offset { other = nil }
    }
}
