import Attestation
import Glibc
import LinuxIO
import OCI
import RegistryTesting
import SQLite
import TransparencyLog

@testable import RegistryCore

/// A ledger of 600 records in a folder of its own, for a hand that does what the ledger never would.
///
/// 600 leaves are two full tiles and a part of a third. The first ten records are each in a checkpoint of their own, the
/// others in groups.
struct AuditedBook {
    static let count: Int64 = 600
    /// The record that names evidence; the one that is erased; and the one that says so.
    static let (evidence, erased, redaction): (Int64, Int64, Int64) = (250, 260, 270)
    private static let template = Task { try await make() }

    let folder = TemporaryFolder()
    var path: String { "\(folder.path)/waybill.db" }

    init() async throws {
        let template = try await Self.template.value
        let source = try Connection(path: "\(template.path)/waybill.db", mode: .readOnly)
        try source.backup(to: path)
    }

    /// Opens the ledger as a server does. It keeps the folder.
    func open(published: @escaping @Sendable (SignedCheckpoint) -> Void = { _ in }) throws -> Ledger {
        try Ledger(
            path: path, identity: .test,
            published: { [folder] checkpoint in
                withExtendedLifetime(folder) { published(checkpoint) }
            })
    }

    /// The first fault that an audit finds, in words.
    func audit(_ depth: LedgerAudit.Depth = .everything, newest: Int64? = nil) throws -> String? {
        let connection = try Connection(path: path, mode: .readOnly)
        let fault = try LedgerAudit(depth).run(newest: newest) { body in
            try connection.transaction(.deferred) { try body(LedgerReader(connection: connection)) }
        }
        return fault.map { "\($0)" }
    }

    /// Does something that the triggers would not let happen.
    func tamper(_ statement: StaticSQL, _ number: Int64? = nil) throws {
        var options = Connection.Options()
        options.foreignKeys = false
        options.runsTriggers = false
        let connection = try Connection(path: path, mode: .readWrite, options: options)
        if let number {
            try connection.execute(statement, number)
        } else {
            try connection.execute(statement)
        }
    }

    // MARK: - The template

    private static func make() async throws -> TemporaryFolder {
        let folder = TemporaryFolder()
        let ledger = try Ledger(path: "\(folder.path)/waybill.db", identity: .test)
        for start in [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] + stride(from: 10, to: 600, by: 59) {
            try await ledger.write { transaction in
                for number in start..<(start < 10 ? start + 1 : start + 59) { try write(number, transaction) }
            }
        }
        await ledger.close()
        return folder
    }

    private static func write(_ number: Int, _ transaction: LedgerTransaction) throws {
        var draft = RecordDraft.note(number)
        draft.revision = number % 5 == 0 ? "7fd1\(number)" : nil
        draft.builder = number % 5 == 0 ? "https://ci.example.com/\"\(number)\"" : nil
        draft.predicateType = number % 5 == 0 ? "https://slsa.dev/provenance/v1" : nil
        draft.labels = ["b.number": "\(number)", "a": "ä\n", "team": "blue"]
        draft.document["labels"] = .object(JSONObject(sorting: draft.labels))
        var evidence: Int64?
        if Int64(number) == Self.evidence {
            let content = Array("what was seen".utf8)
            draft.statement = Digest(.sha256, of: content)
            evidence = try transaction.putEvidence(
                Digest(.sha256, of: content), mediaType: "text/plain", size: content.count, content: content)
        }
        if Int64(number) == redaction {
            _ = try transaction.erase(.clientAddress, of: erased)
            draft = RecordDraft(kind: .redaction, document: [:])
            draft.members = ["redactedIndex": .integer(erased), "redactedField": "clientAddress"]
        }
        let alice = Actor(principal: "alice", clientAddress: "192.0.2.7", userAgent: "tester/1.0")
        _ = try transaction.append(
            PreparedRecord(draft, by: alice), evidence: evidence, by: alice)
    }
}
