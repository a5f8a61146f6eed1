import Glibc
import RegistryCore

/// The right to write to a data folder, of one process at a time.
struct FolderLock {
    private let lock: FileLock

    /// Locks the folder, and makes it if need be.
    init(of folder: String) throws {
        try Disk().makeFolders(folder)
        let path = "\(folder)/lock"
        guard let lock = try FileLock.exclusive(path) else {
            throw Failure(.cannotStart, "another waybill uses this data folder: \(path) is locked")
        }
        self.lock = lock
    }
}

/// Where a path leads to, without links; nil when there is nothing.
func realPath(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
}
