import OCI
import RegistryTesting
import SQLite
import Testing

@testable import RegistryCore

@Suite struct `A rebuild of what records are found by` {
    /// Damage, and what is said of it.
    struct Damage: CustomTestStringConvertible, Sendable {
        let statements: [StaticSQL]
        let sentences: [String]

        init(_ statements: StaticSQL..., says sentences: String...) {
            self.statements = statements
            self.sentences = sentences
        }

        var testDescription: String { sentences.joined(separator: "; ") }
    }

    static let damages = [
        Damage(
            "DELETE FROM record_digest WHERE record IN (3, 300)",
            says: "record_digest: 2 rows missing (first of record 3)"),
        Damage("DELETE FROM record_digest", says: "record_digest: 599 rows missing (first of record 0)"),
        Damage(
            "UPDATE record_digest SET digest = x'01' WHERE record = 7",
            says: "record_digest: 1 row missing (first of record 7), 1 row without reason (first of record 7)"),
        Damage(
            "INSERT INTO record_digest VALUES (x'00', 600)",
            "INSERT INTO record_digest SELECT digest, 9 FROM record WHERE id = 8",
            "INSERT INTO record_digest VALUES (x'', -5)",
            says: "record_digest: 3 rows without reason (first of record -5)"),
        Damage(
            "INSERT INTO record_base VALUES (x'01', 1)", "INSERT INTO record_base VALUES (x'01', 600)",
            says: "record_base: 2 rows without reason (first of record 1)"),
        Damage(
            "DELETE FROM record_label WHERE key = 'a'", says: "record_label: 599 rows missing (first of record 0)"),
        Damage(
            "UPDATE record_label SET value = 'red' WHERE key = 'team' AND record = 44",
            "INSERT INTO record_label VALUES ('', '', 5)",
            "INSERT INTO record_label VALUES ('a' || char(776), 'b', 600)",
            says: "record_label: 1 row missing (first of record 44), 3 rows without reason (first of record 5)"),
        Damage(
            "UPDATE record_label SET value = CAST(x'ff' AS TEXT) WHERE key = 'a' AND record = 2",
            says: "record_label: 1 row missing (first of record 2), 1 row without reason (first of record 2)"),
        Damage(
            "UPDATE facet SET count = count + 1 WHERE field = 'kind' AND value = 'push'",
            says: #"facet: 1 row missing (first of kind "push"), 1 row without reason (first of kind "push")"#),
        Damage(
            "DELETE FROM facet WHERE field = 'predicateType'", "INSERT INTO facet VALUES ('mood', 'good', 1)",
            says: """
                facet: 1 row missing (first of predicateType "https://slsa.dev/provenance/v1"), \
                1 row without reason (first of mood "good")
                """),
        Damage(
            "DELETE FROM record_digest WHERE record = 1", "DELETE FROM record_label WHERE record = 1",
            "DELETE FROM facet",
            says: "record_digest: 1 row missing (first of record 1)",
            "record_label: 3 rows missing (first of record 1)",
            #"facet: 122 rows missing (first of builder "https://ci.example.com/\"0\"")"#),
    ]

    @Test(arguments: damages)
    func `says what differs, mends it, and leaves records, leaves and checkpoints alone`(_ damage: Damage) async throws
    {
        let book = try await AuditedBook()
        let clean = try Content(book.path)
        for statement in damage.statements { try book.tamper(statement) }
        let damaged = try Content(book.path)
        #expect(damaged.log == clean.log && damaged.index != clean.index)

        let archive = try LedgerArchive(path: book.path)
        #expect(try archive.indexDifferences(files: noFiles).sentences == damage.sentences)
        #expect(try archive.read { try $0.contradictions() } == damage.sentences)
        #expect(try Content(book.path) == damaged)

        let ledger = try book.open()
        #expect(try ledger.rebuildIndex(files: noFiles).sentences == damage.sentences)
        #expect(try Content(book.path) == clean)
        #expect(try ledger.rebuildIndex(files: noFiles).isClean)
        #expect(try archive.read { try $0.contradictions() } == [])
        #expect(try ledger.checkAll() == nil)
        try await ledger.note(77)
        await ledger.close()
        #expect(try archive.indexDifferences(files: noFiles).isClean)
    }

    @Test(
        arguments: [
            ("UPDATE leaf SET entry = CAST(entry || ' ' AS BLOB) WHERE id = 300", 300),
            ("UPDATE record SET document = replace(document, 'blue', 'red') WHERE id = 301", 301),
            ("UPDATE record SET digest = x'00' WHERE id = 599", 599),
            ("DELETE FROM record WHERE id = 20", 20),
        ] as [(StaticSQL, Int64)])
    func `is refused when a record is not as it was written, and nothing is changed`(
        _ statement: StaticSQL, _ record: Int64
    ) async throws {
        let book = try await AuditedBook()
        try book.tamper("DELETE FROM record_label")
        try book.tamper(statement)
        let damaged = try Content(book.path)
        let ledger = try book.open()
        let mending = #expect(throws: LedgerFault.self) { try ledger.rebuildIndex(files: noFiles) }
        #expect(mending?.place == .record(record))
        await ledger.close()
        let archive = try LedgerArchive(path: book.path)
        let comparing = #expect(throws: LedgerFault.self) { try archive.indexDifferences(files: noFiles) }
        #expect(comparing == mending)
        #expect(try Content(book.path) == damaged)
    }

    @Test func `tells how far it is`() async throws {
        let book = try await AuditedBook()
        let archive = try LedgerArchive(path: book.path)
        var steps: [RebuildStep: Int64] = [:]
        let report = try archive.indexDifferences(files: noFiles) { step, done, total in
            #expect(done <= total && total == AuditedBook.count)
            steps[step] = done
        }
        #expect(steps == [.checking: 600, .deriving: 600])
        #expect(report.records == 600 && report.incomplete == 0)
    }
}

@Suite struct `A rebuild derives from real records` {
    private let store: TestRegistry
    private var path: String { "\(store.folder.path)/waybill.db" }

    init() throws { store = try TestRegistry() }

    private func compare() throws -> IndexReport {
        let archive = try LedgerArchive(path: path)
        return try archive.indexDifferences { try store.blobs.read($0, size: Int($1)) }
    }

    /// Empties the tables, rebuilds them, and compares with what appending had written.
    private func expectSameAfterRebuild(without tables: StaticSQL...) async throws {
        let written = try Content(path)
        let connection = try Connection(path: path, mode: .readWrite, options: .untriggered)
        for table in tables { try connection.execute(table) }
        connection.close()
        #expect(try Content(path) != written)
        _ = try store.ledger.rebuildIndex { try store.blobs.read($0, size: Int($1)) }
        #expect(try Content(path) == written)
        #expect(try await store.registry.verify() == [])
    }

    private let job = Actor(
        principal: "ci", workload: Actor.Workload(issuer: "https://ci", subject: "job", builder: "https://ci/builder"))

    @Test func `as appending did`() async throws {
        let base = Fixture.image(seed: 1)
        let image = Fixture.image(
            seed: 2, labels: ["team": "blue"],
            annotations: ["org.opencontainers.image.base.digest": "\(base.digest)", "e\u{301}": "é"])
        try await store.registry.push(base, to: "app", as: "v1")
        try await store.registry.push(image, to: "app", as: "v1")
        try await store.registry.push(image, to: "app", as: "v2", by: job)
        _ = try await store.registry.delete(base.digest, in: "app", by: .tester)
        try await take(.plain, Self.plain(subjects: 3))
        try await take(.plain, Self.plain(subjects: 3), by: job)
        try await take(.statement, Self.statement(images: 2))
        try await take(.statement, Self.statement(images: 2), by: job)
        try await pushSignature(of: image)
        #expect(try compare() == IndexReport(records: 11))
        try await expectSameAfterRebuild(
            without: "DELETE FROM record_digest", "DELETE FROM record_base", "DELETE FROM record_label",
            "DELETE FROM facet")
        // What is sent again is known again.
        try await take(.plain, Self.plain(subjects: 3), by: job, isReplayed: true)
    }

    @Test func `with the evidence of those that do not say all`() async throws {
        try await take(.plain, Self.plain(subjects: 150))
        try await take(.plain, Self.plain(subjects: 1, labels: 450), by: job)
        try await take(.statement, Self.statement(images: 300))
        #expect(try compare() == IndexReport(records: 3))
        try await expectSameAfterRebuild(
            without: "DELETE FROM record_digest", "DELETE FROM record_base", "DELETE FROM record_label")
    }

    @Test func `and keeps what nothing says any more`() async throws {
        let labels = Dictionary(
            uniqueKeysWithValues: (0..<40).map { ("label\($0)", String(repeating: "x", count: 600)) })
        try await store.registry.push(Fixture.image(labels: labels), to: "app", as: "v1")
        let written = try Content(path)
        #expect(try compare() == IndexReport(records: 1, incomplete: 1))
        let connection = try Connection(path: path, mode: .readWrite, options: .untriggered)
        try connection.execute("DELETE FROM record_label WHERE key = 'label0'")
        try connection.execute("INSERT INTO record_base VALUES (x'01', 0)")
        connection.close()
        let report = try store.ledger.rebuildIndex(files: noFiles)
        #expect(
            report.sentences == [
                "record_base: 1 row without reason (first of record 0)",
                "record_label: 1 row missing (first of record 0)",
            ])
        #expect(try Content(path) == written)
    }

    // MARK: - Evidence

    private func take(
        _ form: EvidenceForm, _ bytes: [UInt8], by actor: Actor = .tester, isReplayed: Bool = false
    ) async throws {
        let receipt = try await store.registry.take(bytes, as: form, by: actor)
        #expect(receipt.isReplayed == isReplayed)
    }

    private static func digest(_ number: Int) -> Digest { Digest(.sha256, of: Array("content \(number)".utf8)) }

    private static func plain(subjects: Int, labels: Int = 1) -> [UInt8] {
        let labels = (0..<labels).map { ("label\($0)", String(repeating: "v", count: 100)) }
        return JSONValue.object([
            "subjects": .array((0..<subjects).map { .string("\(digest($0))") }), "builder": "https://ci.example.com",
            "labels": .object(JSONObject(sorting: Dictionary(uniqueKeysWithValues: labels))),
        ]).serialized()
    }

    private static func statement(images: Int) -> [UInt8] {
        let dependencies = (0..<images).map { number in
            JSONValue.object([
                "uri": .string("pkg:docker/base\(number)@1"), "digest": ["sha256": .string(digest(number).hex)],
            ])
        }
        return JSONValue.object([
            "_type": "https://in-toto.io/Statement/v1", "predicateType": "https://slsa.dev/provenance/v1",
            "subject": [["name": "app", "digest": ["sha256": .string(digest(-1).hex)]]],
            "predicate": [
                "buildDefinition": [
                    "buildType": "https://example.com/build", "externalParameters": [:],
                    "resolvedDependencies": .array(dependencies),
                ], "runDetails": ["builder": ["id": "https://ci.example.com"]],
            ],
        ]).serialized()
    }

    /// Signs an image as cosign did before bundles.
    private func pushSignature(of image: Fixture.Image) async throws {
        let payload = JSONValue.object([
            "critical": [
                "identity": ["docker-reference": "app"], "type": "cosign container image signature",
                "image": ["docker-manifest-digest": .string("\(image.digest)")],
            ], "optional": .null,
        ]).serialized()
        try await store.registry.store(payload, in: "app")
        let config = Array("{}".utf8)
        try await store.registry.store(config, in: "app")
        let type = MediaType(rawValue: "application/vnd.dev.cosign.simplesigning.v1+json")
        var layer = try #require(Fixture.descriptor(payload, type).json.object)
        layer["annotations"] = ["dev.cosignproject.cosign/signature": "AAAA"]
        let manifest = JSONValue.object([
            "schemaVersion": 2, "mediaType": .string(MediaType.ociManifest.rawValue),
            "config": Fixture.descriptor(config, .ociConfig).json, "layers": [.object(layer)],
        ]).serialized()
        let tag = try Tag(parsing: "sha256-\(image.digest.hex).sig")
        try await store.registry.put(manifest, in: "app", as: tag)
    }
}

private func noFiles(_ digest: Digest, _ size: Int64) throws -> [UInt8] {
    throw SQLiteError.corrupt("there are no files")
}

extension Connection.Options {
    /// For a hand that does what the ledger never would.
    fileprivate static var untriggered: Self {
        var options = Self()
        options.runsTriggers = false
        options.foreignKeys = false
        return options
    }
}

/// Every row of the log, and every row that is derived from it.
private struct Content: Equatable {
    private(set) var log: [[UInt8]] = []
    private(set) var index: [[UInt8]] = []

    init(_ path: String) throws {
        let connection = try Connection(path: path, mode: .readOnly)
        func rows(_ sql: StaticSQL) throws -> [[UInt8]] { try connection.all(sql) { $0.blob(0) } }
        log = try rows("SELECT quote(entry) FROM leaf ORDER BY id")
        log += try rows("SELECT quote(root) || quote(note) || size || time FROM checkpoint ORDER BY size")
        log += try rows("SELECT quote(hashes) FROM tile ORDER BY level, position")
        log += try rows(
            """
            SELECT id || kind || time || quote(repository) || quote(digest) || quote(principal) || quote(principal_salt)
                || quote(evidence) || document FROM record ORDER BY id
            """)
        index = try rows("SELECT quote(digest) || record FROM record_digest ORDER BY digest, record")
        index += try rows("SELECT quote(digest) || record FROM record_base ORDER BY digest, record")
        index += try rows("SELECT quote(key) || quote(value) || record FROM record_label ORDER BY key, value, record")
        index += try rows("SELECT quote(field) || quote(value) || count FROM facet ORDER BY field, value")
    }
}
