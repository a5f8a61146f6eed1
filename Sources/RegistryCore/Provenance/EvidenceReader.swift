import Attestation
import OCI

/// How evidence is written.
package enum EvidenceForm: String, Sendable, CaseIterable {
    /// A DSSE envelope with a statement.
    case envelope = "dsse"
    /// A Sigstore bundle with such an envelope.
    case bundle = "sigstore-bundle"
    /// An in-toto statement that nobody has signed.
    case statement = "in-toto"
    /// A build record in plain JSON.
    case plain = "build-record"

    /// The media type under which it is kept.
    package var mediaType: String {
        switch self {
        case .envelope: Envelope.mediaType.rawValue
        case .bundle: SigstoreBundle.mediaType.rawValue
        case .statement: Envelope.statementType
        case .plain: BuildRecord.mediaType.rawValue
        }
    }
}

/// One piece of evidence, read and judged: what will be written down about it, and its bytes.
struct Evidence: Sendable {
    /// The record; its digests are those that the evidence is about.
    var draft: RecordDraft
    let content: [UInt8]
    /// The SHA-256 of the content.
    let digest: Digest
    let mediaType: String
    /// The signature as an entry in the form of Rekor, where it is one that Rekor's clients can check.
    var rekorEntry: [UInt8]?
}

/// Reads evidence and judges its signatures. Reads no clock and no file.
struct EvidenceReader {
    /// Bytes of a predicate's type.
    private static let typeBytes = 1024
    /// Images that one record is found by as a base.
    static let mostBases = 256
    /// What records call the form of a signature as cosign made them before bundles.
    static let cosignForm = "cosign"
    /// What the JSON of an attestation may hold: bills of materials have hundreds of thousands of values.
    static let limits = JSONLimits(depth: 64, values: 2_000_000)

    let trust: TrustedBuilders
    let now: Timestamp

    /// Reads evidence that somebody sends.
    ///
    /// - Throws: `EvidenceError`, also when a signature is invalid: whoever sends it is there to correct it.
    func read(_ bytes: [UInt8], as form: EvidenceForm) throws(EvidenceError) -> Evidence {
        do {
            switch form {
            case .envelope:
                let document = try EnvelopeDocument(parsing: bytes, limits: Self.limits)
                return try read(document, content: bytes, form: form)
            case .bundle:
                _ = try SigstoreBundle(parsing: bytes, limits: Self.limits)
                let json = try JSONValue(parsing: bytes, limits: Self.limits)
                return try read(EnvelopeDocument(json["dsseEnvelope"] ?? .null), content: bytes, form: form)
            case .statement: return try read(statement: bytes)
            case .plain: return try read(plain: bytes)
            }
        } catch let error as EvidenceError {
            throw error
        } catch let error as AttestationError {
            throw .malformed(error)
        } catch let error as JSONError {
            throw .malformed(.notJSON(error))
        } catch {
            throw .malformed(.invalid(path: "", reason: "cannot be read"))
        }
    }

    /// Reads a layer of a manifest that carries evidence. An invalid signature is no error: it is written down as one.
    ///
    /// - Throws: what the bytes are not.
    func read(_ bytes: [UInt8], in item: Attachments.Item, of image: Digest?) throws -> Evidence? {
        switch item.reading {
        case .statement: return try read(bytes, as: .statement)
        case .envelope: return try read(bytes, as: .envelope)
        case .bundle: return try read(bytes, as: .bundle)
        case .cosignSignature: return try read(bytes, signedIn: item.layer, of: image)
        case .document: return nil
        }
    }

    /// A signature as cosign made them before bundles: a payload, and the signature in an annotation of its layer.
    private func read(_ payload: [UInt8], signedIn layer: Descriptor, of image: Digest?) throws -> Evidence {
        let signature = try CosignSignature(payload: payload, layer: layer)
        let subject = signature.content.manifest
        var draft = RecordDraft(kind: .signature, digest: subject, document: ["subjects": ["\(subject)"]])
        draft.predicateType = SimpleSigning.mediaType.rawValue
        let verification = signature.verification(of: image ?? subject, by: trust.verifier)
        let text = layer.annotations[CosignSignature.annotation] ?? ""
        draft.naturalKey = NaturalKey(signature: text, of: payload, about: subject)
        draft.statement = Digest(.sha256, of: payload)
        draft.document["signature"] = .string(text)
        return finish(
            draft, verification, content: payload, mediaType: SimpleSigning.mediaType.rawValue, form: Self.cosignForm)
    }

    private func read(_ document: EnvelopeDocument, content: [UInt8], form: EvidenceForm) throws -> Evidence {
        let envelope = document.envelope
        guard !envelope.signatures.isEmpty else { throw EvidenceError.noSignature }
        let statement = try envelope.statement(limits: Self.limits)
        let verification = trust.verifier.verify(envelope)
        var evidence = try describe(statement, verification, content: content, form: form)
        evidence.draft.envelope = document.sha256
        evidence.draft.naturalKey = NaturalKey(document.sha256, about: evidence.draft.digest)
        evidence.rekorEntry = trust.rekorEntry(of: envelope, signedBy: verification)
        evidence.draft.statement = Digest(.sha256, of: envelope.payload)
        return evidence
    }

    private func read(statement bytes: [UInt8]) throws -> Evidence {
        let statement = try Statement(parsing: bytes, limits: Self.limits)
        var evidence = try describe(statement, .unsigned, content: bytes, form: .statement)
        evidence.draft.statement = evidence.digest
        evidence.draft.naturalKey = NaturalKey(evidence.digest, about: evidence.draft.digest)
        return evidence
    }

    private func read(plain bytes: [UInt8]) throws -> Evidence {
        let record = try BuildRecord(parsingPlain: bytes, now: now)
        var draft = try RecordDraft(of: record.subjects.flatMap(\.digests.digests), kind: .build)
        take(record, into: &draft)
        let form = EvidenceForm.plain
        var evidence = finish(draft, .unsigned, content: bytes, mediaType: form.mediaType, form: form.rawValue)
        evidence.draft.statement = evidence.digest
        evidence.draft.naturalKey = NaturalKey(evidence.digest, about: evidence.draft.digest)
        return evidence
    }

    private func describe(
        _ statement: Statement, _ verification: Verification, content: [UInt8], form: EvidenceForm
    ) throws -> Evidence {
        guard statement.predicateType.utf8.count <= Self.typeBytes else {
            throw EvidenceError.predicateTypeTooLong(limit: Self.typeBytes)
        }
        let record = BuildRecord(provenance: statement, now: now)
        let kind: RecordKind =
            switch statement.predicateFamily {
            case .slsaProvenance: .build
            case .cosignSign: .signature
            case .sbom, .vulnerability, .vsa, .other: .attestation
            }
        var draft = try RecordDraft(of: statement.subjectDigests, kind: kind)
        draft.predicateType = statement.predicateType
        if let record { take(record, into: &draft) }
        return finish(draft, verification, content: content, mediaType: form.mediaType, form: form.rawValue)
    }

    private func take(_ record: BuildRecord, into draft: inout RecordDraft) {
        draft.builder = record.builder.flatMap { $0.utf8.count <= Self.typeBytes ? $0 : nil }
        draft.revision = record.revision?.commit
        draft.source = record.source.map { SourceURI($0).repository }.flatMap { $0.utf8.count <= 512 ? $0 : nil }
        draft.labels = record.labels
        draft.bases = Array(record.images.compactMap(\.digest).prefix(Self.mostBases))
        draft.document["fields"] = record.bounded
        let images = record.images.prefix(Self.mostBases).map(\.json)
        if !images.isEmpty { draft.document["images"] = .array(images) }
    }

    private func finish(
        _ draft: RecordDraft, _ verification: Verification, content: [UInt8], mediaType: String, form: String
    ) -> Evidence {
        var draft = draft
        let digest = Digest(.sha256, of: content)
        draft.document["form"] = .string(form)
        draft.document["predicateType"] = draft.predicateType.map { .string($0) }
        draft.document["verification"] = judgement(of: verification, builder: draft.builder)
        draft.document["evidence"] = [
            "digest": .string("\(digest)"), "mediaType": .string(mediaType), "size": .integer(Int64(content.count)),
        ]
        return Evidence(draft: draft, content: content, digest: digest, mediaType: mediaType)
    }

    /// What the signatures are worth, and whether who signed may speak for the builder.
    func judgement(of verification: Verification, builder: String?) -> JSONValue {
        var result: JSONObject = ["signature": .string(verification.name)]
        if !verification.keyids.isEmpty { result["keyids"] = .array(verification.keyids.map { .string("\($0)") }) }
        result["trusted"] = .bool(!verification.keyids.isEmpty)
        result["builderAllowed"] = .bool(trust.policy.builderAllowed(builder, signedBy: verification))
        return .object(result)
    }
}

extension ImageReference {
    /// The image as records name it.
    fileprivate var json: JSONValue {
        var object: JSONObject = ["name": .string(tag.map { "\(repository):\($0)" } ?? repository)]
        object["digest"] = digest.map { .string("\($0)") }
        object["platform"] = platform.map { .string($0) }
        return .object(object)
    }
}

extension Verification {
    /// The result in one word, as it is stored.
    var name: String {
        switch self {
        case .valid: "valid"
        case .untrusted: "untrusted"
        case .invalid: "invalid"
        case .unsigned: "unsigned"
        }
    }
}

extension Evidence {
    /// Whether a signature claims a trusted key that did not make it.
    var isInvalid: Bool { draft.document["verification"]?["signature"] == .string(Verification.invalid.name) }
}

extension RecordDraft {
    /// A record about these digests, of which there must be one.
    fileprivate init(of subjects: [Digest], kind: RecordKind) throws(EvidenceError) {
        guard let first = subjects.first else { throw .noSubject }
        self.init(kind: kind, digest: first, document: [:])
        alsoAbout = Array(subjects.dropFirst())
        let shown = subjects.prefix(100)
        document["subjects"] = .array(shown.map { "\($0)" })
        if subjects.count > shown.count { document["subjectsOmitted"] = .integer(Int64(subjects.count - shown.count)) }
    }
}

extension BuildRecord {
    /// Bytes of what an answer shows of a build.
    private static let shownBytes = 40_000

    /// The record as answers show it; what makes it too large is left out whole, and said.
    fileprivate var bounded: JSONValue {
        guard var object = json.object else { return .null }
        object["subjects"] = nil
        for name in ["dependencies", "environment", "labels"] where object[name] != nil {
            guard JSONValue.object(object).serialized().count > Self.shownBytes else { break }
            object[name] = nil
            object["\(name)Omitted"] = true
        }
        return .object(object)
    }
}
