import OCI
import RegistryTesting
import Testing
import TransparencyLog

@testable import RegistryCore
@testable import SQLite

@Suite struct `The newest checkpoint that enough witnesses have signed` {
    @Test func `is found whichever number of witnesses that were`() async throws {
        let store = try TestRegistry()
        for size in 1...5 {
            _ = try await store.ledger.write { try $0.append(RecordDraft(kind: .policy, document: [:]), by: .tester) }
            #expect(try store.ledger.read { try $0.publishedSize() } == Int64(size))
        }
        func newest(_ witnesses: Int) throws -> Int64? {
            try store.ledger.read { try $0.cosignedCheckpoint(by: witnesses)?.checkpoint.checkpoint.size }
        }
        #expect(try newest(1) == nil)
        try await store.ledger.write { transaction in
            for (size, witnesses) in [(1, 7), (2, 3), (3, 1), (4, 3), (5, 1)] {
                try transaction.connection.execute(
                    """
                    INSERT INTO cosigned_checkpoint (size, note, witnesses)
                    SELECT size, note, ?2 FROM checkpoint WHERE size = ?1
                    """, size, witnesses)
            }
        }
        #expect(try (0...8).map { try newest($0) } == [5, 5, 4, 4, 1, 1, 1, 1, nil])
    }
}
