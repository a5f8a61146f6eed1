import OCI

/// A personal field of a record, which can be erased.
package enum PersonalField: String, Sendable, CaseIterable {
    /// The authenticated name.
    case principal
    /// The network address of the client.
    case clientAddress
    /// What the client calls itself.
    case userAgent

    /// The field of that name; nil when there is none.
    package init?(name: String) {
        guard let field = Self.allCases.first(where: { $0.rawValue.utf8.elementsEqual(name.utf8) }) else { return nil }
        self = field
    }
}

extension Registry {
    /// Erases a personal field of a record with its salt, and writes down that it was erased; gives the record of that.
    ///
    /// The leaf of the record stays, and so do all proofs: without the salt nobody can tell what its hash was made of.
    /// The bytes may stay in free pages of the database until they are used again or the database is compacted.
    ///
    /// - Throws: `LogQueryError.unknownRecord`, and `RegistryError.alreadyErased` when there is nothing to erase.
    @discardableResult
    package func erase(_ field: PersonalField, of record: Int64, by actor: Actor) async throws -> Int64 {
        try await ledger.write { transaction in
            guard let stored = try transaction.reader.record(record) else { throw LogQueryError.unknownRecord(record) }
            guard try transaction.erase(field, of: record) else {
                throw RegistryError.alreadyErased(field, record: record)
            }
            var draft = RecordDraft(
                kind: .redaction, repository: try stored.repository.map { try RepositoryName(parsing: $0) },
                digest: stored.digest, document: ["record": .integer(record), "field": .string(field.rawValue)])
            draft.members = ["redactedIndex": .integer(record), "redactedField": .string(field.rawValue)]
            return try transaction.append(draft, by: actor)
        }
    }
}
