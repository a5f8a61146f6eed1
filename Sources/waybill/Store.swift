import Configuration
import Glibc
import LinuxIO
import RegistryCore
import SQLite

/// The data folder, opened by one process at a time.
struct Store {
    /// For uploads, which may be busy with a disk for long, and for everything that is read.
    let uploadLanes: Lanes
    let readLanes: Lanes
    let blobs: BlobStore
    let ledger: Ledger
    /// Holds the lock on the folder for as long as the process lives.
    private let lock: FolderLock

    /// Opens the folder of `settings` and makes it if need be.
    init(_ settings: Settings) throws {
        let root = settings.data
        do {
            try Self.makeFolder(root)
            lock = try FolderLock("\(root)/lock")
            uploadLanes = Lanes(count: settings.threads.lanes)
            readLanes = Lanes(count: settings.threads.lanes)
            blobs = try BlobStore(root: root, lanes: uploadLanes, limits: settings.storageLimits)
            ledger = try Ledger(path: "\(root)/waybill.db", options: settings.ledgerOptions) { name, index, total in
                Console.error("migrating the database: \(name) (\(index + 1) of \(total))")
            }
        } catch let failure as Failure {
            throw failure
        } catch {
            throw Failure(.cannotStart, "cannot use the data folder \(root): \(error)")
        }
    }

    /// Makes a folder and those above it.
    private static func makeFolder(_ path: String) throws {
        var made = path.hasPrefix("/") ? "" : "."
        for part in path.split(separator: "/") {
            made += "/\(part)"
            guard mkdir(made, 0o700) != 0, errno != EEXIST else { continue }
            throw SystemError.last("mkdir")
        }
    }
}

/// A lock that the kernel drops when the process ends, however it ends.
private struct FolderLock {
    private let file: SharedDescriptor

    init(_ path: String) throws {
        let number = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard number >= 0 else { throw SystemError.last("open") }
        file = SharedDescriptor(FileDescriptor(owning: number))
        guard flock(number, LOCK_EX | LOCK_NB) == 0 else {
            throw Failure(.cannotStart, "another waybill uses this data folder: \(path) is locked")
        }
    }
}
