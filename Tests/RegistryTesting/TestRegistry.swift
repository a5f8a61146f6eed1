import Glibc
package import LinuxIO
package import Logging
package import OCI
package import RegistryCore
import Synchronization
import TransparencyLog

/// A registry on a folder of its own.
package struct TestRegistry: Sendable {
    package let folder: TemporaryFolder
    package let lanes: Lanes
    package let blobs: BlobStore
    package let ledger: Ledger
    package let registry: Registry

    /// - Parameters:
    ///   - folder: an earlier test registry's folder, to see what a restart finds.
    ///   - disk: a disk with faults.
    package init(
        folder: TemporaryFolder = TemporaryFolder(), disk: Disk = Disk(), storage: StorageLimits = TestRegistry.storage,
        options: Ledger.Options = Ledger.Options(), limits: RegistryLimits = RegistryLimits(),
        trust: TrustedBuilders = TrustedBuilders(), clock: WallClock = .system,
        rule: @escaping @Sendable (RepositoryName) -> RepositoryPolicy = { _ in RepositoryPolicy() }
    ) throws {
        self.folder = folder
        lanes = Lanes(count: 4)
        blobs = try BlobStore(root: folder.path, lanes: lanes, disk: disk, limits: storage)
        ledger = try Ledger(
            path: "\(folder.path)/waybill.db", identity: try Self.identity(in: folder), options: options, clock: clock)
        registry = Registry(
            blobs: blobs, ledger: ledger, readLanes: lanes, limits: limits, trust: trust,
            uploadKey: UploadKey(Array(repeating: 7, count: UploadKey.length)), clock: clock, logger: .silent,
            rule: rule)
    }

    /// That of the program, when it is the program's folder.
    private static func identity(in folder: TemporaryFolder) throws -> LogIdentity {
        try LogKeyFile(folder: "\(folder.path)/keys").read().map { try LogIdentity(signers: $0) } ?? .test
    }

    /// Small buffers, so that small bodies take several turns, and no reserve, so that a full test machine does not matter.
    package static var storage: StorageLimits {
        var limits = StorageLimits()
        limits.buffer = 16 * 1024
        limits.reserve = 0
        return limits
    }

    /// What a process that ends in order does; a crash does without.
    package func close() async {
        await ledger.close()
    }
}

extension LogIdentity {
    /// The log `registry.example.com`, always with the same key.
    package static var test: LogIdentity {
        do {
            let key = try SignerKey(name: KeyName(parsing: "registry.example.com"), seed: Array(0..<32))
            return try LogIdentity(signers: [key])
        } catch {
            preconditionFailure("the key of the tests is one: \(error)")
        }
    }
}

extension Logger {
    /// Says nothing.
    package static var silent: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }
}

/// A clock that stands still until it is told to move.
package final class ManualClock: Sendable {
    private let time: Mutex<Int64>

    /// Milliseconds since 1970-01-01 UTC.
    package init(_ milliseconds: Int64 = 1_767_225_600_000) {
        time = Mutex(milliseconds)
    }

    package func advance(by milliseconds: Int64) {
        time.withLock { $0 += milliseconds }
    }

    package var wallClock: WallClock {
        WallClock { self.time.withLock { $0 } }
    }
}

/// A disk step that fails when it is told to.
package final class FaultSwitch: Sendable {
    private let armed = Mutex<(step: Disk.Step, code: Int32)?>(nil)

    package init() {}

    /// From now on `step` fails with `code`; nil heals everything.
    package func fail(_ step: Disk.Step?, with code: Int32 = ENOSPC) {
        armed.withLock { $0 = step.map { ($0, code) } }
    }

    package var disk: Disk {
        Disk { step in self.armed.withLock { $0?.step == step ? $0?.code : nil } }
    }
}

/// Bytes in memory as the body of an upload, in pieces of a chosen size, and broken off if wanted.
package final class TestSource: ByteSource {
    package struct BrokenOff: Error {}

    package let length: Int64?
    private var rest: ArraySlice<UInt8>
    private let breaks: Bool

    /// - Parameter promised: how many bytes it says there are, when it breaks off before.
    package init(_ bytes: [UInt8], statesLength: Bool = true, breaksOff: Bool = false, promised: Int64? = nil) {
        rest = bytes[...]
        length = statesLength && !breaksOff ? Int64(bytes.count) : promised
        breaks = breaksOff
    }

    package func fill(_ buffer: UnsafeMutableRawBufferPointer) async throws -> Int {
        let piece = rest.prefix(buffer.count)
        rest = rest.dropFirst(piece.count)
        if piece.isEmpty && breaks { throw BrokenOff() }
        buffer.copyBytes(from: piece)
        return piece.count
    }
}
