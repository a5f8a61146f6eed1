package import OCI
import SQLite

/// What a record tells of.
package enum RecordKind: String, Sendable, CaseIterable {
    /// A manifest was pushed, by digest or under tags.
    case push
    /// A tag that pointed at something else was moved.
    case tag
    /// A tag, a manifest or a blob was deleted.
    case delete
    /// Somebody said how something was built.
    case build
    /// Somebody said something else about an image: what is in it, what a scanner found.
    case attestation
    /// Somebody signed an image.
    case signature
    /// A signature was logged in the form of Rekor, for clients of Sigstore.
    case hashedrekord
    /// A key of the log was added or retired.
    case key
    /// A personal field of a record was erased.
    case redaction
    /// Who may do what was changed: a robot was made or revoked.
    case policy
    /// Somebody who is known was refused something.
    case decision
}

/// A record as it was written.
package struct StoredRecord: Sendable {
    /// Its place in the history, and in the log, from 0.
    package let id: Int64
    /// What it tells of.
    package let kind: String
    /// When, in milliseconds since 1970-01-01 UTC.
    package let time: Int64
    package let repository: String?
    package let digest: Digest?
    /// Who did it, as far as that has not been erased.
    package let principal: String?
    package let clientAddress: String?
    package let userAgent: String?
    /// The build platform that it names.
    package let builder: String?
    package let predicateType: String?
    package let revision: String?
    /// The row of the evidence it was read from.
    let evidence: Int64?
    /// The rest, as JSON, as it was written.
    package let document: [UInt8]
    /// The same, read; null when it cannot be, so that damage in one record does not hide the others.
    package let json: JSONValue
}

extension LedgerReader {
    /// When the last record was written.
    func lastRecordTime() throws -> Int64? {
        try connection.first("SELECT time FROM record ORDER BY id DESC LIMIT 1") { $0.int64(0) }
    }

    /// How many records there are, and so the number of the next one.
    func recordCount() throws -> Int64 {
        let last = try connection.first("SELECT id FROM record ORDER BY id DESC LIMIT 1") { $0.int64(0) }
        return (last ?? -1) + 1
    }

    /// One record.
    package func record(_ id: Int64) throws -> StoredRecord? {
        guard id < shown else { return nil }
        return try connection.first(
            """
            SELECT id, kind, time, repository, digest, principal, client_address, user_agent, builder, predicate_type,
                   revision, evidence, document
            FROM record WHERE id = ?1
            """, id, read: StoredRecord.init)
    }

    /// The record with this natural key: what would be written again is there already.
    func record(naturalKey: NaturalKey) throws -> Int64? {
        try connection.first("SELECT record FROM record_digest WHERE digest = ?1", naturalKey.encoded) { $0.int64(0) }
    }

    /// Records about a digest, the oldest first, after the record `id`; of those that happened in a repository, only where it is
    /// among the visible ones.
    func records(
        about digest: Digest, in visible: RepositorySelection = .all, after id: Int64, limit: Int,
        bytes: Int = RecordPage.mostBytes
    ) throws -> RecordPage {
        let page = RecordPage(limit: limit, bytes: bytes)
        try connection.forEach(
            """
            SELECT id, kind, time, repository, record.digest, principal, client_address, user_agent, builder,
                   predicate_type, revision, evidence, document
            FROM record_digest AS about JOIN record ON record.id = about.record
            WHERE about.digest = ?1 AND about.record > ?2 AND about.record < ?3 ORDER BY about.record
            """, digest.encoded, id, shown
        ) { row throws(SQLiteError) in
            row.textOrNil(3).map { visible.contains($0) } == false ? true : try page.take(row)
        }
        return page
    }

    /// The newest push of a manifest to a repository.
    func lastPush(of digest: Digest, to repository: RepositoryName) throws -> StoredRecord? {
        try connection.first(
            """
            SELECT id, kind, time, repository, digest, principal, client_address, user_agent, builder, predicate_type,
                   revision, evidence, document
            FROM record INDEXED BY record_by_push
            WHERE kind = 'push' AND digest = ?1 AND repository = ?2 ORDER BY id DESC LIMIT 1
            """, digest.encoded, repository.rawValue, read: StoredRecord.init)
    }

    /// The newest push of a manifest, to whatever repository.
    func lastPush(of digest: Digest) throws -> StoredRecord? {
        try connection.first(
            """
            SELECT id, kind, time, repository, record.digest, principal, client_address, user_agent, builder,
                   predicate_type, revision, evidence, document
            FROM record_digest AS about JOIN record ON record.id = about.record
            WHERE about.digest = ?1 AND record.digest = ?1 AND record.kind = 'push' ORDER BY about.record DESC LIMIT 1
            """, digest.encoded, read: StoredRecord.init)
    }
}

extension StoredRecord {
    /// Reads the columns in the order in which every statement names them.
    init(_ row: borrowing Row) throws(SQLiteError) {
        let document = row.blob(12)
        self.init(
            id: row.int64(0), kind: row.text(1), time: row.int64(2), repository: row.textOrNil(3),
            digest: try row.digestOrNil(4), principal: row.textOrNil(5), clientAddress: row.textOrNil(6),
            userAgent: row.textOrNil(7), builder: row.textOrNil(8), predicateType: row.textOrNil(9),
            revision: row.textOrNil(10), evidence: row.int64OrNil(11), document: document,
            json: (try? JSONValue(parsing: document)) ?? .null)
    }
}

/// Records for one page, taken until there are enough of them or they have enough bytes.
final class RecordPage {
    /// Bytes of documents in one page, so that a page of large records is not large without bound.
    static let mostBytes = 4 * 1024 * 1024

    private let limit: Int
    private let byteLimit: Int
    private var bytes = 0
    private(set) var records: [StoredRecord] = []
    /// Whether there are more records than were taken.
    private(set) var isCut = false

    init(limit: Int, bytes: Int = mostBytes) {
        self.limit = limit
        byteLimit = bytes
    }

    /// Takes one more record; false when there is no place for it.
    func take(_ row: borrowing Row) throws(SQLiteError) -> Bool {
        guard records.count < limit, bytes < byteLimit else {
            isCut = true
            return false
        }
        let record = try StoredRecord(row)
        bytes += record.document.count
        records.append(record)
        return true
    }
}
