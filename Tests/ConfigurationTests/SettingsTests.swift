import Configuration
import Testing

@Suite struct `Loaded settings` {
    @Test(arguments: ["", "\n", "# nothing\n", "---\n", "{}", "limits:\nlog: ~\n"])
    func `of an empty file are the defaults`(_ yaml: String) throws {
        #expect(try settings(yaml) == Settings())
    }

    @Test func `of JSON are read as YAML`() throws {
        #expect(try settings(#"{"limits": {"fields": 20, "head": "64KiB"}, "data": "x"}"#).limits.head == 65536)
    }

    @Test(arguments: [
        ("16777216", 16_777_216), ("16MiB", 16 << 20), ("4194304", 4 << 20), ("65536KiB", 64 << 20),
        ("10MB", 10_000_000), ("\"8MiB\"", 8 << 20),
    ])
    func `have sizes with and without unit`(_ text: String, _ bytes: Int) throws {
        #expect(try settings("limits: {manifest: \(text)}").limits.manifest == bytes)
    }

    @Test(arguments: [("1500ms", 1500), ("10s", 10_000), ("5m", 300_000), ("\"60s\"", 60_000)])
    func `have durations with a unit`(_ text: String, _ milliseconds: Int) throws {
        #expect(try settings("timeouts: {head: \(text)}").timeouts.head == .milliseconds(milliseconds))
    }

    @Test func `of the first rule that matches hold for a repository`() throws {
        let yaml = """
            repositories:
              - {match: "team/*", allow_sparse: true}
              - {match: "team/**", foreign_layers: require_blob}
            """
        let settings = try settings(yaml)
        #expect(settings.rule(for: "team/a").allowSparse)
        #expect(settings.rule(for: "team/a").foreignLayers == .allow)
        #expect(settings.rule(for: "team/a/b").foreignLayers == .requireBlob)
        #expect(settings.rule(for: "other") == RepositoryRule())
    }

    @Test(arguments: [
        ("[{match: a}, {match: b}, {match: a}]", "1:40: repositories[2].match can never be reached"),
        ("[{allow_sparse: true}]", "1:16: repositories[0] names no repositories"),
        ("[{match: a, allow_sparse: 1}]", "1:41: repositories[0].allow_sparse is not true or false"),
        ("[{match: a, foreign_layers: deny}]", "1:43: repositories[0].foreign_layers is not one of the choices"),
        ("[{match: a, foreign_urls: [ftp://b.example/]}]", "1:42: repositories[0].foreign_urls is not a URL"),
        ("[{match: a, foreign_urls: [https://b.example]}]", "1:42: repositories[0].foreign_urls is not a URL"),
        ("[team]", "1:16: repositories[0] is not a rule"),
        ("{match: a}", "1:15: repositories is not a list of rules"),
        ("[{match: a//b}]", "1:24: repositories[0].match has an empty component"),
        ("[{match: \"\"}]", "1:24: repositories[0].match is empty"),
        ("[{match: a***}]", "1:24: repositories[0].match has more than two * in a row"),
        ("[{match: 5}]", "1:24: repositories[0].match needs quotes to be a text"),
    ])
    func `refuse a rule that cannot be meant`(_ list: String, _ expected: String) throws {
        let found = problems("repositories: \(list)\n")
        #expect(found.count == 1)
        #expect(try #require(found.first).hasPrefix("waybill.yaml:\(expected)"))
    }

    @Test func `say how much repositories may hold together`() throws {
        let settings = try settings("quotas: [{match: \"team/**\", bytes: 10GiB}, {bytes: 1, match: a}]")
        #expect(settings.quotas.map { "\($0.match)" } == ["team/**", "a"])
        #expect(settings.quotas.map(\.bytes) == [10 << 30, 1])
    }

    @Test(arguments: [
        ("[{match: a}]", "1:10: quotas[0] says no size"), ("[{bytes: 1}]", "1:10: quotas[0] names no repositories"),
        ("[{match: a, bytes: 0}]", "1:28: quotas[0].bytes is out of range"),
        ("[{match: a, bytes: 1}, {match: a, bytes: 2}]", "1:32: quotas[1].match has an earlier quota already"),
        ("[{match: a, bytes: -1}]", "1:28: quotas[0].bytes is not a size"),
    ])
    func `refuse a quota that cannot be meant`(_ list: String, _ expected: String) throws {
        let found = problems("quotas: \(list)\n")
        #expect(found.count == 1)
        #expect(try #require(found.first).hasPrefix("waybill.yaml:\(expected)"), "\(found)")
    }
}

@Suite struct `Anonymous access` {
    @Test(arguments: ["127.0.0.1:5000", "127.9.9.9:1", "[::1]:5000", "localhost:0", "[::ffff:127.0.0.1]:1"])
    func `may be served on a loopback address`(_ address: String) throws {
        #expect(try settings(flags: Flags(listen: [address])).anonymousExposure() == nil)
    }

    @Test(arguments: [":5000", "0.0.0.0:5000", "[::]:5000", "10.0.0.1:5000", "registry.example:5000", "127.example:1"])
    func `is refused elsewhere, unless it is asked for`(_ address: String) throws {
        let sentence = try settings(flags: Flags(listen: ["127.0.0.1:1", address])).anonymousExposure()
        #expect(try #require(sentence).hasPrefix("anyone who can reach \(address) could push and pull: "))
        let asked = Flags(listen: [address], insecureAllowAnonymous: true)
        #expect(try settings(flags: asked).anonymousExposure() == nil)
    }
}
