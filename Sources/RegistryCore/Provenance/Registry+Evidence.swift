package import Attestation
import LinuxIO
import OCI

/// What taking evidence came to.
package struct EvidenceReceipt: Sendable {
    /// The place of its record in the history and of its leaf in the log.
    package let record: Int64
    /// Whether it was there already, so that nothing was written.
    package let isReplayed: Bool
    /// The name by which Archivista's API knows the bytes that were sent, when it was asked for.
    package let gitoid: Gitoid?
}

extension Registry {
    /// Bytes of an idempotency key.
    package static let idempotencyKeyBytes = 255

    /// Takes evidence that somebody sends, durably: its bytes, a record and a leaf in one transaction.
    ///
    /// The same evidence again is not written again: it gives the record that is there. May be about content that has not
    /// been pushed yet.
    ///
    /// - Parameters:
    ///   - namesGitoid: whether exactly these bytes can be asked for by their gitoid, also when they only say the
    ///     same as those that a known record was read from.
    ///   - allowed: the repositories for whose content the sender may speak. What is in none at all may be spoken of by whoever
    ///     may speak for any.
    /// - Throws: `EvidenceError`; then nothing was stored.
    package func take(
        _ bytes: [UInt8], as form: EvidenceForm, idempotencyKey key: String? = nil, namesGitoid: Bool = false,
        for allowed: RepositorySelection = .all, by actor: Actor
    ) async throws -> EvidenceReceipt {
        if let key { try Self.check(key) }
        guard blobs.hasRoom(for: bytes.count) else { throw LedgerError.outOfSpace }
        let reader = EvidenceReader(trust: trust, now: Timestamp(milliseconds: clock.milliseconds))
        let evidence = try await aside { try PreparedEvidence(reader.read(bytes, as: form), by: actor) }
        guard !evidence.evidence.isInvalid else { throw EvidenceError.invalidSignature }
        try check(evidence.evidence.draft, against: allowed)
        let request = Digest(.sha256, of: bytes).hash
        // Asked here as well, so that what is going to be refused does not become a file first.
        if let key { _ = try ledger.read { try $0.earlier(idempotencyKey: key, request: request) } }
        let file = try await keepFile(of: evidence)
        defer { file.map { blobs.letGo($0) } }
        let gitoid = namesGitoid ? try await aside { Gitoid(of: bytes) } : nil
        return try await ledger.write { transaction in
            if let key, let earlier = try transaction.reader.earlier(idempotencyKey: key, request: request) {
                return EvidenceReceipt(record: earlier, isReplayed: true, gitoid: gitoid)
            }
            let (record, isNew) = try transaction.append(evidence, by: actor)
            if let gitoid { try transaction.name(evidence, gitoid, record: record) }
            if let key { try transaction.keep(idempotencyKey: key, request: request, record: record) }
            return EvidenceReceipt(record: record, isReplayed: !isNew, gitoid: gitoid)
        }
    }

    /// Refuses evidence about content that is here only where the sender may not speak.
    private func check(_ draft: RecordDraft, against allowed: RepositorySelection) throws {
        if allowed.isAll { return }
        let digests = [draft.digest].compactMap(\.self) + draft.alsoAbout
        try ledger.read { reader in
            let (anywhere, here) = (
                Sight(reader: reader, selection: .some { _ in true }), Sight(reader: reader, selection: allowed)
            )
            for digest in digests where try anywhere.shows(digest) {
                guard try here.shows(digest) else { throw EvidenceError.notAllowed(digest) }
            }
        }
    }

    private static func check(_ key: String) throws(EvidenceError) {
        guard (1...idempotencyKeyBytes).contains(key.utf8.count), key.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
        else { throw .malformedKey(limit: idempotencyKeyBytes) }
    }

    /// Makes the bytes of large evidence a durable file, which stays until it is let go, by then with a row that names it.
    ///
    /// - Returns: by what it is let go; nil when there is no file.
    func keepFile(of prepared: PreparedEvidence) async throws -> UploadID? {
        guard prepared.isFile else { return nil }
        let evidence = prepared.evidence
        var random = SystemRandomNumberGenerator()
        let id = UploadID(using: &random)
        do {
            let intake = try await blobs.resume(id, algorithm: .sha256)
            _ = try await intake.receive(from: MemorySource(evidence.content))
            _ = try await blobs.commit(intake, as: evidence.digest)
            await blobs.forget(id)
            return id
        } catch {
            try? await blobs.discard(id)
            throw error
        }
    }

    /// The bytes of evidence. Blocks: called on a lane.
    package func content(of evidence: StoredEvidence) throws -> [UInt8] {
        if let content = evidence.content { return content }
        return try blobs.read(evidence.digest, size: Int(evidence.size))
    }
}

/// Evidence with its record as far as that can be prepared.
struct PreparedEvidence: Sendable {
    /// Bytes of evidence that live in the database; larger ones are files, as blobs are.
    private static let mostInDatabase = 256 * 1024

    let evidence: Evidence
    /// By what its file is let go once the row of the evidence is written; nil while it has none.
    var file: UploadID?
    let record: PreparedRecord
    var isFile: Bool { evidence.content.count > Self.mostInDatabase }

    init(_ evidence: Evidence, by actor: Actor) {
        self.evidence = evidence
        record = PreparedRecord(evidence.draft, by: actor)
    }
}

extension LedgerTransaction {
    /// Writes a record of evidence unless it is there already; gives its place and whether it is new.
    ///
    /// Large bytes are a durable file already.
    func append(_ prepared: PreparedEvidence, by actor: Actor) throws -> (record: Int64, isNew: Bool) {
        let key = prepared.record.draft.naturalKey
        if let key, let known = try reader.record(naturalKey: key) { return (known, false) }
        let record = try append(prepared.record, evidence: put(prepared), by: actor)
        if let entry = prepared.evidence.rekorEntry {
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
        draft.naturalKey = NaturalKey(Digest(.sha256, of: entry), about: nil)
        if let key = draft.naturalKey, let known = try reader.record(naturalKey: key) { return (known, false) }
        return (try append(draft, by: actor), true)
    }

    private func put(_ prepared: PreparedEvidence) throws -> Int64 {
        let evidence = prepared.evidence
        return try putEvidence(
            evidence.digest, mediaType: evidence.mediaType, size: evidence.content.count,
            content: prepared.isFile ? nil : evidence.content)
    }

    /// Lets bytes be asked for by their gitoid: those of the record, or others that say the same.
    fileprivate func name(_ prepared: PreparedEvidence, _ gitoid: Gitoid, record: Int64) throws {
        guard try reader.evidence(gitoid) == nil, let record = try reader.record(record) else { return }
        let isOfRecord = try reader.evidence(of: record)?.digest == prepared.evidence.digest
        try name(evidence: try isOfRecord ? record.evidence ?? put(prepared) : put(prepared), gitoid)
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
