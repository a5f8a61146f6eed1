import OCI
import Testing
import TransparencyLog

@Suite struct `Reading a proof bundle` {
    /// What other implementations made of the entry, and verified.
    private static func bundle(_ old: String = "", _ new: String = "") throws -> String {
        let bundle = ProofBundle(
            entry: bytes(Vectors.entry598),
            inclusion: InclusionProof(index: 598, size: 600, hashes: Vectors.proof598),
            checkpoint: try checkpoint(Vectors.checkpoint600), envelope: ["payload": "e30=", "x": 1], body: bytes("{}"))
        let text = String(decoding: bundle.json.serialized(), as: UTF8.self)
        guard !old.isEmpty else { return text }
        let changed = text.replacing(old, with: new)
        #expect(text != changed, "\(old)")
        return changed
    }

    private let policy = "log \(Vectors.logKey)\nquorum none\n"

    @Test func `gives back what was written`() throws {
        let text = try Self.bundle()
        let read = try ProofBundle(parsing: bytes(text))
        #expect(String(decoding: read.json.serialized(), as: UTF8.self) == text)
        #expect(read.entry == bytes(Vectors.entry598) && read.body == bytes("{}"))
        #expect(read.envelope == ["payload": "e30=", "x": 1])
        #expect(try "\(read.verify(Policy(parsing: bytes(policy))).log)" == Vectors.logKey)
        let bare = try ProofBundle(
            parsing: bytes(
                text.replacing(#"{"payload":"e30=","x":1}"#, with: "null").replacing(#""e30""#, with: "null")))
        #expect(bare.envelope == nil && bare.body == nil)
    }

    @Test(arguments: [
        (#"{"entry"#, #"{"x":1,"entry"#, ProofBundleError.unknownMember("x")),
        (#""body_or_ct":"#, #""body":"#, .unknownMember("body")),
        (#","body_or_ct":"e30""#, "", .malformed("body_or_ct")),
        (#""e30""#, #""e30=""#, .malformed("body_or_ct")), (#""e30""#, "{}", .malformed("body_or_ct")),
        (#"{"payload":"e30=","x":1}"#, "[]", .malformed("envelope")), (":598", ":-1", .malformed("index")),
        (":598", #":"598""#, .malformed("index")), (":598", ":598.0", .malformed("index")),
        ("8k9Teu", "8k9T", .malformed("inclusion_proof")), (#"["8k9"#, #"[null,"8k9"#, .malformed("inclusion_proof")),
        ("8k9TeuJ/", "8k9TeuJ_", .malformed("inclusion_proof")), ("eyJhY3Rv", "eyJh+3Rv", .malformed("entry_bytes")),
        ("cmVnaXN0", "cmVna+N0", .malformed("checkpoint_note")),
        ("cmVnaXN0cnkuZXhhbXBsZS5jb20KNjAw", "cmVnaXN0cnkuZXhhbXBsZS5jb20KNjA6", .malformedCheckpoint(.malformedSize)),
    ])
    func `refuses what a bundle does not have`(_ old: String, _ new: String, _ error: ProofBundleError) throws {
        let text = try Self.bundle(old, new)
        #expect(throws: error) { try ProofBundle(parsing: bytes(text)) }
        #expect(isPresentable("\(error)"))
    }

    @Test(arguments: ["", "[]", "null", "{}", #"{"index":1,"index":1}"#])
    func `refuses other documents`(_ text: String) {
        #expect(throws: ProofBundleError.self) { try ProofBundle(parsing: bytes(text)) }
    }

    @Test(arguments: [
        (":598", ":597"), (":598", ":9223372036854775807"), ("8k9Teu", "8k9Tev"), ("eyJhY3Rv", "eyJhY3Rw"),
        ("KNjAwC", "KNjAxC"),
    ])
    func `leaves it to the proof to tell a changed bundle`(_ old: String, _ new: String) throws {
        let changed = try ProofBundle(parsing: bytes(Self.bundle(old, new)))
        #expect(throws: ProofBundleError.self) { try changed.verify(Policy(parsing: bytes(policy))) }
    }

    @Test func `needs the quorum of the policy`() throws {
        let strict = "log \(Vectors.logKey)\nwitness W \(Vectors.witnessKey)\nquorum W\n"
        let bundle = try ProofBundle(parsing: bytes(Self.bundle()))
        #expect(throws: ProofBundleError.untrustedCheckpoint(.quorumNotMet)) {
            try bundle.verify(Policy(parsing: bytes(strict)))
        }
    }

    @Test func `gives an error or a bundle, however it is damaged`() throws {
        for mutant in damaged(bytes(try Self.bundle()), mutants: 1000) {
            do {
                _ = try ProofBundle(parsing: mutant)
            } catch {
                #expect(isPresentable("\(error)"), "\(error)")
            }
        }
    }
}
