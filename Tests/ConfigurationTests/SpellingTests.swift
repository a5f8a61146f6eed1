import Testing

@testable import Configuration

@Suite struct `An unknown key` {
    @Test(arguments: [
        ("lisen: a:1", "lisen is not a setting; did you mean listen?"),
        ("limit: {}", "limit is not a setting; did you mean limits?"),
        ("limits: {manifests: 1}", "limits.manifests is not a setting; did you mean limits.manifest?"),
        ("limits: {requestLine: 1}", "limits.requestLine is not a setting; did you mean limits.request_line?"),
        ("limits: {json-depth: 1}", "limits.json-depth is not a setting; did you mean limits.json_depth?"),
        ("manifest: 1", "manifest is not a setting; did you mean limits.manifest?"),
        ("head: 1", "head is not a setting; did you mean limits.head or timeouts.head?"),
        ("limits: {expiry: 1h}", "limits.expiry is not a setting; did you mean uploads.expiry?"),
        ("repositories: [{mach: a}]", "repositories[0].mach is not a setting; did you mean repositories[0].match?"),
    ])
    func `is told what was probably meant`(_ yaml: String, _ expected: String) throws {
        #expect(try #require(problems(yaml).first).hasSuffix(": " + expected))
    }

    @Test func `is told what its section accepts when nothing is near`() {
        #expect(
            problems("storage: {colour: red}") == [
                "waybill.yaml:1:11: storage.colour is not a setting (accepted: reserve, sqlite_cache)"
            ])
    }

    @Test func `with a dot is told to nest`() {
        #expect(
            problems("limits.head: 8KiB") == [
                "waybill.yaml:1:1: limits.head is not a setting "
                    + "(given a key with a dot; accepted: one section inside the other)"
            ])
    }

    @Test(arguments: ["password: hunter2", "auth: {}\ndb_token: hunter2", "log: {API_Key: hunter2}"])
    func `that looks like a secret is refused without repeating it`(_ yaml: String) {
        let found = problems(yaml)
        #expect(found.contains { $0.contains("no secret belongs here") })
        #expect(!found.joined().contains("hunter2"))
    }

    @Test func `cannot write to the terminal or flood it`() throws {
        let found = problems("\"a\\e[2Jb\\n\": 1\n\(String(repeating: "k", count: 900)): 1\n")
        #expect(problems("? \(String(repeating: "k", count: 5000))\n: 1\n")[0].utf8.count < 300)
        try #require(found.count == 2)
        #expect(found[0].hasPrefix("waybill.yaml:1:1: a\\u{1b}[2Jb\\u{a} is not a setting"))
        #expect(found[1].utf8.count < 300)
    }

    @Test func `is one of at most a hundred in the output`() throws {
        let yaml = (0..<250).map { "key\($0): 1\n" }.joined()
        let result = SettingsLoader.load(contents: Array(yaml.utf8), named: "waybill.yaml")
        let errors = try #require(throws: SettingsErrors.self) { try result.get() }
        #expect(errors.problems.count == 250)
        #expect(errors.description.split(separator: "\n").count == 101)
        #expect(errors.description.hasSuffix("\nand 150 more problems"))
    }
}

@Suite struct `A problem` {
    @Test func `does not repeat the password of a URL`() {
        let found = problems("listen: \"https://me:hunter2@example.org:443/\"")
        #expect(found.count == 1)
        #expect(!found.joined().contains("hunter2"))
    }

    @Test func `repeats only the beginning of a long value`() {
        let found = problems("log: {level: \(String(repeating: "x", count: 5000))}")
        #expect(found.joined().contains("xxx…\""))
        #expect(found.joined().utf8.count < 300)
    }
}

@Suite struct `A secret` {
    private struct Vault: Sendable {
        var password = "hunter2"
    }
    private let key = Key("password", \Vault.password, .path, secret: true, "Opens the vault.")

    @Test func `is shown neither in the settings nor in a problem`() {
        #expect(key.encode(Vault()) == "\"<redacted>\"")
        var vault = Vault()
        var report = Report(source: .file("waybill.yaml", nil))
        #expect(!key.decode(Written(.scalar("31337", .plain)), as: "password", into: &vault, &report))
        #expect(report.problems.count == 1)
        #expect(report.problems[0].sentence.contains("given a secret"))
        #expect(!report.problems[0].sentence.contains("31337"))
    }
}
