import BenchmarkLoad
import Glibc
import LinuxIO
import Logging
package import RegistryCore
import RegistryTesting
import TransparencyLog

/// A data folder as `waybill serve` makes it, opened in this process to be filled.
package struct DataFolder: Sendable {
    /// Where it is.
    package let path: String
    package let ledger: Ledger
    private let seen: CheckpointFile
    package let registry: Registry

    /// Opens the folder, or makes it with a key of its own.
    ///
    /// - Parameter trust: whose signatures under evidence count.
    package init(_ path: String, trust: TrustedBuilders = TrustedBuilders()) throws {
        self.path = path
        mkdir(path, 0o700)
        mkdir("\(path)/keys", 0o700)
        let lanes = Lanes(count: 16)
        let file = LogKeyFile(folder: "\(path)/keys")
        let keys: [SignerKey]
        if let known = try file.read() {
            keys = known
        } else {
            keys = [try LogKeyFile.makeKey(named: try KeyName(parsing: "registry.example.com"))]
            try file.write(keys)
        }
        let seen = CheckpointFile(folder: "\(path)/keys")
        self.seen = seen
        ledger = try Ledger(
            path: "\(path)/waybill.db", identity: try LogIdentity(signers: keys), published: { seen.write($0) })
        registry = Registry(
            blobs: try BlobStore(root: path, lanes: lanes), ledger: ledger, readLanes: lanes, trust: trust,
            logger: .silent, rule: { _ in RepositoryPolicy(allowsSparse: true) })
    }

    /// Records that are in it.
    package var records: Int {
        get throws { Int(try ledger.read { try $0.publishedSize() }) }
    }

    package func close() async {
        await ledger.close()
        seen.flush()
    }

    /// Brings the database into the memory of the kernel, as it would be on a machine with memory enough: what is measured is
    /// the server and not how the folder came to be filled.
    package static func readThrough(_ path: String) {
        let number = open("\(path)/waybill.db", O_RDONLY | O_CLOEXEC)
        guard number >= 0 else { return }
        defer { Glibc.close(number) }
        var buffer = [UInt8](repeating: 0, count: 4 * 1024 * 1024)
        while buffer.withUnsafeMutableBytes({ read(number, $0.baseAddress, $0.count) }) > 0 {}
    }

    /// Bytes of the database.
    package static func databaseBytes(_ path: String) -> Int64 {
        var status = stat()
        return stat("\(path)/waybill.db", &status) == 0 ? Int64(status.st_size) : 0
    }
}
