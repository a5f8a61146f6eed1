import Glibc
import OCI
import RegistryTesting
import SQLite
import Testing

@testable import RegistryCore

@Suite struct `Verifying finds` {
    private let store: TestRegistry
    private let image = Fixture.image(layers: 1)
    private var registry: Registry { store.registry }
    private var layer: Digest { Digest(.sha256, of: image.layers[0]) }

    init() throws { store = try TestRegistry() }

    private func fill() async throws {
        try await registry.push(image, to: "app", as: "v1")
        #expect(try await registry.verify() == [])
    }

    /// Does something to the file of the layer.
    private func damage(_ body: (CInt) -> Void) {
        let number = open(store.blobs.path(of: layer), O_WRONLY)
        body(number)
        close(number)
    }

    /// Does something that the ledger would never do to its database.
    private func tamper(_ statements: StaticSQL...) throws {
        var options = Connection.Options()
        options.foreignKeys = false
        let connection = try Connection(path: "\(store.folder.path)/waybill.db", mode: .readWrite, options: options)
        for statement in statements { try connection.execute(statement) }
    }

    @Test func `nothing in an empty registry`() async throws {
        #expect(try await registry.verify() == [])
    }

    @Test func `a byte of a blob that changed`() async throws {
        try await fill()
        let flipped = [image.layers[0][100] ^ 1]
        damage { pwrite($0, flipped, 1, 100) }
        #expect(try await registry.verify() == ["blob \(layer) is damaged"])
    }

    @Test func `a blob that lost its end, or got a longer one`() async throws {
        try await fill()
        damage { ftruncate($0, 19_999) }
        #expect(try await registry.verify() == ["blob \(layer) has 19999 bytes instead of 20000"])
        damage { ftruncate($0, 20_001) }
        #expect(try await registry.verify() == ["blob \(layer) has 20001 bytes instead of 20000"])
    }

    @Test func `a blob whose file is gone`() async throws {
        try await fill()
        unlink(store.blobs.path(of: layer))
        #expect(try await registry.verify() == ["blob \(layer) has no file"])
    }

    @Test func `a small blob whose bytes were changed or lost, until it is pushed again`() async throws {
        let small = Fixture.bytes(700)
        let digest = try await registry.store(small, in: "app")
        try tamper("UPDATE blob_content SET content = CAST(content || ' ' AS BLOB)")
        #expect(try await registry.verify() == ["blob \(digest) has 701 bytes instead of 700"])
        try tamper("UPDATE blob_content SET content = zeroblob(700)")
        #expect(try await registry.verify() == ["blob \(digest) is damaged"])
        try await registry.store(small, in: "app")
        #expect(try await registry.verify() == [])
        try tamper("DELETE FROM blob_content")
        #expect(try await registry.verify() == ["blob \(digest) has no file"])
        try await registry.store(small, in: "app")
        #expect(try await registry.verify() == [])
    }

    @Test func `a manifest whose bytes were changed`() async throws {
        try await fill()
        try tamper("UPDATE manifest SET content = CAST(replace(content, 'amd64', 'arm64') || ' ' AS BLOB)")
        #expect(
            try await registry.verify() == [
                "manifest \(image.digest) is damaged", "manifest \(image.digest) has another size than its row says",
            ])
    }

    @Test func `a tag that points at what is not in the repository`() async throws {
        try await fill()
        try tamper("DELETE FROM repository_manifest")
        #expect(try await registry.verify() == ["tag v1 of app points at a manifest that the repository does not have"])
    }

    @Test func `a manifest that nobody pushed`() async throws {
        try await fill()
        try tamper(
            "INSERT INTO repository (id, name, created) VALUES (77, 'sly', 0)",
            "INSERT INTO repository_manifest SELECT 77, id, 'x', 0, 0 FROM manifest")
        #expect(try await registry.verify() == ["\(image.digest) is in sly without a record of its push"])
    }

    @Test func `a referrer that is not there`() async throws {
        try await fill()
        try tamper("INSERT INTO referrer VALUES (1, x'00', 77, 'a/b', '{}')")
        #expect(try await registry.verify() == ["app lists a referrer that it does not have"])
    }

    @Test func `a record that was taken out of the history`() async throws {
        try await fill()
        try await registry.push(image, to: "app", as: "v1")
        try tamper("DROP TRIGGER record_is_never_deleted", "DELETE FROM record WHERE id = 0")
        #expect(try await registry.verify() == ["record 0: it is missing"])
    }

    @Test func `a record that was put back in time`() async throws {
        try await fill()
        try await registry.push(image, to: "app", as: "v1")
        try tamper("DROP TRIGGER record_is_never_changed", "UPDATE record SET time = 5 WHERE id = 1")
        #expect(try await registry.verify() == ["record 1: it is older than the one before it"])
    }

    @Test func `a digest in a form that cannot be`() async throws {
        try await fill()
        try tamper("UPDATE blob SET digest = x'0102' WHERE id = 1")
        let error = await failure(LedgerError.self) { _ = try await registry.verify() }
        guard case .storage(let reason) = error else { Issue.record("\(error as Any)"); return }
        #expect(reason.isCorrupt)
    }
}
