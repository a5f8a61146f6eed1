package import Attestation
import OCI
package import TransparencyLog

/// What is in a file that shows that something was logged: entries with their proofs, and what they are about.
package struct Evidence: Sendable {
    /// In which form it is written.
    package enum Form: String, Sendable {
        case tlogProof = "tlog-proof"
        case bundle
        case sigstoreBundle = "Sigstore bundle"
    }

    /// An entry, and what shows that it is in a log.
    struct Proof: Sendable {
        /// Absent in a `.tlog-proof` that leaves it to the reader to have it.
        let entry: [UInt8]?
        let inclusion: InclusionProof
        let checkpoint: SignedCheckpoint
        /// What a Sigstore bundle says of the entry beside it.
        let outside: TransparencyLogEntry?
    }

    /// In which form it is written.
    package let form: Form
    let proofs: [Proof]
    let envelope: EnvelopeDocument?
    /// The statement or the build record, as it was sent.
    let body: [UInt8]?

    /// Bytes of a file.
    package static let longest = ProofBundle.longest

    /// Reads a file, and sees from its content in which form it is.
    package init(parsing bytes: [UInt8]) throws(EvidenceError) {
        guard bytes.count <= Self.longest else { throw .tooLong }
        if bytes.starts(with: "c2sp.org/tlog-proof@".utf8) {
            try self.init(tlogProof: bytes)
            return
        }
        let document: JSONValue
        do { document = try JSONValue(parsing: bytes) } catch { throw .unknownForm }
        if document["entry_bytes"] != nil {
            try self.init(bundle: bytes)
        } else if document["mediaType"] != nil {
            try self.init(sigstoreBundle: bytes, document)
        } else {
            throw .unknownForm
        }
    }

    private init(tlogProof bytes: [UInt8]) throws(EvidenceError) {
        let proof: TlogProof
        do { proof = try TlogProof(parsing: bytes) } catch { throw .malformedProof(error) }
        form = .tlogProof
        proofs = [Proof(entry: proof.extra, inclusion: proof.inclusion, checkpoint: proof.checkpoint, outside: nil)]
        envelope = nil
        body = nil
    }

    private init(bundle bytes: [UInt8]) throws(EvidenceError) {
        let bundle: ProofBundle
        do { bundle = try ProofBundle(parsing: bytes) } catch { throw .malformedBundle(error) }
        form = .bundle
        proofs = [
            Proof(entry: bundle.entry, inclusion: bundle.inclusion, checkpoint: bundle.checkpoint, outside: nil)
        ]
        do throws(AttestationError) {
            envelope = if let json = bundle.envelope { try EnvelopeDocument(json) } else { nil }
        } catch {
            throw .malformedEnvelope(error)
        }
        body = bundle.body
    }

    private init(sigstoreBundle bytes: [UInt8], _ document: JSONValue) throws(EvidenceError) {
        form = .sigstoreBundle
        let entries: [JSONValue]
        do throws(AttestationError) {
            entries = try SigstoreBundle(parsing: bytes).tlogEntries
            envelope = try EnvelopeDocument(document["dsseEnvelope"] ?? .null)
        } catch {
            throw .malformedEnvelope(error)
        }
        guard !entries.isEmpty else { throw .noLogEntry }
        var proofs: [Proof] = []
        for json in entries {
            let entry: TransparencyLogEntry
            do { entry = try TransparencyLogEntry(json) } catch { throw .malformedLogEntry(error) }
            proofs.append(
                Proof(entry: entry.entry, inclusion: entry.inclusion, checkpoint: entry.checkpoint, outside: entry))
        }
        self.proofs = proofs
        body = nil
    }
}

/// Why a file shows nothing.
package enum EvidenceError: Error, Equatable {
    case tooLong
    case unknownForm
    case malformedProof(TlogProofError)
    case malformedBundle(ProofBundleError)
    case malformedEnvelope(AttestationError)
    case malformedLogEntry(LogEntryError)
    case noLogEntry
}

extension EvidenceError: CustomStringConvertible {
    /// One sentence.
    package var description: String {
        switch self {
        case .tooLong: "the file has more than \(Evidence.longest) bytes"
        case .unknownForm: "the file is no .tlog-proof, no proof bundle in JSON and no Sigstore bundle"
        case .malformedProof(let error): error.description
        case .malformedBundle(let error): error.description
        case .malformedEnvelope(let error): error.description
        case .malformedLogEntry(let error): error.description
        case .noLogEntry: "the Sigstore bundle has no log entry, so it does not show that anything was logged"
        }
    }
}
