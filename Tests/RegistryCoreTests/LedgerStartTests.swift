import Dispatch
import OCI
import RegistryTesting
import SQLite
import Synchronization
import Testing
import TransparencyLog

@testable import RegistryCore

@Suite struct `A ledger that was tampered with` {
    /// Expects that the ledger can be read and not be written, for this reason.
    private func expectReadOnly(_ ledger: Ledger, because reason: String, count: Int = 600) async throws {
        #expect(ledger.refusal == reason)
        let error = await failure(LedgerError.self) { try await ledger.note() }
        guard case .readOnly(because: reason) = error else { Issue.record("\(error as Any)"); return }
        #expect(try ledger.read { try $0.record(17) }?.id == 17)
        #expect(try ledger.records().count == count)
        #expect(try ledger.read { try $0.publishedSize() } == 600)
    }

    @Test func `is written to when nothing was found`() async throws {
        let ledger = try (try await AuditedBook()).open()
        #expect(try ledger.checkNewest() == nil)
        #expect(try ledger.checkAll() == nil)
        #expect(try !ledger.needsFullCheck())
        #expect(try await ledger.note() == 600)
    }

    @Test(arguments: [0, 300, 599] as [Int64])
    func `refuses writes after its start, and can still be read`(_ id: Int64) async throws {
        let book = try await AuditedBook()
        try book.tamper("UPDATE record SET builder = 'mallory' WHERE id = ?1", id)
        let ledger = try book.open()
        let fault = LedgerFault(.record(id), "its builder is not the one in its leaf")
        #expect(try ledger.checkNewest() == fault)
        try await expectReadOnly(ledger, because: "\(fault)")
    }

    @Test func `lets no write pass that came before it was compared`() async throws {
        let book = try await AuditedBook()
        try book.tamper("UPDATE record SET builder = 'mallory' WHERE id = 300")
        let ledger = try book.open()
        let go = DispatchSemaphore(value: 0)
        let told = Mutex<[String?]>([])
        ledger.beforeWrites { go.wait() }
        ledger.checkNewestBeforeWrites { refusal in told.withLock { $0.append(refusal) } }
        async let write = failure(LedgerError.self) { try await ledger.note() }
        #expect(try ledger.read { try $0.record(17) }?.id == 17)
        go.signal()
        let reason = "record 300: its builder is not the one in its leaf"
        guard case .readOnly(because: reason) = await write else { Issue.record("written"); return }
        #expect(told.withLock { $0 } == [reason])
        try await expectReadOnly(ledger, because: reason)
    }

    @Test func `writes what came before it was compared when all is well`() async throws {
        let ledger = try (try await AuditedBook()).open()
        let told = Mutex<[String?]>([])
        ledger.checkNewestBeforeWrites { refusal in told.withLock { $0.append(refusal) } }
        #expect(try await ledger.note() == 600)
        #expect(told.withLock { $0 } == [nil])
    }

    @Test func `is found out while it serves, when that is not among the newest`() async throws {
        let book = try await AuditedBook()
        try book.tamper("UPDATE record SET builder = 'mallory' WHERE id = 17")
        let fault = "record 17: its builder is not the one in its leaf"
        #expect(try book.audit(.chained, newest: 300) == nil)
        let ledger = try book.open()
        #expect(ledger.refusal == nil)
        #expect(try ledger.checkAll()?.description == fault)
        try await expectReadOnly(ledger, because: fault)
    }

    @Test func `opens although its tiles lead nowhere`() async throws {
        let book = try await AuditedBook()
        try book.tamper("UPDATE tile SET hashes = zeroblob(length(hashes)) WHERE level = 0 AND position = 2")
        let reason = "the tiles do not lead to the root that the last checkpoint, of size 600, has"
        try await expectReadOnly(try book.open(), because: "the log is damaged: \(reason)")
    }

    @Test func `opens although a leaf is missing at its end`() async throws {
        let book = try await AuditedBook()
        try book.tamper("DELETE FROM leaf WHERE id = 599")
        let reason = "there are 599 leaves, and the last checkpoint has 600"
        try await expectReadOnly(try book.open(), because: "the log is damaged: \(reason)")
    }

    @Test func `is checked while others write`() async throws {
        let ledger = try (try await AuditedBook()).open()
        let writer = Task {
            for number in 0..<100 { try await ledger.note(number) }
        }
        for _ in 0..<5 { #expect(try LedgerAudit(.chained).run(ledger.read) == nil) }
        try await writer.value
        #expect(try LedgerAudit(.everything).run(ledger.read) == nil)
    }

    @Test func `ends its check when it is told to`() async throws {
        struct Enough: Error {}
        let ledger = try (try await AuditedBook()).open()
        #expect(throws: Enough.self) { try ledger.checkAll { _, _ in throw Enough() } }
        #expect(ledger.refusal == nil)
    }
}

@Suite struct `A ledger that was put back from an older copy` {
    private let keys = TemporaryFolder()

    @Test func `is read-only and says why`() async throws {
        let file = CheckpointFile(folder: keys.path)
        let book = try await AuditedBook()
        let ledger = try book.open { file.write($0) }
        try await ledger.note(600)
        await ledger.close()
        file.flush()
        let seen = try #require(try file.read())
        #expect(seen.checkpoint.size == 601)

        let continued = try book.open()
        #expect(try continued.contradiction(to: seen) == nil)

        let older = try (try await AuditedBook()).open()
        let reason = try older.contradiction(to: seen)
        #expect(
            reason
                == "a checkpoint of size 601 was published, and this ledger has 600 leaves: it was put back from an older copy"
        )
        older.refuseWrites(because: try #require(reason))
        await #expect(throws: LedgerError.self) { try await older.note() }
    }

    @Test func `and then went on is another history`() async throws {
        let file = CheckpointFile(folder: keys.path)
        let book = try await AuditedBook()
        let ledger = try book.open { file.write($0) }
        try await ledger.note(600)
        file.flush()
        let seen = try #require(try file.read())
        let other = try (try await AuditedBook()).open()
        for number in 0..<2 { try await other.note(number) }
        let reason = try other.contradiction(to: seen)
        #expect(reason?.hasSuffix("it is another history") == true)
    }
}
