import Glibc
import LinuxIO

/// Small files that an operator names.
enum TextFile {
    /// Bytes of the largest that is read.
    private static let longest = 64 * 1024

    /// The text of a file of at most 64 KiB.
    static func read(_ path: String) throws -> String {
        let number = open(path, O_RDONLY | O_CLOEXEC)
        guard number >= 0 else { throw SystemError.last("open") }
        let file = FileDescriptor(owning: number)
        var status = stat()
        guard fstat(number, &status) == 0 else { throw SystemError.last("fstat") }
        return String(decoding: try file.read(min(Int(status.st_size), longest)), as: UTF8.self)
    }
}
