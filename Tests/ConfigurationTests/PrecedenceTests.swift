import Configuration
import OCI
import Testing

@Suite struct `Of several values for one key` {
    @Test func `the option beats the variable, which beats the file, which beats the default`() throws {
        let file = "data: file\nlisten: a:1\nlimits: {fields: 20}\n"
        let environment = ["WAYBILL_DATA": "variable", "WAYBILL_LISTEN": "b:1, [::1]:2", "HOME": "/"]
        #expect(try settings().data == "./data")
        #expect(try settings(file).data == "file")
        #expect(try settings(file, environment: environment).data == "variable")
        let all = try settings(file, environment: environment, flags: Flags(listen: ["c:1", "c:2"], data: "option"))
        #expect(all.data == "option")
        #expect(all.listen.map(\.description) == ["c:1", "c:2"])
        #expect(all.limits.fields == 20)
        #expect(try settings(file, environment: environment).listen.map(\.description) == ["b:1", "[::1]:2"])
    }

    @Test func `the option can say no`() throws {
        let yaml = "insecure_allow_anonymous: true\n"
        #expect(try settings(yaml).insecureAllowAnonymous)
        #expect(try !settings(yaml, flags: Flags(insecureAllowAnonymous: false)).insecureAllowAnonymous)
    }

    @Test func `a wrong one is refused although another wins`() {
        #expect(problems("data: 5\n", flags: Flags(data: "x")).count == 1)
    }

    @Test func `check-config shows which one won`() throws {
        let rendered = try settings(
            "\ndata: file\ntimeouts:\n  head: 5s\n", environment: ["WAYBILL_LIMITS_MANIFEST": "8388608"],
            flags: Flags(listen: [":5000"], insecureAllowAnonymous: true)
        ).rendered()
        #expect(rendered.contains("listen: [\":5000\"]  # --listen\n"))
        #expect(rendered.contains("\ndata: \"file\"  # waybill.yaml:2\n"))
        #expect(rendered.contains("\ninsecure_allow_anonymous: true  # --insecure-allow-anonymous\n"))
        #expect(rendered.contains("\n  manifest: 8MiB  # WAYBILL_LIMITS_MANIFEST\n"))
        #expect(rendered.contains("\ntimeouts:\n  head: 5s  # waybill.yaml:4\n  idle: 1m  # default\n"))
    }

    @Test func `what check-config shows gives the same settings again`() throws {
        let original = try settings(
            """
            listen: [":5000", "[::1]:0"]
            data: "a \\"b\\" \\\\ #: c"
            log: {level: trace, format: json}
            limits: {blob: 10GB, page: 1}
            timeouts: {drain: 0s, head: 1500ms}
            repositories:
              - {match: "team/*", allow_sparse: true, foreign_layers: require_blob, foreign_urls: [https://a.example/]}
              - match: "**"
            """)
        #expect(original != Settings())
        #expect(try settings(original.rendered()) == original)
        #expect(try settings(Settings().rendered()) == Settings())
    }
}

@Suite struct `A variable that begins with WAYBILL_` {
    @Test(arguments: Settings.keys.map(\.variable))
    func `sets its key`(_ variable: String) throws {
        let key = try #require(Settings.keys.first { $0.variable == variable })
        let value = key.encode(Settings()).filter { !"\"".contains($0) }
        // A list in a variable has no brackets.
        let lists = [
            "listen": "127.0.0.1:5000", "ledger.witnesses": "", "tls.redirect": "",
            "tls.client_identity": "uri,dns,common_name",
        ]
        let text = lists[key.path] ?? value
        let loaded = try settings(environment: [variable: text])
        #expect(loaded == Settings())
        #expect(loaded.origins.places == [key.path: .environment(variable)])
    }

    @Test func `has the path of its key in upper case`() {
        let variables = Settings.keys.map(\.variable)
        #expect(variables.contains("WAYBILL_LIMITS_REQUEST_LINE"))
        #expect(Set(variables).count == variables.count)
    }

    @Test func `can hold rules in JSON`() throws {
        let json = #"[{"match": "a/**", "allow_sparse": true}]"#
        let loaded = try settings(environment: ["WAYBILL_REPOSITORIES": json])
        #expect(loaded.repositories == [RepositoryRule(match: try Glob(parsing: "a/**"), allowSparse: true)])
        #expect(
            problems("", environment: ["WAYBILL_REPOSITORIES": "[{match: A}]"]) == [
                "environment WAYBILL_REPOSITORIES: repositories[0].match has \"A\", which no repository name has "
                    + "(given \"A\"; accepted: a pattern of repository names such as \"team/*\" or \"team/**\")"
            ])
        #expect(problems("", environment: ["WAYBILL_REPOSITORIES": "[{"]).count == 1)
    }

    @Test(arguments: ["", " ", ",", "a:1,", "  ,  "])
    func `with an empty item is refused`(_ value: String) {
        #expect(!problems("", environment: ["WAYBILL_LISTEN": value]).isEmpty)
    }

    @Test func `is refused when no key has it`() {
        #expect(
            problems("", environment: ["WAYBILL_LIMIT_MANIFEST": "1", "WAYBILL_COLOUR": "red", "WAYBILL_": ""]) == [
                "environment WAYBILL_: is not a setting "
                    + "(accepted: WAYBILL_ and the path of a key, such as WAYBILL_LIMITS_MANIFEST)",
                "environment WAYBILL_COLOUR: is not a setting "
                    + "(accepted: WAYBILL_ and the path of a key, such as WAYBILL_LIMITS_MANIFEST)",
                "environment WAYBILL_LIMIT_MANIFEST: is not a setting; did you mean WAYBILL_LIMITS_MANIFEST?",
            ])
        #expect(!problems("", environment: ["WAYBILL_DB_PASSWORD": "hunter2"]).joined().contains("hunter2"))
    }

    @Test func `is left alone when Kubernetes or Docker made it`() throws {
        let links = [
            "WAYBILL_SERVICE_HOST": "10.0.0.1", "WAYBILL_SERVICE_PORT": "5000", "WAYBILL_SERVICE_PORT_HTTP": "5000",
            "WAYBILL_PORT": "tcp://10.0.0.1:5000", "WAYBILL_PORT_5000_TCP": "tcp://10.0.0.1:5000",
            "WAYBILL_PORT_5000_TCP_ADDR": "10.0.0.1", "WAYBILL_LEDGER_SERVICE_HOST": "10.0.0.2",
        ]
        #expect(try settings(environment: links) == Settings())
        #expect(problems("", environment: ["WAYBILL_PORT": "5000"]).count == 1)
        #expect(problems("", environment: ["WAYBILL_LISTEN_PORT": "5000"]).count == 1)
    }
}
