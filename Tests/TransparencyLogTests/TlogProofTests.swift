import OCI
import Testing
import TransparencyLog

@Suite struct `A proof in a file` {
    private let leaf = TreeHash.leaf(of: bytes("waybill-leaf-1"))

    private func policy(_ text: String = "log \(Vectors.logKey)\nquorum none\n") throws -> Policy {
        try Policy(parsing: bytes(text))
    }

    @Test func `by another implementation is verified`() throws {
        let proof = try TlogProof(parsing: bytes(Vectors.proof3))
        #expect(proof.inclusion.index == 1 && proof.inclusion.hashes.count == 2 && proof.extra == nil)
        #expect(proof.bytes == bytes(Vectors.proof3))
        let verdict = try proof.verify(leaf: leaf, policy: policy())
        #expect("\(verdict.log)" == Vectors.logKey && verdict.cosignatures.isEmpty)
    }

    @Test func `is made as others make it`() throws {
        let tree = MemoryTree(leaves: (0...2).map { .leaf(of: bytes("waybill-leaf-\($0)")) })
        let signed = try checkpoint(Vectors.checkpoint3)
        let proof = try TlogProof(inclusion: tree.inclusion(1, 3), checkpoint: signed)
        #expect(proof.bytes == bytes(Vectors.proof3))
        let withEntry = try TlogProof(
            extra: bytes("waybill-leaf-1"), inclusion: tree.inclusion(1, 3), checkpoint: signed)
        let read = try TlogProof(parsing: withEntry.bytes)
        #expect(read == withEntry)
        let entry = try #require(read.extra)
        _ = try read.verify(leaf: .leaf(of: entry), policy: policy())
        #expect(String(decoding: read.bytes, as: UTF8.self).contains("\nextra d2F5YmlsbC1sZWFmLTE=\nindex 1\n"))
    }

    @Test func `needs the quorum of its policy`() throws {
        let strict = try policy("log \(Vectors.logKey)\nwitness W \(Vectors.witnessKey)\nquorum W\n")
        let alone = try TlogProof(parsing: bytes(Vectors.proof3))
        #expect(throws: TlogProofError.untrustedCheckpoint(.quorumNotMet)) {
            try alone.verify(leaf: leaf, policy: strict)
        }
        let cosigned = try TlogProof(parsing: bytes(Vectors.proof3 + Vectors.cosignatureLine))
        let verdict = try cosigned.verify(leaf: leaf, policy: strict)
        #expect(verdict.cosignatures.map(\.time) == [Vectors.witnessTime])
    }

    @Test func `proves nothing about another entry, place or log`() throws {
        let proof = try TlogProof(parsing: bytes(Vectors.proof3))
        let other = TreeHash.leaf(of: bytes("waybill-leaf-0"))
        #expect(throws: TlogProofError.self) { try proof.verify(leaf: other, policy: policy()) }
        for index in ["0", "2", "3", "9223372036854775807"] {
            let moved = try TlogProof(parsing: bytes(Vectors.proof3.replacing("index 1", with: "index \(index)")))
            #expect(throws: TlogProofError.self) { try moved.verify(leaf: leaf, policy: policy()) }
        }
        let stranger = try policy("log \(Keys.log("other.example").verifier)\nquorum none\n")
        #expect(throws: TlogProofError.untrustedCheckpoint(.unknownLog)) {
            try proof.verify(leaf: leaf, policy: stranger)
        }
    }

    @Test(
        arguments: [
            ("", .malformedHeader), ("c2sp.org/tlog-proof@v1", .malformedHeader),
            ("c2sp.org/tlog-proof@v2\n", .malformedHeader),
            ("c2sp.org/tlog-proof@v1 \n", .malformedHeader), ("c2sp.org/tlog-proof@v1\n", .malformedIndex),
            ("c2sp.org/tlog-proof@v1\nindex\n", .malformedIndex),
            ("c2sp.org/tlog-proof@v1\nindex 01\n", .malformedIndex),
            ("c2sp.org/tlog-proof@v1\nindex -1\n", .malformedIndex),
            ("c2sp.org/tlog-proof@v1\nindex 1", .malformedIndex),
            ("c2sp.org/tlog-proof@v1\nIndex 1\n", .malformedIndex),
            ("c2sp.org/tlog-proof@v1\n\nindex 1\n", .malformedIndex),
            ("c2sp.org/tlog-proof@v1\nextra A\nindex 1\n", .malformedExtra),
            ("c2sp.org/tlog-proof@v1\nextra\nindex 1\n", .malformedIndex),
            ("c2sp.org/tlog-proof@v1\nextra AAAA\nextra AAAA\nindex 1\n", .malformedIndex),
            ("c2sp.org/tlog-proof@v1\nindex 1\nextra AAAA\n", .malformedHash),
            ("c2sp.org/tlog-proof@v1\nindex 1\n", .malformedHash),
            ("c2sp.org/tlog-proof@v1\nindex 1\nAAAA\n\n", .malformedHash),
            ("c2sp.org/tlog-proof@v1\nindex 1\n\n", .malformedCheckpoint(.malformedNote(.noSignature))),
        ] as [(String, TlogProofError)])
    func `has one form`(_ text: String, _ error: TlogProofError) {
        #expect(throws: error) { try TlogProof(parsing: bytes(text)) }
        #expect(isPresentable(error.description))
    }

    @Test func `has bounds`() throws {
        let signed = try checkpoint(Vectors.checkpoint3)
        let hashes = Array(repeating: TreeHash.emptyRoot, count: TlogProof.mostHashes)
        let most = try TlogProof(inclusion: InclusionProof(index: 0, size: 3, hashes: hashes), checkpoint: signed)
        #expect(try TlogProof(parsing: most.bytes) == most)
        let line = bytes(TreeHash.emptyRoot.base64 + "\n")
        let header = "c2sp.org/tlog-proof@v1\nindex 0\n".utf8.count
        let more = Array(most.bytes[..<header]) + line + most.bytes[header...]
        #expect(throws: TlogProofError.tooManyHashes) { try TlogProof(parsing: more) }
        #expect(throws: TlogProofError.tooManyHashes) {
            try TlogProof(inclusion: InclusionProof(index: 0, size: 3, hashes: hashes + hashes), checkpoint: signed)
        }
        #expect(throws: TlogProofError.wrongSize(expected: 3, found: 4)) {
            try TlogProof(inclusion: InclusionProof(index: 0, size: 4, hashes: []), checkpoint: signed)
        }
        #expect(throws: TlogProofError.malformedIndex) {
            try TlogProof(inclusion: InclusionProof(index: -1, size: 3, hashes: []), checkpoint: signed)
        }
        let inclusion = InclusionProof(index: 0, size: 3, hashes: [])
        let entry = [UInt8](repeating: 1, count: EntryBundle.longestEntry)
        _ = try TlogProof(extra: entry, inclusion: inclusion, checkpoint: signed)
        #expect(throws: TlogProofError.tooLong) {
            try TlogProof(extra: [UInt8](repeating: 1, count: 400_000), inclusion: inclusion, checkpoint: signed)
        }
        #expect(throws: TlogProofError.tooLong) {
            try TlogProof(parsing: [UInt8](repeating: 0x0A, count: TlogProof.longest + 1))
        }
    }

    @Test func `is read or refused, whatever it is`() throws {
        let text = Vectors.proof3.replacing("index", with: "extra AAAA\nindex")
        for proof in damaged(bytes(text)) {
            guard let read = try? TlogProof(parsing: proof) else { continue }
            #expect(read.bytes == proof)
            _ = try? read.verify(leaf: leaf, policy: policy())
        }
    }
}

@Suite struct `A proof bundle` {
    private let entry = bytes(Vectors.entry598)

    @Test func `of a tree of 600 leaves holds what proves it`() throws {
        let signed = try checkpoint(Vectors.checkpoint600)
        let inclusion = InclusionProof(index: 598, size: 600, hashes: Vectors.proof598)
        #expect(TreeHash.leaf(of: entry).hex == Vectors.leaf598)
        try signed.verify(by: VerifierKey(parsing: Vectors.logKey))
        try inclusion.verify(leaf: .leaf(of: entry), root: signed.checkpoint.root)
        let bundle = ProofBundle(
            entry: entry, inclusion: inclusion, checkpoint: signed, envelope: ["payload": "e30="],
            body: bytes("app?repo~"))
        let json = bundle.json
        #expect(
            json.object?.members.map(\.key)
                == ["entry_bytes", "index", "inclusion_proof", "checkpoint_note", "envelope", "body_or_ct"])
        let encoded = try #require(json["entry_bytes"]?.string)
        #expect(
            encoded.hasPrefix("eyJhY3RvciI6ImNpOnRlYW0v") && encoded.hasSuffix("F5YmlsbC5sZWRnZXIvdjEifQ")
                && encoded.utf8.count == 874)
        #expect(json["index"] == 598)
        #expect(json["inclusion_proof"]?.array?.compactMap(\.string) == Vectors.proof598.map(\.base64))
        #expect(json["checkpoint_note"]?.string?.hasSuffix("VittRWJqajcwNGFMTlBRSERlT1cvakRJSEhRUT0K") == true)
        #expect(json["body_or_ct"] == "YXBwP3JlcG9-" && json["envelope"] == ["payload": "e30="])
    }

    @Test func `says null where there is no envelope`() throws {
        let bundle = ProofBundle(
            entry: [], inclusion: InclusionProof(index: 0, size: 3, hashes: []),
            checkpoint: try checkpoint(Vectors.checkpoint3))
        #expect(bundle.json["envelope"] == .null && bundle.json["body_or_ct"] == .null)
    }
}
