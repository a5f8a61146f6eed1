import SQLite
import TransparencyLog

/// The keys of the log, and the records of when each was added and retired.
struct AuditedKeys {
    /// What the leaf of a `key` record says.
    struct Change: Hashable {
        /// The number of the record.
        let record: Int64
        let action: String
        let key: String
    }

    private(set) var keys: [LedgerReader.LogKey] = []

    /// The name of the log.
    var origin: String { keys.first?.key.name.rawValue ?? "" }

    mutating func begin(_ reader: LedgerReader) throws {
        do { keys = try reader.logKeys() } catch let error as SQLiteError where error.isCorrupt {
            throw LedgerFault(.log, error.message)
        }
        guard keys.contains(where: { $0.added == 0 }) else {
            throw LedgerFault(.log, "the keys that it was begun with are missing")
        }
        for key in keys where key.key.name.rawValue != origin {
            throw LedgerFault(.key("\(key.key)"), "it has another name than the first key of the log, \(origin)")
        }
    }

    /// Every key that the log was begun with has signed the empty tree: nothing else says that it is one of them.
    func compareFirst(note: [UInt8]) throws {
        let first = keys.filter { $0.added == 0 }.map(\.key)
        let verified: [VerifiedSignature]
        do { verified = try SignedCheckpoint(parsing: note).note.verify(by: first) } catch {
            throw LedgerFault(.checkpoint(0), "no key of the log has signed it: \(error)")
        }
        for key in first where !verified.contains(where: { $0.key == key }) {
            throw LedgerFault(.key("\(key)"), "the log was not begun with it: it has not signed checkpoint 0")
        }
    }

    /// Every later change of the keys has its record, and the other way round.
    func finish(_ reader: LedgerReader, changes: [Change]) throws {
        var recorded = Set(changes)
        for key in keys {
            let name = "\(key.key)"
            if key.added > 0, recorded.remove(Change(record: key.added - 1, action: "added", key: name)) == nil {
                throw LedgerFault(.key(name), "record \(key.added - 1) does not say that it was added")
            }
            guard let retired = key.retired else { continue }
            if recorded.remove(Change(record: retired - 1, action: "retired", key: name)) == nil {
                throw LedgerFault(.key(name), "record \(retired - 1) does not say that it was retired")
            }
        }
        if let change = recorded.min(by: { $0.record < $1.record }) {
            let reason = "it says that key \(change.key) was \(change.action), and the list of keys does not"
            throw LedgerFault(.record(change.record), reason)
        }
    }
}
