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
    var naturalKey: NaturalKey?
    /// What the leaf says of the evidence it was read from.
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

    /// Writes down which job was proved to have sent it; of a push, or a build that names no builder, that job's platform is the
    /// builder. Whoever copies an image with its attestations has not built it.
    mutating func authenticate(_ workload: Actor.Workload) {
        // The form of an entry is somebody else's, and so is what makes it the same as another.
        guard entry == nil else { return }
        let identity: JSONObject = [
            "issuer": .string(workload.issuer), "subject": .string(workload.subject),
            "builder": .string(workload.builder),
        ]
        document["authenticated"] = .object(identity)
        // A name that is too long for a leaf is a name all the same.
        let namesBuilder = builder != nil || document["fields"]?["builder"] != nil
        if !namesBuilder, kind == .push || kind == .build, document["carriedBy"] == nil { builder = workload.builder }
        // The same evidence from somebody who can prove more is worth a record of its own.
        naturalKey = naturalKey?.sent(by: JSONValue.object(identity).canonical())
    }
}

/// What makes a record the same as one that was sent before.
struct NaturalKey: Sendable {
    /// The key under which the record is found, beside those of what it is about.
    let encoded: [UInt8]

    /// - Parameters:
    ///   - digest: of whatever is the same. Half of it is kept: to make two of them alike takes 2^64 attempts, and gains only
    ///     that one's own second record is taken for the first.
    ///   - subject: what the record is about, which is the same whenever `digest` is; nil when it may differ.
    init(_ digest: Digest, about subject: Digest?) {
        encoded = (subject?.encoded ?? [0]) + digest.hash.prefix(Self.hashBytes)
    }

    /// Of a signature as cosign made them before bundles: its text, and the payload that it is about.
    init(signature text: String, of payload: [UInt8], about subject: Digest) {
        self.init(Digest(.sha256, of: payload + [0] + text.utf8), about: subject)
    }

    private init(encoded: [UInt8]) {
        self.encoded = encoded
    }

    private static let hashBytes = 16

    /// What makes it the same when it is sent by the same as well.
    func sent(by sender: [UInt8]) -> NaturalKey {
        NaturalKey(
            encoded: encoded.dropLast(Self.hashBytes)
                + Digest(.sha256, of: encoded + sender).hash.prefix(Self.hashBytes))
    }
}

/// A record with everything that can be computed before its turn comes: the writer does one after the other.
struct PreparedRecord: Sendable {
    let draft: RecordDraft
    /// The document of the draft.
    let document: String
    /// Members of the leaf that only hashes of the draft are needed for.
    let members: JSONObject
    let labels: Digest?
    /// By what it is found.
    let index: RecordIndex

    init(_ draft: RecordDraft, by actor: Actor) {
        var draft = draft
        if let workload = actor.workload { draft.authenticate(workload) }
        if let ground = actor.ground, draft.entry == nil { draft.document["access"] = .object(ground.json) }
        self.draft = draft
        index = RecordIndex(draft)
        let document = JSONValue.object(draft.document).serialized()
        self.document = String(decoding: document, as: UTF8.self)
        var members = draft.members
        members["recordSha256"] = .string(Digest(.sha256, of: document).hex)
        self.members = members
        labels =
            draft.labels.isEmpty
            ? nil : Digest(.sha256, of: JSONValue.object(JSONObject(sorting: draft.labels)).canonical())
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
    /// Writes a record and its leaf behind all others, and gives their place.
    @discardableResult
    func append(_ draft: RecordDraft, by actor: Actor) throws -> Int64 {
        try append(PreparedRecord(draft, by: actor), evidence: nil, by: actor)
    }

    /// Writes a record and its leaf behind all others, and gives their place.
    ///
    /// - Parameter evidence: the row of the evidence that it was read from.
    func append(_ record: PreparedRecord, evidence: Int64?, by actor: Actor) throws -> Int64 {
        let draft = record.draft
        let id = try reader.recordCount()
        let person = SaltedActor(actor, stamp.random)
        try connection.execute(
            """
            INSERT INTO record (id, kind, time, repository, digest, principal, client_address, user_agent,
                                principal_salt, client_address_salt, user_agent_salt, builder, predicate_type, revision,
                                source, evidence, document)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)
            """, id, draft.kind.rawValue, now, draft.repository?.rawValue, draft.digest?.encoded, actor.principal,
            actor.clientAddress, actor.userAgent, person.principal?.salt.bytes, person.clientAddress?.salt.bytes,
            person.userAgent?.salt.bytes, draft.builder, draft.predicateType, draft.revision, draft.source,
            evidence, record.document)
        let entry = try draft.entry ?? leaf(of: record, person: person).entry()
        try connection.execute("INSERT INTO leaf (id, entry) VALUES (?1, ?2)", id, entry)
        for row in record.index.rows { try connection.insert(row, of: id) }
        return id
    }

    /// Counts the records from `start` on by each field of `facet`: once for a group, since most of its records count to the
    /// same few values.
    func countFacets(from start: Int64) throws {
        var facets = FacetCounts()
        try connection.forEach("SELECT kind, builder, predicate_type FROM record WHERE id >= ?1", start) { row in
            facets.count(row)
            return true
        }
        for (facet, count) in facets.counts { try connection.add(count, to: facet) }
    }

    private func leaf(of record: PreparedRecord, person: SaltedActor) throws -> LeafDocument {
        let draft = record.draft
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
        leaf.labels = record.labels
        leaf.previousCheckpoint = stamp.previousCheckpoint
        leaf.additional = record.members
        leaf.additional["clientAddressSha256"] = person.clientAddress.map { .string($0.hash.hex) }
        leaf.additional["userAgentSha256"] = person.userAgent.map { .string($0.hash.hex) }
        return leaf
    }
}

extension Connection {
    /// Lets a record be found by something; false when it is already.
    @discardableResult
    func insert(_ row: RecordIndex.Row, of record: Int64) throws(SQLiteError) -> Bool {
        switch row {
        case .digest(let digest):
            try execute(
                "INSERT INTO record_digest (digest, record) VALUES (?1, ?2) ON CONFLICT (digest, record) DO NOTHING",
                digest, record)
        case .base(let digest):
            try execute(
                "INSERT INTO record_base (digest, record) VALUES (?1, ?2) ON CONFLICT (digest, record) DO NOTHING",
                digest, record)
        case .label(let key, let value):
            try execute(
                """
                INSERT INTO record_label (key, value, record) VALUES (CAST(?1 AS TEXT), CAST(?2 AS TEXT), ?3)
                ON CONFLICT (key, value, record) DO NOTHING
                """, key, value, record)
        }
        return changes > 0
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
