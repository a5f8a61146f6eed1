import Attestation
package import OCI
package import TransparencyLog

extension LedgerArchive {
    /// Checkpoints for proofs that leave the house, the one to prefer first: the newest that so many witnesses have signed, if any
    /// have to, and the newest, with the cosignatures that each has.
    ///
    /// Where a server writes, the newest may still be lost in a power failure: whoever shows it makes it durable before.
    package func checkpoints(quorum: Int) throws -> [SignedCheckpoint] {
        try read { reader in
            let cosigned = quorum > 0 ? try reader.cosignedCheckpoint(by: quorum)?.checkpoint : nil
            let last = try reader.lastCheckpoint()
            let known = try last.flatMap { try reader.cosignedCheckpoint(size: $0.checkpoint.size) } ?? last
            return [cosigned, known].compactMap(\.self)
        }
    }

    /// Records about a digest in the tree of a size, the oldest first; of those that happened in a repository, only where it is among
    /// the visible ones.
    package func records(
        about digest: Digest, in visible: RepositorySelection, treeSize: Int64
    ) throws -> [StoredRecord] {
        var records: [StoredRecord] = []
        var page: RecordPage
        repeat {
            let last = records.last?.id ?? -1
            page = try read { try $0.records(about: digest, in: visible, after: last, limit: 1000) }
            records += page.records
        } while page.isCut
        return records.filter { $0.id < treeSize }
    }

    /// The proof that a record is in the tree of a checkpoint that covers it, as one document.
    ///
    /// - Parameter files: answers with the bytes of evidence that is a file.
    package func proof(
        of record: StoredRecord, under checkpoint: SignedCheckpoint,
        files: (_ digest: Digest, _ size: Int64) throws -> [UInt8]
    ) throws -> ProofBundle {
        try read { reader in
            guard let entry = try reader.entry(record.id) else { throw LogQueryError.unknownRecord(record.id) }
            let inclusion = try reader.inclusionProof(index: record.id, size: checkpoint.checkpoint.size)
            let (envelope, body) = try record.committedContent {
                try reader.evidence(of: record).map { try $0.content ?? files($0.digest, $0.size) }
            }
            return ProofBundle(
                entry: entry, inclusion: inclusion, checkpoint: checkpoint, envelope: envelope, body: body)
        }
    }
}

extension StoredRecord {
    /// What the leaf of the record commits to besides itself: the envelope, and the statement or else the record's own document.
    ///
    /// - Parameter evidence: answers with the bytes of the evidence that it was read from; nil when there is none.
    func committedContent(evidence: () throws -> [UInt8]?) throws -> (envelope: JSONValue?, body: [UInt8]?) {
        guard kind != RecordKind.hashedrekord.rawValue else { return (nil, nil) }
        guard let content = try evidence() else { return (nil, document) }
        guard let json = try envelope(in: content) else { return (nil, content) }
        return (json, try EnvelopeDocument(json).envelope.payload)
    }

    /// The envelope in some evidence, with all its members; nil when it has none.
    private func envelope(in content: [UInt8]) throws -> JSONValue? {
        switch EvidenceForm(of: self) {
        case .envelope?: try JSONValue(parsing: content, limits: EvidenceReader.limits)
        case .bundle?: try JSONValue(parsing: content, limits: EvidenceReader.limits)["dsseEnvelope"]
        case .statement?, .plain?, nil: nil
        }
    }
}
