import OCI
import SQLite
import Testing

@testable import RegistryCore

/// The first records, both sides of the borders of tiles, the middle, and the last.
private let places: [Int64] = [0, 255, 256, 300, 511, 599]

@Suite struct `An audit of the ledger finds` {
    @Test func `nothing in a ledger that nobody touched`() async throws {
        let book = try await AuditedBook()
        #expect(try book.audit() == nil)
        #expect(try book.audit(.chained) == nil)
        for newest: Int64 in [0, 1, 88, 89, 300, 599, 600, 601] { #expect(try book.audit(newest: newest) == nil) }
    }

    @Test(arguments: places) func `a leaf that was changed`(_ id: Int64) async throws {
        let book = try await AuditedBook()
        try book.tamper("UPDATE leaf SET entry = CAST(entry || ' ' AS BLOB) WHERE id = ?1", id)
        #expect(try book.audit(.chained) == "record \(id): its leaf was changed: tile 0/\(id / 256) has another hash")
    }

    @Test(arguments: places) func `a hash in a tile that was changed`(_ id: Int64) async throws {
        let book = try await AuditedBook()
        try book.tamper(
            """
            UPDATE tile SET hashes = CAST(substr(hashes, 1, ?1 % 256 * 32) || zeroblob(32)
                                          || substr(hashes, (?1 % 256 + 1) * 32 + 1) AS BLOB)
            WHERE level = 0 AND position = ?1 / 256
            """, id)
        #expect(
            try book.audit()
                == "record \(id): its hash in tile 0/\(id / 256) was changed: the leaf has another")
    }

    @Test(arguments: places) func `a leaf that is gone, and one whose record is`(_ id: Int64) async throws {
        let book = try await AuditedBook()
        try book.tamper("DELETE FROM leaf WHERE id = ?1", id)
        #expect(try book.audit() == "record \(id): its leaf is missing")
        let other = try await AuditedBook()
        try other.tamper("DELETE FROM record WHERE id = ?1", id)
        let end = id == 599 ? ", and its leaf is there" : ""
        #expect(try other.audit() == "record \(id): it is missing\(end)")
    }

    static let changes: [(StaticSQL, String)] = [
        ("UPDATE record SET kind = 'build' WHERE id = ?1", "its kind is not the one in its leaf"),
        ("UPDATE record SET kind = 'hashedrekord' WHERE id = ?1", "its kind is not the one in its leaf"),
        ("UPDATE record SET repository = 'noted' WHERE id = ?1", "its repository is not the one in its leaf"),
        ("UPDATE record SET repository = NULL WHERE id = ?1", "its repository is not the one in its leaf"),
        (
            "UPDATE record SET digest = CAST(x'01' || zeroblob(32) AS BLOB) WHERE id = ?1",
            "its digest is not the one in its leaf"
        ),
        ("UPDATE record SET digest = NULL WHERE id = ?1", "its digest is not the one in its leaf"),
        ("UPDATE record SET builder = 'x' WHERE id = ?1", "its builder is not the one in its leaf"),
        ("UPDATE record SET revision = 'x' WHERE id = ?1", "its revision is not the one in its leaf"),
        ("UPDATE record SET predicate_type = 'x' WHERE id = ?1", "its predicate type is not the one in its leaf"),
        ("UPDATE record SET document = '{}' WHERE id = ?1", "its document is not the one in its leaf"),
        ("UPDATE record SET principal = 'mallory' WHERE id = ?1", "its principal is not the one in its leaf"),
        ("UPDATE record SET user_agent = 'x' WHERE id = ?1", "its userAgent is not the one in its leaf"),
        (
            "UPDATE record SET client_address_salt = zeroblob(16) WHERE id = ?1",
            "its clientAddress is not the one in its leaf"
        ),
        (
            "UPDATE record SET principal_salt = NULL WHERE id = ?1",
            "its principal and the salt of it are not there together"
        ),
        (
            "UPDATE record SET principal = NULL, principal_salt = NULL WHERE id = ?1",
            "its principal is gone, and no later record says that it was erased"
        ),
        ("DELETE FROM record_digest WHERE record = ?1", "it cannot be found by its digest any more"),
    ]

    @Test(arguments: changes.indices, [0, 255, 599] as [Int64])
    func `a record that was changed`(_ change: Int, _ id: Int64) async throws {
        let book = try await AuditedBook()
        let (statement, reason) = Self.changes[change]
        try book.tamper(statement, id)
        #expect(try book.audit(id == 255 ? .everything : .chained) == "record \(id): \(reason)")
    }

    @Test(arguments: [1, 256, 599] as [Int64]) func `a time that was changed`(_ id: Int64) async throws {
        let book = try await AuditedBook()
        try book.tamper("UPDATE record SET time = 5 WHERE id = ?1", id)
        #expect(try book.audit() == "record \(id): it is older than the one before it")
        let other = try await AuditedBook()
        try other.tamper("UPDATE record SET time = time + 100000000 WHERE id = ?1", id)
        #expect(try other.audit() == "record \(id): its time is not the one in its leaf")
    }

    @Test func `an erasure whose record is about something else`() async throws {
        let book = try await AuditedBook()
        try book.tamper("UPDATE record SET user_agent = NULL, user_agent_salt = NULL WHERE id = ?1", AuditedBook.erased)
        #expect(
            try book.audit()
                == "record \(AuditedBook.erased): its userAgent is gone, and no later record says that it was erased")
    }

    @Test func `evidence that was changed, and not evidence that was removed`() async throws {
        let book = try await AuditedBook()
        try book.tamper("UPDATE evidence SET content = x'00'")
        #expect(try book.audit() == "record \(AuditedBook.evidence): its evidence was changed")
        #expect(try book.audit(.chained) == book.audit())
        try book.tamper("DELETE FROM evidence")
        #expect(try book.audit() == nil)
    }

    @Test func `evidence that is not what the leaf names`() async throws {
        let book = try await AuditedBook()
        let other = Array("something else".utf8)
        var options = Connection.Options()
        options.runsTriggers = false
        let connection = try Connection(path: book.path, mode: .readWrite, options: options)
        try book.tamper("DELETE FROM evidence")
        try connection.execute(
            "INSERT INTO evidence (digest, media_type, size, content) VALUES (?1, 'a/b', ?2, ?3)",
            Digest(.sha256, of: other).encoded, other.count, other)
        try connection.execute(
            "UPDATE record SET evidence = ?2 WHERE id = ?1", AuditedBook.evidence, connection.lastInsertRowID)
        #expect(
            try book.audit() == "record \(AuditedBook.evidence): its evidence is not the statement in its leaf")
    }
}

@Suite struct `An audit of the tree finds` {
    @Test(arguments: [0, 1] as [Int64]) func `a hash above the leaves that was changed`(_ place: Int64) async throws {
        let book = try await AuditedBook()
        try book.tamper(
            """
            UPDATE tile SET hashes = CAST(substr(hashes, 1, ?1 * 32) || zeroblob(32)
                                          || substr(hashes, (?1 + 1) * 32 + 1) AS BLOB) WHERE level = 1
            """, place)
        #expect(try book.audit() == "tile 1/0: hash \(place) is not the root of the tile below")
    }

    @Test func `tiles that are missing, too short, too long or too many`() async throws {
        let changes: [(StaticSQL, String)] = [
            ("DELETE FROM tile WHERE level = 0 AND position = 1", "tile 0/1: it is missing"),
            ("DELETE FROM tile WHERE level = 1", "tile 1/0: it is missing"),
            (
                "UPDATE tile SET hashes = CAST(substr(hashes, 1, 32) AS BLOB) WHERE position = 2",
                "tile 0/2: it ends before hash 1"
            ),
            (
                "UPDATE tile SET hashes = CAST(hashes || zeroblob(32) AS BLOB) WHERE position = 2",
                "tile 0/2: it has 89 hashes, and the tree has 88 there"
            ),
            (
                "INSERT INTO tile VALUES (0, 3, zeroblob(64))",
                "tile 0/3: it has 2 hashes, and the tree has 0 there"
            ),
        ]
        for (statement, sentence) in changes {
            let book = try await AuditedBook()
            try book.tamper(statement)
            #expect(try book.audit() == sentence)
        }
    }

    @Test(arguments: [0, 5, 128, 600] as [Int64]) func `a checkpoint that was changed`(_ size: Int64) async throws {
        let root = "its root is not that of the leaves: it was changed, or a record from"
        let changes: [(StaticSQL, String)] = [
            ("UPDATE checkpoint SET root = zeroblob(32) WHERE size = ?1", root),
            (
                "UPDATE checkpoint SET note = CAST(replace(CAST(note AS TEXT), 'example', 'exampel') AS BLOB) WHERE size = ?1",
                "it is of the log registry.exampel.com and not of registry.example.com"
            ),
            ("UPDATE checkpoint SET note = x'00' WHERE size = ?1", "its note was changed"),
        ]
        for (statement, sentence) in changes {
            let book = try await AuditedBook()
            try book.tamper(statement, size)
            let found = try #require(try book.audit())
            #expect(found.hasPrefix("checkpoint \(size): \(sentence)"), "\(found)")
        }
    }

    @Test(arguments: [5, 600] as [Int64]) func `a signature that is not one`(_ size: Int64) async throws {
        let book = try await AuditedBook()
        // The second half of a signature is a number that is far below 2^255.
        try book.tamper(
            """
            UPDATE checkpoint
            SET note = CAST(substr(note, 1, length(note) - 5) || CAST('AAA=' || char(10) AS BLOB) AS BLOB) WHERE size = ?1
            """, size)
        let found = try #require(try book.audit())
        #expect(found.hasPrefix("checkpoint \(size): no key of the log has signed it"), "\(found)")
        let chained = try #require(try book.audit(.chained))
        // The leaves behind a checkpoint name it, which needs no signature to be computed.
        let fromLeaf = "record \(size): the checkpoint before it is not the one that its leaf names"
        #expect(size == 600 ? chained == found : chained == fromLeaf)
    }

    @Test func `a checkpoint that is missing, and one beyond the leaves`() async throws {
        let book = try await AuditedBook()
        try book.tamper("DELETE FROM checkpoint WHERE size = 5")
        #expect(
            try book.audit() == "record 5: the checkpoint before it is not the one that its leaf names")
        let last = try await AuditedBook()
        try last.tamper("DELETE FROM checkpoint WHERE size = 600")
        #expect(try last.audit() == "record 541: no checkpoint covers it")
        let first = try await AuditedBook()
        try first.tamper("DELETE FROM checkpoint WHERE size = 0")
        #expect(try first.audit() == "checkpoint 0: it is missing")
        let beyond = try await AuditedBook()
        try beyond.tamper("INSERT INTO checkpoint SELECT 700, root, note, time FROM checkpoint WHERE size = 600")
        #expect(try beyond.audit() == "checkpoint 700: it is about more leaves than the 600 that there are")
    }

    @Test func `a history that was cut at its end`() async throws {
        let book = try await AuditedBook()
        try book.tamper("DELETE FROM leaf WHERE id >= 590")
        try book.tamper("DELETE FROM record WHERE id >= 590")
        #expect(try book.audit() == "checkpoint 600: it is about more leaves than the 590 that there are")
    }

    @Test func `rows by which something is found that does not exist`() async throws {
        let changes: [(StaticSQL, String)] = [
            ("INSERT INTO record_digest VALUES (x'00', 600)", "digest"),
            ("INSERT INTO record_base VALUES (x'00', 600)", "base image"),
            ("INSERT INTO record_label VALUES ('a', 'b', 600)", "label"),
        ]
        for (statement, name) in changes {
            let book = try await AuditedBook()
            try book.tamper(statement)
            #expect(try book.audit() == "record 600: it does not exist, and is found by a \(name)")
        }
    }

    @Test func `keys that the log does not know`() async throws {
        let book = try await AuditedBook()
        try book.tamper("DELETE FROM log_key")
        #expect(try book.audit() == "the log: the keys that it was begun with are missing")
        try book.tamper("INSERT INTO log_key VALUES ('x', 0, NULL)")
        #expect(try book.audit()?.hasPrefix("the log: a key of the log cannot be read") == true)
    }
}
