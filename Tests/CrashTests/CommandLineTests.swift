import Glibc
import RegistryTesting
import Testing

@Suite(.timeLimit(.minutes(20))) struct `The command line` {
    private let folder = TemporaryFolder()

    /// Writes a configuration file and gives its path.
    private func configuration(_ text: String) -> String {
        let path = "\(folder.path)/waybill.yaml"
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        let bytes = Array(text.utf8)
        precondition(write(file, bytes, bytes.count) == bytes.count, "the file cannot be written")
        close(file)
        return path
    }

    @Test func `says its version`() async throws {
        let result = try await WaybillProgram.run("--version")
        #expect(result.status == 0)
        #expect(result.output.wholeMatch(of: #/waybill \d+\.\d+\.\d+\n/#) != nil)
        #expect(result.errors == "")
    }

    /// After a change that is meant, `WAYBILL_TEST_RECORD=1 swift test --filter CommandLine` writes the texts anew.
    @Test(arguments: [
        "waybill", "serve", "check-config", "migrate", "gc", "verify", "rebuild", "scrub", "quotas", "backup",
        "restore", "ledger",
        "ledger verify", "ledger show-key", "ledger rotate-key", "ledger retire-key", "ledger erase", "trace",
        "verify-bundle", "hash-password",
        "check-access", "robot", "robot create", "robot list", "robot revoke", "rotate-token-key", "import",
        "import docker-registry",
        "import oci-layout", "import docker-archive", "export", "export oci-layout", "export oci-archive",
        "export docker-archive",
    ])
    func `explains each command in words that were agreed on`(_ command: String) async throws {
        let arguments = command == "waybill" ? [] : command.split(separator: " ").map(String.init)
        let result = try await Program.run(
            WaybillProgram.path, arguments + ["--help"], environment: ["COLUMNS": "100"])
        #expect(result.status == 0 && result.errors == "")
        let text = try Help.agreed(on: command, found: result.output)
        #expect(result.output == text)
    }

    @Test func `has a text for each command`() async throws {
        let result = try await Program.run(WaybillProgram.path, ["--help"], environment: ["COLUMNS": "100"])
        let lines = result.output.split(separator: "\n").drop { $0 != "SUBCOMMANDS:" }.dropFirst().dropLast()
        let commands = lines.filter { $0.hasPrefix("  ") && !$0.hasPrefix("   ") }
        let names = commands.map { $0.split(separator: " ")[0] }
        #expect(
            names == [
                "serve", "check-config", "migrate", "gc", "verify", "rebuild", "scrub", "quotas", "backup", "restore",
                "ledger",
                "trace",
                "verify-bundle", "hash-password", "check-access", "robot", "rotate-token-key", "import", "export",
            ])
    }

    @Test(arguments: [
        ["--frobnicate"], ["serve", "--frobnicate"], ["frobnicate"], ["serve", "--listen"], ["serve", "stray"],
        ["check-config", "--data"], ["verify-bundle"], ["ledger", "erase", "1"],
        ["ledger", "erase", "one", "principal"], ["robot", "create"], ["robot", "create", "Bad"],
        ["robot", "create", "ci", "--scope", "team:pulll"], ["robot", "create", "ci", "--expires", "0d"],
        ["ledger", "erase", "1", "password"], ["import", "docker-registry"], ["import", "oci-layout"],
        ["import", "docker-archive"], ["export", "oci-layout"], ["export", "oci-archive"],
        ["export", "docker-archive"], ["export", "docker-archive", "x", "--platform", "linux"],
        ["export", "docker-archive", "x", "--tag", "a b"],
        ["import", "docker-registry", "x", "--repository", "a b"],
        ["import", "oci-layout", "x", "--repository", "a b"],
    ])
    func `ends with 2 when it is used wrongly`(_ arguments: [String]) async throws {
        let result = try await Program.run(WaybillProgram.path, arguments)
        #expect(result.status == 2)
        #expect(result.output == "")
        #expect(result.errors.contains("Usage: waybill"))
    }

    @Test func `ends with 3 and every problem when the configuration is wrong`() async throws {
        let path = configuration("listem: 127.0.0.1:0\nlog:\n  level: loud\nlimits:\n  page: -1\n")
        let result = try await WaybillProgram.run("serve", "--config", path, "--data", "\(folder.path)/data")
        #expect(result.status == 3)
        #expect(result.output == "")
        for place in ["\(path):1:1", "\(path):3:10", "\(path):5:9"] { #expect(result.errors.contains(place)) }
        #expect(access("\(folder.path)/data", F_OK) != 0, "nothing is made before everything is checked")
    }

    @Test func `ends with 3 when everybody could write from outside`() async throws {
        let data = "\(folder.path)/data"
        let result = try await WaybillProgram.run("serve", "--listen", "0.0.0.0:0", "--data", data)
        #expect(result.status == 3)
        #expect(result.errors.contains("insecure-allow-anonymous"))
        #expect(access(data, F_OK) != 0)
    }

    @Test func `ends with 3 when the address is taken`() async throws {
        let server = try await WaybillServer(data: "\(folder.path)/one")
        let result = try await WaybillProgram.run(
            "serve", "--listen", server.address, "--data", "\(folder.path)/two")
        #expect(result.status == 3)
        #expect(result.errors.contains("in use"))
        #expect(await server.stop() == 0)
    }

    @Test func `ends with 3 when the data folder cannot be used`() async throws {
        for name in ["file", "uploads/uploads", "database/waybill.db", "blobs/blobs"] {
            let path = "\(folder.path)/\(name)"
            if let slash = name.firstIndex(of: "/") { mkdir("\(folder.path)/\(name[..<slash])", 0o700) }
            let file = open(path, O_WRONLY | O_CREAT, 0o600)
            write(file, "not what is expected here", 25)
            close(file)
            let data = "\(folder.path)/\(name.prefix { $0 != "/" })"
            let result = try await WaybillProgram.run("serve", "--listen", "127.0.0.1:0", "--data", data)
            #expect(result.status == 3, "\(name): \(result.text)")
            #expect(result.errors.contains("cannot use the data folder \(data)"), "\(result.text)")
        }
    }

    @Test func `checks a configuration without using it`() async throws {
        let data = "\(folder.path)/data"
        let good = try await WaybillProgram.run(
            "check-config", "--config", configuration("data: \(data)\n"), environment: ["WAYBILL_LISTEN": "127.0.0.1:1"]
        )
        #expect(good.status == 0)
        #expect(good.output.contains(data) && good.output.contains("127.0.0.1:1"))
        #expect(access(data, F_OK) != 0)
        let bad = try await WaybillProgram.run("check-config", "--config", configuration("data: [1]\nx: y\n"))
        #expect(bad.status == 1)
        #expect(bad.errors.contains(":1:") && bad.errors.contains(":2:"))
        let absent = try await WaybillProgram.run("check-config", "--config", "\(folder.path)/absent.yaml")
        #expect(absent.status == 1)
        let exposed = try await WaybillProgram.run("check-config", "--listen", "0.0.0.0:5000")
        #expect(exposed.status == 1)
    }

    @Test func `migrates a folder without serving it`() async throws {
        let data = "\(folder.path)/a/b/data"
        for _ in 0..<2 {
            let result = try await WaybillProgram.run("migrate", "--data", data)
            #expect(result.status == 0)
            #expect(result.output == "the database is up to date\n")
        }
    }
}

/// The agreed texts, in files beside this one.
private enum Help {
    private static let folder = #filePath.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" } + "/Help"

    /// The text for a command; with `WAYBILL_TEST_RECORD` set, what was found becomes it.
    static func agreed(on command: String, found: String) throws -> String {
        let path = "\(folder)/\(command.split(separator: " ").joined(separator: "-")).txt"
        if getenv("WAYBILL_TEST_RECORD") != nil {
            mkdir(folder, 0o755)
            let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
            write(file, found, found.utf8.count)
            close(file)
        }
        guard let file = fopen(path, "r") else { return "there is no \(path)" }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 64 * 1024)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes[..<count], as: UTF8.self)
    }
}
