import LinuxIO
import OCI
import RegistryTesting
import Testing

@testable import RegistryCore

@Suite struct `Taking evidence` {
    @Test func `makes no file of what an idempotency key refuses`() async throws {
        let store = try TestRegistry()
        let subject = Digest(.sha256, of: [1])
        let first = Array(#"{"subjects":["\#(subject)"]}"#.utf8)
        let other = first + [UInt8](repeating: UInt8(ascii: " "), count: 300_000)
        _ = try await store.registry.take(first, as: .plain, idempotencyKey: "run-1", by: .tester)
        await #expect(throws: EvidenceError.keyReused(record: 0)) {
            try await store.registry.take(other, as: .plain, idempotencyKey: "run-1", by: .tester)
        }
        #expect(try store.blobs.fileSize(of: Digest(.sha256, of: other)) == nil)
        _ = try await store.registry.take(other, as: .plain, by: .tester)
        #expect(try store.blobs.fileSize(of: Digest(.sha256, of: other)) == Int64(other.count))
        #expect(try await store.registry.verify() == [])
    }
}
