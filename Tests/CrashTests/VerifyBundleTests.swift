import Glibc
import RegistryTesting
import Testing

@Suite(.timeLimit(.minutes(20))) struct `Verifying a bundle on the command line` {
    private let folder = TemporaryFolder()

    /// Writes a file and gives its path.
    private func file(_ name: String, _ text: String) -> String {
        let path = "\(folder.path)/\(name)"
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        let bytes = Array(text.utf8)
        precondition(write(file, bytes, bytes.count) == bytes.count, "the file cannot be written")
        close(file)
        return path
    }

    private func verify(_ file: String, _ arguments: [String]) async throws -> Program.Result {
        try await Program.run(WaybillProgram.path, ["verify-bundle", file] + arguments)
    }

    private var trusted: [String] {
        ["--key", AuditVectors.logKey, "--witness-key", AuditVectors.witnessKey, "--digest", AuditVectors.image]
    }

    private var builder: [String] { ["--builder-key", file("builder.pem", AuditVectors.builderKey)] }

    @Test func `finds every form in order`() async throws {
        let proof = try await verify(file("a.tlog-proof", AuditVectors.tlogProof), trusted)
        #expect(proof.status == 0 && proof.errors == "", "\(proof.text)")
        for text in [AuditVectors.bundle, AuditVectors.sigstoreBundle] {
            let result = try await verify(file("bundle.json", text), trusted + builder)
            #expect(result.status == 0 && result.errors == "", "\(result.text)")
            for name in ["checkpoint", "quorum", "inclusion", "entry", "envelope", "digest", "builder"] {
                #expect(result.output.contains("\nok      \(name): "), "\(name): \(result.text)")
            }
            #expect(result.output.contains("This does not prove"))
        }
    }

    @Test func `says what the entry says`() async throws {
        let result = try await verify(file("bundle.json", AuditVectors.bundle), trusted)
        for text in [
            "kind        build", "time        2026-01-01T00:02:15Z", "repository  team/app",
            "subject     \(AuditVectors.image)", "builder     https://ci.example.com/runners/hosted@v1",
            "revision    gitCommit:7fd1a60b01f91b314f59955a4e4d4e80d8edf11d",
        ] {
            #expect(result.output.contains("\n        \(text)\n"), "\(text): \(result.output)")
        }
    }

    @Test func `takes keys from files, and a policy`() async throws {
        let bundle = file("bundle.json", AuditVectors.bundle)
        let keys = file("keys.txt", "# the log\n\n\(AuditVectors.logKey)\n")
        #expect(try await verify(bundle, ["--key", keys]).status == 0)
        let policy = file(
            "policy", "log \(AuditVectors.logKey)\nwitness W \(AuditVectors.witnessKey)\nquorum W\n")
        let result = try await verify(bundle, ["--policy", policy])
        #expect(result.status == 0 && result.output.contains("ok      quorum"))
    }

    @Test(arguments: [
        (#""index":598"#, #""index":597"#, "inclusion"), (#"["8k9T"#, #"["8k8T"#, "inclusion"),
        (#""entry_bytes":"eyJh"#, #""entry_bytes":"eyJi"#, "inclusion"), ("KNjAwC", "KNjAxC", "checkpoint"),
        ("SERlT1cvakR", "SERlT1gvakR", "checkpoint"), (#""payload":"eyJf"#, #""payload":"eyJg"#, "envelope"),
        (#""sig":"MEUC"#, #""sig":"MEUD"#, "builder"), (#""body_or_ct":"eyJf"#, #""body_or_ct":"eyJg"#, "statement"),
        (#""body_or_ct":"eyJf"#, #""body_or_ct":"eyJg"#, "payload"), (#"{"entry"#, #"{"x":1,"entry"#, "format"),
        ("WjNzem5paVB", "WjNzem9paVB", "quorum"),
    ])
    func `ends with 1 and the name of the check that failed`(_ old: String, _ new: String, _ check: String) async throws
    {
        let changed = AuditVectors.bundle.replacing(old, with: new)
        #expect(changed != AuditVectors.bundle, "\(old)")
        let result = try await verify(file("bundle.json", changed), trusted + builder)
        #expect(result.status == 1)
        let found = result.output.split(separator: "\n").contains { $0.hasPrefix("FAILED  \(check): ") }
        #expect(found && result.errors.contains(check), "\(result.text)")
    }

    @Test func `ends with 1 when it is about something else, or signed by others`() async throws {
        let bundle = file("bundle.json", AuditVectors.bundle)
        let other = "sha256:" + String(repeating: "a", count: 64)
        let digest = try await verify(bundle, ["--key", AuditVectors.logKey, "--digest", other])
        #expect(digest.status == 1 && digest.output.contains("FAILED  digest: "))
        let proof = try await verify(file("a.tlog-proof", AuditVectors.tlogProof), trusted + builder)
        #expect(proof.status == 1 && proof.output.contains("FAILED  builder: "))
    }

    @Test func `is read by programs`() async throws {
        let good = try await verify(file("bundle.json", AuditVectors.bundle), trusted + ["--json"])
        #expect(good.status == 0 && good.output.hasPrefix(#"{"good":true,"checks":[{"name":"format","result":"ok""#))
        let bad = try await verify(file("bundle.json", "{}"), trusted + ["--json"])
        #expect(bad.status == 1 && bad.output.hasPrefix(#"{"good":false,"checks":[{"name":"format","result":"failed""#))
    }

    @Test func `ends with 2 when it is used wrongly`() async throws {
        let bundle = file("bundle.json", AuditVectors.bundle)
        let key = ["--key", AuditVectors.logKey]
        let witness = ["--witness-key", AuditVectors.witnessKey]
        let absent = "\(folder.path)/absent"
        let wrong: [(String, [String])] = [
            (bundle, []), (absent, key), (folder.path, key), (bundle, ["--key", "nonsense"]),
            (bundle, ["--key", absent]), (bundle, ["--key", file("empty", "# nothing\n")]),
            (bundle, ["--key", file("bad.txt", "nonsense\n")]), (bundle, ["--key", AuditVectors.witnessKey]),
            (bundle, key + ["--witness-key", AuditVectors.logKey]), (bundle, key + witness + ["--quorum", "2"]),
            (bundle, key + ["--quorum", "1"]), (bundle, key + ["--quorum", "-1"]), (bundle, key + witness + witness),
            (bundle, ["--policy", absent]), (bundle, ["--policy", file("policy", "quorum all\n")]),
            (bundle, key + ["--policy", file("good", "log \(AuditVectors.logKey)\nquorum none\n")]),
            (bundle, ["--policy", file("good", "log \(AuditVectors.logKey)\nquorum none\n")] + witness),
            (bundle, key + ["--builder-key", absent]), (bundle, key + ["--builder-key", file("no.pem", "x")]),
            (bundle, key + ["--digest", "sha256:00"]), (bundle, key + ["--digest", "latest"]),
        ]
        for (file, arguments) in wrong {
            let result = try await verify(file, arguments)
            #expect(result.status == 2 && result.output == "", "\(arguments): \(result.text)")
            #expect(result.errors != "")
        }
    }
}
