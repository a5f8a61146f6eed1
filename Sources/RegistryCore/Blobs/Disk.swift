import CLinux
import Glibc
package import LinuxIO

/// The door to the files below the data folder: each call is durable or says that it failed.
///
/// A test puts a `fault` in to make the disk full or broken at a chosen step. All calls but `openCached` block; they run on lanes.
package struct Disk: Sendable {
    /// A step that can fail.
    package enum Step: String, Sendable, CaseIterable {
        case open, write, synchronize, rename, synchronizeFolder, unlink
    }

    /// Asked before each step; a number is the `errno` that the step fails with.
    private let fault: (@Sendable (Step) -> Int32?)?

    /// The real disk, with faults if a test hands them in.
    package init(fault: (@Sendable (Step) -> Int32?)? = nil) {
        self.fault = fault
    }

    private func check(_ step: Step) throws(SystemError) {
        if let code = fault?(step) { throw SystemError(code: code, call: step.rawValue) }
    }

    /// Opens a file for reading.
    func openForReading(_ path: String) throws(SystemError) -> FileDescriptor {
        FileDescriptor(owning: try systemCall("open") { clinux_open(path, O_RDONLY, 0) })
    }

    /// Opens a file for reading without waiting for the disk; nil when that is not possible, for whatever reason.
    func openCached(_ path: String) -> FileDescriptor? {
        FileDescriptor.openCached(path)
    }

    /// Opens a file for reading and writing, and makes it if need be, readable by its owner only.
    func openForWriting(_ path: String) throws(SystemError) -> SharedDescriptor {
        try check(.open)
        let number = try systemCall("open") { clinux_open(path, O_RDWR | O_CREAT, 0o600) }
        return SharedDescriptor(FileDescriptor(owning: number))
    }

    /// Writes all of `bytes` at `offset`.
    func write(
        _ bytes: UnsafeRawBufferPointer, to file: SharedDescriptor, at offset: Int64
    ) throws(SystemError) {
        try check(.write)
        var written = 0
        while written < bytes.count {
            let (number, start) = (file.number, written)
            written += try systemCall("pwrite") {
                pwrite(number, bytes.baseAddress.map { $0 + start }, bytes.count - start, off_t(offset) + start)
            }
        }
    }

    /// Lets the kernel begin to write a part of a file, so that `synchronize` finds little left to do.
    func beginWriteback(of file: SharedDescriptor, from offset: Int64, count: Int64) {
        clinux_begin_writeback(file.number, offset, count)
    }

    /// Makes the content of a file survive a power failure.
    func synchronize(_ file: SharedDescriptor) throws(SystemError) {
        try check(.synchronize)
        let number = file.number
        _ = try systemCall("fdatasync") { fdatasync(number) }
    }

    /// Gives a file another name, and makes that survive a power failure. What had the name before is replaced.
    func rename(_ old: String, to new: String, in folder: String) throws(SystemError) {
        try rename(old, to: new)
        try synchronizeFolder(folder)
    }

    /// Gives a file another name; after a power failure it may have either.
    func rename(_ old: String, to new: String) throws(SystemError) {
        try check(.rename)
        _ = try systemCall("rename") { Glibc.rename(old, new) }
    }

    /// Makes the names in a folder survive a power failure.
    package func synchronizeFolder(_ path: String) throws(SystemError) {
        try check(.synchronizeFolder)
        let folder = FileDescriptor(owning: try systemCall("open") { clinux_open(path, O_RDONLY | O_DIRECTORY, 0) })
        let number = folder.number
        _ = try systemCall("fsync") { fsync(number) }
    }

    /// Removes a name; a name that is not there is no error.
    func unlink(_ path: String) throws(SystemError) {
        try check(.unlink)
        do {
            _ = try systemCall("unlink") { Glibc.unlink(path) }
        } catch {
            guard error.code == ENOENT else { throw error }
        }
    }

    /// Makes a folder unless it is there, and its name durable in any case.
    package func makeFolder(_ path: String, in parent: String) throws(SystemError) {
        _ = try makeFolder(path)
        try synchronizeFolder(parent)
    }

    /// Makes a folder and those above it that are missing, and their names durable.
    package func makeFolders(_ path: String) throws(SystemError) {
        var parent = path.hasPrefix("/") ? "/" : "."
        for part in path.split(separator: "/") {
            let folder = "\(parent)/\(part)"
            let isNew = try makeFolder(folder)
            do {
                try synchronizeFolder(parent)
            } catch {
                // Those that were there before may be in one that we cannot open.
                if isNew { throw error }
            }
            parent = folder
        }
    }

    /// Whether there was none before.
    private func makeFolder(_ path: String) throws(SystemError) -> Bool {
        do {
            _ = try systemCall("mkdir") { mkdir(path, 0o700) }
            return true
        } catch {
            guard error.code == EEXIST else { throw error }
            return false
        }
    }

    /// Bytes in a file; nil when there is none.
    package func size(of path: String) throws(SystemError) -> Int64? {
        try status(of: path).map { Int64($0.st_size) }
    }

    /// Which file a path leads to now; nil when there is none.
    func identity(of path: String) throws(SystemError) -> FileIdentity? {
        try status(of: path).map {
            FileIdentity(
                device: $0.st_dev, inode: $0.st_ino, seconds: $0.st_mtim.tv_sec, nanoseconds: $0.st_mtim.tv_nsec)
        }
    }

    private func status(of path: String) throws(SystemError) -> stat? {
        var status = stat()
        do {
            _ = try systemCall("stat") { stat(path, &status) }
        } catch {
            if error.code == ENOENT { return nil }
            throw error
        }
        return status
    }

    /// The names in a folder, in no order, without `.` and `..`.
    func names(in path: String) throws(SystemError) -> [String] {
        guard let folder = opendir(path) else { throw SystemError.last("opendir") }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }

    /// Bytes that may still be written on the disk of `path`.
    func freeBytes(at path: String) -> Int64 {
        clinux_free_bytes(path)
    }
}

/// A file, as far as it can be told from another that takes its name.
struct FileIdentity: Sendable, Equatable {
    let device: UInt
    let inode: UInt
    /// When it was last written to.
    let seconds: Int
    let nanoseconds: Int
}

extension SharedDescriptor {
    /// Reads a file from its beginning to its end, wherever that is by then, `size` bytes at a time. Blocks.
    func forEachPiece<Failure: Error>(
        of size: Int, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Void
    ) throws {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 64)
        defer { buffer.deallocate() }
        let number = number
        var offset: off_t = 0
        while true {
            let position = offset
            let count = try systemCall("pread") { pread(number, buffer.baseAddress, size, position) }
            guard count > 0 else { return }
            try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            offset += off_t(count)
        }
    }
}
