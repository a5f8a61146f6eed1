import Glibc
import OCI
import RegistryCore
import RegistryTesting
import Testing

/// The program under TLS, with a certificate for `localhost` and 127.0.0.1 and another for `two.example`.
private struct SecureBench {
    let authority: CertificateAuthority
    let folder = TemporaryFolder()
    private let data = TemporaryFolder()
    private let files: [(chain: String, key: String)]
    let server: WaybillServer

    init(_ more: String = "", clients: CertificateAuthority? = nil) async throws {
        authority = try await CertificateAuthority()
        files = [
            try await authority.issue("DNS:localhost,IP:127.0.0.1", file: "one"),
            try await authority.issue("DNS:two.example", file: "two"),
        ]
        let configuration = """
            tls:
              certificates:
                - {chain: \(files[0].chain), key: \(files[0].key)}
                - {chain: \(files[1].chain), key: \(files[1].key)}
            \(clients.map { "  client_authorities: \($0.root)\n" } ?? "")\(more)
            """
        let path = folder.write(Array(configuration.utf8), to: "waybill.yaml")
        server = try await WaybillServer(data: data.path, ["--config", path])
    }

    /// Replaces the first certificate with a new one.
    func renew() async throws {
        let new = try await authority.issue("DNS:localhost,IP:127.0.0.1", file: "new")
        // As certbot does: one file after the other, so that for a moment they do not fit.
        rename(new.key, files[0].key)
        rename(new.chain, files[0].chain)
    }

    /// Makes the key of the first certificate unreadable.
    func spoil() {
        let file = open(files[0].key, O_WRONLY | O_TRUNC)
        write(file, "nonsense", 8)
        close(file)
    }

    func curl(_ arguments: String...) async throws -> Program.Result {
        try await Program.run(
            Program.find("curl") ?? "curl", ["-s", "--cacert", authority.root, "--max-time", "60"] + arguments)
    }

    func openssl(_ arguments: String...) async throws -> String {
        try await Program.run(
            "/bin/sh",
            ["-c", "exec openssl s_client -connect 127.0.0.1:\(server.port) \"$@\" </dev/null", "sh"] + arguments
        ).text
    }

    var url: String { "https://127.0.0.1:\(server.port)" }
}

@Suite(.enabled(if: Client.curl, "curl and openssl are needed"), .timeLimit(.minutes(3)))
struct `TLS` {
    @Test func `is spoken in version 1.2 and 1.3, and in no older one`() async throws {
        let bench = try await SecureBench()
        for version in ["1.2", "1.3"] {
            let result = try await bench.curl(
                "--tlsv\(version)", "--tls-max", version, "-w", "%{http_version} %{http_code}", "\(bench.url)/healthz")
            #expect(result.status == 0 && result.output.hasSuffix("1.1 200"), "\(version): \(result.text)")
        }
        #expect(try await bench.openssl("-tls1_1", "-cipher", "ALL@SECLEVEL=0").contains("alert protocol version"))
        #expect(try await bench.curl("--cacert", "/etc/passwd", "\(bench.url)/healthz").status != 0)
        #expect(await bench.server.stop() == 0)
    }

    @Test func `can be limited to version 1.3`() async throws {
        let bench = try await SecureBench("  minimum: \"1.3\"\n")
        #expect(try await bench.curl("--tls-max", "1.2", "\(bench.url)/healthz").status == 35)
        #expect(try await bench.curl("\(bench.url)/healthz").output == "ok\n")
        #expect(await bench.server.stop() == 0)
    }

    @Test func `has the certificate of the host that is named, and agrees on HTTP/1.1 only`() async throws {
        let bench = try await SecureBench()
        #expect(try await bench.openssl("-servername", "two.example").contains("subject=CN = two"))
        #expect(try await bench.openssl("-servername", "localhost").contains("subject=CN = one"))
        #expect(try await bench.openssl("-servername", "three.example").contains("subject=CN = one"))
        #expect(try await bench.openssl("-noservername").contains("subject=CN = one"))
        #expect(try await bench.openssl("-alpn", "h2,http/1.1").contains("ALPN protocol: http/1.1"))
        #expect(try await bench.openssl("-alpn", "h2").contains("alert no application protocol"))
        #expect(await bench.server.stop() == 0)
    }

    @Test func `survives who does not speak it`() async throws {
        let bench = try await SecureBench("timeouts: {head: 1s}\n")
        let plain = try bench.server.request("GET", "/v2/")
        #expect(plain.status == 400 && plain.text.contains("use https"))
        for garbage in [
            [UInt8](repeating: 0, count: 100), [0x16, 3, 1, 0xff, 0xff] + [UInt8](repeating: 7, count: 70_000),
        ] {
            let connection = try bench.server.connect()
            try? connection.send(garbage)
            #expect(connection.isClosed())
        }
        // Nothing, or half of a record, for longer than a head may take.
        for beginning in [[], [0x16, 3, 1, 0, 200, 1]] as [[UInt8]] {
            let connection = try bench.server.connect()
            try connection.send(beginning)
            #expect(connection.isClosed())
        }
        #expect(try await bench.openssl("-tls1_2").contains("Secure Renegotiation IS supported"))
        #expect(try await bench.curl("\(bench.url)/healthz").output == "ok\n")
        #expect(await bench.server.stop() == 0)
    }

    @Test func `carries large blobs both ways, and ranges of them`() async throws {
        let bench = try await SecureBench()
        var random = SystemRandomNumberGenerator()
        let content = (0..<(3 << 20)).map { _ in random.next() as UInt64 }.withUnsafeBytes { Array($0) }
        let digest = Digest(.sha256, of: content)
        let path = bench.folder.write(content, to: "blob")
        let push = try await bench.curl(
            "-X", "POST", "-H", "Content-Type: application/octet-stream", "--data-binary", "@\(path)", "-w",
            "%{http_code}",
            "\(bench.url)/v2/app/blobs/uploads/?digest=\(digest)")
        #expect(push.output == "201")
        let blob = "\(bench.url)/v2/app/blobs/\(digest)"
        for (range, expected) in [
            ("0-", content[...]), ("1000-70000", content[1000...70_000]), ("-9", content.suffix(9)),
        ] {
            let file = "\(bench.folder.path)/out"
            _ = try await bench.curl("-r", range, "-o", file, blob)
            #expect(bench.folder.read("out") == Array(expected), "\(range)")
        }
        // Slower than the socket's buffers, so that pieces are cut in the middle.
        _ = try await bench.curl("--limit-rate", "20M", "-o", "\(bench.folder.path)/slow", blob)
        #expect(bench.folder.read("slow") == content)
        #expect(await bench.server.stop() == 0)
    }

    @Test func `goes on with new certificates under load, and without a broken one`() async throws {
        let bench = try await SecureBench()
        let before = try await bench.openssl()
        let url = "\(bench.url)/v2/"
        let loads = try (0..<4).map { _ in
            try Program(
                Program.find("curl") ?? "curl",
                ["-s", "--cacert", bench.authority.root, "-H", "Connection: close", "-w", "%{http_code}\n"]
                    + (0..<250).flatMap { _ in ["-o", "/dev/null", url] })
        }
        try await bench.renew()
        _ = try await bench.server.program.line(containing: "read again")
        for load in loads {
            let answers = await load.end().output.split(separator: "\n")
            #expect(answers.count == 250 && answers.allSatisfy { $0 == "200" })
        }
        let after = try await bench.openssl()
        #expect(Self.certificate(in: before) != Self.certificate(in: after))
        bench.spoil()
        bench.server.program.signal(SIGHUP)
        _ = try await bench.server.program.line(containing: "the old one holds")
        #expect(Self.certificate(in: try await bench.openssl()) == Self.certificate(in: after))
        #expect(await bench.server.stop() == 0)
    }

    private static func certificate(in text: String) -> Substring {
        text.split(separator: "-----BEGIN CERTIFICATE-----").last?.split(separator: "-----END").first ?? ""
    }

    @Test(arguments: ["-tls1_2", "-tls1_3"])
    func `resumes a session by its ticket, without early data, until the certificates or the process are others`(
        _ version: String
    ) async throws {
        let bench = try await SecureBench()
        let ticket = "\(bench.folder.path)/ticket"
        /// Asks once, on a session that goes on or a new one, and keeps the ticket.
        func ask(_ arguments: String...) async throws -> String {
            try await Program.run(
                "/bin/sh",
                [
                    "-c",
                    """
                    printf 'GET /healthz HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' |
                    openssl s_client -ign_eof -connect 127.0.0.1:\(bench.server.port) -sess_out "$0" "$@"
                    """, ticket, version,
                ] + arguments
            ).output
        }
        let first = try await ask()
        #expect(first.contains("New, TLSv1") && first.contains("200 OK"), "\(first)")
        #expect(first.contains("lifetime hint: 3600"))
        let second = try await ask("-sess_in", ticket)
        #expect(second.contains("Reused, TLSv1") && second.contains("200 OK"), "\(second)")
        #expect(try await ask("-sess_in", ticket).contains("Reused, TLSv1"), "a resumed session has a ticket too")
        let early = bench.folder.write(Array("GET / HTTP/1.1\r\n\r\n".utf8), to: "early")
        if version == "-tls1_3" {
            let answer = try await ask("-sess_in", ticket, "-early_data", early)
            #expect(!answer.contains("Early data was accepted"))
        }
        try await bench.renew()
        _ = try await bench.server.program.line(containing: "read again")
        let renewed = try await ask("-sess_in", ticket)
        #expect(renewed.contains("New, TLSv1") && renewed.contains("200 OK"), "\(renewed)")
        #expect(try await ask("-sess_in", ticket).contains("Reused, TLSv1"))
        #expect(await bench.server.stop() == 0)
        // The ticket is good, the process that could read it is not there any more.
        let other = try await SecureBench()
        let answer = try await other.openssl(version, "-sess_in", ticket)
        #expect(answer.contains("New, TLSv1"), "\(answer)")
        #expect(await other.server.stop() == 0)
    }

    @Test func `is where plain HTTP is sent to`() async throws {
        let bench = try await SecureBench("  redirect: [127.0.0.1:0]\n")
        let line = try await bench.server.program.line(containing: "redirecting")
        let port = line.split(separator: "http://127.0.0.1:").last?.prefix { $0.isNumber } ?? ""
        let result = try await bench.curl("-i", "http://127.0.0.1:\(port)/v2/a/b?c=%20d")
        #expect(result.output.contains("308 Permanent Redirect"))
        #expect(result.output.contains("Location: \(bench.url)/v2/a/b?c=%20d\r\n"))
        #expect(await bench.server.stop() == 0)
    }

    @Test(arguments: ["missing.pem", "key as chain"])
    func `is refused at the start with a certificate that cannot be used`(_ kind: String) async throws {
        let authority = try await CertificateAuthority()
        let files = try await authority.issue("DNS:localhost", file: "one")
        let folder = TemporaryFolder()
        let chain = kind == "missing.pem" ? "\(folder.path)/missing.pem" : files.key
        let text = "data: \(folder.path)/data\ntls: {certificates: [{chain: \(chain), key: \(files.key)}]}\n"
        let result = try await WaybillProgram.run("serve", "--config", folder.write(Array(text.utf8), to: "w.yaml"))
        #expect(result.status != 0 && result.errors.contains(chain))
        #expect(!result.errors.contains("PRIVATE KEY"))
    }
}

@Suite(.enabled(if: Client.curl, "curl and openssl are needed"), .timeLimit(.minutes(3)))
struct `A client certificate` {
    @Test func `says who somebody is, in rules and in records`() async throws {
        let clients = try await CertificateAuthority()
        let bench = try await SecureBench(
            """
            access:
              - {match: "**", who: ["certificate:spiffe://example.com/ci"], allow: [pull, push, provenance_read]}
              - {match: "**", who: ["certificate:reader.example"], allow: [pull]}
            """, clients: clients)
        let files = try await clients.issue("DNS:ignored.example,URI:spiffe://example.com/ci", file: "ci")
        let reader = try await clients.issue("DNS:reader.example", file: "reader")
        let blob = "\(bench.url)/v2/app/blobs/uploads/"
        let code = ["-o", "/dev/null", "-w", "%{http_code}"]
        func post(_ arguments: String...) async throws -> String {
            try await Program.run(
                Program.find("curl") ?? "curl",
                ["-s", "--cacert", bench.authority.root, "-X", "POST"] + code + arguments + [blob]
            ).output
        }
        #expect(try await post() == "401")
        #expect(try await post("--cert", files.chain, "--key", files.key) == "202")
        #expect(try await post("--cert", reader.chain, "--key", reader.key) == "403")
        #expect(
            try await post("--cert", files.chain, "--key", files.key, "-u", "alice:x") == "401",
            "credentials come first")
        let manifest = #"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"#
        let pushed = try await bench.curl(
            "--cert", files.chain, "--key", files.key, "-X", "PUT", "-H",
            "Content-Type: application/vnd.oci.image.index.v1+json", "-d", manifest, "-w", "%{http_code}",
            "\(bench.url)/v2/app/manifests/v1")
        #expect(pushed.output == "201")
        let trace = try await bench.curl(
            "--cert", files.chain, "--key", files.key,
            "\(bench.url)/provenance/\(Digest(.sha256, of: Array(manifest.utf8)))")
        let record = try JSONValue(parsing: Array(trace.output.utf8))["records"]?.array?.first
        #expect(record?["actor"]?["principal"] == "certificate:spiffe://example.com/ci")
        #expect(await bench.server.stop() == 0)
    }

    @Test func `of a stranger or one that has expired ends the handshake, and so does none where one is required`()
        async throws
    {
        let clients = try await CertificateAuthority()
        let bench = try await SecureBench("  require_client_certificate: true\n", clients: clients)
        let files = try await clients.issue("DNS:ci.example", file: "ci")
        let stranger = try await CertificateAuthority().issue("DNS:ci.example", file: "ci")
        let old = try await clients.issueExpired("DNS:ci.example", file: "old")
        #expect(try await bench.curl("\(bench.url)/healthz").status != 0)
        #expect(
            try await bench.curl("--cert", stranger.chain, "--key", stranger.key, "\(bench.url)/healthz").status != 0)
        #expect(
            try await bench.curl("--cert", files.chain, "--key", files.key, "\(bench.url)/healthz").output == "ok\n")
        // There is nothing to resume: no ticket, and in version 1.2 no name of a session either.
        for version in ["-tls1_2", "-tls1_3"] {
            let answer = try await bench.openssl(version, "-cert", files.chain, "-key", files.key, "-reconnect")
            #expect(answer.contains("New, TLSv1") && !answer.contains("Reused, TLSv1"))
            #expect(!answer.contains("lifetime hint"))
        }
        #expect(try await bench.curl("--cert", old.chain, "--key", old.key, "\(bench.url)/healthz").status != 0)
        #expect(await bench.server.stop() == 0)
    }
}

@Suite(.enabled(if: Client.curl && Client.skopeo, "skopeo, curl and openssl are needed"), .timeLimit(.minutes(3)))
struct `Logging in over TLS` {
    @Test func `works with skopeo, which then pushes and pulls`() async throws {
        let hash = try #require(
            try await Program.run(
                "/bin/sh", ["-c", "echo secret | \"$0\" hash-password alice", WaybillProgram.path]
            ).output.split(separator: "\n").first)
        let passwords = TemporaryFolder()
        let file = passwords.write(Array("\(hash)\n".utf8), to: "htpasswd")
        let bench = try await SecureBench("auth: {password_file: \(file)}\n")
        let certificates = TemporaryFolder()
        mkdir("\(certificates.path)/d", 0o700)
        symlink(bench.authority.root, "\(certificates.path)/d/ca.crt")
        func skopeo(_ arguments: String...) async throws -> Program.Result {
            try await Program.run(
                Program.find("skopeo") ?? "skopeo", arguments,
                environment: ["REGISTRY_AUTH_FILE": "\(bench.folder.path)/auth.json"])
        }
        bench.folder.write(Array("{}".utf8), to: "auth.json")
        let folder = ["--cert-dir", "\(certificates.path)/d"]
        let wrong = try await skopeo("login", folder[0], folder[1], "-u", "alice", "-p", "wrong", bench.server.address)
        #expect(wrong.status != 0)
        let image = SampleImage("hello")
        let layout = Layout([image], in: "\(bench.folder.path)/in")
        let target = "docker://\(bench.server.address)/app:v1"
        func push() async throws -> Program.Result {
            try await skopeo(
                "copy", "--insecure-policy", "--dest-cert-dir", "\(certificates.path)/d", "--preserve-digests",
                "oci:\(layout.path):v1", target)
        }
        #expect(try await push().status != 0, "nobody has logged in")
        let right = try await skopeo("login", folder[0], folder[1], "-u", "alice", "-p", "secret", bench.server.address)
        #expect(right.status == 0, "\(right.text)")
        let pushed = try await push()
        #expect(pushed.status == 0, "\(pushed.text)")
        let trace = try await bench.curl("-u", "alice:secret", "\(bench.url)/provenance/\(image.digest)")
        let record = try JSONValue(parsing: Array(trace.output.utf8))["records"]?.array?.first
        #expect(record?["actor"]?["principal"] == "user:alice")
        #expect(await bench.server.stop() == 0)
    }

    @Test func `works with a robot's key, and with a token that was fetched before`() async throws {
        let folder = TemporaryFolder()
        let path = folder.write(
            Array("access: [{match: \"**\", who: [\"user:nobody\"], allow: [admin]}]\n".utf8), to: "w.yaml")
        let data = "\(folder.path)/data"
        let made = try await WaybillProgram.run(
            "robot", "create", "ci", "--scope", "team/**:pull,push", "--json", "--config", path, "--data", data)
        let secret = try #require(try JSONValue(parsing: Array(made.output.utf8))["secret"]?.string)
        let server = try await WaybillServer(data: data, ["--config", path])
        func skopeo(_ arguments: String...) async throws -> Program.Result {
            try await Program.run(
                Program.find("skopeo") ?? "skopeo", arguments,
                environment: ["REGISTRY_AUTH_FILE": "\(folder.path)/auth.json"])
        }
        folder.write(Array("{}".utf8), to: "auth.json")
        let layout = Layout([SampleImage("hello")], in: "\(folder.path)/in")
        func push(_ repository: String, _ options: [String] = []) async throws -> Program.Result {
            try await Program.run(
                Program.find("skopeo") ?? "skopeo",
                ["copy", "--insecure-policy", "--dest-tls-verify=false", "--preserve-digests"] + options
                    + ["oci:\(layout.path):v1", "docker://\(server.address)/\(repository):v1"],
                environment: ["REGISTRY_AUTH_FILE": "\(folder.path)/auth.json"])
        }
        let basic = "Basic " + Base64.encode(Array("ci:\(secret)".utf8))
        let answer = try server.request(
            "GET", "/token?scope=repository:team/app:pull,push", [("Authorization", basic)])
        let token = try #require(try JSONValue(parsing: answer.body)["token"]?.string)
        let first = try await push("team/app", ["--dest-registry-token", token])
        #expect(first.status == 0, "\(first.text)")
        #expect(try await push("team/other", ["--dest-registry-token", token]).status != 0, "it is for team/app only")
        #expect(try await push("team/other").status != 0, "nobody has logged in")
        let login = try await skopeo("login", "--tls-verify=false", "-u", "ci", "-p", secret, server.address)
        #expect(login.status == 0, "\(login.text)")
        #expect(try await push("team/other").status == 0)
        #expect(try await push("elsewhere/app").status != 0)
        #expect(await server.stop() == 0)
    }

    @Test func `goes on with a new key for tokens`() async throws {
        let folder = TemporaryFolder()
        let hash = try await Program.run(
            "/bin/sh", ["-c", "echo secret | \"$0\" hash-password alice", WaybillProgram.path]
        ).output
        let file = folder.write(Array(hash.utf8), to: "htpasswd")
        let path = folder.write(Array("auth: {password_file: \(file)}\n".utf8), to: "w.yaml")
        let server = try await WaybillServer(data: "\(folder.path)/data", ["--config", path])
        let basic = ("Authorization", "Basic " + Base64.encode(Array("alice:secret".utf8)))
        func token() throws -> String {
            let answer = try JSONValue(parsing: try server.request("GET", "/token", [basic]).body)
            return try #require(answer["token"]?.string)
        }
        func status(_ token: String) throws -> Int {
            try server.request("GET", "/v2/", [("Authorization", "Bearer \(token)")]).status
        }
        let first = try token()
        let rotate = ["rotate-token-key", "--config", path, "--data", "\(folder.path)/data"]
        #expect(try await Program.run(WaybillProgram.path, rotate).status == 0)
        _ = try await server.program.line(containing: "what=keys of tokens")
        let second = try token()
        #expect(try status(first) == 200 && status(second) == 200)
        #expect(try await Program.run(WaybillProgram.path, rotate + ["--now"]).status == 0)
        let isForgotten = await eventually { (try? status(second)) == 401 }
        #expect(isForgotten)
        #expect(try status(token()) == 200)
        #expect(await server.stop() == 0)
    }

    @Test func `is refused at the start with a hash that is guessed fast`() async throws {
        let folder = TemporaryFolder()
        let file = folder.write(Array("alice:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n".utf8), to: "htpasswd")
        let text = "data: \(folder.path)/data\nauth: {password_file: \(file)}\n"
        let result = try await WaybillProgram.run("serve", "--config", folder.write(Array(text.utf8), to: "w.yaml"))
        #expect(result.status == 3)
        let checked = try await WaybillProgram.run("check-config", "--config", "\(folder.path)/w.yaml")
        #expect(checked.status == 1 && checked.errors.contains("line 1: the hash is not bcrypt"))
        #expect(result.errors.contains("line 1: the hash is not bcrypt") && !result.errors.contains("W6ph5Mm5"))
    }
}
