import Testing
import TransparencyLog

@Suite struct `A verifier key` {
    @Test(arguments: [Vectors.logKey, Vectors.witnessKey, Vectors.exampleKey])
    func `prints what it was read from`(_ text: String) throws {
        #expect(try VerifierKey(parsing: text).description == text)
    }

    @Test func `grows from a seed as in other implementations`() throws {
        #expect("\(try Keys.log().verifier)" == Vectors.logKey)
        #expect("\(try Keys.witness().verifier)" == Vectors.witnessKey)
        #expect(try Keys.log().seed == Vectors.logSeed)
    }

    @Test(arguments: [0, 31, 33, 64])
    func `does not grow from a seed of another length`(_ count: Int) throws {
        let (name, seed) = (try KeyName(parsing: "a"), [UInt8](repeating: 1, count: count))
        #expect(throws: KeyError.wrongKeyLength(count)) { try SignerKey(name: name, seed: seed) }
        #expect(throws: KeyError.wrongKeyLength(count)) { try CosignerKey(name: name, seed: seed) }
        #expect(throws: KeyError.wrongKeyLength(count)) { try VerifierKey(name: name, type: .ed25519, publicKey: seed) }
    }

    @Test(
        arguments: [
            ("", .malformedName), ("+", .malformedName), ("++", .malformedName), ("a", .malformedKeyID),
            ("a b+b9c66412+AQ==", .malformedName), ("a+b9c66412", .malformedKeyID), ("a+b9c6641+AQ==", .malformedKeyID),
            ("a+B9C66412+AQ==", .malformedKeyID), ("a+b9c6641g+AQ==", .malformedKeyID), ("a++AQ==", .malformedKeyID),
            ("a+b9c6641200+AQ==", .malformedKeyID), ("a+b9c66412+", .malformedKey), ("a+b9c66412+A", .malformedKey),
            ("a+b9c66412+AQ", .malformedKey), ("a+b9c66412+AQ==", .wrongKeyLength(0)),
            ("a+b9c66412+BgAA", .unsupportedType(6)), ("a+b9c66412+AAAA", .unsupportedType(0)),
            (Vectors.logKey + "=", .malformedKey), (Vectors.logKey + "\n", .malformedKey),
            (Vectors.logKey + "AAAA", .wrongKeyLength(35)),
        ] as [(String, KeyError)])
    func `is not made from other text`(_ text: String, _ error: KeyError) {
        #expect(throws: error) { try VerifierKey(parsing: text) }
        #expect(isPresentable(error.description))
    }

    @Test func `has the ID that its name, type and key imply`() throws {
        let ours = try VerifierKey(parsing: Vectors.logKey)
        #expect(ours.id == KeyID(0xB9C6_6412) && ours.type == .ed25519 && ours.name.rawValue == Vectors.origin)
        let renamed = Vectors.logKey.replacing("registry", with: "registra")
        #expect(throws: KeyError.self) { try VerifierKey(parsing: renamed) }
        let asWitness = try VerifierKey(name: ours.name, type: .cosignature, publicKey: ours.publicKey)
        #expect(asWitness.id != ours.id)
    }

    @Test func `is read or refused, whatever it is`() throws {
        for text in damaged(bytes(Vectors.witnessKey)) {
            let text = String(decoding: text, as: UTF8.self)
            guard let key = try? VerifierKey(parsing: text) else { continue }
            #expect(key.description == text)
        }
    }
}

@Suite struct `The name of a key` {
    @Test(arguments: [
        "a", "registry.example.com", "example.com/log/é", "-", "日本", String(repeating: "a", count: 10_000),
    ])
    func `is any word`(_ text: String) throws {
        #expect(try KeyName(parsing: text).rawValue == text)
    }

    @Test(arguments: [
        "", " ", "a b", "a+b", "a\n", "\t", "a\u{A0}b", "\u{2003}", "a\u{3000}", "\u{85}", "\u{2028}", "\u{1F}", "\0",
    ])
    func `has no spaces, plus signs or control characters`(_ text: String) {
        #expect(throws: KeyError.malformedName) { try KeyName(parsing: text) }
    }

    @Test func `is another when its bytes are`() throws {
        let composed = try KeyName(parsing: "caf\u{E9}")
        let decomposed = try KeyName(parsing: "cafe\u{301}")
        #expect(composed.rawValue == decomposed.rawValue)
        #expect(composed != decomposed && Set([composed, decomposed, composed]).count == 2)
    }
}
