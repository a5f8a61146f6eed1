import Attestation
import OCI
import SQLite
import TransparencyLog

/// Compares records with their leaves.
struct RecordComparison {
    /// A personal field of a record that was erased.
    private struct Erasure: Hashable {
        let record: Int64
        let field: String
    }

    private let depth: LedgerAudit.Depth
    private let files: LedgerAudit.EvidenceFiles?
    private var leaf = AuditedLeaf()
    private var members: [JSONScan.Member] = []
    private var origin: [UInt8] = []
    private let version = Array(LeafDocument.version.utf8)
    private var clock = LeafClock()
    private var erasures: Set<Erasure> = []
    /// What records of kind `key` say.
    private(set) var keyChanges: [AuditedKeys.Change] = []

    init(_ depth: LedgerAudit.Depth, files: LedgerAudit.EvidenceFiles?) {
        self.depth = depth
        self.files = files
    }

    mutating func begin(_ reader: LedgerReader, keys: AuditedKeys) throws {
        origin = Array(keys.origin.utf8)
        try loadErasures(reader)
    }

    private mutating func loadErasures(_ reader: LedgerReader) throws(SQLiteError) {
        var found: Set<Erasure> = []
        var leaf = AuditedLeaf()
        try reader.connection.forEach(
            "SELECT leaf.id, leaf.entry FROM record JOIN leaf ON leaf.id = record.id WHERE record.kind = 'redaction'"
        ) { row in
            guard row.withBlobBytes(1, { leaf.read($0) }), let record = leaf.number("redactedIndex"),
                let field = leaf.text("redactedField"), record < row.int64(0)
            else { return true }
            found.insert(Erasure(record: record, field: field))
            return true
        }
        erasures = found
    }

    /// Compares one record; says whether its leaf names the checkpoint before it.
    mutating func compare(
        _ row: borrowing Row, previousCheckpoint: AuditHash?, in reader: LedgerReader
    ) throws(LedgerFault) -> Bool {
        let id = row.int64(0)
        guard row.withBlobBytes(16, { leaf.read($0) }) else { throw LedgerFault(.record(id), "its leaf is not JSON") }
        if depth == .everything, (try? JSONValue(parsing: leaf.bytes)) == nil {
            throw LedgerFault(.record(id), "its leaf is not JSON")
        }
        guard row.has(1, in: leaf, "kind") else { throw Self.differs(id, "kind") }
        if row.isText(1, "hashedrekord") { return false }
        try compareFacts(row, id)
        for field in PersonalColumn.all { try compare(field, row, id, reader) }
        try compareDocument(row, id)
        try compareEvidence(row, id)
        guard row.bool(17) else { throw LedgerFault(.record(id), "it cannot be found by its digest any more") }
        guard let previousCheckpoint, leaf.has("prevCheckpointSha256", hex: previousCheckpoint) else {
            throw LedgerFault(.record(id), "the checkpoint before it is not the one that its leaf names")
        }
        if row.isText(1, "key") { noteKeyChange(id) }
        return true
    }

    private static func differs(_ id: Int64, _ name: String) -> LedgerFault {
        LedgerFault(.record(id), "its \(name) is not the one in its leaf")
    }

    private mutating func noteKeyChange(_ id: Int64) {
        guard let action = leaf.text("keyAction"), let key = leaf.text("vkey") else { return }
        keyChanges.append(AuditedKeys.Change(record: id, action: action, key: key))
    }

    private mutating func compareFacts(_ row: borrowing Row, _ id: Int64) throws(LedgerFault) {
        guard leaf.has("v", version) else { throw LedgerFault(.record(id), "its leaf has another version") }
        guard leaf.has("time", clock.text(of: row.int64(2))) else { throw Self.differs(id, "time") }
        guard leaf.has("origin", origin) else { throw LedgerFault(.record(id), "its leaf is of another log") }
        guard row.has(3, in: leaf, "repository") else { throw Self.differs(id, "repository") }
        let hasDigest = row.withBlobBytes(4) { leaf.has("subjectDigest", digest: row.isNull(4) ? nil : $0) }
        guard hasDigest else { throw Self.differs(id, "digest") }
        guard row.has(11, in: leaf, "builder") else { throw Self.differs(id, "builder") }
        guard row.has(12, in: leaf, "predicateType") else { throw Self.differs(id, "predicate type") }
        guard row.has(13, in: leaf, "revision") else { throw Self.differs(id, "revision") }
    }
}

// Who did it.
extension RecordComparison {
    /// A personal field: its columns, and its name in a leaf.
    private struct PersonalColumn {
        let field: PersonalField
        let value: Int
        let salt: Int
        let member: StaticString

        static let all = [
            PersonalColumn(field: .principal, value: 5, salt: 8, member: "actorSha256"),
            PersonalColumn(field: .clientAddress, value: 6, salt: 9, member: "clientAddressSha256"),
            PersonalColumn(field: .userAgent, value: 7, salt: 10, member: "userAgentSha256"),
        ]
    }

    private mutating func compare(
        _ column: PersonalColumn, _ row: borrowing Row, _ id: Int64, _ reader: LedgerReader
    ) throws(LedgerFault) {
        let name = column.field.rawValue
        guard row.isNull(column.value) == row.isNull(column.salt) else {
            throw LedgerFault(.record(id), "its \(name) and the salt of it are not there together")
        }
        guard !row.isNull(column.value) else {
            guard leaf.has(column.member), try !wasErased(column.field, of: id, reader) else { return }
            throw LedgerFault(.record(id), "its \(name) is gone, and no later record says that it was erased")
        }
        let hash = row.withBlobBytes(column.salt) { salt in
            row.withBlobBytes(column.value) { AuditHash(of: salt, $0) }
        }
        guard leaf.has(column.member, hex: hash) else { throw Self.differs(id, name) }
    }

    private mutating func wasErased(
        _ field: PersonalField, of id: Int64, _ reader: LedgerReader
    ) throws(LedgerFault) -> Bool {
        let erasure = Erasure(record: id, field: field.rawValue)
        if erasures.contains(erasure) { return true }
        // It may have been erased since the audit began.
        do { try loadErasures(reader) } catch { throw LedgerFault(.record(id), "it cannot be read: \(error)") }
        return erasures.contains(erasure)
    }
}

// The document and the evidence.
extension RecordComparison {
    private mutating func compareDocument(_ row: borrowing Row, _ id: Int64) throws(LedgerFault) {
        let isSame = row.withBlobBytes(15) { leaf.has("recordSha256", hex: AuditHash(of: $0)) }
        guard isSame else { throw Self.differs(id, "document") }
        members.removeAll(keepingCapacity: true)
        let haveSameLabels = row.withBlobBytes(15) { bytes in
            Self.labels(of: bytes, &members).map { leaf.has("labelsSha256", hex: AuditHash(of: $0)) } ?? true
        }
        guard !haveSameLabels else { return }
        // Members of the document have the order of their insertion; the hash is over the canonical one.
        let document = try? JSONValue(parsing: Array(row.text(15).utf8))
        let labels = document?["labels"] ?? document?["fields"]?["labels"]
        guard let labels, labels.canonical().withUnsafeBytes({ leaf.has("labelsSha256", hex: AuditHash(of: $0)) })
        else { throw LedgerFault(.record(id), "its labels are not those in its leaf") }
    }

    /// The bytes of all labels in a document; nil when there are none or not all of them.
    private static func labels(
        of bytes: UnsafeRawBufferPointer, _ members: inout [JSONScan.Member]
    ) -> UnsafeRawBufferPointer? {
        guard JSONScan.members(of: bytes, in: 0..<bytes.count, into: &members) else { return nil }
        func find(_ name: StaticString) -> Range<Int>? {
            let name = UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
            return members.first { $0.key.count == name.count && bytes[$0.key].elementsEqual(name) }?.value
        }
        if let fields = find("fields") {
            members.removeAll(keepingCapacity: true)
            guard JSONScan.members(of: bytes, in: fields, into: &members) else { return nil }
        }
        guard let range = find("labels"), range.count > 2, find("labelsOmitted") == nil else { return nil }
        return UnsafeRawBufferPointer(rebasing: bytes[range])
    }

    private mutating func compareEvidence(_ row: borrowing Row, _ id: Int64) throws(LedgerFault) {
        // Evidence may be removed; then there is nothing to compare.
        guard !row.isNull(14), !row.isNull(18) else { return }
        let digest: Digest
        do { digest = try row.digest(14) } catch { throw LedgerFault(.record(id), "its evidence has no digest") }
        guard row.isNull(19) else {
            var hasher = ContentHasher(digest.algorithm)
            row.withBlobBytes(19) { hasher.update($0) }
            guard hasher.digest == digest else {
                throw LedgerFault(.record(id), "its evidence was changed")
            }
            if depth == .everything { try compare(evidence: row.blob(19), row, id) }
            return
        }
        guard depth == .everything, let files else { return }
        let content: [UInt8]
        do { content = try files(digest, row.int64(18)) } catch {
            throw LedgerFault(.record(id), "its evidence cannot be read: \(error)")
        }
        guard Digest(digest.algorithm, of: content) == digest else {
            throw LedgerFault(.record(id), "its evidence was changed")
        }
        try compare(evidence: content, row, id)
    }

    /// Compares what the leaf says of envelope and statement with the bytes of evidence.
    private func compare(evidence: [UInt8], _ row: borrowing Row, _ id: Int64) throws(LedgerFault) {
        guard leaf.has("statementSha256") || leaf.has("envelopeSha256") else { return }
        var statement = evidence
        if leaf.has("envelopeSha256") {
            let json = try? JSONValue(parsing: evidence, limits: EvidenceReader.limits)
            let envelope = json.map { $0["dsseEnvelope"] ?? $0 }
            let hash = envelope?.canonical().withUnsafeBytes { AuditHash(of: $0) }
            guard let envelope, let hash, leaf.has("envelopeSha256", hex: hash) else {
                throw LedgerFault(.record(id), "its evidence is not the envelope in its leaf")
            }
            let parsed = try? Envelope(parsing: envelope.serialized(), limits: EvidenceReader.limits)
            statement = parsed?.payload ?? []
        }
        guard leaf.has("statementSha256") else { return }
        guard statement.withUnsafeBytes({ leaf.has("statementSha256", hex: AuditHash(of: $0)) }) else {
            throw LedgerFault(.record(id), "its evidence is not the statement in its leaf")
        }
    }

    /// The index tables find nothing that is not there.
    func finish(_ reader: LedgerReader, count: Int64) throws {
        let connection = reader.connection
        let byDigest = try connection.first(
            "SELECT record FROM record_digest WHERE record NOT BETWEEN 0 AND ?1 - 1", count
        ) { $0.int64(0) }
        let byBase = try connection.first(
            "SELECT record FROM record_base WHERE record NOT BETWEEN 0 AND ?1 - 1", count
        ) { $0.int64(0) }
        let byLabel = try connection.first(
            "SELECT record FROM record_label WHERE record NOT BETWEEN 0 AND ?1 - 1", count
        ) { $0.int64(0) }
        for (record, name) in [(byDigest, "digest"), (byBase, "base image"), (byLabel, "label")] {
            if let record { throw LedgerFault(.record(record), "it does not exist, and is found by a \(name)") }
        }
    }
}

extension Row {
    /// Whether a member of a leaf is the text of a column, or both are not there.
    fileprivate borrowing func has(_ column: Int, in leaf: AuditedLeaf, _ member: StaticString) -> Bool {
        isNull(column) ? !leaf.has(member) : withBlobBytes(column) { leaf.has(member, $0) }
    }

    /// Whether a column has this text.
    fileprivate borrowing func isText(_ column: Int, _ text: StaticString) -> Bool {
        withBlobBytes(column) {
            $0.elementsEqual(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
        }
    }
}

/// Times as leaves write them. Those within one second share most of their text.
private struct LeafClock {
    private var second: Int64?
    private var text: [UInt8] = []
    private var prefix = 0

    mutating func text(of milliseconds: Int64) -> [UInt8] {
        let now = Timestamp(milliseconds: milliseconds)
        if now.seconds != second {
            text = Array("\(Timestamp(seconds: now.seconds))".utf8.dropLast())
            prefix = text.count
            second = now.seconds
        }
        text.removeSubrange(prefix...)
        var fraction = Int(now.nanoseconds)
        if fraction > 0 { text.append(UInt8(ascii: ".")) }
        while fraction > 0 {
            text.append(UInt8(ascii: "0") + UInt8(fraction / 100_000_000))
            fraction = fraction % 100_000_000 * 10
        }
        text.append(UInt8(ascii: "Z"))
        return text
    }
}
