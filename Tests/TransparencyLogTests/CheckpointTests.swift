import Testing

@testable import TransparencyLog

@Suite struct `A checkpoint` {
    @Test(arguments: [Vectors.checkpoint3, Vectors.checkpoint300, Vectors.checkpoint600])
    func `by another implementation is verified`(_ text: String) throws {
        let signed = try checkpoint(text)
        try signed.verify(by: VerifierKey(parsing: Vectors.logKey))
        #expect(signed.bytes == bytes(text) && signed.checkpoint.origin == Vectors.origin)
    }

    @Test func `of the specification is read`() throws {
        let signed = try checkpoint(Vectors.exampleCheckpoint)
        #expect(signed.checkpoint.size == 20_852_163 && signed.note.signatures.count == 2)
        #expect(signed.bytes == bytes(Vectors.exampleCheckpoint))
    }

    @Test func `is signed as others sign it`() throws {
        let tree = MemoryTree(leaves: (0...2).map { .leaf(of: bytes("waybill-leaf-\($0)")) })
        let ours = try Checkpoint(origin: Vectors.origin, size: 3, root: tree.root(3))
        let signed = try SignedCheckpoint(ours, signedBy: [Keys.log()])
        try signed.verify(by: VerifierKey(parsing: Vectors.logKey))
        #expect(try checkpoint(Vectors.checkpoint3).checkpoint == ours)
    }

    @Test func `counts for the log that it names only`() throws {
        let ours = try Checkpoint(origin: "other.example", size: 0, root: .emptyRoot)
        let signed = try SignedCheckpoint(ours, signedBy: [Keys.log()])
        #expect(throws: NoteError.noKnownSignature) { try signed.verify(by: Keys.log().verifier) }
        #expect(throws: NoteError.noKnownSignature) {
            try checkpoint(Vectors.checkpoint3).verify(by: Keys.log(number: 1).verifier)
        }
        #expect(throws: NoteError.noKnownSignature) {
            try checkpoint(Vectors.checkpoint3).verify(by: VerifierKey(parsing: Vectors.witnessKey))
        }
    }

    @Test(arguments: [
        "é\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
        "a b + c\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\nx\n y\n",
        "a\n9223372036854775807\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
    ])
    func `prints what it was read from`(_ text: String) throws {
        #expect(try Checkpoint(parsing: bytes(text)).text == bytes(text))
    }

    @Test(
        arguments: [
            ("", .malformedOrigin), ("a", .malformedOrigin), ("\n0\n47D\n", .malformedRoot), ("a\n", .malformedSize),
            ("a\n0", .malformedSize), ("a\n\n", .malformedSize), ("a\n00\n", .malformedSize),
            ("a\n01\n", .malformedSize),
            ("a\n-1\n", .malformedSize), ("a\n+1\n", .malformedSize), ("a\n1 \n", .malformedSize),
            ("a\n9223372036854775808\n", .malformedSize), ("a\n99999999999999999999999\n", .malformedSize),
            ("a\n1\n", .malformedRoot), ("a\n1\n\n", .malformedRoot), ("a\n1\nAAAA\n", .malformedRoot),
            ("a\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", .malformedRoot),
            ("a\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFV=\n", .malformedRoot),
            ("a\n0\n4nplbbiA4pmbmMSYnAC3Mx+gqP0noRAM4VbM+7Ect5U=\n", .wrongEmptyRoot),
            ("a\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n", .malformedExtension),
            ("a\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\nx", .malformedExtension),
            ("a\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\nx\n\ny\n", .malformedExtension),
            ("a\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\nx\t\n", .malformedExtension),
            ("\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n", .malformedOrigin),
            ("a\r\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n", .malformedOrigin),
        ] as [(String, CheckpointError)])
    func `has one form`(_ text: String, _ error: CheckpointError) {
        #expect(throws: error) { try Checkpoint(parsing: bytes(text)) }
        #expect(isPresentable(error.description))
    }

    @Test func `is not made from parts that do not fit`() {
        #expect(throws: CheckpointError.malformedSize) { try Checkpoint(origin: "a", size: -1, root: .emptyRoot) }
        #expect(throws: CheckpointError.malformedOrigin) { try Checkpoint(origin: "a\nb", size: 1, root: .emptyRoot) }
        #expect(throws: CheckpointError.malformedExtension) {
            try Checkpoint(origin: "a", size: 1, root: .emptyRoot, extensions: ["x\n"])
        }
        #expect(throws: CheckpointError.malformedNote(.noSignature)) { try checkpoint("a\n") }
    }

    @Test func `is another when its bytes are`() throws {
        let composed = try Checkpoint(origin: "caf\u{E9}", size: 1, root: .emptyRoot)
        let decomposed = try Checkpoint(origin: "cafe\u{301}", size: 1, root: .emptyRoot)
        #expect(composed != decomposed && Set([composed, decomposed]).count == 2)
        let signed = try SignedCheckpoint(decomposed, signedBy: [Keys.log("caf\u{E9}")])
        #expect(throws: NoteError.noKnownSignature) { try signed.verify(by: Keys.log("caf\u{E9}").verifier) }
    }

    @Test func `is read or refused, whatever it is`() throws {
        for text in damaged(bytes(Vectors.checkpoint3 + Vectors.cosignatureLine), seed: 2) {
            guard let read = try? SignedCheckpoint(parsing: text) else { continue }
            #expect(read.bytes == text)
        }
        for text in damaged(bytes("a\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\nx\ny\n")) {
            guard let read = try? Checkpoint(parsing: text) else { continue }
            #expect(read.text == text)
        }
    }
}

@Suite struct `A cosignature` {
    private let witness = Vectors.witnessKey

    @Test func `by another implementation is verified`() throws {
        let signed = try checkpoint(Vectors.checkpoint3 + Vectors.cosignatureLine)
        let verified = try signed.note.verify(by: [VerifierKey(parsing: witness)])
        #expect(verified.map(\.time) == [Vectors.witnessTime])
    }

    @Test func `is made as others make it`() throws {
        let signed = try checkpoint(Vectors.checkpoint3).cosigned(by: Keys.witness(), at: Vectors.witnessTime)
        let verified = try signed.note.verify(by: [VerifierKey(parsing: witness), VerifierKey(parsing: Vectors.logKey)])
        #expect(verified.map(\.time) == [nil, Vectors.witnessTime])
        #expect(try checkpoint(String(decoding: signed.bytes, as: UTF8.self)) == signed)
    }

    @Test func `binds its time`() throws {
        let key = try Keys.witness()
        let signed = try checkpoint(Vectors.checkpoint3).cosigned(by: key, at: 1000)
        var changed = try #require(signed.note.signatures.last).bytes
        changed[7] ^= 1
        try refused(changed, key)
        // A time past 2^63 - 1 is not allowed, even when it is signed.
        let late = try checkpoint(Vectors.checkpoint3).cosigned(by: key, at: -1)
        try refused(try #require(late.note.signatures.last).bytes, key)
    }

    @Test(arguments: [1, 8, 63, 64, 71, 73, 200])
    func `of the wrong length is not valid`(_ count: Int) throws {
        try refused([UInt8](repeating: 0, count: count), Keys.witness())
    }

    @Test func `is not a signature, nor the other way round`() throws {
        let text = try checkpoint(Vectors.checkpoint3).note.text
        let (log, witness) = (try Keys.log(), try Keys.witness())
        let signature = try log.sign(text)
        let cosignature = try witness.sign(text, at: 1)
        try refused(signature.bytes, witness)
        let wrong = NoteSignature(name: log.verifier.name, keyID: log.verifier.id, bytes: cosignature.bytes)
        #expect(throws: NoteError.invalidSignature(wrong.name, wrong.keyID)) {
            try SignedNote(text: text, signatures: [wrong]).verify(by: [log.verifier])
        }
    }

    private func refused(_ signature: [UInt8], _ key: CosignerKey) throws {
        let key = key.verifier
        let line = NoteSignature(name: key.name, keyID: key.id, bytes: signature).line
        let signed = try checkpoint(Vectors.checkpoint3 + line)
        #expect(throws: NoteError.invalidSignature(key.name, key.id)) { try signed.note.verify(by: [key]) }
    }
}
