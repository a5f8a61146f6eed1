import OCI
import RegistryTesting
import SQLite
import Testing
import TransparencyLog

@testable import RegistryCore

extension LogIdentity {
    /// The log of the tests, signed by keys that grow from these numbers; the usual one is 0.
    fileprivate static func signed(by seeds: UInt8...) throws -> LogIdentity {
        try LogIdentity(
            signers: seeds.map { seed in
                try SignerKey(name: KeyName(parsing: "registry.example.com"), seed: (seed..<seed + 32).map { $0 })
            })
    }

    fileprivate var keys: [VerifierKey] { signers.map(\.verifier) }
}

extension Ledger {
    /// The keys whose valid signatures are on the newest checkpoint.
    fileprivate func signers(among keys: [VerifierKey]) throws -> [VerifierKey] {
        try read { try $0.lastCheckpoint() }?.note.verify(by: keys).map(\.key) ?? []
    }

    fileprivate func leaf(_ index: Int64) throws -> JSONValue? {
        try read { try $0.entry(index) }.map { try JSONValue(parsing: $0) }
    }
}

@Suite struct `A key of the log` {
    private let folder = TemporaryFolder()
    private let old: LogIdentity
    private let both: LogIdentity
    private let new: LogIdentity

    init() throws {
        old = try LogIdentity.signed(by: 0)
        both = try LogIdentity.signed(by: 1, 0)
        new = try LogIdentity.signed(by: 1)
    }

    private func open(_ identity: LogIdentity) throws -> Ledger {
        try Ledger(path: "\(folder.path)/waybill.db", identity: identity)
    }

    /// Begins the log with the old key, adds the new one and writes a record.
    private func rotate() async throws -> Ledger {
        let first = try open(old)
        #expect(try await first.recordKeys() == [])
        try await first.note(0)
        await first.close()
        let ledger = try open(both)
        let change = LogKeyChange(action: .added, key: both.keys[0], record: 1)
        #expect(try await ledger.recordKeys() == [change])
        #expect(try await ledger.recordKeys() == [])
        try await ledger.note(2)
        return ledger
    }

    @Test func `that is new is a leaf, and signs together with the old one`() async throws {
        let ledger = try await rotate()
        #expect(Set(try ledger.signers(among: both.keys)) == Set(both.keys))
        let leaf = try ledger.leaf(1)
        #expect(leaf?["kind"] == "key" && leaf?["keyAction"] == "added" && leaf?["vkey"] == .string("\(both.keys[0])"))
        #expect(try ledger.read { try $0.checkpoint(size: 1) }?.note.signatures.count == 1)
        #expect(try ledger.read { try $0.checkpoint(size: 2) }?.note.signatures.count == 2)
        let keys = try ledger.read { try $0.logKeys() }
        #expect(keys.map(\.added) == [0, 2] && keys.allSatisfy { $0.retired == nil })
        #expect(try ledger.readAnew { try $0.contradictions() } == [])
    }

    @Test func `that is retired signs no more, and cannot come back`() async throws {
        await (try await rotate()).close()
        let ledger = try open(new)
        let change = LogKeyChange(action: .retired, key: old.keys[0], record: 3)
        #expect(try await ledger.recordKeys() == [change])
        try await ledger.note(4)
        #expect(try ledger.signers(among: both.keys) == new.keys)
        #expect(try ledger.leaf(3)?["keyAction"] == "retired")
        #expect(try ledger.read { try $0.logKeys() }.first?.retired == 4)
        #expect(try ledger.readAnew { try $0.contradictions() } == [])
        await ledger.close()
        #expect(throws: LogError.retiredKey("\(old.keys[0])")) { try open(both) }
        #expect(throws: LogError.unknownKeys(expected: ["\(new.keys[0])"])) { try open(old) }
    }

    @Test func `that the log does not know is refused, and so is one of another name`() async throws {
        await (try await rotate()).close()
        #expect(throws: LogError.self) { try open(try .signed(by: 7)) }
        let other = try LogIdentity(signers: [SignerKey(name: KeyName(parsing: "b"), seed: Array(0..<32))])
        #expect(throws: LogError.otherOrigin(expected: "registry.example.com", found: "b")) { try open(other) }
    }

    @Test func `that somebody put into the table is found`() async throws {
        let ledger = try await rotate()
        let stranger = try LogIdentity.signed(by: 9).keys[0]
        let connection = try Connection(path: "\(folder.path)/waybill.db", mode: .readWrite)
        let refused = #expect(throws: SQLiteError.self) {
            try connection.execute("INSERT INTO log_key (key, added) VALUES (?1, 0)", "\(stranger)")
        }
        #expect(refused?.message == "a key is added with a record of it")
        let changed = #expect(throws: SQLiteError.self) { try connection.execute("UPDATE log_key SET retired = 1") }
        #expect(changed?.message == "a key is retired once, with a record of it, and changes in no other way")
        let deleted = #expect(throws: SQLiteError.self) { try connection.execute("DELETE FROM log_key") }
        #expect(deleted?.message == "a key of the log is never deleted")
        try connection.execute("DROP TRIGGER log_key_has_a_record")
        try connection.execute("INSERT INTO log_key (key, added) VALUES (?1, 2)", "\(stranger)")
        #expect(
            try ledger.readAnew { try $0.contradictions() }
                == ["key \(stranger): record 1 does not say that it was added"])
        try connection.execute("DROP TRIGGER log_key_is_only_retired")
        try connection.execute("UPDATE log_key SET added = 0 WHERE key = ?1", "\(stranger)")
        #expect(
            try ledger.readAnew { try $0.contradictions() }
                == ["key \(stranger): the log was not begun with it: it has not signed checkpoint 0"])
    }

    @Test func `whose record is there and whose row is not is found`() async throws {
        let ledger = try await rotate()
        let connection = try Connection(path: "\(folder.path)/waybill.db", mode: .readWrite)
        try connection.execute("DROP TRIGGER log_key_is_never_deleted")
        try connection.execute("DELETE FROM log_key WHERE added = 2")
        #expect(
            try ledger.readAnew { try $0.contradictions() } == [
                "record 1: it says that key \(both.keys[0]) was added, and the list of keys does not"
            ])
    }
}
