import Attestation
import LinuxIO
import OCI
import RegistryTesting
import Testing

@testable import RegistryCore
@testable import SQLite

@Suite struct `The statements of requests` {
    private let folder = TemporaryFolder()

    /// Whatever a request may run, run once on one connection, which keeps every statement it has prepared.
    private func connectionThatRanEverything() throws -> Connection {
        let path = "\(folder.path)/waybill.db"
        try Migrations.migrator.migrate(try Connection(path: path, mode: .create))
        let connection = try Connection(path: path, mode: .readWrite)
        try connection.transaction(.immediate) {
            let transaction = LedgerTransaction(
                connection: connection, now: 1,
                stamp: LeafStamp(origin: "a", previousCheckpoint: blob, random: .system))
            try write(transaction)
            try read(transaction.reader)
            try delete(transaction)
        }
        return connection
    }

    private let name: RepositoryName = "app"
    private let blob = Digest(.sha256, of: [1])
    private var id: UploadID {
        get throws { try #require(UploadID(parsing: "00000000-0000-4000-8000-000000000000")) }
    }

    private func write(_ transaction: LedgerTransaction) throws {
        let repository = try transaction.ensureRepository(name)
        try transaction.linkBlob(CommittedBlob(blob, size: 1, content: [1]), to: name)
        _ = try transaction.missing([blob], in: repository)
        let subject = Fixture.image().manifest
        let referrer = Fixture.image(subject: Fixture.descriptor(subject, .ociManifest)).manifest
        let digest = Digest(.sha256, of: referrer)
        let manifest = try Manifest(parsing: referrer, contentType: nil)
        let row = try transaction.putManifest(manifest, digest: digest, content: referrer, in: repository)
        _ = try transaction.moveTag("v1", in: repository, to: row)
        var draft = RecordDraft(kind: .push, repository: name, digest: digest, document: [:])
        draft.labels = ["a": "b"]
        let evidence = try transaction.putEvidence(blob, mediaType: "a/b", size: 1, content: [1])
        try transaction.name(evidence: evidence, Gitoid(of: [1]))
        _ = try transaction.append(PreparedRecord(draft, by: .tester), evidence: evidence, by: .tester)
        try transaction.countFacets(from: 0)
        let session = UploadKey([1]).session(try id, algorithm: .sha256, in: name, at: 0)
        try transaction.keepUpload(session, in: name, lifetime: 1, limit: 10)
        try transaction.extendUpload(try id, lifetime: 5)
        try transaction.cancelUpload(session, in: name, lifetime: 5)
        let robot = try #require(RobotName("ci"))
        try transaction.put(robot: robot, secretHash: [1], scopes: ["**:pull"], expires: nil)
        try transaction.noteUse(of: "ci", at: 1)
        try transaction.revoke(robot: robot)
    }

    private func read(_ reader: LedgerReader) throws {
        _ = try reader.blobSize(blob, in: name)
        _ = try reader.blob(blob, in: name)
        _ = try reader.blobContent(key: 1)
        _ = try reader.isServed(blob, in: .all)
        for content in [true, false] {
            _ = try reader.manifest(.tag("v1"), in: name, content: content)
            _ = try reader.manifest(.digest(blob), in: name, content: content)
        }
        _ = try reader.referrers(to: blob, in: name, artifactType: "a", after: 0, limit: 10)
        _ = try reader.manifests(of: name, after: 0, limit: 10)
        _ = try reader.hasRepository(name)
        _ = try reader.repositories(after: nil, limit: 10)
        _ = try reader.tags(of: name, after: nil, limit: 10)
        _ = try reader.upload(try id)
        _ = try reader.uploadCount(in: name, at: 0)
        _ = try reader.expiredUploads(at: 0, limit: 10)
        _ = try reader.hasUpload(try id)
        #expect(try reader.robot(named: "ci") == reader.robot(secretHash: [1]))
        _ = try reader.robots(after: "", limit: 10)
        try readHistory(reader)
    }

    private func readHistory(_ reader: LedgerReader) throws {
        _ = try reader.places(of: blob)
        _ = try reader.hasRecords(about: blob)
        _ = try reader.manifestContent(1)
        _ = try reader.manifestSize(1)
        _ = try reader.containers(of: blob, limit: 10)
        _ = try reader.repositories(servingManifest: 1, blob: 1, limit: 10)
        _ = try reader.tags(pointingAt: 1, limit: 10)
        _ = try reader.lastRecordTime()
        _ = try reader.records(about: blob, after: -1, limit: 10)
        _ = try reader.lastPush(of: blob, to: name)
        _ = try reader.lastPush(of: blob)
        var filter = RecordFilter()
        filter.since = 0
        filter.until = 9
        _ = try reader.records(matching: filter, after: -1, limit: 10)
        filter.kind = .push
        _ = try reader.records(matching: filter, after: -1, limit: 10)
        filter.builder = "b"
        _ = try reader.records(matching: filter, after: -1, limit: 10)
        filter.repository = name
        _ = try reader.records(matching: filter, after: -1, limit: 10)
        filter.label = ("a", "b")
        _ = try reader.records(matching: filter, after: -1, limit: 10)
        filter.revision = "r"
        let page = try reader.records(matching: filter, after: -1, limit: 10)
        #expect(page.records.isEmpty)
        _ = try reader.record(0).flatMap { try reader.evidence(of: $0) }
        _ = try reader.evidence(Gitoid(of: [1]))
        _ = try reader.record(naturalKey: NaturalKey(blob, about: nil))
    }

    private func delete(_ transaction: LedgerTransaction) throws {
        let repository = try transaction.ensureRepository(name)
        _ = try transaction.referenceCount(blob, in: repository, limit: 10)
        _ = try transaction.forgetUpload(try id, expiredAt: 0)
        _ = try transaction.endUpload(try id)
        _ = try transaction.unlinkBlob(blob, from: name)
        let manifest = try #require(try transaction.reader.manifest(.tag("v1"), in: name, content: false))
        _ = try transaction.deleteTag("v1", in: repository)
        #expect(try transaction.deleteManifest(manifest.digest, in: repository) == [])
    }

    @Test func `are all found in the sources`() throws {
        let ran = try connectionThatRanEverything().statements.values.compactMap(\.sql).filter(\.isAboutRows)
        #expect(ran.count > 45)
        #expect(Set(ran).subtracting(SourceStatement.all.map(\.sql)) == [])
    }
}

/// What a statement reads must not grow with what is stored, so each is answered by an index, in the order of that index.
@Suite struct `Every statement in the sources` {
    private let folder = TemporaryFolder()

    /// What some statements may do although it reads more than is asked for, each with the reason.
    struct Exception {
        /// Text that only these statements have.
        let fragment: String
        let steps: Set<String>

        init(_ fragment: String, _ steps: String...) {
            self.fragment = fragment
            self.steps = Set(steps)
        }
    }

    static let exceptions = [
        // One row, from the end by row id.
        Exception("FROM record ORDER BY id DESC LIMIT 1", "SCAN record"),
        Exception("SELECT id FROM leaf ORDER BY id DESC LIMIT 1", "SCAN leaf"),
        Exception("SELECT size FROM checkpoint ORDER BY size DESC LIMIT 1", "SCAN checkpoint"),
        Exception("FROM checkpoint_timestamp AS stamp", "SCAN stamp"),
        // No more rows than the limit inside: what that has bounded is counted, looked up or sorted.
        Exception("SELECT count(*) FROM (", "SCAN (subquery-1)"),
        Exception("LIMIT ?3) AS entry", "SCAN entry"),
        Exception("LIMIT ?2) AS serving", "SCAN serving", "USE TEMP B-TREE FOR ORDER BY"),
        Exception("LIMIT ?2) AS pointing", "SCAN pointing", "USE TEMP B-TREE FOR ORDER BY"),
        // One row for each number of witnesses that has signed something.
        Exception("WITH RECURSIVE number(witnesses)", "SCAN number"),
        // As many as there are builders, or predicate types: on a lane.
        Exception("FROM facet WHERE field = ?1", "USE TEMP B-TREE FOR ORDER BY"),
        // At most a thousand repositories. On a lane, for those who may not see everything.
        Exception("SELECT DISTINCT record.repository", "USE TEMP B-TREE FOR DISTINCT"),
        // A few rows in all, or a disk that is to be replaced.
        Exception("FROM damaged_blob", "SCAN damaged_blob"),
        Exception("FROM log_key ORDER BY", "SCAN log_key", "USE TEMP B-TREE FOR ORDER BY"),
        Exception("FROM migration ORDER BY", "SCAN migration"),
        // A few rows in all; and every repository, where a quota is set, before the server listens.
        Exception("FROM quota ORDER BY", "SCAN quota USING INDEX sqlite_autoindex_quota_1"),
        Exception("SELECT id, match FROM quota", "SCAN quota USING COVERING INDEX sqlite_autoindex_quota_1"),
        Exception(
            "SELECT id, name FROM repository",
            "SCAN repository USING COVERING INDEX sqlite_autoindex_repository_1"),
        Exception("FROM sqlite_schema", "SCAN sqlite_schema"),
        // After a migration.
        Exception("pragma_foreign_key_check", "SCAN pragma_foreign_key_check VIRTUAL TABLE INDEX 0:"),
        // The same, for each of the newest records: nothing of foreign keys is deferred, so this is skipped while none waits
        // for its parent.
        Exception(
            "INSERT INTO record (", "SCAN record_label", "SCAN record_digest", "SCAN record_base",
            "SCAN idempotency_key"),
    ]

    /// Their purpose is to look at everything, on a thread that has time or before the server listens.
    static let checking: Set = [
        "AuditedTiles.swift", "IndexComparison.swift", "Ledger+Verification.swift", "RecordComparison.swift",
    ]

    private func schema() throws -> Connection {
        let connection = try Connection(path: "\(folder.path)/waybill.db", mode: .create)
        try Migrations.migrator.migrate(connection)
        return connection
    }

    @Test func `neither scans a table nor sorts without bound`() throws {
        let connection = try schema()
        #expect(SourceStatement.all.count > 130)
        for statement in SourceStatement.all where !Self.checking.contains(statement.file) {
            let allowed = Self.exceptions.filter { statement.sql.contains($0.fragment) }.flatMap(\.steps)
            let steps = Set(try connection.costlySteps(of: statement.sql)).subtracting(allowed)
            #expect(steps == [], "\(statement.testDescription)")
        }
    }

    @Test func `that is excepted needs to be`() throws {
        let connection = try schema()
        for exception in Self.exceptions {
            let statements = SourceStatement.all.filter { $0.sql.contains(exception.fragment) }
            let steps = try statements.flatMap { try connection.costlySteps(of: $0.sql) }
            #expect(exception.steps.isSubset(of: steps), "\(exception.fragment)")
        }
    }

    @Test func `is found wherever it stands`() {
        let code = #"""
            let sql: StaticSQL = "SELECT 1" // "SELECT comment"
            run("of \(all ? "SELECT inside" : f(")")) more", """
                SELECT 2
                  FROM "two"
                """, "a \" SELECT 3")
            """#
        var scanner = LiteralScanner(Array(code.utf8))
        #expect(scanner.literals() == ["SELECT 1", "of  more", "SELECT 2\n  FROM \"two\"", "a \" SELECT 3"])
    }

    @Test(arguments: [
        "SELECT id FROM record WHERE document = ?1", "SELECT id FROM record WHERE kind = ?1 ORDER BY time",
        "DELETE FROM tag WHERE updated < ?1",
    ])
    func `would be noticed if it read too much`(_ sql: String) throws {
        #expect(try schema().costlySteps(of: sql) != [])
    }
}

extension String {
    fileprivate var isAboutRows: Bool {
        ["SELECT ", "INSERT ", "UPDATE ", "DELETE ", "WITH "].contains { hasPrefix($0) }
    }
}

extension Connection {
    /// How SQLite would answer a statement, as far as it reads or sorts more than what an index leads to.
    fileprivate func costlySteps(of sql: String) throws -> [String] {
        let text = Array("EXPLAIN QUERY PLAN \(sql)".utf8)
        let statement = try text.withUnsafeBufferPointer { try Statement.only($0, on: usableHandle(), kept: false) }
        var steps: [String] = []
        try drive(statement) { row in
            steps.append(row.text(3))
            return true
        }
        return steps.filter { step in
            step != "SCAN CONSTANT ROW"
                && (step.hasPrefix("SCAN ") || step.contains("TEMP B-TREE") || step.contains("AUTOMATIC"))
        }
    }
}
