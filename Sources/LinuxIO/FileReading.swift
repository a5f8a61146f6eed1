internal import CLinux
import Glibc

extension FileDescriptor {
    /// Opens a file for reading without waiting for a disk: nil when its name is not in the kernel's caches, and for every failure,
    /// which the call that waits names.
    package static func openCached(_ path: String) -> FileDescriptor? {
        let number = clinux_open_cached(path)
        return number < 0 ? nil : FileDescriptor(owning: number)
    }

    /// Reads exactly `count` bytes from `offset` on without waiting for a disk: nil when not all of them are in the page cache, and for
    /// every failure.
    package borrowing func readCached(_ count: Int, from offset: Int64 = 0) -> [UInt8]? {
        let number = number
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            filled = max(0, Int(clinux_read_cached(number, buffer.baseAddress, Int64(count), offset)))
        }
        return bytes.count == count ? bytes : nil
    }

    /// Makes everything that was written to the same file system survive a power failure, whoever wrote it. Blocks.
    package borrowing func synchronizeFileSystem() throws(SystemError) {
        let number = number
        _ = try systemCall("syncfs") { clinux_sync_file_system(number) }
    }

    /// Reads exactly `count` bytes from `offset` on. Blocks.
    ///
    /// - Throws: `EIO` when the file ends before.
    package borrowing func read(_ count: Int, from offset: Int64 = 0) throws(SystemError) -> [UInt8] {
        let number = number
        var failure: SystemError?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            do throws(SystemError) {
                while filled < count {
                    let start = filled
                    let read = try systemCall("pread") {
                        pread(number, buffer.baseAddress.map { $0 + start }, count - start, off_t(offset) + start)
                    }
                    guard read > 0 else { throw SystemError(code: EIO, call: "pread") }
                    filled += read
                }
            } catch { failure = error }
        }
        if let failure { throw failure }
        return bytes
    }
}
