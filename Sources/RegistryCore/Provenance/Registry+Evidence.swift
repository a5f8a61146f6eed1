import Attestation
import LinuxIO
import OCI

/// What taking evidence came to.
package struct EvidenceReceipt: Sendable {
    /// The place of its record in the history and of its leaf in the log.
    package let record: Int64
    /// Whether it was there already, so that nothing was written.
    package let isReplayed: Bool
    /// SHA-256 of a git blob with the bytes that were sent, by which Archivista's API knows them.
    package let gitoid: String
}

extension Registry {
    /// Bytes of evidence that live in the database; larger ones are files, as blobs are.
    private static let inlineEvidence = 256 * 1024
    /// Bytes of an idempotency key.
    package static let idempotencyKeyBytes = 255

    /// Takes evidence that somebody sends, durably: its bytes, a record and a leaf in one transaction.
    ///
    /// The same evidence again is not written again: it gives the record that is there. May be about content that has not
    /// been pushed yet.
    ///
    /// - Parameter keepsEachSpelling: whether bytes that say the same as a known record are kept besides those it was read
    ///   from, so that whoever sent them can ask for exactly them.
    /// - Throws: `EvidenceError`; then nothing was stored.
    package func take(
        _ bytes: [UInt8], as form: EvidenceForm, idempotencyKey key: String? = nil, keepsEachSpelling: Bool = false,
        by actor: Actor
    ) async throws -> EvidenceReceipt {
        if let key { try Self.check(key) }
        guard blobs.hasRoom(for: bytes.count) else { throw LedgerError.outOfSpace }
        let reader = EvidenceReader(trust: trust, now: Timestamp(milliseconds: clock.milliseconds))
        let evidence = try await aside { try reader.read(bytes, as: form) }
        guard !evidence.isInvalid else { throw EvidenceError.invalidSignature }
        let request = Digest(.sha256, of: bytes).hash
        // Asked here as well, so that what is going to be refused does not become a file first.
        if let key { _ = try ledger.read { try $0.earlier(idempotencyKey: key, request: request) } }
        let kept = try await keep(evidence)
        let gitoid = kept.gitoid.hex
        return try await ledger.write { transaction in
            if let key, let earlier = try transaction.reader.earlier(idempotencyKey: key, request: request) {
                return EvidenceReceipt(record: earlier, isReplayed: true, gitoid: gitoid)
            }
            let (record, isNew) = try transaction.append(kept, by: actor)
            if keepsEachSpelling { try transaction.put(kept) }
            if let key { try transaction.keep(idempotencyKey: key, request: request, record: record) }
            return EvidenceReceipt(record: record, isReplayed: !isNew, gitoid: gitoid)
        }
    }

    private static func check(_ key: String) throws(EvidenceError) {
        guard (1...idempotencyKeyBytes).contains(key.utf8.count), key.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
        else { throw .malformedKey(limit: idempotencyKeyBytes) }
    }

    /// Makes the bytes of large evidence a durable file, and computes its names.
    func keep(_ evidence: Evidence) async throws -> KeptEvidence {
        let digest = evidence.draft.evidence ?? Digest(.sha256, of: evidence.content)
        let gitoid = try await aside { Gitoid(of: evidence.content) }
        guard evidence.content.count > Self.inlineEvidence else {
            return KeptEvidence(evidence: evidence, digest: digest, gitoid: gitoid, isFile: false)
        }
        var random = SystemRandomNumberGenerator()
        let id = UploadID(using: &random)
        do {
            let intake = try await blobs.resume(id, algorithm: .sha256)
            _ = try await intake.receive(from: MemorySource(evidence.content))
            _ = try await blobs.commit(intake, as: digest)
            blobs.forget(id)
        } catch {
            try? await blobs.discard(id)
            throw error
        }
        return KeptEvidence(evidence: evidence, digest: digest, gitoid: gitoid, isFile: true)
    }

    /// The bytes of evidence. Blocks: called on a lane.
    package func content(of evidence: StoredEvidence) throws -> [UInt8] {
        if let content = evidence.content { return content }
        return try blobs.read(evidence.digest, size: Int(evidence.size))
    }
}

/// Evidence whose bytes are durable, or small enough to go into the transaction.
struct KeptEvidence: Sendable {
    let evidence: Evidence
    let digest: Digest
    let gitoid: Gitoid
    let isFile: Bool
}

extension LedgerTransaction {
    /// Writes a record of evidence unless it is there already; gives its place and whether it is new.
    func append(_ kept: KeptEvidence, by actor: Actor) throws -> (record: Int64, isNew: Bool) {
        let draft = kept.evidence.draft
        if let key = draft.naturalKey, let known = try reader.record(naturalKey: key) { return (known, false) }
        try put(kept)
        let record = try append(draft, by: actor)
        if let entry = kept.evidence.rekorEntry {
            // About nothing: it says of the record what the record says better, and is found through it.
            _ = try append(rekorEntry: entry, about: nil, document: ["of": .integer(record)], by: Actor())
        }
        return (record, true)
    }

    /// Logs an entry in Rekor's form unless it is there already; gives its place and whether it is new.
    func append(
        rekorEntry entry: [UInt8], about digest: Digest?, document: JSONObject, by actor: Actor
    ) throws -> (record: Int64, isNew: Bool) {
        var draft = RecordDraft(kind: .hashedrekord, digest: digest, document: document)
        draft.entry = entry
        draft.naturalKey = Digest(.sha256, of: entry)
        if let key = draft.naturalKey, let known = try reader.record(naturalKey: key) { return (known, false) }
        return (try append(draft, by: actor), true)
    }

    /// Keeps the bytes of evidence, if they are not there already.
    fileprivate func put(_ kept: KeptEvidence) throws {
        try putEvidence(
            kept.digest, gitoid: kept.gitoid, mediaType: kept.evidence.mediaType, size: kept.evidence.content.count,
            content: kept.isFile ? nil : kept.evidence.content)
    }
}

extension LedgerReader {
    /// The record of an earlier request with this key; nil when there was none.
    ///
    /// - Throws: `EvidenceError.keyReused` when that request was another.
    fileprivate func earlier(idempotencyKey key: String, request: [UInt8]) throws -> Int64? {
        guard let earlier = try self.request(idempotencyKey: key) else { return nil }
        guard earlier.hash == request else { throw EvidenceError.keyReused(record: earlier.record) }
        return earlier.record
    }
}

/// Bytes in memory as the content of a blob.
private final class MemorySource: ByteSource {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) {
        rest = bytes[...]
    }

    var length: Int64? { Int64(rest.count) }

    func fill(_ buffer: UnsafeMutableRawBufferPointer) async throws -> Int {
        let piece = rest.prefix(buffer.count)
        rest = rest.dropFirst(piece.count)
        buffer.copyBytes(from: piece)
        return piece.count
    }
}

extension Timestamp {
    /// A moment of the registry's clock, in milliseconds since 1970-01-01 UTC.
    init(milliseconds: Int64) {
        let (seconds, rest) = milliseconds.quotientAndRemainder(dividingBy: 1000)
        self.init(seconds: seconds, nanoseconds: Int32(truncatingIfNeeded: rest) * 1_000_000)
    }
}
