import Testing

@testable import TransparencyLog

@Suite struct `Asking a witness` {
    private static let tree = MemoryTree(size: 600)

    private static func signed(_ size: Int) throws -> SignedCheckpoint {
        let checkpoint = try Checkpoint(origin: Vectors.origin, size: Int64(size), root: tree.root(size))
        return try SignedCheckpoint(checkpoint, signedBy: [Keys.log()])
    }

    @Test func `sends the old size, the proof and the checkpoint`() throws {
        let proof = try Self.tree.consistency(300, 600)
        let request = try WitnessRequest(consistency: proof, checkpoint: Self.signed(600))
        let lines = String(decoding: request.body, as: UTF8.self).split(
            separator: "\n", omittingEmptySubsequences: false)
        #expect(proof.hashes.count == 9 && lines[0] == "old 300")
        #expect(lines[1...9].map(String.init) == proof.hashes.map(\.base64))
        #expect(lines[10].isEmpty && lines[11] == "registry.example.com")
        let note = try Self.signed(600).bytes
        #expect(request.body.suffix(note.count) == note[...])
    }

    @Test func `for the first time sends no proof`() throws {
        let request = try WitnessRequest(consistency: Self.tree.consistency(0, 600), checkpoint: Self.signed(600))
        #expect(request.body.starts(with: bytes("old 0\n\nregistry.example.com\n600\n")))
    }

    @Test func `is not done with what does not fit`() throws {
        let signed = try Self.signed(600)
        #expect(throws: WitnessError.wrongSize(expected: 600, found: 599)) {
            try WitnessRequest(consistency: Self.tree.consistency(300, 599), checkpoint: signed)
        }
        let hashes = Array(repeating: TreeHash.emptyRoot, count: 64)
        #expect(throws: WitnessError.tooManyHashes) {
            try WitnessRequest(consistency: ConsistencyProof(from: 1, to: 600, hashes: hashes), checkpoint: signed)
        }
    }
}

@Suite struct `The answer of a witness` {
    @Test func `is cosignatures, a size or a refusal`() throws {
        let lines = bytes(Vectors.cosignatureLine + Vectors.cosignatureLine)
        guard case .cosigned(let signatures) = try WitnessAnswer(status: 200, body: lines) else {
            throw WitnessError.malformedSize
        }
        #expect(signatures.map(\.line) == [Vectors.cosignatureLine, Vectors.cosignatureLine])
        #expect(try WitnessAnswer(status: 409, body: bytes("600\n")) == .conflict(size: 600))
        #expect(try WitnessAnswer(status: 409, body: bytes("0\n")) == .conflict(size: 0))
        let refusals: [(Int, WitnessRefusal)] = [
            (400, .malformed), (403, .untrusted), (404, .unknownLog), (422, .inconsistent), (500, .other(status: 500)),
            (201, .other(status: 201)), (-1, .other(status: -1)),
        ]
        for (status, refusal) in refusals {
            #expect(try WitnessAnswer(status: status, body: bytes("because\n")) == .refused(refusal))
        }
    }

    @Test(arguments: [
        "", "\n", "600", "600\n\n", "600\r\n", " 600\n", "0600\n", "-1\n", "9223372036854775808\n", "600\n601\n",
    ])
    func `with a size that is none is refused`(_ body: String) {
        #expect(throws: WitnessError.malformedSize) { try WitnessAnswer(status: 409, body: bytes(body)) }
    }

    @Test(arguments: ["", "\n", "600\n", "— a AAAAAAA=", "— a AAAAAAA=\n\n", "\n— a AAAAAAA=\n"])
    func `with lines that are none is refused`(_ body: String) {
        #expect(throws: WitnessError.self) { try WitnessAnswer(status: 200, body: bytes(body)) }
    }

    @Test func `is read or refused, whatever it is`() {
        for body in damaged(bytes(Vectors.cosignatureLine)) {
            guard case .cosigned(let signatures)? = try? WitnessAnswer(status: 200, body: body) else { continue }
            #expect(signatures.flatMap { bytes($0.line) } == body)
        }
    }
}

@Suite struct `Taking in what witnesses answered` {
    private func answer(_ number: UInt8, at time: Int64, about text: String = Vectors.checkpoint3) throws
        -> NoteSignature
    {
        try Keys.witness(number).sign(checkpoint(text).note.text, at: time)
    }

    private func keys(_ count: UInt8) throws -> [VerifierKey] { try (0..<count).map { try Keys.witness($0).verifier } }

    @Test func `keeps the log's signature and adds theirs`() throws {
        let signed = try checkpoint(Vectors.checkpoint3)
        let cosigned = try signed.adding([answer(0, at: 5)], by: keys(2)).adding([answer(1, at: 6)], by: keys(2))
        try cosigned.verify(by: VerifierKey(parsing: Vectors.logKey))
        #expect(try cosigned.note.verify(by: keys(2)).map(\.time) == [5, 6])
        #expect(cosigned.checkpoint == signed.checkpoint)
    }

    @Test func `replaces an older one by the same key`() throws {
        let cosigned = try checkpoint(Vectors.checkpoint3).adding([answer(0, at: 5)], by: keys(1))
        let again = try cosigned.adding([answer(0, at: 9)], by: keys(1))
        #expect(try again.note.verify(by: keys(1)).map(\.time) == [9])
        #expect(again.note.signatures.count == 2)
    }

    @Test func `leaves out unknown keys and refuses invalid lines`() throws {
        let signed = try checkpoint(Vectors.checkpoint3)
        let mixed = try signed.adding([answer(1, at: 5), answer(0, at: 5)], by: keys(1))
        #expect(mixed.note.signatures.count == 2)
        #expect(throws: NoteError.noKnownSignature) { try signed.adding([answer(1, at: 5)], by: keys(1)) }
        #expect(throws: NoteError.noSignature) { try signed.adding([], by: keys(1)) }
        let key = try Keys.witness().verifier
        let invalid = NoteError.invalidSignature(key.name, key.id)
        #expect(throws: invalid) { try signed.adding([answer(0, at: 0)], by: keys(1)) }
        #expect(throws: invalid) { try signed.adding([answer(0, at: 5, about: Vectors.checkpoint600)], by: keys(1)) }
        // A log's key is no witness, whatever it has signed.
        let log = try Keys.log()
        #expect(throws: NoteError.noKnownSignature) {
            try signed.adding([log.sign(signed.note.text)], by: [log.verifier])
        }
    }
}
