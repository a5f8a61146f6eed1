import Glibc
import LinuxIO

/// A secret in a file of its own, which only its owner can read. All calls block.
package struct SecretFile: Sendable {
    /// Bytes of the largest secret.
    private static let largest: Int64 = 64 * 1024

    private let folder: String
    private let disk: Disk
    /// Where it is.
    package let path: String

    /// The file `name` in `folder`, which exists.
    package init(_ name: String, in folder: String, disk: Disk = Disk()) {
        self.folder = folder
        self.disk = disk
        path = "\(folder)/\(name)"
    }

    /// The secret; nil when there is no file.
    ///
    /// - Throws: `SecretFileError` when others can read or write it: then it is none.
    package func read() throws -> [UInt8]? {
        guard let size = try disk.size(of: path) else { return nil }
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & 0o077 == 0 else { throw SecretFileError.tooOpen(path) }
        guard size <= Self.largest else { throw SecretFileError.tooLarge(path) }
        return try disk.openForReading(path).read(Int(size))
    }

    /// Replaces the secret, durably: after a crash there is the old or the new one.
    package func write(_ bytes: [UInt8]) throws {
        let new = "\(path).new"
        try disk.unlink(new)
        let file = try disk.openForWriting(new)
        try bytes.withUnsafeBytes { try disk.write($0, to: file, at: 0) }
        try disk.synchronize(file)
        try disk.rename(new, to: path, in: folder)
    }
}

/// Why a secret cannot be used.
package enum SecretFileError: Error, Equatable {
    case tooOpen(String)
    case tooLarge(String)
}

extension SecretFileError: CustomStringConvertible {
    /// One sentence without anything of the file.
    package var description: String {
        switch self {
        case .tooOpen(let path): "\(path) can be read or changed by others, and may be known to them: chmod 600 \(path)"
        case .tooLarge(let path): "\(path) is too large for a secret"
        }
    }
}
