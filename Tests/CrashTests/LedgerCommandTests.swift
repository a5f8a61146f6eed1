import Glibc
import OCI
import RegistryCore
import RegistryTesting
import SQLite
import Testing
import TransparencyLog

@Suite(.timeLimit(.minutes(20))) struct `The commands of the ledger` {
    private let folder = TemporaryFolder()
    private var data: String { "\(folder.path)/data" }
    private let type = [("Content-Type", "application/vnd.oci.image.manifest.v1+json")]

    /// Pushes some images to a server and stops it.
    private func fill(count: Int = 3) async throws {
        let server = try await WaybillServer(data: data)
        for number in 0..<count { #expect(try push(number, to: server).status == 201) }
        #expect(await server.stop() == 0)
    }

    private func push(_ number: Int, to server: WaybillServer) throws -> TestResponse {
        let image = Fixture.image(seed: UInt64(number), layers: 1)
        for blob in image.blobs {
            _ = try server.request("POST", "/v2/app/blobs/uploads/?digest=\(Digest(.sha256, of: blob))", body: blob)
        }
        return try server.request("PUT", "/v2/app/manifests/v\(number)", type, body: image.manifest)
    }

    private func ledger(_ arguments: String...) async throws -> Program.Result {
        try await Program.run(WaybillProgram.path, ["ledger"] + arguments + ["--data", data])
    }

    private func tamper(_ statements: StaticSQL...) throws {
        let connection = try Connection(path: "\(data)/waybill.db", mode: .readWrite)
        for statement in statements { try connection.execute(statement) }
    }

    @Test func `verify a ledger, also beside the server that writes it`() async throws {
        let server = try await WaybillServer(data: data)
        let empty = try await ledger("verify")
        #expect(empty.status == 0 && empty.output.contains(": 0 records"), "\(empty.text)")
        for number in 0..<3 { #expect(try push(number, to: server).status == 201) }
        let result = try await ledger("verify")
        #expect(result.status == 0 && result.output.contains("is as it was written: 3 records"), "\(result.text)")
        let json = try JSONValue(parsing: Array(try await ledger("verify", "--json").output.utf8))
        #expect(json["ok"] == true && json["size"] == 3)
        #expect(try push(3, to: server).status == 201)
        #expect(await server.stop() == 0)
        #expect(try await ledger("verify").output.contains("4 records"))
    }

    @Test func `name the entry that was changed, and the server refuses to write any more`() async throws {
        try await fill()
        try tamper("DROP TRIGGER record_is_never_changed", "UPDATE record SET repository = 'sly' WHERE id = 1")
        let sentence = "record 1: its repository is not the one in its leaf"
        let result = try await ledger("verify")
        #expect(result.status == 1 && result.output == "\(sentence)\n" && result.errors == "")
        let json = try JSONValue(parsing: Array(try await ledger("verify", "--json").output.utf8))
        #expect(json["ok"] == false && json["record"] == 1 && json["fault"] == .string(sentence))
        let server = try await WaybillServer(data: data)
        #expect(try push(9, to: server).status >= 500)
        #expect(try server.request("GET", "/v2/app/manifests/v0").status == 200)
        #expect(try server.request("GET", "/checkpoint").status == 200)
        server.program.signal(SIGTERM)
        #expect(await server.program.end().errors.contains(sentence))
        let refused = try await ledger("rotate-key")
        #expect(refused.status == 1 && refused.errors == "the ledger is read-only: \(sentence)\n")
    }

    @Test func `say that a database was put back from an older copy`() async throws {
        try await fill()
        let copy = "\(folder.path)/copy.db"
        try Connection(path: "\(data)/waybill.db", mode: .readOnly).backup(to: copy)
        try await fill(count: 1)
        for suffix in ["", "-wal", "-shm"] { unlink("\(data)/waybill.db\(suffix)") }
        #expect(rename(copy, "\(data)/waybill.db") == 0)
        let result = try await ledger("verify")
        #expect(result.status == 1 && result.output.contains("it was put back from an older copy"), "\(result.text)")
        let server = try await WaybillServer(data: data)
        #expect(try push(9, to: server).status >= 500)
        server.program.signal(SIGTERM)
        #expect(await server.program.end().errors.contains("it was put back from an older copy"))
    }

    @Test func `end with 3 when there is no ledger, and when its key is lost`() async throws {
        for command in ["verify", "show-key"] {
            let result = try await ledger(command)
            #expect(result.status == 3 && result.output == "", "\(result.text)")
        }
        try await fill(count: 1)
        unlink("\(data)/keys/ledger.key")
        let lost = try await ledger("rotate-key")
        #expect(lost.status == 3)
        #expect(lost.errors.contains("ledger.key is missing: the ledger was signed with it, put it back"))
    }

    @Test func `refuse a key of uploads that is none, and show nothing of it`() async throws {
        let data = "\(folder.path)/data"
        let server = try await WaybillServer(data: data)
        #expect(await server.stop() == 0)
        let path = "\(data)/keys/upload.key"
        let secret = [UInt8]("this is a secret".utf8)
        let file = open(path, O_WRONLY | O_TRUNC)
        #expect(write(file, secret, secret.count) == secret.count)
        close(file)
        let refused = try await WaybillProgram.run("serve", "--data", data, "--listen", "127.0.0.1:0")
        #expect(refused.status == 3)
        #expect(
            refused.errors.contains("keys/upload.key has no key of 32 bytes in it: remove it, and a new one is made"))
        #expect(!refused.text.contains("this is a secret"))
        chmod(path, 0o644)
        let open = try await WaybillProgram.run("serve", "--data", data, "--listen", "127.0.0.1:0")
        #expect(open.status == 3 && open.errors.contains("chmod 600 "))
        unlink(path)
        let next = try await WaybillServer(data: data)
        #expect(await next.stop() == 0)
        #expect(try await ledger("verify").status == 0)
    }

    @Test func `change the key of the log`() async throws {
        let server = try await WaybillServer(data: data)
        #expect(try push(0, to: server).status == 201)
        #expect(try await ledger("rotate-key").errors.contains("another waybill uses this data folder"))
        #expect(await server.stop() == 0)
        #expect(try await ledger("retire-key").status == 1)

        let added = try await ledger("rotate-key")
        #expect(added.status == 0 && added.output.hasPrefix("record 1: added "), "\(added.text)")
        #expect(try await ledger("rotate-key").status == 1)
        #expect(try await policy().logs.count == 2)
        try await fill(count: 2)
        let retired = try await ledger("retire-key")
        #expect(retired.status == 0 && retired.output.hasPrefix("record 4: retired "), "\(retired.text)")
        let keys = try await policy().logs.map(\.key)
        #expect(added.output == "record 1: added \(keys[0])\n")
        try await fill(count: 4)
        let result = try await ledger("verify")
        #expect(result.status == 0, "\(result.text)")

        let last = try await WaybillServer(data: data)
        let checkpoint = try SignedCheckpoint(parsing: last.request("GET", "/checkpoint").body)
        #expect(try await policy().evaluate(checkpoint).log == keys[0])
        #expect(await last.stop() == 0)
    }

    private func policy() async throws -> Policy {
        let result = try await ledger("show-key")
        #expect(result.status == 0 && result.errors == "")
        return try Policy(parsing: Array(result.output.utf8))
    }

    @Test func `erase who did it`() async throws {
        try await fill()
        let result = try await ledger("erase", "1", "clientAddress")
        #expect(result.status == 0 && result.output.hasPrefix("record 3: {"), "\(result.text)")
        let leaf = try JSONValue(parsing: Array(result.output.utf8.drop { $0 != UInt8(ascii: "{") }.dropLast()))
        #expect(leaf["kind"] == "redaction" && leaf["redactedIndex"] == 1 && leaf["redactedField"] == "clientAddress")
        let again = try await ledger("erase", "1", "clientAddress")
        #expect(again.status == 1 && again.errors == "record 1 has no clientAddress, or not any more\n")
        let absent = try await ledger("erase", "77", "principal")
        #expect(absent.status == 1 && absent.errors == "there is no record 77\n")
        #expect(try await ledger("verify").status == 0)
    }
}
