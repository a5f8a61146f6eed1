import Glibc
package import LinuxIO
package import TransparencyLog

/// The private keys of the log in a file: one key a line, the newest first, readable by its owner only.
///
/// To replace a key, put the new one before the old one, and remove the old one when witnesses and auditors know the new
/// one. The ledger writes down each change that it finds, signed by a key that was known before.
package struct LogKeyFile: Sendable {
    private let folder: String
    private let disk: Disk

    private var path: String { "\(folder)/ledger.key" }

    /// The file in `folder`, which exists.
    package init(folder: String, disk: Disk = Disk()) {
        self.folder = folder
        self.disk = disk
    }

    /// The keys; nil when there is no file.
    ///
    /// - Throws: `LogKeyFileError`, which shows nothing of the content.
    package func read() throws -> [SignerKey]? {
        guard let size = try disk.size(of: path) else { return nil }
        guard size <= 16 * 1024 else { throw LogKeyFileError.malformed(path, line: 1) }
        let bytes = try disk.openForReading(path).read(Int(size))
        var keys: [SignerKey] = []
        for (number, line) in bytes.split(separator: UInt8(ascii: "\n")).enumerated() {
            guard let key = try? SignerKey(parsing: String(decoding: line, as: UTF8.self)) else {
                throw LogKeyFileError.malformed(path, line: number + 1)
            }
            keys.append(key)
        }
        return keys
    }

    /// Replaces the keys, durably: after a crash there are the old or the new ones.
    package func write(_ keys: [SignerKey]) throws {
        let new = "\(path).new"
        try disk.unlink(new)
        let file = try disk.openForWriting(new)
        let bytes = Array(keys.map { $0.text + "\n" }.joined().utf8)
        try bytes.withUnsafeBytes { try disk.write($0, to: file, at: 0) }
        try disk.synchronize(file)
        try disk.rename(new, to: path, in: folder)
    }

    /// A new key for the log `name`.
    package static func makeKey(named name: KeyName, random: RandomBytes = .system) throws -> SignerKey {
        try SignerKey(name: name, seed: random(32))
    }
}

/// Why the keys cannot be read.
package enum LogKeyFileError: Error, Equatable {
    case malformed(String, line: Int)
}

extension LogKeyFileError: CustomStringConvertible {
    /// One sentence without anything of the file.
    package var description: String {
        switch self {
        case .malformed(let path, let line): "\(path) has something else than a private key in line \(line)"
        }
    }
}
