import Anchoring
import HTTPClient
import Testing
import TransparencyLog

@Suite struct `A round with a witness` {
    @Test func `sends nothing while there is no checkpoint`() async throws {
        let (outcome, log, fake) = try await round(FakeWitness(), size: 0)
        #expect(outcome == .nothingToCosign && log.cosigned == [] && fake.asked == [])
    }

    @Test func `stores what the witness signed`() async throws {
        let (outcome, log, fake) = try await round(FakeWitness(), size: 5)
        #expect(outcome == .cosigned(size: 5) && fake.asked == ["old 0"])
        #expect(log.cosigned == [MemoryLog.Cosigned(size: 5, times: [1_767_225_600])])
    }

    @Test func `refuses a cosignature by another key`() async throws {
        let (outcome, log, _) = try await round(FakeWitness(signer: 8), size: 5)
        #expect(outcome == .unusable("the note has no signature by a known key"))
        #expect(log.cosigned == [] && log.reasons == [])
    }

    @Test func `refuses a cosignature of another checkpoint`() async throws {
        let fake = try FakeWitness()
        let other = try #require(try MemoryLog(size: 4).latestCheckpoint())
        let line = try #require(try other.cosigned(by: fake.key, at: 1_767_225_600).note.signatures.last?.line)
        let (outcome, log, _) = try await round(FakeWitness([.init(body: Array(line.utf8))]), size: 5)
        #expect(
            outcome == .unusable("the signature by \(fake.key.verifier.name)+\(fake.key.verifier.id) is not valid"))
        #expect(log.cosigned == [] && log.reasons == [])
    }

    @Test(arguments: [
        (200, ""), (200, "600\n"), (200, "— witness.example.org/w1 AAAA\n"), (200, "<html>"), (409, ""),
        (409, "many\n"),
        (409, "-1\n"), (409, "5"), (409, "9223372036854775808\n"),
    ])
    func `takes nothing from a malformed answer`(_ status: Int, _ body: String) async throws {
        let (outcome, log, _) = try await round(FakeWitness([.init(status: status, body: Array(body.utf8))]), size: 5)
        guard case .unusable = outcome else { throw Unexpected(outcome: outcome) }
        #expect(log.cosigned == [] && log.reasons == [])
    }

    @Test(arguments: [201, 204, 302, 400, 401, 403, 404, 422, 429, 500, 503])
    func `takes a refusal for no contradiction`(_ status: Int) async throws {
        // 422 too: from 0 there is no proof that could be wrong.
        let (outcome, log, fake) = try await round(FakeWitness([.init(status: status)]), size: 5)
        guard case .refused = outcome else { throw Unexpected(outcome: outcome) }
        #expect(log.cosigned == [] && log.reasons == [] && fake.asked == ["old 0"])
    }

    @Test func `is repeated once from where the witness is, and not forever`() async throws {
        let once = FakeWitness.Answer(status: 409, body: Array("3\n".utf8))
        let (first, log, fake) = try await round(FakeWitness([once]), size: 5)
        #expect(first == .cosigned(size: 5) && fake.asked == ["old 0", "old 3"] && log.cosigned.count == 1)
        let again = FakeWitness.Answer(status: 409, body: Array("4\n".utf8))
        let (second, other, stubborn) = try await round(FakeWitness([once, again]), size: 5)
        #expect(second == .unusable("the witness says 4 leaves after it was asked from 3"))
        #expect(stubborn.asked == ["old 0", "old 3"] && other.cosigned == [] && other.reasons == [])
    }

    @Test func `that another round has overtaken is no rollback`() async throws {
        let fake = try FakeWitness([.init(status: 409, body: Array("8\n".utf8))])
        let log = try MemoryLog(size: 5)
        log.whenReadAgain { $0.grow(by: 4) }
        try await serving(fake.respond) { port in
            let outcome = await WitnessRounds(log: log, client: makeClient()).run(with: try fake.witness(at: port))
            #expect(outcome == .cosigned(size: 9))
        }
        #expect(log.reasons == [] && fake.asked == ["old 0", "old 8"])
    }

    @Test func `finds another root for the same size, also as version 1.0.0 says it`() async throws {
        for answer in [FakeWitness.Answer(status: 409, body: Array("5\n".utf8)), FakeWitness.Answer(status: 422)] {
            let fake = try FakeWitness([answer])
            let log = try MemoryLog(size: 5)
            log.believe(5, cosignedBy: fake.key.verifier)
            try await serving(fake.respond) { port in
                let outcome = await WitnessRounds(log: log, client: makeClient()).run(with: try fake.witness(at: port))
                let reason =
                    "the witness witness.example.org/w1 has cosigned another root for 5 leaves of this log: "
                    + "the log was forked"
                #expect(outcome == .contradicted(reason: reason))
                #expect(log.reasons == [reason])
            }
        }
    }

    @Test func `ends at an answer that is too large`() async throws {
        let answer = FakeWitness.Answer(status: 200, body: [UInt8](repeating: 0x20, count: 2 << 20))
        let (outcome, log, _) = try await round(FakeWitness([answer]), size: 5)
        #expect(outcome == .unreachable(.tooLarge(limit: 1 << 20)) && log.cosigned == [])
    }

    private func round(
        _ fake: FakeWitness, size: Int
    ) async throws -> (RoundOutcome, MemoryLog, FakeWitness) {
        let log = try MemoryLog(size: size)
        var outcome = RoundOutcome.nothingToCosign
        try await serving(fake.respond) { port in
            outcome = await WitnessRounds(log: log, client: makeClient()).run(with: try fake.witness(at: port))
        }
        return (outcome, log, fake)
    }

    private struct Unexpected: Error {
        let outcome: RoundOutcome
    }
}

@Suite struct `A witness in the configuration` {
    private static let key = "witness.example.org/w1+f3c080b6+BCmsuuFBvMrwsi4alNNNC8c2HlJtC/4SyJeUvJMilm3X"

    @Test func `is a key and a URL`() throws {
        let witness = try Witness(parsing: "\(Self.key) https://witness.example.org/w1/")
        #expect(witness.name == "witness.example.org/w1" && "\(witness.key)" == Self.key)
        #expect(witness.url.description == "https://witness.example.org/w1/")
    }

    @Test func `says what is wrong with it`() throws {
        let name = try KeyName(parsing: "witness.example.org/w1")
        let log = "registry.example.com+b9c66412+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
        let wrong: [(String, WitnessTextError)] = [
            ("", .notTwoParts), (Self.key, .notTwoParts), ("\(Self.key)  http://a", .notTwoParts),
            ("\(Self.key) http://a b", .notTwoParts), ("a+b+c http://a", .malformedKey(.malformedKeyID)),
            ("\(log) http://a", .keyOfLog(try KeyName(parsing: "registry.example.com"))),
            ("\(Self.key) ftp://a", .malformedURL(name)), ("\(Self.key) http://a/?x=secret", .malformedURL(name)),
            ("\(Self.key) witness.example.org", .malformedURL(name)),
        ]
        for (text, error) in wrong {
            #expect(throws: error) { try Witness(parsing: text) }
            #expect(!error.description.contains("secret"))
        }
    }
}
