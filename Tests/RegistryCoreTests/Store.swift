import LinuxIO
import OCI
import RegistryTesting

@testable import RegistryCore

/// A blob store on a folder of its own.
struct Store {
    let folder: TemporaryFolder
    let blobs: BlobStore
    let id = Store.newID()

    init(
        folder: TemporaryFolder = TemporaryFolder(), disk: Disk = Disk(), limits: StorageLimits = TestRegistry.storage,
        memory: MemoryBudget = MemoryBudget()
    ) throws {
        self.folder = folder
        blobs = try BlobStore(root: folder.path, lanes: Lanes(count: 2), disk: disk, limits: limits, memory: memory)
    }

    static func newID() -> UploadID {
        var random = SystemRandomNumberGenerator()
        return UploadID(using: &random)
    }

    func resume(_ id: UploadID? = nil, _ algorithm: Digest.Algorithm = .sha256) async throws -> UploadIntake {
        try await blobs.resume(id ?? self.id, algorithm: algorithm)
    }

    /// Appends in a turn of its own.
    func append(_ bytes: [UInt8]) async throws {
        let intake = try await resume()
        _ = try await intake.receive(from: TestSource(bytes))
        await intake.end()
    }

    /// What is stored under a digest.
    func content(of digest: Digest, count: Int) async throws -> [UInt8] {
        try blobs.read(digest, size: count)
    }
}
