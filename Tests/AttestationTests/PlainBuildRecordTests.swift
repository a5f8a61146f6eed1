import Attestation
import OCI
import Testing

@Suite struct `A plain build record` {
    @Test func `says everything that a job knows`() throws {
        let record = try record(full)
        #expect(record.subjects.flatMap(\.digests.digests) == [try digest("sha256:\(hex("a"))")])
        #expect(record.builder == "https://ci.example.com/runners/hosted@v1")
        #expect(record.startedOn?.description == "2026-01-01T00:00:00Z")
        #expect(record.finishedOn?.description == "2026-01-01T00:02:11.5Z")
        #expect(record.revision?.description == "gitCommit:\(hex("7", 40))")
        #expect(record.revision?.evidence == .stated)
        #expect(record.source == "git+https://git.example.com/team/app@refs/heads/main")
        #expect(record.labels == ["org.opencontainers.image.version": "1.4.2"])
        #expect(record.config?.digests == [try digest("sha256:\(hex("b"))")])
        #expect(record.lockfile?.digests == [try digest("sha512:\(hex("c", 128))")])
        #expect(record.environment == ["os": "debian 12"])
        #expect(record.invocationURL == "https://ci.example.com/team/app/runs/8841")
        #expect(record.remarks.isEmpty)
    }

    @Test func `is shown as it was read`() throws {
        #expect(try text(record(full).json) == full)
        #expect(try text(record(subject()).json) == subject())
    }

    @Test func `needs nothing but subjects, and takes null and empty for absent`() throws {
        let record = try record(subject(#","builder":"","startedOn":null,"revision":null,"labels":{}"#))
        #expect(record.builder == nil)
        #expect(record.revision == nil)
    }

    @Test(arguments: ["{}", #"{"subjects":null}"#, #"{"subjects":[]}"#])
    func `is refused without subjects`(_ text: String) {
        #expect(throws: AttestationError.missing(path: "subjects")) { try record(text) }
    }

    @Test(arguments: [
        ("2026-01-01T12:10:01Z", "startedOn"), ("9999-01-01T00:00:00Z", "startedOn"),
        ("0001-01-01T00:00:00Z", "startedOn"),
        ("1970-01-01T00:00:00Z", "startedOn"), ("yesterday", "startedOn"), ("2026-02-30T00:00:00Z", "startedOn"),
    ])
    func `is refused when its time is absurd`(_ time: String, _ member: String) throws {
        let error = try #require(throws: AttestationError.self) {
            try record(subject(#","\#(member)":"\#(time)""#))
        }
        #expect("\(error)".hasPrefix(member))
    }

    @Test func `is refused when it was complete before it began`() {
        let times = #","startedOn":"2026-01-01T00:00:01Z","finishedOn":"2026-01-01T00:00:00Z""#
        #expect(throws: AttestationError.invalid(path: "finishedOn", reason: "is before startedOn")) {
            try record(subject(times))
        }
    }

    @Test func `may have labels up to a limit`() throws {
        let value = String(repeating: "x", count: BuildRecord.Limits.labels - 1)
        #expect(try record(subject(#","labels":{"k":"\#(value)"}"#)).labels.count == 1)
        #expect(throws: AttestationError.self) { try record(subject(#","labels":{"k":"\#(value)x"}"#)) }
        let many = (0..<9_000).map { #""key\#($0)":"v""# }.joined(separator: ",")
        #expect(throws: AttestationError.self) { try record(subject(#","environment":{\#(many)}"#)) }
    }

    @Test(arguments: [
        #","finishOn":"2026-01-01T00:00:00Z""#, #","Builder":"x""#, #","builder":1"#, #","builder":"a","builder":"b""#,
        #","labels":{"a":1}"#, #","labels":[]"#, #","labels":{"a":null}"#, #","revision":"abc""#,
        #","revision":{"gitCommit":"abc"}"#, #","revision":{"sha1":"\#(hex("a", 40))"}"#,
        #","revision":{"gitCommit":"\#(hex("a", 40))","sha1":"\#(hex("a", 40))"}"#, #","config":{}"#,
        #","config":{"sha256":"x"}"#, #","lockfile":"sha256:\#(hex("a"))""#, #","invocation":"javascript:alert(1)""#,
        #","invocation":"run 8841""#, #","invocation":"https://a b""#, #","invocation":"https://é.example""#,
        #","builder":"\#(hex("x", 4097))""#, #","source":{}"#, #","environment":"x""#, #","\u0000":1"#,
    ])
    func `is refused when its author made a mistake`(_ members: String) throws {
        let error = try #require(throws: AttestationError.self) { try record(subject(members)) }
        #expect(isPresentable("\(error)"))
    }

    @Test(arguments: [#"["sha256:x"]"#, "[1]", #"{"sha256":"x"}"#, #"["\#(hex("a"))"]"#, #"["sha256:\#(hex("A"))"]"#])
    func `is refused when a subject is no digest`(_ subjects: String) {
        #expect(throws: AttestationError.self) { try record(#"{"subjects":\#(subjects)}"#) }
    }

    @Test func `keeps no credentials`() throws {
        let members =
            #","source":"https://bot:secret@git.example.com/a","invocation":"https://token@ci.example.com/1""#
        let record = try record(subject(members))
        #expect(record.source == "https://git.example.com/a")
        #expect(record.invocation == "https://ci.example.com/1")
    }

    private func record(_ text: String) throws -> BuildRecord {
        try BuildRecord(parsingPlain: bytes(text), now: now)
    }

    private func subject(_ members: String = "") -> String {
        #"{"subjects":["sha256:\#(hex("a"))"]\#(members)}"#
    }

    private var full: String {
        #"{"subjects":["sha256:\#(hex("a"))"],"builder":"https://ci.example.com/runners/hosted@v1","#
            + #""startedOn":"2026-01-01T00:00:00Z","finishedOn":"2026-01-01T00:02:11.5Z","#
            + #""revision":{"gitCommit":"\#(hex("7", 40))"},"#
            + #""source":"git+https://git.example.com/team/app@refs/heads/main","#
            + #""labels":{"org.opencontainers.image.version":"1.4.2"},"config":{"sha256":"\#(hex("b"))"},"#
            + #""lockfile":{"sha512":"\#(hex("c", 128))"},"environment":{"os":"debian 12"},"#
            + #""invocation":"https://ci.example.com/team/app/runs/8841"}"#
    }
}
