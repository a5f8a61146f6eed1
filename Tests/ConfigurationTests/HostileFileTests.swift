import Configuration
import Glibc
import Testing

@Suite struct `A configuration file that is not one` {
    @Test func `is refused for anchors, wherever they are`() {
        let sentence = "has an anchor (given &; accepted: every value written out where it is used)"
        #expect(problems("listen: &a x:1\ndata: *a\n") == ["waybill.yaml:1:9: \(sentence)"])
        #expect(problems("listen: [&a \"x:1\"]\n") == ["waybill.yaml:1:10: \(sentence)"])
        #expect(problems("limits: &l\n  head: 8KiB\n") == ["waybill.yaml:1:9: \(sentence)"])
        #expect(problems("&k data: a\n").count == 1)
    }

    @Test func `is not taken for one with anchors because of its comments and patterns`() throws {
        let yaml = "# this & that, *all* of it\nrepositories: [{match: \"team/*\"}]\ndata: \"R & D\"\n"
        #expect(try settings(yaml).data == "R & D")
    }

    @Test(.timeLimit(.minutes(20)), arguments: ["value", "? key\n:"])
    func `cannot make small text into much work`(_ place: String) {
        let levels = (1...12).map { level in
            "a\(level): &a\(level) [\(Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ","))]\n"
        }
        let bomb = "a0: &a0 x\n" + levels.joined()
        let use = place == "value" ? "value: *a12\n" : "? *a12\n: 1\n? *a11\n: 2\n"
        #expect(problems(bomb + use).count == 13)
    }

    @Test func `is refused for an alias to nothing, with advice for patterns`() {
        #expect(
            problems("data: *a\n") == [
                "waybill.yaml:1:7: is not valid YAML: found undefined alias "
                    + "(aliases are not accepted; a pattern such as \"*\" needs quotes)"
            ])
        #expect(problems("repositories:\n  - match: */x\n").joined().contains("needs quotes"))
    }

    @Test(
        .timeLimit(.minutes(20)),
        arguments: ["[", "{a: ", "- ", "? ", "[{a: "])
    func `is refused for deep nesting without a crash`(_ level: String) {
        for count in [20, 500, 20_000] {
            #expect(!problems("data: x\nlimits:\n  \(String(repeating: level, count: count))\n").isEmpty)
        }
    }

    @Test func `is refused for nesting that is closed again`() {
        let yaml = "a: " + String(repeating: "[", count: 20) + String(repeating: "]", count: 20)
        #expect(
            problems(yaml) == [
                "waybill.yaml:1:1: a is not a setting (accepted: listen, data, insecure_allow_anonymous, sandbox, log, "
                    + "threads, limits, timeouts, uploads, storage, gc, scrub, ledger, tls, auth, access, builders, repositories, quotas)",
                "waybill.yaml:1:19: is nested too deep (accepted: 16 levels of lists and sections)",
            ])
    }

    @Test func `is refused for a second document`() {
        let found = problems("data: x\n---\ndata: y\n")
        #expect(found.count == 1)
        #expect(found[0].hasPrefix("waybill.yaml:2:1: is not valid YAML: expected a single document"))
    }

    @Test func `is refused for tags`() {
        #expect(
            problems("limits:\n  fields: !!int \"20\"\ndata: !x y\n") == [
                "waybill.yaml:2:11: has a tag (given \"tag:yaml.org,2002:int\"; accepted: values without tags)",
                "waybill.yaml:3:7: has a tag (given \"!x\"; accepted: values without tags)",
            ])
    }

    @Test func `is refused for keys that are not names`() {
        #expect(problems("? [a]\n: 1\n") == ["waybill.yaml:1:3: has a key that is not a name"])
        #expect(problems("<<: {data: x}\n").joined().contains("<< is not a setting"))
    }

    @Test func `is refused where its YAML ends to make sense`() {
        for (yaml, place) in [
            ("log:\n  level: info\n format: text\n", "3:2"), ("data: \"x\n", "2:1"), ("\tdata: x\n", "1:1"),
        ] {
            #expect(problems(yaml).first?.hasPrefix("waybill.yaml:\(place): is not valid YAML: ") == true)
        }
    }

    @Test(
        arguments: [
            ([0x64, 0x3A, 0x20, 0xFF], "1:4"),
            ([0x0A, 0xC3, 0xA9, 0xC3], "2:2"),
            ([0xFF, 0xFE, 0x61, 0x00], "1:1"),
            ([0x0A, 0x0A, 0xED, 0xA0, 0x80], "3:1"),
            ([0xC0, 0x80], "1:1"),
        ] as [([UInt8], String)])
    func `is refused at the first byte that is not UTF-8`(_ bytes: [UInt8], _ place: String) {
        #expect(problems(bytes: bytes) == ["waybill.yaml:\(place): is not UTF-8"])
    }

    @Test func `is refused for control characters`() {
        #expect(
            problems("data: x\nlog: \0\n") == [
                "waybill.yaml:2:6: has a control character, which YAML does not accept"
            ])
    }

    @Test func `counts lines as editors do`() {
        #expect(problems("data: x\r\n# é\r\n\r\nlog: {level: é}\r\n")[0].hasPrefix("waybill.yaml:4:14: log.level"))
        #expect(problems("\u{FEFF}dat: x\n")[0].hasPrefix("waybill.yaml:1:1: dat is"))
    }

    @Test(.timeLimit(.minutes(20))) func `of random bytes never traps`() {
        var generator = SystemRandomNumberGenerator()
        let alphabet = Array("listen: data limits\n  head[]{},&*!|>'\"%@`#?-:~\t0é\u{85}\r".utf8) + [0, 0xFF]
        for _ in 0..<2000 {
            let count = Int.random(in: 0..<120, using: &generator)
            _ = problems(bytes: (0..<count).map { _ in alphabet.randomElement(using: &generator) ?? 0 })
        }
    }
}

@Suite struct `Reading a configuration file` {
    @Test func `loads what the file says`() throws {
        try withFile(Array("data: /srv\n".utf8)) { path in
            let settings = try SettingsLoader.load(file: path, environment: [:], flags: Flags()).get()
            #expect(settings.data == "/srv")
            #expect(settings.origins.places["data"] == .file(path, Position(line: 1, column: 1)))
        }
    }

    @Test func `accepts one mebibyte and not one byte more`() throws {
        let spaces = [UInt8](repeating: UInt8(ascii: "\n"), count: 1 << 20)
        try withFile(spaces) { path in
            #expect(SettingsLoader.load(file: path, environment: [:], flags: Flags()) == .success(Settings()))
        }
        try withFile(spaces + [0x0A]) { path in
            let result = SettingsLoader.load(file: path, environment: [:], flags: Flags())
            #expect(throws: SettingsErrors.self) { try result.get() }
            guard case .failure(let errors) = result else { return }
            #expect(errors.description == "\(path): is larger than 1MiB")
        }
    }

    @Test func `says why it cannot, and what else is wrong`() throws {
        let result = SettingsLoader.load(
            file: "/nowhere/waybill.yaml", environment: ["WAYBILL_LOG_LEVEL": "loud"], flags: Flags())
        guard case .failure(let errors) = result else { return #expect(Bool(false), "it loaded") }
        #expect(errors.problems.count == 2)
        #expect(errors.problems[0].description == "/nowhere/waybill.yaml: cannot be read: No such file or directory")
        #expect(SettingsLoader.load(file: "/", environment: [:], flags: Flags()) != .success(Settings()))
    }

    private func withFile(_ bytes: [UInt8], _ body: (String) throws -> Void) throws {
        var template = Array("/tmp/waybill-configuration-XXXXXX".utf8CString)
        let file = mkstemp(&template)
        try #require(file >= 0)
        let path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        defer { unlink(path) }
        #expect(write(file, bytes, bytes.count) == bytes.count)
        close(file)
        try body(path)
    }
}
