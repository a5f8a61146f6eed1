import Testing
import TransparencyLog

@Suite struct `A signed note` {
    private let text = bytes("registry.example.com\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n")

    @Test func `of the specification is verified`() throws {
        let note = try SignedNote(parsing: bytes(Vectors.exampleNote))
        #expect(note.text == bytes("This is an example message.\n"))
        let verified = try note.verify(by: [VerifierKey(parsing: Vectors.exampleKey)])
        #expect(verified.map(\.signature) == note.signatures && verified.allSatisfy { $0.time == nil })
    }

    @Test func `may have empty lines in its text`() throws {
        let poem = """
            Ognuno sta solo sul cuor della terra
            trafitto da un raggio di sole:

            ed è subito sera.

            — quasimodo.example/salvatore \
            NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=

            """
        let note = try SignedNote(parsing: bytes(poem))
        #expect(note.text.count(where: { $0 == UInt8(ascii: "\n") }) == 4)
        #expect(note.signatures.map(\.name.rawValue) == ["quasimodo.example/salvatore"])
        #expect(note.bytes == bytes(poem))
    }

    @Test(
        arguments: [
            ("", .noSignature), ("\n", .noSignature), ("\n\n", .noSignature), ("text\n", .noSignature),
            ("text\n\n", .noSignature), ("text\n\n\n", .noSignature), ("text\n\nmore", .malformedSignature),
            ("text\n\n— a AAAAAAA=", .malformedSignature), ("text\n\n— a AAAAAAA=\nx\n", .malformedSignature),
            ("text\n\n- a AAAAAAA=\n", .malformedSignature), ("text\n\n—a AAAAAAA=\n", .malformedSignature),
            ("text\n\n—  AAAAAAA=\n", .malformedSignature), ("text\n\n— a  AAAAAAA=\n", .malformedSignature),
            ("text\n\n— a AAAAAAA\n", .malformedSignature), ("text\n\n— a AAAAAAA=\r\n", .malformedSignature),
            ("text\n\n— a AAAAAA==\n", .malformedSignature), ("text\n\n— a AAAAAAB=\n", .malformedSignature),
            ("text\n\n— a\n", .malformedSignature), ("text\n\n— a b AAAAAAA=\n", .malformedSignature),
            ("text\n\n— a+b AAAAAAA=\n", .malformedSignature), ("text\n\n— a\u{A0}b AAAAAAA=\n", .malformedSignature),
            ("te\txt\n\n— a AAAAAAA=\n", .malformedText), ("te\rxt\n\n— a AAAAAAA=\n", .malformedText),
            ("te\0xt\n\n— a AAAAAAA=\n", .malformedText),
        ] as [(String, NoteError)])
    func `has one form`(_ text: String, _ error: NoteError) {
        #expect(throws: error) { try SignedNote(parsing: bytes(text)) }
        #expect(isPresentable(error.description))
    }

    @Test func `is UTF-8`() {
        let ill = bytes("te") + [0xC3] + bytes("xt\n\n— a AAAAAAA=\n")
        #expect(throws: NoteError.malformedText) { try SignedNote(parsing: ill) }
        let name = bytes("text\n\n— ") + [0xC3] + bytes(" AAAAAAA=\n")
        #expect(throws: NoteError.malformedSignature) { try SignedNote(parsing: name) }
    }

    @Test func `has bounds`() throws {
        let line = "— a AAAAAAA=\n"
        let most = bytes("t\n\n" + String(repeating: line, count: SignedNote.mostSignatures))
        #expect(try SignedNote(parsing: most).signatures.count == 64)
        #expect(throws: NoteError.tooManySignatures) { try SignedNote(parsing: most + bytes(line)) }
        let long = bytes(String(repeating: "x", count: SignedNote.longest) + "\n")
        #expect(throws: NoteError.tooLong) { try SignedNote(parsing: long + bytes("\n" + line)) }
        let signatures = try SignedNote(parsing: most).signatures
        #expect(throws: NoteError.tooLong) { try SignedNote(text: long, signatures: signatures) }
        #expect(throws: NoteError.tooManySignatures) {
            try SignedNote(text: bytes("t\n"), signatures: signatures + signatures)
        }
        #expect(throws: NoteError.noSignature) { try SignedNote(text: bytes("t\n"), signatures: []) }
        for text in ["", "t", "t\t\n"] {
            #expect(throws: NoteError.malformedText) { try SignedNote(text: bytes(text), signatures: signatures) }
        }
    }

    @Test func `ignores what unknown keys have signed`() throws {
        let ours = try Keys.log()
        let stranger = try Keys.log("stranger.example")
        let sameName = try Keys.log(number: 9)
        let checkpoint = try Checkpoint(parsing: text)
        let note = try SignedCheckpoint(checkpoint, signedBy: [stranger, ours, sameName]).note
        #expect(try note.verify(by: [ours.verifier]).map(\.key) == [ours.verifier])
        #expect(
            try note.verify(by: [sameName.verifier, ours.verifier]).map(\.key) == [ours.verifier, sameName.verifier])
        let other = try Keys.log("other.example")
        #expect(throws: NoteError.noKnownSignature) { try note.verify(by: [other.verifier]) }
        #expect(throws: NoteError.noKnownSignature) { try note.verify(by: []) }
        // The same key under another name has another ID, and a name with another ID is another key.
        let renamed = try VerifierKey(name: ours.verifier.name, type: .cosignature, publicKey: ours.verifier.publicKey)
        #expect(throws: NoteError.noKnownSignature) { try note.verify(by: [renamed]) }
    }

    @Test func `is refused whole when a known key's signature is wrong`() throws {
        let keys = [try Keys.log(), try Keys.log("second.example", number: 5)]
        let checkpoint = try Checkpoint(parsing: text)
        let good = try SignedCheckpoint(checkpoint, signedBy: keys).note
        let trusted = keys.map(\.verifier)
        #expect(try good.verify(by: trusted).count == 2)
        let changed = try SignedNote(text: bytes("x\n"), signatures: good.signatures)
        let error = NoteError.invalidSignature(trusted[0].name, trusted[0].id)
        #expect(throws: error) { try changed.verify(by: trusted) }
        // Also when the other one is right, and when a right one by the same key comes first.
        let foreign = try SignedCheckpoint(try Checkpoint(origin: "x", size: 0, root: .emptyRoot), signedBy: keys).note
        for signatures in [
            [foreign.signatures[0], good.signatures[1]], [good.signatures[1], foreign.signatures[0]],
            [good.signatures[0], foreign.signatures[0]],
        ] {
            let mixed = try SignedNote(text: text, signatures: signatures)
            #expect(throws: error) { try mixed.verify(by: trusted) }
        }
    }

    @Test func `is not verified when any bit is changed`() throws {
        let key = try VerifierKey(parsing: Vectors.logKey)
        let good = bytes(Vectors.checkpoint3)
        for index in good.indices {
            for bit in 0..<8 {
                var changed = good
                changed[index] ^= 1 << bit
                #expect(throws: NoteError.self) { try SignedNote(parsing: changed).verify(by: [key]) }
            }
        }
    }

    @Test func `is read or refused, whatever it is`() throws {
        for note in damaged(bytes(Vectors.checkpoint3 + Vectors.cosignatureLine)) {
            guard let read = try? SignedNote(parsing: note) else { continue }
            #expect(read.bytes == note)
        }
    }
}
