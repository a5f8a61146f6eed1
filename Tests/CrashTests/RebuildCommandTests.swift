import Glibc
import OCI
import RegistryCore
import RegistryTesting
import SQLite
import Testing

@Suite(.timeLimit(.minutes(20))) struct `The command rebuild` {
    private let folder = TemporaryFolder()
    private let type = [("Content-Type", "application/vnd.oci.image.manifest.v1+json")]

    private func push(_ number: Int, to server: WaybillServer) throws {
        let image = Fixture.image(seed: UInt64(number), layers: 1, labels: ["team": "blue"])
        for blob in image.blobs {
            _ = try server.request("POST", "/v2/app/blobs/uploads/?digest=\(Digest(.sha256, of: blob))", body: blob)
        }
        #expect(try server.request("PUT", "/v2/app/manifests/v\(number)", type, body: image.manifest).status == 201)
    }

    private func run(_ command: String, _ arguments: String...) async throws -> Program.Result {
        try await Program.run(WaybillProgram.path, [command, "--data", folder.path] + arguments)
    }

    private func tamper(_ statements: StaticSQL...) throws {
        var options = Connection.Options()
        options.runsTriggers = false
        options.foreignKeys = false
        let connection = try Connection(path: "\(folder.path)/waybill.db", mode: .readWrite, options: options)
        for statement in statements { try connection.execute(statement) }
    }

    @Test func `mends a stopped registry, which was read-only, and says beforehand what it would do`() async throws {
        let server = try await WaybillServer(data: folder.path)
        for number in 0..<3 { try push(number, to: server) }
        let good = try await run("rebuild", "--dry-run")
        #expect(good.status == 0 && good.output == "3 records compared: nothing differs\n", "\(good.text)")
        let busy = try await run("rebuild")
        #expect(busy.status == 3 && busy.errors.contains("another waybill uses this data folder"), "\(busy.text)")
        #expect(await server.stop() == 0)
        try tamper(
            "DELETE FROM record_digest WHERE record = 1", "DELETE FROM record_label",
            "INSERT INTO record_base VALUES (x'01', 2)", "UPDATE facet SET count = 9")
        let sentences = """
            record_digest: 1 row missing (first of record 1)
            record_base: 1 row without reason (first of record 2)
            record_label: 3 rows missing (first of record 0)
            facet: 1 row missing (first of kind "push"), 1 row without reason (first of kind "push")

            """
        let verified = try await run("verify")
        #expect(verified.status == 1 && verified.output.hasSuffix(sentences), "\(verified.text)")
        for _ in 0..<2 {
            let dry = try await run("rebuild", "--dry-run")
            #expect(
                dry.status == 1 && dry.output == sentences + "3 records compared: nothing was changed\n", "\(dry.text)")
        }
        let json = try JSONValue(parsing: Array(try await run("rebuild", "--dry-run", "--json").output.utf8))
        #expect(json["ok"] == false && json["records"] == 3)
        #expect(json["differences"]?["record_label"] == ["missing": 3, "superfluous": 0])
        let rebuilt = try await run("rebuild")
        #expect(rebuilt.status == 0 && rebuilt.output == sentences + "3 records compared: mended\n", "\(rebuilt.text)")
        let again = try JSONValue(parsing: Array(try await run("rebuild", "--json").output.utf8))
        #expect(again["ok"] == true && again["differences"] == [:])
        #expect(try await run("verify").status == 0)
        #expect(try await Program.run(WaybillProgram.path, ["ledger", "verify", "--data", folder.path]).status == 0)
        let next = try await WaybillServer(data: folder.path)
        try push(3, to: next)
        #expect(await next.stop() == 0)
        #expect(try await run("rebuild", "--dry-run").status == 0)
    }

    @Test func `does nothing to a ledger that is damaged itself`() async throws {
        let server = try await WaybillServer(data: folder.path)
        for number in 0..<2 { try push(number, to: server) }
        #expect(await server.stop() == 0)
        try tamper(
            "DELETE FROM record_label", "UPDATE record SET document = replace(document, 'blue', 'red') WHERE id = 1")
        for arguments in [["--dry-run"], ["--json"], []] {
            let result = try await Program.run(WaybillProgram.path, ["rebuild", "--data", folder.path] + arguments)
            #expect(result.status == 1, "\(result.text)")
            #expect(
                result.errors == """
                    nothing was changed, since the ledger is damaged: record 1: its document is not the one in its leaf

                    """)
            let json = try? JSONValue(parsing: Array(result.output.utf8))
            #expect(json?["ok"] == (arguments == ["--json"] ? false : nil))
        }
        let connection = try Connection(path: "\(folder.path)/waybill.db", mode: .readOnly)
        #expect(try connection.first("SELECT count(*) FROM record_label") { $0.int(0) } == 0)
    }

    @Test func `says that there is nothing to look at`() async throws {
        let file = folder.write([], to: "file")
        for arguments in [[], ["--dry-run"]] {
            let result = try await Program.run(WaybillProgram.path, ["rebuild", "--data", file] + arguments)
            #expect(result.status == 3, "\(result.text)")
        }
    }
}
