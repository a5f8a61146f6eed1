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
        try transaction.beginUpload(try id, algorithm: .sha256, in: name, lifetime: 1, limit: 10)
        try transaction.extendUpload(try id, lifetime: 5)
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
        _ = try reader.hasRepository(name)
        _ = try reader.repositories(after: nil, limit: 10)
        _ = try reader.tags(of: name, after: nil, limit: 10)
        _ = try reader.upload(try id, in: name, at: 0)
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
        _ = try transaction.endUpload(try id, expiredAt: 0)
        _ = try transaction.endUpload(try id)
        _ = try transaction.unlinkBlob(blob, from: name)
        let manifest = try #require(try transaction.reader.manifest(.tag("v1"), in: name, content: false))
        _ = try transaction.deleteTag("v1", in: repository)
        #expect(try transaction.deleteManifest(manifest.digest, in: repository) == [])
    }

    /// Nothing to read, and what a limit has bounded already.
    private static let harmless: Set = ["SCAN CONSTANT ROW", "SCAN (subquery-1)"]
    private static let children: Set = [
        "SCAN record_label", "SCAN record_digest", "SCAN record_base", "SCAN idempotency_key",
    ]

    @Test func `never scan a table`() throws {
        let connection = try connectionThatRanEverything()
        // One row from the end, by row id.
        let exceptions: Set = [
            "SELECT id FROM record ORDER BY id DESC LIMIT 1", "SELECT time FROM record ORDER BY id DESC LIMIT 1",
        ]
        let statements = connection.statements.values.compactMap(\.sql).filter { !exceptions.contains($0) }
        #expect(statements.count > 45)
        for sql in statements {
            var scans = try connection.plan(of: sql).filter { $0.hasPrefix("SCAN ") && !Self.harmless.contains($0) }
            // Behind an `FkIfZero`: skipped while no foreign key waits for its parent, and none of ours is deferred.
            if sql.hasPrefix("INSERT INTO record (") { scans.removeAll(where: Self.children.contains) }
            #expect(scans == [], "\(sql)")
        }
    }
}

extension Connection {
    /// Like `explain`, for the text of a statement that has run.
    fileprivate func plan(of sql: String) throws -> [String] {
        guard ["SELECT", "INSERT", "UPDATE", "DELETE"].contains(sql.prefix(6)) else { return [] }
        let handle = try usableHandle()
        let text = Array("EXPLAIN QUERY PLAN \(sql)".utf8)
        let statement = try text.withUnsafeBufferPointer { try Statement.only($0, on: handle, kept: false) }
        var steps: [String] = []
        try drive(statement) { row in
            steps.append(row.text(3))
            return true
        }
        return steps
    }
}
