package import Attestation
package import OCI
package import TransparencyLog

extension Registry {
    /// Logs a signature in the form of Rekor v2, durably; gives its place, or nil when it is there already.
    package func log(_ entry: HashedRekord, by actor: Actor) async throws -> Int64? {
        let bytes = entry.entry
        // What was signed need not be content of a registry, but a hash of the right length finds it if it is.
        let digest =
            entry.digest.count == Digest.Algorithm.sha256.byteCount
            ? Digest(algorithm: .sha256, hash: entry.digest) : nil
        return try await ledger.write { transaction in
            let (record, isNew) = try transaction.append(
                rekorEntry: bytes, about: digest, document: ["form": "rekor"], by: actor)
            return isNew ? record : nil
        }
    }

    /// A logged signature with its proof, as Rekor answers.
    package func rekorEntry(_ record: Int64) throws -> TransparencyLogEntry {
        let proof = try proof(of: record)
        return try TransparencyLogEntry(
            kind: HashedRekord.kind, version: HashedRekord.version, entry: proof.entry, inclusion: proof.inclusion,
            checkpoint: proof.checkpoint, log: ledger.identity.signers[0].verifier)
    }

    /// The evidence of a record as a Sigstore bundle, with its entry of the log if it has one in Rekor's form; nil when it is
    /// not a signed envelope. Blocks: called on a lane.
    package func sigstoreBundle(of record: StoredRecord) throws -> JSONValue? {
        guard let (_, content) = try evidence(of: record) else { return nil }
        switch EvidenceForm(of: record) {
        case .envelope?:
            let envelope = try Envelope(parsing: content, limits: EvidenceReader.limits)
            guard envelope.signatures.count == 1, let signature = envelope.signatures.first else { return nil }
            return try SigstoreBundle(
                envelope: envelope, hint: signature.keyid, tlogEntries: try logEntries(of: envelope)
            ).json
        case .bundle?:
            let bundle = try SigstoreBundle(parsing: content, limits: EvidenceReader.limits)
            guard bundle.tlogEntries.isEmpty, case .publicKey(let hint) = bundle.material else {
                return try JSONValue(parsing: content, limits: EvidenceReader.limits)
            }
            return try SigstoreBundle(
                envelope: bundle.envelope, hint: hint, tlogEntries: try logEntries(of: bundle.envelope),
                timestamps: bundle.timestamps
            ).json
        case .statement?, .plain?, nil: return nil
        }
    }

    /// The entries of this log, in Rekor's form, for the signatures of an envelope by trusted keys.
    private func logEntries(of envelope: Envelope) throws -> [JSONValue] {
        let verification = trust.verifier.verify(envelope)
        guard let entry = trust.rekorEntry(of: envelope, signedBy: verification),
            let record = try ledger.read({
                try $0.record(naturalKey: NaturalKey(Digest(.sha256, of: entry), about: nil))
            })
        else { return [] }
        return [try rekorEntry(record).json]
    }
}

extension EvidenceForm {
    /// How the evidence of a record is written; nil when it is none that somebody sent.
    init?(of record: StoredRecord) {
        guard let form = record.json["form"]?.string.flatMap(EvidenceForm.init(rawValue:)) else { return nil }
        self = form
    }
}
