import OCI
import SQLite
package import TransparencyLog

/// A change of the keys that sign the log.
package struct LogKeyChange: Sendable, Equatable {
    /// What became of the key, as its leaf says it.
    package enum Action: String, Sendable {
        case added, retired
    }

    /// What became of the key.
    package let action: Action
    /// The key.
    package let key: VerifierKey
    /// The record of the change.
    package let record: Int64
}

extension Ledger {
    /// Writes down which keys sign from now on and which do not any more; nothing when that has not changed.
    ///
    /// Called when the ledger has been opened and before anything else is written. A checkpoint signed by the old keys and
    /// the new ones covers the record of a new key, so whoever knows an old key learns of it from the log itself.
    @discardableResult
    package func recordKeys() async throws -> [LogKeyChange] {
        let signers = identity.signers.map(\.verifier)
        guard try read({ try $0.changes(to: signers) }).isEmpty == false else { return [] }
        return try await write { transaction in
            try transaction.reader.changes(to: signers).map { try transaction.record($0.action, $0.key) }
        }
    }
}

extension LedgerReader {
    /// What has to change so that these keys sign, the additions first.
    fileprivate func changes(to signers: [VerifierKey]) throws -> [(action: LogKeyChange.Action, key: VerifierKey)] {
        let known = try logKeys()
        let added = signers.filter { signer in !known.contains { $0.key == signer } }
        let retired = known.filter { $0.retired == nil && !signers.contains($0.key) }.map(\.key)
        return added.map { (.added, $0) } + retired.map { (.retired, $0) }
    }
}

extension LedgerTransaction {
    fileprivate func record(_ action: LogKeyChange.Action, _ key: VerifierKey) throws -> LogKeyChange {
        let text = "\(key)"
        var draft = RecordDraft(kind: .key, document: ["action": .string(action.rawValue), "key": .string(text)])
        draft.members = ["keyAction": .string(action.rawValue), "vkey": .string(text)]
        let record = try append(draft, by: Actor())
        switch action {
        case .added:
            try connection.execute("INSERT INTO log_key (key, added) VALUES (?1, ?2)", text, record + 1)
        case .retired:
            try connection.execute("UPDATE log_key SET retired = ?2 WHERE key = ?1", text, record + 1)
        }
        return LogKeyChange(action: action, key: key, record: record)
    }
}

extension LogKeyChange: CustomStringConvertible {
    /// One sentence.
    package var description: String { "record \(record): \(action.rawValue) \(key)" }
}
