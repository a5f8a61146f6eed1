import Anchoring
import HTTPClient
import RegistryTesting
import Testing
import TransparencyLog

@Suite(.enabled(if: PythonTools.isAvailable, "aics-witness is needed"), .timeLimit(.minutes(20)))
struct `A real witness` {
    @Test func `cosigns the first checkpoint and each that continues it`() async throws {
        let log = try MemoryLog(size: 300)
        let real = try await RealWitness(knowing: log)
        let rounds = WitnessRounds(log: log, client: makeClient())
        #expect(await rounds.run(with: real.witness) == .cosigned(size: 300))
        #expect(await rounds.run(with: real.witness) == .cosigned(size: 300))
        log.grow(by: 300)
        #expect(await rounds.run(with: real.witness) == .cosigned(size: 600))
        #expect(log.cosigned.map(\.size) == [300, 300, 600])
        #expect(log.cosigned.allSatisfy { $0.times.count == 1 && ($0.times[0] ?? 0) > 1_767_225_600 })
        #expect(log.reasons == [])
        await real.stop()
    }

    @Test func `is asked again from where it is`() async throws {
        let log = try MemoryLog(size: 300)
        let real = try await RealWitness(knowing: log)
        let rounds = WitnessRounds(log: log, client: makeClient())
        #expect(await rounds.run(with: real.witness) == .cosigned(size: 300))
        log.grow(by: 100)
        for belief: Int64 in [0, 299, 400, 5000] {
            log.believe(belief, cosignedBy: real.witness.key)
            #expect(await rounds.run(with: real.witness) == .cosigned(size: 400))
        }
        #expect(log.reasons == [])
        await real.stop()
    }

    @Test func `shows that the log was rolled back`() async throws {
        let log = try MemoryLog(size: 600)
        let real = try await RealWitness(knowing: log)
        #expect(await WitnessRounds(log: log, client: makeClient()).run(with: real.witness) == .cosigned(size: 600))
        let restored = try MemoryLog(size: 450)
        let outcome = await WitnessRounds(log: restored, client: makeClient()).run(with: real.witness)
        let reason =
            "the witness witness.example.org/w1 has cosigned 600 leaves of this log, and there are only 450: "
            + "the log was rolled back"
        #expect(outcome == .contradicted(reason: reason))
        #expect(restored.reasons == [reason] && restored.cosigned == [])
        await real.stop()
    }

    @Test(arguments: [600, 700])
    func `shows that the log was forked`(_ size: Int) async throws {
        let log = try MemoryLog(size: 600)
        let real = try await RealWitness(knowing: log)
        #expect(await WitnessRounds(log: log, client: makeClient()).run(with: real.witness) == .cosigned(size: 600))
        for belief: Int64 in [0, 600] {
            let fork = try MemoryLog(size: size, name: "another leaf")
            fork.believe(belief, cosignedBy: real.witness.key)
            let outcome = await WitnessRounds(log: fork, client: makeClient()).run(with: real.witness)
            guard case .contradicted(let reason) = outcome else { throw Unexpected(outcome: outcome) }
            #expect(reason.contains("witness.example.org/w1") && reason.contains("600"))
            #expect(reason.contains("the log was forked") && fork.reasons == [reason] && fork.cosigned == [])
        }
        await real.stop()
    }

    @Test func `refuses a log that it does not know, and a key that it does not trust`() async throws {
        let log = try MemoryLog(size: 5)
        let stranger = try await RealWitness(knowing: nil)
        let rounds = WitnessRounds(log: log, client: makeClient())
        #expect(await rounds.run(with: stranger.witness) == .refused(.unknownLog))
        await stranger.stop()
        let other = try await RealWitness(knowing: MemoryLog(size: 1, seed: 2))
        #expect(await rounds.run(with: other.witness) == .refused(.untrusted))
        #expect(log.reasons == [] && log.cosigned == [])
        await other.stop()
    }

    private struct Unexpected: Error {
        let outcome: RoundOutcome
    }
}
