import Glibc
import OCI
import RegistryCore
import RegistryTesting
import Testing

@Suite(.timeLimit(.minutes(20))) struct `The command robot` {
    private let folder = TemporaryFolder()

    /// Writes a configuration with an administrator, alice; gives its path.
    private func configure() async throws -> String {
        let hash = try await Program.run(
            "/bin/sh", ["-c", "echo secret | \"$0\" hash-password alice", WaybillProgram.path]
        ).output
        let passwords = folder.write(Array(hash.utf8), to: "htpasswd")
        let text = """
            data: \(folder.path)/data
            auth: {password_file: \(passwords)}
            access: [{match: "**", who: ["user:alice"], allow: [admin]}]

            """
        return folder.write(Array(text.utf8), to: "waybill.yaml")
    }

    private func robot(_ arguments: String..., environment: [String: String] = [:]) async throws -> Program.Result {
        try await Program.run(WaybillProgram.path, ["robot"] + arguments, environment: environment)
    }

    private func secret(in text: String) throws -> String {
        let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("secret  ") })
        return String(line.dropFirst(8))
    }

    @Test func `works on the folder while the server is stopped, and on the server while it runs`() async throws {
        let path = try await configure()
        let made = try await robot("create", "ci", "--scope", "team/**:pull,push", "--expires", "1d", "--config", path)
        #expect(made.status == 0 && made.output.contains("team/**:pull,push"), "\(made.text)")
        let first = try secret(in: made.output)
        let twice = try await robot("create", "ci", "--config", path)
        #expect(twice.status == 1 && twice.errors.contains("there is a robot ci"))
        let server = try await WaybillServer(data: "\(folder.path)/data", ["--config", path])
        let locked = try await robot("list", "--config", path)
        #expect(locked.status == 3 && locked.errors.contains("--server"))
        let address = ["--server", "http://alice:secret@\(server.address)"]
        let second = try await robot("create", "deploy", address[0], address[1], "--json")
        let document = try JSONValue(parsing: Array(second.output.utf8))
        #expect(second.status == 0 && document["state"] == "active" && document["scopes"] == [])
        let list = try await robot("list", address[0], address[1])
        #expect(list.output.split(separator: "\n").map { $0.split(separator: " ").first } == ["name", "ci", "deploy"])
        func status(_ secret: String) throws -> Int {
            let basic = "Basic " + Base64.encode(Array("ci:\(secret)".utf8))
            return try server.request("GET", "/v2/", [("Authorization", basic)]).status
        }
        #expect(try status(first) == 200)
        #expect(try await robot("revoke", "ci", address[0], address[1]).output.contains("revoked"))
        #expect(try status(first) == 401)
        #expect(try await robot("revoke", "nobody", address[0], address[1]).status == 1)
        #expect(!server.program.errors.contains(first))
        #expect(await server.stop() == 0)
        let after = try await robot("list", "--config", path, "--json")
        let robots = try JSONValue(parsing: Array(after.output.utf8))["robots"]?.array
        #expect(robots?.map { $0["state"] } == ["revoked", "active"] && robots?.first?["lastUse"]?.string != nil)
        let verified = try await WaybillProgram.run("ledger", "verify", "--data", "\(folder.path)/data")
        #expect(verified.status == 0, "\(verified.text)")
    }

    @Test func `uses what docker and podman have kept of a login, and says what is missing`() async throws {
        let path = try await configure()
        let server = try await WaybillServer(data: "\(folder.path)/data", ["--config", path])
        let login = Base64.encode(Array("alice:secret".utf8))
        let auths = folder.write(
            Array(#"{"auths": {"\#(server.address)": {"auth": "\#(login)"}}}"#.utf8), to: "auth.json")
        let address = "http://\(server.address)"
        let known = try await robot(
            "create", "ci", "--server", address, environment: ["REGISTRY_AUTH_FILE": auths])
        #expect(known.status == 0, "\(known.text)")
        // What docker keeps where the server gives tokens for tokens: no password.
        let basic = ("Authorization", "Basic \(login)")
        let refresh = try JSONValue(parsing: server.request("GET", "/token?offline_token=true", [basic]).body)
        let token = try #require(refresh["refresh_token"]?.string)
        let docker = folder.write(
            Array(
                #"{"auths": {"\#(server.address)": {"auth": "YWxpY2U6", "identitytoken": "\#(token)"}}}"#.utf8),
            to: "config.json")
        let listed = try await robot(
            "list", "--server", address, environment: ["DOCKER_CONFIG": folder.path, "REGISTRY_AUTH_FILE": "/none"])
        #expect(listed.status == 0 && listed.output.contains("ci"), "\(listed.text) \(docker)")
        for text in [
            "{}", "{", #"{"auths": {"other.example": {"auth": "\#(login)"}}}"#,
            #"{"auths": {"\#(server.address)": {"auth": "YWxpY2U6"}}}"#,
            #"{"auths": {"\#(server.address)": {"identitytoken": "a b"}}, "credsStore": "x"}"#,
        ] {
            folder.write(Array(text.utf8), to: "other.json")
            let unknown = try await robot(
                "list", "--server", address,
                environment: [
                    "REGISTRY_AUTH_FILE": "\(folder.path)/other.json", "HOME": "/none", "DOCKER_CONFIG": "/none",
                ])
            #expect(unknown.status == 3 && unknown.errors.contains("asks who you are"), "\(unknown.text)")
        }
        let asked = try await Program.run(
            "/bin/sh",
            ["-c", "echo secret | \"$0\" robot list --user alice --server \"$1\"", WaybillProgram.path, address])
        #expect(asked.status == 0, "\(asked.text)")
        // A name that is not plainly this machine: what was kept for https does not go there in the clear.
        let elsewhere = "0.0.0.0:\(server.port)"
        for (name, status) in [(elsewhere, 3), ("https://\(elsewhere)", 3), ("http://\(elsewhere)", 0)]
            as [(String, Int32)]
        {
            folder.write(Array(#"{"auths": {"\#(name)": {"auth": "\#(login)"}}}"#.utf8), to: "other.json")
            let result = try await robot(
                "list", "--server", "http://\(elsewhere)",
                environment: [
                    "REGISTRY_AUTH_FILE": "\(folder.path)/other.json", "HOME": "/none", "DOCKER_CONFIG": "/none",
                ])
            #expect(result.status == status, "\(name): \(result.text)")
        }
        let nobody = try await robot("list", "--server", "http://127.0.0.1:1")
        #expect(nobody.status == 3 && nobody.errors.contains("nobody accepts connections"))
        #expect(await server.stop() == 0)
    }
}
