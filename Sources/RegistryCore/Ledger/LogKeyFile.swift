package import LinuxIO
package import TransparencyLog

/// The private keys of the log in a file: one key a line, the newest first, readable by its owner only.
///
/// To replace a key, put the new one before the old one, and remove the old one when witnesses and auditors know the new
/// one. The ledger writes down each change that it finds, signed by a key that was known before.
package struct LogKeyFile: Sendable {
    private let file: SecretFile

    /// The file in `folder`, which exists.
    package init(folder: String, disk: Disk = Disk()) {
        file = SecretFile("ledger.key", in: folder, disk: disk)
    }

    /// The keys; nil when there is no file.
    ///
    /// - Throws: `LogKeyFileError` and `SecretFileError`, which show nothing of the content.
    package func read() throws -> [SignerKey]? {
        guard let bytes = try file.read() else { return nil }
        var keys: [SignerKey] = []
        for (number, line) in bytes.split(separator: UInt8(ascii: "\n")).enumerated() {
            guard let key = try? SignerKey(parsing: String(decoding: line, as: UTF8.self)) else {
                throw LogKeyFileError.malformed(file.path, line: number + 1)
            }
            keys.append(key)
        }
        return keys
    }

    /// Replaces the keys, durably: after a crash there are the old or the new ones.
    package func write(_ keys: [SignerKey]) throws {
        try file.write(Array(keys.map { $0.text + "\n" }.joined().utf8))
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
