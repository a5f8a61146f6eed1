import Attestation
import LinuxIO
import OCI
import SQLite
import TransparencyLog

/// A record that is about to be written.
struct RecordDraft: Sendable {
    var kind: RecordKind
    var repository: RepositoryName?
    /// What the record is about.
    var digest: Digest?
    /// Other digests under which it is found, for example the one that a tag left.
    var alsoAbout: [Digest] = []
    /// Images that were used, or that it is based on.
    var bases: [Digest] = []
    var builder: String?
    var predicateType: String?
    var revision: String?
    /// The repository of the source code, in the one spelling by which it is searched.
    var source: String?
    var labels: [String: String] = [:]
    /// The same for the same record sent twice; nil for what can happen again.
    var naturalKey: Digest?
    /// The bytes it was read from, and what the leaf says of them.
    var evidence: Digest?
    var envelope: Digest?
    var statement: Digest?
    /// The leaf, where its form is somebody else's; otherwise it is made from everything here.
    var entry: [UInt8]?
    /// Members that only leaves of this kind have.
    var members: JSONObject = [:]
    /// Everything else, without who did it from where.
    var document: JSONObject

    init(kind: RecordKind, repository: RepositoryName? = nil, digest: Digest? = nil, document: JSONObject) {
        self.kind = kind
        self.repository = repository
        self.digest = digest
        self.document = document
    }
}

/// What all leaves of one transaction have in common.
struct LeafStamp: Sendable {
    /// The name of the log.
    let origin: String
    /// The SHA-256 of the last checkpoint before them: they cannot be older than that.
    let previousCheckpoint: Digest
    /// For nonces and salts.
    let random: RandomBytes
}

extension LedgerTransaction {
    /// Labels of a record by which it can be found; the rest is in its document only.
    private static let indexedLabels = 256
    private static let indexedLabelBytes = 1024

    /// Writes a record and its leaf behind all others, and gives their place.
    @discardableResult
    func append(_ draft: RecordDraft, by actor: Actor) throws -> Int64 {
        let last = try connection.first("SELECT id FROM record ORDER BY id DESC LIMIT 1") { $0.int64(0) }
        let id = (last ?? -1) + 1
        let document = JSONValue.object(draft.document).serialized()
        let person = SaltedActor(actor, stamp.random)
        try connection.execute(
            """
            INSERT INTO record (id, kind, time, repository, digest, principal, client_address, user_agent,
                                principal_salt, client_address_salt, user_agent_salt, builder, predicate_type, revision,
                                source, natural_key, evidence, document)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)
            """, id, draft.kind.rawValue, now, draft.repository?.rawValue, draft.digest?.encoded, actor.principal,
            actor.clientAddress, actor.userAgent, person.principal?.salt.bytes, person.clientAddress?.salt.bytes,
            person.userAgent?.salt.bytes, draft.builder, draft.predicateType, draft.revision, draft.source,
            draft.naturalKey?.encoded, draft.evidence?.encoded, String(decoding: document, as: UTF8.self))
        let entry = try draft.entry ?? leaf(of: draft, document: document, person: person).entry()
        try connection.execute("INSERT INTO leaf (id, entry) VALUES (?1, ?2)", id, entry)
        try index(draft, as: id)
        return id
    }

    private func index(_ draft: RecordDraft, as id: Int64) throws {
        for digest in Set([draft.digest].compactMap(\.self) + draft.alsoAbout) {
            try connection.execute(
                "INSERT INTO record_digest (digest, record) VALUES (?1, ?2)", digest.encoded, id)
        }
        for digest in Set(draft.bases) {
            try connection.execute("INSERT INTO record_base (digest, record) VALUES (?1, ?2)", digest.encoded, id)
        }
        let labels = draft.labels.filter { $0.key.utf8.count + $0.value.utf8.count <= Self.indexedLabelBytes }
        for (key, value) in labels.sorted(by: { $0.key < $1.key }).prefix(Self.indexedLabels) {
            try connection.execute(
                "INSERT INTO record_label (key, value, record) VALUES (?1, ?2, ?3)", key, value, id)
        }
        try count(draft.kind.rawValue, as: "kind")
        if let builder = draft.builder { try count(builder, as: "builder") }
        if let type = draft.predicateType { try count(type, as: "predicateType") }
    }

    private func count(_ value: String, as field: String) throws {
        try connection.execute(
            """
            INSERT INTO facet (field, value, count) VALUES (?1, ?2, 1)
            ON CONFLICT (field, value) DO UPDATE SET count = count + 1
            """, field, value)
    }

    private func leaf(of draft: RecordDraft, document: [UInt8], person: SaltedActor) throws -> LeafDocument {
        guard let kind = LeafDocument.Kind(rawValue: draft.kind.rawValue), let nonce = Nonce(bytes: stamp.random(16))
        else { throw LogError.damaged("a record of kind \(draft.kind.rawValue) has no form of leaf") }
        var leaf = LeafDocument(kind: kind, origin: stamp.origin, time: "\(Timestamp(milliseconds: now))", nonce: nonce)
        leaf.repository = draft.repository.map { .name($0) }
        leaf.subject = draft.digest
        leaf.actor = person.principal?.hash
        leaf.builder = draft.builder
        leaf.revision = draft.revision
        leaf.predicateType = draft.predicateType
        leaf.envelope = draft.envelope
        leaf.statement = draft.statement
        if !draft.labels.isEmpty {
            leaf.labels = Digest(
                .sha256, of: JSONValue.object(JSONObject(sorting: draft.labels)).canonical())
        }
        leaf.previousCheckpoint = stamp.previousCheckpoint
        leaf.additional = draft.members
        leaf.additional["recordSha256"] = .string(Digest(.sha256, of: document).hex)
        leaf.additional["clientAddressSha256"] = person.clientAddress.map { .string($0.hash.hex) }
        leaf.additional["userAgentSha256"] = person.userAgent.map { .string($0.hash.hex) }
        return leaf
    }
}

/// Who did something, with the salts and hashes that stand in the leaf instead.
private struct SaltedActor {
    struct Value {
        let salt: Salt
        let hash: Digest

        init?(_ text: String?, salt bytes: ArraySlice<UInt8>) {
            guard let text, let salt = Salt(bytes: Array(bytes)) else { return nil }
            self.salt = salt
            hash = salt.hash(of: text.utf8)
        }
    }

    let principal: Value?
    let clientAddress: Value?
    let userAgent: Value?

    init(_ actor: Actor, _ random: RandomBytes) {
        let salts = random(48)
        principal = Value(actor.principal, salt: salts[..<16])
        clientAddress = Value(actor.clientAddress, salt: salts[16..<32])
        userAgent = Value(actor.userAgent, salt: salts[32...])
    }
}
