import Configuration
import Testing

@Suite struct `A wrong configuration file` {
    @Test func `names a value of the wrong type by line and column`() {
        #expect(
            problems("limits:\n  head: [1]\n") == [
                "waybill.yaml:2:9: limits.head is not a size (given a list; "
                    + "accepted: a size from 4KiB to 1MiB, in bytes or with a unit such as KiB or MB)"
            ])
    }

    @Test(arguments: [
        ("limits:\n  fields: \"20\"\n", "2:11: limits.fields must stand without quotes"),
        ("limits:\n  fields: many\n", "2:11: limits.fields is not a whole number"),
        ("limits:\n  fields: 1.5\n", "2:11: limits.fields is not a whole number"),
        ("limits:\n  fields:\n", "2:10: limits.fields is not a whole number"),
        ("limits:\n  fields: {a: 1}\n", "2:11: limits.fields is not a whole number"),
        ("limits:\n  manifest: 4 MiB\n", "2:13: limits.manifest is not a size"),
        ("limits:\n  manifest: 4mib\n", "2:13: limits.manifest is not a size"),
        ("timeouts:\n  head: 10\n", "2:9: timeouts.head is not a duration"),
        ("insecure_allow_anonymous: yes\n", "1:27: insecure_allow_anonymous is not true or false"),
        ("insecure_allow_anonymous: \"true\"\n", "1:27: insecure_allow_anonymous must stand without quotes"),
        ("log: {level: loud}\n", "1:14: log.level is not one of the choices"),
        ("data: 5\n", "1:7: data needs quotes to be a text"),
        ("data: no\n", "1:7: data needs quotes to be a text"),
        ("data: \"\"\n", "1:7: data is not a path"),
        ("data: ~\n", "1:7: data is not a path"),
        ("data: \"a\\nb\"\n", "1:7: data is not a path"),
        ("limits: 5\n", "1:9: limits is a section"),
        ("limits: []\n", "1:9: limits is a section"),
        ("- a\n", "1:1: is not a configuration"),
        ("text\n", "1:1: is not a configuration"),
    ])
    func `refuses what has another type`(_ yaml: String, _ expected: String) throws {
        let found = problems(yaml)
        #expect(found.count == 1)
        #expect(try #require(found.first).hasPrefix("waybill.yaml:\(expected) (given "))
    }

    @Test(arguments: [
        ("limits:\n  head: 4095\n", "2:9: limits.head"),
        ("limits:\n  head: 2MiB\n", "2:9: limits.head"),
        ("limits:\n  head: 99999999999999999999999\n", "2:9: limits.head"),
        ("limits:\n  head: 9999999999999TiB\n", "2:9: limits.head"),
        ("limits:\n  fields: -1\n", "2:11: limits.fields"),
        ("limits:\n  fields: 99999999999999999999999\n", "2:11: limits.fields"),
        ("threads: {loops: 65}\n", "1:18: threads.loops"),
        ("threads: {lanes: 0}\n", "1:18: threads.lanes"),
        ("timeouts: {head: 500ms}\n", "1:18: timeouts.head"),
        ("timeouts: {head: 9999999999999999h}\n", "1:18: timeouts.head"),
    ])
    func `refuses what is out of range`(_ yaml: String, _ expected: String) throws {
        let found = problems(yaml)
        #expect(found.count == 1)
        #expect(try #require(found.first).hasPrefix("waybill.yaml:\(expected) is out of range (given "))
    }

    @Test(arguments: [
        ("listen: 5000\n", "1:9: listen is an address without a port"),
        ("listen: localhost\n", "1:9: listen is an address without a port"),
        ("listen: \"[::1]\"\n", "1:9: listen is an address without a port"),
        ("listen: localhost:65536\n", "1:9: listen has a port that is not a number from 0 to 65535, \"65536\""),
        ("listen: \"localhost:\"\n", "1:9: listen has a port that is not a number from 0 to 65535, \"\""),
        ("listen: ::1:5000\n", "1:9: listen has an IPv6 address without brackets"),
        ("listen: [a:1, 300.0.0.1:5000]\n", "1:15: listen has a host that is no name and no address, \"300.0.0.1\""),
        ("listen:\n  - a_b:1\n", "2:5: listen has a host that is no name and no address, \"a_b\""),
        ("listen: [a:1, b:1, a:1]\n", "1:20: listen has the same address twice"),
        ("listen: []\n", "1:9: listen needs at least one address"),
        ("listen: [[a:1]]\n", "1:10: listen is not an address"),
    ])
    func `refuses what is no address`(_ yaml: String, _ expected: String) throws {
        let found = problems(yaml)
        #expect(found.count == 1)
        #expect(try #require(found.first).hasPrefix("waybill.yaml:\(expected) (given "))
    }

    @Test func `names a key that is given twice, however often`() {
        let yaml = "listen: a:1\nlimits: {head: 8KiB, head: 9KiB}\n\"listen\": b:1\nlisten: c:1\n"
        #expect(
            problems(yaml) == [
                "waybill.yaml:2:22: limits.head is given twice (given again, first on line 2; accepted: each key once)",
                "waybill.yaml:3:1: listen is given twice (given again, first on line 1; accepted: each key once)",
                "waybill.yaml:4:1: listen is given twice (given again, first on line 1; accepted: each key once)",
                "waybill.yaml:2:10: limits.request_line is larger than limits.head, which contains it "
                    + "(given 16KiB; accepted: up to 8KiB)",
            ])
    }

    @Test func `that gives hundreds of keys twice is refused after some of them`() {
        let yaml = (0..<2000).map { "key\($0): 1\nkey\($0): 2\n" }.joined()
        #expect(problems(yaml).count == 1)
        #expect(problems(yaml)[0].contains("is given twice"))
    }

    @Test func `is refused with all its problems at once, in reading order`() {
        let yaml = """
            listen: 5000
            limit:
              head: 1
            limits:
              head: 1
              manifest: {}
              colour: red
            log: [info]
            log: {}
            timeouts:
              head: soon
            """
        #expect(
            problems(yaml).map { $0.prefix { $0 != " " } } == [
                "waybill.yaml:1:9:", "waybill.yaml:2:1:", "waybill.yaml:5:9:", "waybill.yaml:6:13:",
                "waybill.yaml:7:3:", "waybill.yaml:8:6:", "waybill.yaml:9:1:", "waybill.yaml:11:9:",
            ])
    }

    @Test func `is refused together with the environment and the command line`() {
        let found = problems(
            "dat: x\n", environment: ["WAYBILL_LIMITS_FIELDS": "0", "WAYBILL_DAT": "x"],
            flags: Flags(listen: ["nowhere"]))
        #expect(
            found == [
                "waybill.yaml:1:1: dat is not a setting; did you mean data?",
                "environment WAYBILL_DAT: is not a setting; did you mean WAYBILL_DATA?",
                "environment WAYBILL_LIMITS_FIELDS: limits.fields is out of range "
                    + "(given \"0\"; accepted: a whole number from 16 to 1000)",
                "--listen: listen is an address without a port "
                    + "(given \"nowhere\"; accepted: host:port, \"[v6]:port\" or \":port\")",
            ])
    }

    @Test func `names values that are right alone and wrong together`() {
        #expect(
            problems("limits:\n  request_line: 6KiB\n") == [
                "waybill.yaml:2:3: limits.tags_per_push has no room in limits.request_line "
                    + "(given 46; accepted: up to 30)"
            ])
        #expect(
            problems("limits: {request_line: 8KiB}", environment: ["WAYBILL_LIMITS_TAGS_PER_PUSH": "100"]) == [
                "environment WAYBILL_LIMITS_TAGS_PER_PUSH: limits.tags_per_push has no room in limits.request_line "
                    + "(given 100; accepted: up to 46)"
            ])
    }

    @Test func `says nothing of values that follow from a refused one`() {
        #expect(problems("limits:\n  head: 8KiB\n  request_line: x\n").count == 1)
    }
}

@Suite struct `What names the log and those who vouch for it` {
    private static let witness = "w1.example+f3c080b6+BCmsuuFBvMrwsi4alNNNC8c2HlJtC/4SyJeUvJMilm3X"

    @Test func `is read`() throws {
        let loaded = try settings(
            """
            ledger:
              origin: registry.example.com
              witnesses: ["\(Self.witness) https://w1.example/"]
              quorum: 1
              timestamp_authority: https://tsa.example.com/tsr
              timestamp_interval: 1m
            builders:
              - key: ci.pub
                allow: ["https://ci.example.com/*", "urn:builder:1"]
            """)
        #expect(loaded.ledger.origin == "registry.example.com" && loaded.ledger.quorum == 1)
        #expect(loaded.ledger.witnesses == ["\(Self.witness) https://w1.example/"])
        #expect(loaded.builders.map(\.key) == ["ci.pub"] && loaded.builders.first?.allow.count == 2)
        #expect(try settings(loaded.rendered()) == loaded)
    }

    @Test(arguments: [
        "ledger: {origin: https://registry.example.com}", "ledger: {origin: \"registry.example.com:5000\"}",
        "ledger: {origin: Registry.example.com}", "ledger: {origin: -a.example}", "ledger: {origin: \"a b\"}",
        "ledger: {witnesses: [\"https://w1.example/\"]}", "ledger: {witnesses: [\"\(witness)\"]}",
        "ledger: {witnesses: [\"\(witness) ftp://w1.example/\"]}", "ledger: {quorum: 1}", "ledger: {quorum: 64}",
        "ledger: {timestamp_authority: \"https://user:pass@tsa.example/\"}", "ledger: {timestamp_interval: 1s}",
        "limits: {evidence: 1KiB}", "builders: [{key: a.pub}]", "builders: [{allow: [x]}]",
        "builders: [{key: a.pub, allow: []}]", "builders: [{key: a.pub, allow: [\"*\"]}]",
        "builders: [{key: a.pub, allow: [x]}, {key: a.pub, allow: [y]}]", "builders: [{key: a.pub, allow: [x], b: c}]",
    ])
    func `is refused when it cannot be meant`(_ yaml: String) {
        #expect(problems(yaml).count == 1)
    }
}
