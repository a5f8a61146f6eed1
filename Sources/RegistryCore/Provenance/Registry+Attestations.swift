package import Attestation
package import OCI
import TransparencyLog

extension LoggedRecord {
    /// The hash of the leaf, in hexadecimal.
    package var leafHash: String { TreeHash.leaf(of: entry).hex }
}

extension Registry {
    /// The name of the log.
    package var origin: String { ledger.identity.origin }

    /// Evidence and its bytes, by the name that Archivista's API gives it. Blocks: called on a lane.
    package func evidence(_ gitoid: Gitoid) throws -> (evidence: StoredEvidence, content: [UInt8])? {
        guard let evidence = try ledger.read({ try $0.evidence(gitoid) }) else { return nil }
        return (evidence, try content(of: evidence))
    }

    /// The evidence that a record was read from, and its bytes; nil when there is none. Blocks: called on a lane.
    package func evidence(of record: StoredRecord) throws -> (evidence: StoredEvidence, content: [UInt8])? {
        guard let evidence = try ledger.read({ try $0.evidence(of: record) }) else { return nil }
        return (evidence, try content(of: evidence))
    }

    /// Neighbouring records, each with its leaf. Called through `aside`.
    package func leaves(_ indices: Range<Int64>) throws -> [(record: StoredRecord, leaf: [UInt8])] {
        try ledger.read { reader in
            try indices.compactMap { index in
                guard let record = try reader.record(index), let leaf = try reader.entry(index) else { return nil }
                return (record, leaf)
            }
        }
    }

    /// What the leaf of a record commits to besides itself: the envelope, and the statement or else the record's own
    /// document. Blocks: called on a lane.
    package func committedContent(of record: StoredRecord) throws -> (envelope: JSONValue?, body: [UInt8]?) {
        try record.committedContent { try ledger.read { try $0.evidence(of: record) }.map { try content(of: $0) } }
    }

    /// One signed statement as a Sigstore bundle.
    package struct AttestationBundle: Sendable {
        /// The record that it was read for.
        package let record: Int64
        package let bundle: JSONValue
    }

    /// Signed statements about a digest, oldest first, after a record. Blocks: called on a lane.
    ///
    /// - Parameters:
    ///   - visible: the repositories of which it tells.
    ///   - predicateType: the type, or what stands before a slash in it; nil for all.
    package func bundles(
        about digest: Digest, in visible: RepositorySelection = .all, predicateType: String?, after id: Int64,
        count: Int?
    ) throws -> Page<AttestationBundle, Int64> {
        let limit = min(count ?? 30, 100)
        let page = try ledger.read { reader in
            guard try Sight(reader: reader, selection: visible).shows(digest) else {
                return RecordPage(limit: 0)
            }
            return try reader.records(about: digest, in: visible, after: id, limit: limits.page)
        }
        var found: [AttestationBundle] = []
        for record in page.records {
            if let predicateType, record.predicateType?.isOrExtends(predicateType) != true { continue }
            guard found.count < limit else { return Page(found, next: found.last?.record) }
            if let bundle = try sigstoreBundle(of: record) {
                found.append(AttestationBundle(record: record.id, bundle: bundle))
            }
        }
        return Page(found, next: page.isCut ? page.records.last?.id : nil)
    }

    /// How many records have each kind, builder and type of predicate; the most frequent of each.
    package func facets() throws -> [(field: String, values: [(value: String, count: Int64)])] {
        try ledger.read { reader in
            try ["kind", "builder", "predicateType"].map { field in
                (field, try reader.facets(of: field, limit: limits.page))
            }
        }
    }
}
