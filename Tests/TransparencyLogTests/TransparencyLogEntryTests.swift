import OCI
import Testing
import TransparencyLog

@Suite struct `An entry in Sigstore's form` {
    private func policy(_ text: String = "log \(Vectors.logKey)\nquorum none\n") throws -> Policy {
        try Policy(parsing: bytes(text))
    }

    private func vector(_ old: String = "", _ new: String = "") throws -> TransparencyLogEntry {
        let text = old.isEmpty ? Vectors.entry599 : Vectors.entry599.replacing(old, with: new)
        #expect(old.isEmpty || text != Vectors.entry599)
        return try TransparencyLogEntry(JSONValue(parsing: bytes(text)))
    }

    @Test func `is, byte for byte, what another implementation verified`() throws {
        let signed = try checkpoint(Vectors.checkpoint600)
        let hashes = try vector().inclusion.hashes
        let entry = try TransparencyLogEntry(
            kind: "hashedrekord", version: "0.0.2", entry: bytes(Vectors.hashedRekord),
            inclusion: InclusionProof(index: 599, size: 600, hashes: hashes), checkpoint: signed,
            log: VerifierKey(parsing: Vectors.logKey))
        #expect(String(decoding: entry.json.serialized(), as: UTF8.self) == Vectors.entry599)
        #expect(try TransparencyLogEntry(entry.json) == entry)
        #expect(try "\(entry.verify(policy()).log)" == Vectors.logKey)
    }

    @Test func `names its log by the whole hash`() throws {
        let key = try VerifierKey(parsing: Vectors.logKey)
        #expect(Base64.encode(key.logID) == "ucZkEkuEl2h9vxta3zIri4yElkzVjGg7ICje+NpjEro=")
        #expect(key.logID.prefix(4).elementsEqual([0xB9, 0xC6, 0x64, 0x12]))
    }

    @Test func `is only made for the tree of its checkpoint`() throws {
        let signed = try checkpoint(Vectors.checkpoint600)
        #expect(throws: LogEntryError.wrongSize(expected: 600, found: 599)) {
            try TransparencyLogEntry(
                kind: "x", version: "1", entry: [], inclusion: InclusionProof(index: 0, size: 599, hashes: []),
                checkpoint: signed, log: VerifierKey(parsing: Vectors.logKey))
        }
    }

    @Test(arguments: [
        (#""kind":"hashedrekord","#, "", LogEntryError.malformed("kindVersion.kind")),
        (#","version":"0.0.2""#, "", .malformed("kindVersion.version")),
        ("ucZkEkuEl2h9vxta3zIri4yElkzVjGg7ICje+NpjEro=", "u", .malformed("logId.keyId")),
        ("canonicalizedBody", "body", .malformed("canonicalizedBody")),
        ("inclusionProof", "inclusionPromise", .malformed("inclusionProof")),
        ("envelope", "note", .malformed("inclusionProof.checkpoint.envelope")),
        (#""treeSize":"600""#, #""treeSize":"601""#, .wrongSize(expected: 600, found: 601)),
        (#""treeSize":"600""#, #""treeSize":"0600""#, .malformed("inclusionProof.treeSize")),
        (#""rootHash":"vK"#, #""rootHash":"vL"#, .wrongRoot),
        (#""rootHash":"#, #""root":"#, .malformed("inclusionProof.rootHash")),
        ("N7EZRnHA", "N7EZ", .malformed("inclusionProof.hashes")),
        (#""hashes":["#, #""hashes":[1,"#, .malformed("inclusionProof.hashes")),
        (#"\n600\n"#, #"\n0600\n"#, .malformedCheckpoint(.malformedSize)),
    ])
    func `is refused when a part is not what it should be`(_ old: String, _ new: String, _ error: LogEntryError) {
        #expect(throws: error) { try vector(old, new) }
        #expect(isPresentable("\(error)"))
    }

    @Test(arguments: [
        (#""inclusionProof":{"logIndex":"599""#, #""inclusionProof":{"logIndex":598"#), ("N7EZRnHA", "N7EZRnHB"),
        ("eyJhcGlW", "eyJhcGlX"), ("ucZkEs8v", "ucZkEs8w"),
        ("registry.example.com\\n600", "registry.example.org\\n600"),
    ])
    func `proves nothing when a part is changed`(_ old: String, _ new: String) throws {
        let changed = try vector(old, new)
        #expect(throws: LogEntryError.self) { try changed.verify(policy()) }
    }

    @Test func `needs the quorum of the policy`() throws {
        let strict = try policy("log \(Vectors.logKey)\nwitness W \(Vectors.witnessKey)\nquorum W\n")
        #expect(throws: LogEntryError.untrustedCheckpoint(.quorumNotMet)) { try vector().verify(strict) }
    }

    @Test func `may be the only one of its tree, and then leaves out what is empty`() throws {
        let root = TreeHash.leaf(of: bytes("x"))
        let signed = try SignedCheckpoint(
            Checkpoint(origin: Vectors.origin, size: 1, root: root), signedBy: [Keys.log()])
        let note = String(decoding: signed.bytes, as: UTF8.self)
        let json: JSONValue = [
            "logId": ["keyId": ""], "kindVersion": ["kind": "k", "version": "1"], "canonicalizedBody": "eA",
            "inclusionProof": [
                "rootHash": "\(root)", "treeSize": 1, "checkpoint": ["envelope": .string(note)],
            ],
        ]
        _ = try TransparencyLogEntry(json).verify(policy())
    }
}

@Suite struct `A trusted root` {
    @Test func `is, byte for byte, what another implementation reads`() throws {
        let log = TrustedRoot.Log(
            key: try VerifierKey(parsing: Vectors.logKey), url: "https://registry.example.com",
            start: "2026-01-01T00:00:00Z")
        #expect(String(decoding: TrustedRoot(logs: [log]).json.serialized(), as: UTF8.self) == Vectors.trustedRoot)
    }

    @Test func `says until when an old key was used`() throws {
        let log = TrustedRoot.Log(
            key: try VerifierKey(parsing: Vectors.logKey), url: "https://x", start: "2026-01-01T00:00:00Z",
            end: "2027-01-01T00:00:00Z")
        let text = String(decoding: TrustedRoot(logs: [log]).json.serialized(), as: UTF8.self)
        #expect(text.contains(#""validFor":{"start":"2026-01-01T00:00:00Z","end":"2027-01-01T00:00:00Z"}"#))
    }
}
