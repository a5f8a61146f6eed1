import Testing
import TransparencyLog

private func policy(_ text: String) throws(PolicyError) -> Policy { try Policy(parsing: bytes(text)) }

private func key(_ number: UInt8) throws -> VerifierKey { try Keys.witness(number).verifier }

/// The example of the specification, with keys.
private func example() throws -> String {
    """
    # Two organizations.
    log \(Vectors.logKey) https://registry.example.com/

    witness X1 \(try key(1))
    witness X2 \(try key(2)) https://x2.example/
    witness X3 \(try key(3))
      group X-witnesses\t2 X1  X2 X3

    witness Y1 \(try key(4))
    witness Y2 \(try key(5))
    witness Y3 \(try key(6))
    group Y-witnesses any Y1 Y2 Y3
    \t
    group X-and-Y all X-witnesses Y-witnesses
     # A comment.
    quorum X-and-Y

    """
}

@Suite struct `Reading a policy` {
    @Test func `takes the example of the specification`() throws {
        let policy = try policy(example())
        #expect(
            policy.logs.map { "\($0.key)" } == [Vectors.logKey] && policy.logs[0].url == "https://registry.example.com/"
        )
        #expect(policy.witnesses.map(\.name.description) == ["X1", "X2", "X3", "Y1", "Y2", "Y3"])
        #expect(policy.witnesses.map(\.url) == [nil, "https://x2.example/", nil, nil, nil, nil])
        #expect(policy.groups.map(\.threshold) == [2, 1, 2] && policy.quorum?.description == "X-and-Y")
    }

    @Test func `takes the smallest one, and a key for a log and a witness at once`() throws {
        let none = try policy("quorum none\n")
        #expect(none.logs.isEmpty && none.quorum == nil)
        let log = try VerifierKey(parsing: Vectors.logKey)
        let asWitness = try VerifierKey(name: log.name, type: .cosignature, publicKey: log.publicKey)
        #expect(try policy("log \(log)\nwitness W \(asWitness)\nquorum W\n").witnesses.count == 1)
    }

    @Test func `takes names that are not UTF-8`() throws {
        let name: [UInt8] = [0xC3, 0x28, 0xFF]
        let text = bytes("witness ") + name + bytes(" \(try key(0))\nquorum ") + name + bytes("\n")
        #expect(try Policy(parsing: text).quorum?.bytes == name)
        let composed = try "witness caf\u{E9} \(key(0))\nwitness cafe\u{301} \(key(1))\nquorum cafe\u{301}\n"
        #expect(try policy(composed).witnesses.count == 2)
    }

    @Test func `takes 200 of everything`() throws {
        var text = ""
        for number in UInt8(0)..<200 {
            text += "log \(try Keys.log("log\(number).example", number: number).verifier)\n"
            text += "witness w\(number) \(try key(number))\ngroup g\(number) all w\(number)"
            text += number == 0 ? "\n" : " g\(number - 1)\n"
        }
        let policy = try policy(text + "quorum g199\n")
        #expect(policy.logs.count == 200 && policy.groups.count == 200)
    }

    @Test(
        arguments: [
            ("", 0, .noQuorum), ("\n", 1, .noQuorum), ("# quorum none\n", 1, .noQuorum), ("quorum none", 1, .noNewline),
            ("quorum none\nquorum none\n", 2, .secondQuorum), ("quorum W\n", 1, .undefinedName),
            ("quorum W\nwitness W KEY\n", 1, .undefinedName), ("quorum\n", 1, .wrongNumberOfValues),
            ("quorum none none\n", 1, .wrongNumberOfValues), ("Quorum none\n", 1, .unknownKeyword),
            ("quorum none # why\n", 1, .wrongNumberOfValues), ("quorum none\r\n", 1, .controlCharacter),
            ("#\u{7F}\n", 1, .controlCharacter), ("#\0\n", 1, .controlCharacter), ("logs x\n", 1, .unknownKeyword),
            ("log\n", 1, .wrongNumberOfValues), ("log LOG a b\n", 1, .wrongNumberOfValues),
            ("log x\n", 1, .malformedKey(.malformedKeyID)),
            ("log KEY\n", 1, .wrongKeyType(expected: .ed25519, found: .cosignature)),
            ("log LOG\nlog LOG\n", 2, .duplicateKey), ("witness W\n", 1, .wrongNumberOfValues),
            ("witness W LOG\n", 1, .wrongKeyType(expected: .cosignature, found: .ed25519)),
            ("witness none KEY\n", 1, .nameTaken), ("witness W KEY\nwitness W KEZ\n", 2, .nameTaken),
            ("witness W KEY\nwitness V KEY\n", 2, .duplicateKey), ("witness W KEY\ngroup W any W\n", 2, .nameTaken),
            ("witness W KEY\ngroup none any W\n", 2, .nameTaken), ("group G any\n", 1, .wrongNumberOfValues),
            ("group G any W\n", 1, .undefinedName), ("group G any none\n", 1, .undefinedName),
            ("group G any G\n", 1, .undefinedName), ("witness W KEY\ngroup G 0 W\n", 2, .malformedThreshold),
            ("witness W KEY\ngroup G 2 W\n", 2, .malformedThreshold),
            ("witness W KEY\ngroup G 01 W\n", 2, .malformedThreshold),
            ("witness W KEY\ngroup G -1 W\n", 2, .malformedThreshold),
            ("witness W KEY\ngroup G most W\n", 2, .malformedThreshold),
            ("witness W KEY\ngroup G 99999999999999999999 W\n", 2, .malformedThreshold),
            ("witness W KEY\ngroup G any W W\n", 2, .memberTwice),
            ("witness W KEY\ngroup G any W\ngroup H any W\n", 3, .memberTwice),
            ("witness W KEY\ngroup G any W\ngroup G any W\n", 3, .memberTwice),
        ] as [(String, Int, PolicyError.Reason)])
    func `names the line that is wrong`(_ text: String, _ line: Int, _ reason: PolicyError.Reason) throws {
        let text = try text.replacing("KEY", with: "\(key(0))").replacing("KEZ", with: "\(key(1))")
            .replacing("LOG", with: Vectors.logKey)
        let error = PolicyError(line: line, reason: reason)
        #expect(throws: error) { try policy(text) }
        #expect(isPresentable(error.description))
    }

    @Test func `has a bound`() {
        let long = String(repeating: "#\n", count: Policy.longest / 2)
        #expect(throws: PolicyError(line: Policy.longest / 2, reason: .noQuorum)) { try policy(long) }
        #expect(throws: PolicyError(line: 1, reason: .tooLong)) { try policy(long + "#\n") }
    }

    @Test func `survives whatever the file is`() throws {
        for text in damaged(bytes(try example())) { _ = try? Policy(parsing: text) }
    }
}

@Suite struct `A checkpoint under a policy` {
    /// The checkpoint of three leaves, signed by the log and these witnesses.
    private func signed(_ witnesses: [UInt8]) throws -> SignedCheckpoint {
        var signed = try checkpoint(Vectors.checkpoint3)
        for witness in witnesses { signed = try signed.cosigned(by: Keys.witness(witness), at: Int64(witness) + 1) }
        return signed
    }

    @Test(
        arguments: [
            ([1, 2, 4], true), ([3, 2, 6], true), ([1, 2, 3, 4, 5, 6], true), ([9, 1, 3, 5], true), ([], false),
            ([1, 2], false),
            ([1, 4, 5, 6], false), ([4], false), ([1, 1, 4], false), ([1, 1, 1, 4, 4], false), ([7, 8, 9], false),
        ] as [([UInt8], Bool)])
    func `needs its quorum`(_ witnesses: [UInt8], _ isTrusted: Bool) throws {
        let policy = try policy(example())
        let signed = try signed(witnesses)
        guard isTrusted else {
            #expect(throws: PolicyViolation.quorumNotMet) { try policy.evaluate(signed) }
            return
        }
        let verdict = try policy.evaluate(signed)
        #expect(verdict.cosignatures.map(\.time) == witnesses.filter { $0 < 7 }.map { Int64($0) + 1 })
        #expect("\(verdict.log)" == Vectors.logKey)
    }

    @Test func `needs no witness when none is required, and its valid signatures are still told`() throws {
        let policy = try policy("log \(Vectors.logKey)\nwitness W \(key(0))\nquorum none\n")
        #expect(try policy.evaluate(signed([])).cosignatures.isEmpty)
        #expect(try policy.evaluate(signed([0])).cosignatures.map(\.time) == [1])
    }

    @Test func `needs its own log`() throws {
        let quorum = "witness W \(try key(0))\nquorum W\n"
        let stranger = try policy("log \(Keys.log("other.example").verifier)\n" + quorum)
        #expect(throws: PolicyViolation.unknownLog) { try stranger.evaluate(signed([0])) }
        #expect(throws: PolicyViolation.unknownLog) { try policy(quorum).evaluate(signed([0])) }
        let otherKey = try policy("log \(Keys.log(number: 1).verifier)\n" + quorum)
        #expect(throws: PolicyViolation.notSignedByLog) { try otherKey.evaluate(signed([0])) }
        #expect(throws: PolicyViolation.untrustedNote(.noKnownSignature)) { try otherKey.evaluate(signed([])) }
        let rotated = try policy("log \(Keys.log(number: 1).verifier)\nlog \(Vectors.logKey)\n" + quorum)
        #expect(try "\(rotated.evaluate(signed([0])).log)" == Vectors.logKey)
    }

    @Test func `signed by another trusted log under this one's name is not trusted`() throws {
        let other = try Keys.log("other.example", number: 1)
        let policy = try policy("log \(Vectors.logKey)\nlog \(other.verifier)\nquorum none\n")
        let forged = try SignedCheckpoint(checkpoint(Vectors.checkpoint600).checkpoint, signedBy: [other])
        #expect(throws: PolicyViolation.untrustedNote(.noKnownSignature)) { try policy.evaluate(forged) }
    }

    @Test func `is spoiled by an invalid signature of a known witness`() throws {
        let policy = try policy("log \(Vectors.logKey)\nwitness W \(key(0))\nwitness V \(key(1))\nquorum W\n")
        let stray = try checkpoint(Vectors.checkpoint600).cosigned(by: Keys.witness(1), at: 1).note.signatures[1]
        let spoiled = try signed([0]).bytes + bytes(stray.line)
        let second = try key(1)
        #expect(throws: PolicyViolation.untrustedNote(.invalidSignature(second.name, second.id))) {
            try policy.evaluate(SignedCheckpoint(parsing: spoiled))
        }
    }
}
