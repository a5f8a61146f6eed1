import Glibc
import OCI
import RegistryTesting
import Testing

@testable import RegistryCore

/// `WAYBILL_BENCH_LEDGER=FOLDER swift test --filter LedgerAuditBench` leaves a ledger of 100,000 records in the folder, for
/// `waybill ledger verify --data FOLDER` and `waybill rebuild --data FOLDER`, and says how long its audit takes.
@Suite(.enabled(if: getenv("WAYBILL_BENCH_LEDGER") != nil)) struct `A ledger of 100,000 records` {
    @Test func `is audited`() async throws {
        let folder = String(cString: try #require(getenv("WAYBILL_BENCH_LEDGER")))
        mkdir(folder, 0o700)
        mkdir("\(folder)/keys", 0o700)
        try LogKeyFile(folder: "\(folder)/keys").write(LogIdentity.test.signers)
        let ledger = try Ledger(path: "\(folder)/waybill.db", identity: .test)
        for start in stride(from: 0, to: 100_000, by: 20) {
            try await ledger.write(durable: false) { transaction in
                for number in start..<start + 20 {
                    var draft = RecordDraft.note(number)
                    draft.labels = ["number": "\(number)", "team": "\(number % 7)", "stage": "test"]
                    draft.document["labels"] = .object(JSONObject(sorting: draft.labels))
                    try transaction.append(draft, by: .tester)
                }
            }
        }
        let start = ContinuousClock.now
        #expect(try ledger.checkAll() == nil)
        let middle = ContinuousClock.now
        #expect(try ledger.checkNewest() == nil)
        print("all 100,000 records: \(middle - start); the newest: \(ContinuousClock.now - middle)")
        await ledger.close()
    }
}
