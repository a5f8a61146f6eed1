import CLinux
import Glibc
package import LinuxIO

/// A lock on a file, which the kernel drops with the descriptor, however the process ends (flock(2)).
package struct FileLock: Sendable {
    private let file: SharedDescriptor

    /// Waits for those who have it for themselves.
    static func shared(_ path: String) throws(SystemError) -> FileLock {
        let lock = FileLock(file: try open(path))
        let number = lock.file.number
        _ = try systemCall("flock") { flock(number, LOCK_SH) }
        return lock
    }

    /// nil while somebody else has it for longer than a moment. A process that is just being made has every lock of its parent, until it
    /// becomes another program.
    package static func exclusive(_ path: String) throws(SystemError) -> FileLock? {
        let lock = FileLock(file: try open(path))
        for _ in 0..<20 {
            if flock(lock.file.number, LOCK_EX | LOCK_NB) == 0 { return lock }
            usleep(10_000)
        }
        return nil
    }

    private static func open(_ path: String) throws(SystemError) -> SharedDescriptor {
        SharedDescriptor(
            FileDescriptor(owning: try systemCall("open") { clinux_open(path, O_RDWR | O_CREAT, 0o600) }))
    }
}
