import Glibc
import LinuxIO
import RegistryCore

/// The right to write to a data folder, of one process at a time. The kernel drops it when the process ends, however it ends.
struct FolderLock {
    private let file: SharedDescriptor

    /// Locks the folder, and makes it if need be.
    init(of folder: String) throws {
        try Disk().makeFolders(folder)
        let path = "\(folder)/lock"
        let number = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard number >= 0 else { throw SystemError.last("open") }
        file = SharedDescriptor(FileDescriptor(owning: number))
        guard flock(number, LOCK_EX | LOCK_NB) == 0 else {
            throw Failure(.cannotStart, "another waybill uses this data folder: \(path) is locked")
        }
    }
}

/// Where a path leads to, without links; nil when there is nothing.
func realPath(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
}
