import OCI
import RegistryCore
import RegistryTesting
import Testing

/// Something that must not be taken, and what the refusal must mention.
struct Refused: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let type: String
    let bytes: [UInt8]
    let fragment: String

    init(_ description: String, _ type: String, _ bytes: [UInt8], saying fragment: String = "") {
        testDescription = description
        self.type = type
        self.bytes = bytes
        self.fragment = fragment
    }

    init(_ description: String, _ type: String, _ text: String, saying fragment: String = "") {
        self.init(description, type, [UInt8](text), saying: fragment)
    }

    private static let image = [UInt8]("image").digest
    private static let provenance = Evidence.provenance(of: [image])

    static func signed(_ payload: String, type: String = Evidence.statementType) -> [UInt8] {
        (try? Signer.builder.envelope(payload, type: type)) ?? []
    }

    static var envelopes: [Refused] {
        let type = Evidence.envelopeType
        let signature = (try? Signer.builder.dsse(provenance)) ?? ""
        let changed = Evidence.provenance(of: [image], run: 666)
        let whole = String(decoding: signed(provenance), as: UTF8.self)
        return [
            Refused("nobody signed it", type, Evidence.envelope(provenance, signatures: []), saying: "no signature"),
            Refused(
                "there is no member signatures", type, #"{"payload":"e30=","payloadType":"x"}"#, saying: "signatures"),
            Refused(
                "the payload is not what was signed", type, Evidence.envelope(changed, signatures: [signature]),
                saying: "not what was signed"),
            Refused(
                "the type is not what was signed", type,
                whole.replacing("vnd.in-toto+json", with: "vnd.in-toto.x+json"), saying: "not what was signed"),
            Refused(
                "another key is named than the one that signed", type,
                Evidence.envelope(
                    provenance,
                    signatures: [(try? Signer.stranger.dsse(provenance, keyid: Signer.builder.keyid)) ?? ""])),
            Refused(
                "the payload is of another type", type, signed(provenance, type: "text/plain"), saying: "payloadType"),
            Refused("the payload is no statement", type, signed("hello"), saying: "JSON"),
            Refused("the payload is not Base64", type, whole.replacing("\"payload\":\"", with: "\"payload\":\"*")),
            Refused("the signature is not Base64", type, whole.replacing("\"sig\":\"", with: "\"sig\":\"*")),
            Refused(
                "there are more signatures than the limit", type,
                Evidence.envelope(provenance, signatures: [String](repeating: signature, count: 17)), saying: "16"),
            Refused("keys are twice in the payload", type, signed(#"{"_type":"a","_type":"b"}"#)),
            Refused(
                "the payload nests without end", type, signed(String(repeating: "[", count: 100_000)), saying: "64"),
            Refused("it is a statement", type, provenance),
        ]
    }

    static var bundles: [Refused] {
        let type = Evidence.bundleType
        let signature = (try? Signer.builder.dsse(provenance)) ?? ""
        let good = String(decoding: Evidence.bundle(signed(provenance)), as: UTF8.self)
        func bundle(_ count: Int) -> [UInt8] {
            Evidence.bundle(Evidence.envelope(provenance, signatures: [String](repeating: signature, count: count)))
        }
        return [
            Refused("no signature", type, bundle(0), saying: "exactly one"),
            Refused("two signatures", type, bundle(2), saying: "exactly one"),
            Refused("no envelope", type, good.replacing("dsseEnvelope", with: "envelope"), saying: "dsseEnvelope"),
            Refused("no material", type, good.replacing("publicKey", with: "password")),
            Refused("a message signature", type, good.replacing("\"dsseEnvelope\":", with: "\"messageSignature\":")),
            Refused("another version", type, good.replacing("v0.3+json", with: "v0.9+json")),
            Refused(
                "a hint at another key", type, Evidence.bundle(signed(provenance), hint: "another"), saying: "hint"),
            Refused(
                "a changed payload", type,
                Evidence.bundle(Evidence.envelope(Evidence.provenance(of: [image], run: 2), signatures: [signature])),
                saying: "not what was signed"),
            Refused("an envelope alone", type, signed(provenance)),
        ]
    }

    static var statements: [Refused] {
        let type = Evidence.statementType
        let many = (0...4096).map { #"{"digest":{"sha256":"\#([UInt8]("\($0)").digest.hex)"}}"# }
        func about(_ subject: String) -> String { Evidence.statement(subject: subject) }
        return [
            Refused("no subject", type, about("[]"), saying: "subject"),
            Refused(
                "no member subject", type, provenance.replacing("\"subject\"", with: "\"subjects\""), saying: "subject"),
            Refused("a subject without digest", type, about(#"[{"name":"app"}]"#), saying: "digest"),
            Refused("a subject with no digests", type, about(#"[{"digest":{}}]"#), saying: "digest"),
            Refused(
                "only digests of SHA-1", type, about(#"[{"digest":{"sha1":"\#(String(repeating: "a", count: 40))"}}]"#),
                saying: "sha256"),
            Refused("a digest that is too short", type, about(#"[{"digest":{"sha256":"abc"}}]"#), saying: "sha256"),
            Refused(
                "a digest in upper case", type,
                about(#"[{"digest":{"sha256":"\#(String(repeating: "A", count: 64))"}}]"#), saying: "sha256"),
            Refused("a digest that is a number", type, about(#"[{"digest":{"sha256":7}}]"#), saying: "sha256"),
            Refused(
                "one malformed digest of many", type,
                about(#"[{"digest":{"sha256":"\#(image.hex)"}},{"digest":{"sha256":"x"}}]"#), saying: "subject[1]"),
            Refused("too many subjects", type, about("[\(many.joined(separator: ","))]"), saying: "4096"),
            Refused("a subject that is text", type, about(#"["\#(image)"]"#)),
            Refused(
                "a long predicate type", type,
                Evidence.statement(of: [image], type: String(repeating: "x", count: 1025)), saying: "1024"),
            Refused("no predicate type", type, provenance.replacing("\"predicateType\"", with: "\"p\"")),
            Refused("another type of statement", type, provenance.replacing("Statement/v1", with: "Statement/v2")),
        ]
    }

    static var documents: [Refused] {
        let twice = #"{"subjects":["\#(image)"],"subjects":["\#([UInt8]("other").digest)"]}"#
        return [Evidence.envelopeType, Evidence.bundleType, Evidence.statementType, Evidence.plainType].flatMap {
            type in
            [
                Refused("\(type): nothing", type, []), Refused("\(type): not JSON", type, "hello", saying: "JSON"),
                Refused("\(type): two documents", type, "{}{}", saying: "JSON"),
                Refused("\(type): an array", type, "[]"), Refused("\(type): an empty object", type, "{}"),
                Refused("\(type): a key twice", type, twice, saying: "JSON"),
                Refused("\(type): not UTF-8", type, Array("{\"a\":\"".utf8) + [0xff, 0xfe] + Array("\"}".utf8)),
                Refused("\(type): a byte order mark", type, [0xef, 0xbb, 0xbf] + Array("{}".utf8)),
                Refused("\(type): a lone surrogate", type, #"{"a":"\ud800"}"#),
                Refused("\(type): nesting without end", type, String(repeating: #"{"a":"#, count: 100_000)),
                Refused("\(type): arrays without end", type, "{\"a\":" + String(repeating: "[", count: 100_000)),
            ]
        }
    }

    static var plain: [Refused] {
        let labels = String(repeating: "x", count: 65 * 1024)
        func record(_ description: String, _ more: String, _ fragment: String) -> Refused {
            Refused(description, Evidence.plainType, Evidence.plain([image], more), saying: fragment)
        }
        return [
            record("labels past the limit", #","labels":{"a":"\#(labels)"}"#, "65536"),
            record("an environment past the limit", #","environment":{"a":"\#(labels)"}"#, "65536"),
            record("the far future", #","startedOn":"9999-12-31T23:59:59Z""#, "startedOn"),
            record("tomorrow's end", #","finishedOn":"2199-01-01T00:00:00Z""#, "future"),
            record("the time of no time", #","startedOn":"0001-01-01T00:00:00Z""#, "startedOn"),
            record("the beginning of time", #","startedOn":"1970-01-01T00:00:00Z""#, "2000"),
            record("a day that is not", #","startedOn":"2026-02-30T00:00:00Z""#, "RFC 3339"),
            record("a date alone", #","startedOn":"2026-01-01""#, "RFC 3339"),
            record("a number for a time", #","startedOn":1767225600"#, "startedOn"),
            record(
                "an end before the beginning",
                #","startedOn":"2026-01-01T00:00:01Z","finishedOn":"2026-01-01T00:00:00Z""#, "finishedOn"),
            record("an unknown member", #","buildr":"x""#, "buildr"),
            record("an unknown member with controls", #","\u0000\n":"x""#, "unknown"),
            record("a long builder", #","builder":"\#(String(repeating: "b", count: 4097))""#, "4096"),
            record("a label that is a number", #","labels":{"a":1}"#, "must be a string"),
            record("labels that are a list", #","labels":[]"#, "labels"),
            record("an invocation that runs", #","invocation":"javascript:alert(1)""#, "http"),
            record("a branch for a revision", #","revision":{"gitCommit":"main"}"#, "revision"),
            record("a revision that is text", #","revision":"\#(ProvenancePredicate.commit)""#, "revision"),
            Refused("no subjects", Evidence.plainType, Evidence.plain([]), saying: "subjects"),
            Refused("a tag for a subject", Evidence.plainType, #"{"subjects":["app:v1"]}"#, saying: "subjects[0]"),
            Refused("a number for a subject", Evidence.plainType, #"{"subjects":[7]}"#, saying: "subjects[0]"),
            Refused("a short digest", Evidence.plainType, #"{"subjects":["sha256:abc"]}"#, saying: "subjects[0]"),
            Refused(
                "one malformed subject of two", Evidence.plainType, #"{"subjects":["\#(image)","md5:aa"]}"#,
                saying: "subjects[1]"),
        ]
    }
}

@Suite(.live(trust: .ofTests)) struct `Refusing evidence` {
    let server = Live.server
    var auditor: Auditor { Auditor(server: server) }
    let image = [UInt8]("image").digest

    /// That something is refused, and leaves nothing behind.
    private func expectNothing(of bytes: [UInt8], _ request: () throws -> TestResponse) throws -> TestResponse {
        let known = Evidence.plain([[UInt8]("known").digest])
        #expect(try server.post(known, as: Evidence.plainType).status == 201)
        let before = try auditor.checkpoint()
        let answer = try request()
        #expect(try auditor.checkpoint() == before)
        #expect(try server.ids() == [0])
        #expect(try server.get("/provenance/\(image)").status == 404)
        let gitoid = (Array("blob \(bytes.count)\0".utf8) + bytes).digest.hex
        #expect(try server.get("/download/\(gitoid)").status == 404)
        return answer
    }

    @Test(arguments: Refused.envelopes + Refused.bundles + Refused.statements + Refused.plain + Refused.documents)
    func `says what was wrong and keeps nothing`(_ refused: Refused) throws {
        let answer = try expectNothing(of: refused.bytes) { try server.post(refused.bytes, as: refused.type) }
        #expect(answer.isProblem(400, saying: refused.fragment), "\(answer.status) \(answer.text)")
    }

    @Test(arguments: Refused.envelopes) func `says the same to clients of Archivista`(_ refused: Refused) throws {
        let answer = try expectNothing(of: refused.bytes) {
            try server.request("POST", "/upload", [("Content-Type", "application/json")], body: refused.bytes)
        }
        #expect(answer.isProblem(400, saying: refused.fragment), "\(answer.status) \(answer.text)")
    }

    @Test(arguments: [
        "", "application/json", "text/plain", "application/vnd.dsse.envelope.v2+json", "application/octet-stream",
        "application/vnd.dsse.envelope.v1+json, text/plain", "application/x-www-form-urlencoded", "x",
    ])
    func `names the types that it takes`(_ type: String) throws {
        let record = Evidence.plain([image])
        let answer = try expectNothing(of: record) { try server.post(record, as: type) }
        for known in [Evidence.envelopeType, Evidence.bundleType, Evidence.statementType, Evidence.plainType] {
            #expect(answer.isProblem(415, saying: known), "\(answer.status) \(answer.text)")
        }
    }

    @Test func `wants a type`() throws {
        let answer = try expectNothing(of: []) {
            try server.request("POST", "/provenance", body: Evidence.plain([image]))
        }
        #expect(answer.isProblem(415))
    }

    @Test(.live(limits: .evidence(of: 2000), trust: .ofTests), arguments: [false, true])
    func `names the limit on the size`(_ isStreamed: Bool) throws {
        let server = Live.server
        let record = Evidence.plain([image], #","builder":"\#(String(repeating: "b", count: 1895))""#)
        for (path, type) in [("/provenance", Evidence.plainType), ("/upload", "application/json")] {
            let large = record + [UInt8](String(repeating: " ", count: 2001 - record.count))
            let answer =
                isStreamed
                ? try server.stream("POST", path, [("Content-Type", type)], body: large)
                : try server.request("POST", path, [("Content-Type", type)], body: large)
            #expect(answer.isProblem(413, saying: "2000"), "\(answer.status) \(answer.text)")
        }
        #expect(try Auditor(server: server).size() == 0)
        let exact = record + [UInt8](String(repeating: " ", count: 2000 - record.count))
        #expect(try server.post(exact, as: Evidence.plainType).status == 201)
    }

    @Test(arguments: ["PUT", "DELETE", "PATCH"])
    func `has no other way to write`(_ method: String) throws {
        let record = Evidence.plain([image])
        for path in ["/provenance", "/provenance/\(image)", "/provenance/records/0", "/provenance/_facets"] {
            let answer = try server.request(method, path, [("Content-Type", Evidence.plainType)], body: record)
            #expect(answer.isProblem(405))
        }
        #expect(try server.ids() == [])
    }
}
