import Attestation
import OCI

/// A table that is derived from the records, so that they are found.
package enum IndexTable: String, Sendable, CaseIterable {
    /// What a record is about, and by what the same one sent again is known.
    case digest = "record_digest"
    /// The images that something is based on.
    case base = "record_base"
    /// Labels.
    case label = "record_label"
    /// How many records have each value of a field.
    case facet
}

/// By what a record is found beside its own columns: its rows in the tables of digests, bases and labels.
///
/// Both who appends a record and who derives the tables anew start from what the record says (`RecordFacts`). A record has no room
/// for everything, and says so; the rest comes from the draft that it is made of, or from the evidence that it was read from.
struct RecordIndex: Sendable {
    /// One row, in stored bytes: texts are compared as the database does, not as people read them.
    enum Row: Hashable, Sendable {
        case digest([UInt8])
        case base([UInt8])
        case label(key: [UInt8], value: [UInt8])

        var table: IndexTable {
            switch self {
            case .digest: .digest
            case .base: .base
            case .label: .label
            }
        }
    }

    /// Labels of a record by which it can be found; the rest is in its document only.
    private static let mostLabels = 256
    private static let labelBytes = 1024

    private var digests: Set<[UInt8]> = []
    private var bases: Set<[UInt8]> = []
    private var labels: [String: String] = [:]
    /// Tables in which it may have rows that are not known here, because the record does not say all.
    private(set) var gaps: Set<IndexTable> = []

    /// Everything that a record is found by.
    init(_ draft: RecordDraft) {
        self.init(RecordFacts(draft))
        take(draft)
    }

    /// Everything that a record itself says.
    init(_ facts: RecordFacts) {
        let document = facts.document
        let about = [document["previous"], document["carriedBy"]] + (document["subjects"]?.array ?? [])
        digests = Set(([facts.digest] + about.map { $0?.digest }).compactMap { $0?.encoded })
        if let key = facts.naturalKey { digests.insert(key.encoded) }
        let images = document["images"]?.array ?? []
        bases = Set(([document["base"]] + images).compactMap { $0?["digest"]?.digest?.encoded })
        let fields = document["fields"]?.object
        for member in (document["labels"] ?? fields?["labels"])?.object?.members ?? [] {
            labels[member.key] = member.value.string
        }
        if document["subjectsOmitted"] != nil || facts.isCosigned { gaps.insert(.digest) }
        if images.count >= EvidenceReader.mostBases { gaps.insert(.base) }
        if document["labelsOmitted"] != nil || fields?["labelsOmitted"] != nil { gaps.insert(.label) }
    }

    private mutating func take(_ draft: RecordDraft) {
        digests.formUnion(([draft.digest] + draft.alsoAbout).compactMap { $0?.encoded })
        if let key = draft.naturalKey { digests.insert(key.encoded) }
        bases.formUnion(draft.bases.map(\.encoded))
        labels.merge(draft.labels) { $1 }
    }

    /// Adds what the record had no room to say, from the evidence that it was read from.
    mutating func complete(_ facts: RecordFacts, from evidence: [UInt8], at time: Timestamp) {
        if facts.isCosigned {
            guard let key = facts.cosignKey(of: evidence) else { return }
            digests.insert(key.encoded)
        } else {
            let reader = EvidenceReader(trust: TrustedBuilders(), now: time)
            guard let form = facts.form.flatMap(EvidenceForm.init(rawValue:)),
                var draft = try? reader.read(evidence, as: form).draft
            else { return }
            // The record says who sent it, which is a part of the key.
            draft.naturalKey = nil
            take(draft)
        }
        gaps = []
    }

    /// The rows, each once.
    var rows: [Row] {
        let found = labels.filter { $0.key.utf8.count + $0.value.utf8.count <= Self.labelBytes }
        return digests.map { .digest($0) } + bases.map { .base($0) }
            + found.sorted { $0.key < $1.key }.prefix(Self.mostLabels).map {
                .label(key: Array($0.key.utf8), value: Array($0.value.utf8))
            }
    }
}

/// What a record and its leaf say, as far as the record is found by it.
struct RecordFacts {
    let digest: Digest?
    let document: JSONObject
    let envelope: Digest?
    let statement: Digest?
    /// The leaf, where its form is somebody else's.
    let entry: [UInt8]?

    init(digest: Digest?, document: JSONObject, envelope: Digest?, statement: Digest?, entry: [UInt8]?) {
        self.digest = digest
        self.document = document
        self.envelope = envelope
        self.statement = statement
        self.entry = entry
    }

    init(_ draft: RecordDraft) {
        self.init(
            digest: draft.digest, document: draft.document, envelope: draft.envelope, statement: draft.statement,
            entry: draft.entry)
    }

    /// How its evidence is written.
    var form: String? { document["form"]?.string }

    /// Whether it is a signature as cosign made them before bundles, whose key needs the payload.
    var isCosigned: Bool { form == EvidenceReader.cosignForm }

    /// By what the same record sent again is known; nil when it can happen again, or the key cannot be told from this.
    var naturalKey: NaturalKey? {
        if let entry { return NaturalKey(Digest(.sha256, of: entry), about: nil) }
        guard form != nil, !isCosigned, let same = envelope ?? statement else { return nil }
        return sent(NaturalKey(same, about: digest))
    }

    /// The same for a signature of cosign, from its payload.
    func cosignKey(of payload: [UInt8]) -> NaturalKey? {
        guard let digest, let text = document["signature"]?.string else { return nil }
        return sent(NaturalKey(signature: text, of: payload, about: digest))
    }

    private func sent(_ key: NaturalKey) -> NaturalKey {
        document["authenticated"].map { key.sent(by: $0.canonical()) } ?? key
    }
}

extension JSONValue {
    fileprivate var digest: Digest? { string.flatMap { try? Digest(parsing: $0) } }
}
