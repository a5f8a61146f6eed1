import Anchoring
import HTTPClient
import HTTPServing
import HTTPTypes
import HTTPWire
import RegistryTesting
import Synchronization
import Testing
import TransparencyLog

@Suite(.timeLimit(.minutes(20))) struct `The anchors of a log` {
    private let clock = TestClock()
    private let recorded = RecordedLog()

    private func anchors(
        _ log: MemoryLog, _ witnesses: [Witness] = [], timestamps: [OutboundURL] = [],
        schedule: AnchoringSchedule = AnchoringSchedule()
    ) -> Anchors {
        Anchors(
            log: log, witnesses: witnesses, timestamps: timestamps, client: makeClient(), schedule: schedule,
            clock: clock,
            nonce: { 0x8123_4567 }, logger: recorded.logger)
    }

    /// Runs the anchors while `body` runs, and expects that they end when they are told to.
    private func running(_ anchors: Anchors, _ body: () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await anchors.run() }
            try await body()
            group.cancelAll()
        }
    }

    @Test func `have each new checkpoint cosigned, and one round for many notices`() async throws {
        let fake = try FakeWitness()
        let log = try MemoryLog(size: 3)
        try await serving(fake.respond) { port in
            let anchors = anchors(log, [try fake.witness(at: port)])
            try await running(anchors) {
                #expect(await soon { log.cosigned.map(\.size) == [3] })
                for _ in 0..<50 {
                    log.grow(by: 1)
                    anchors.notify()
                }
                #expect(await clock.pass(.seconds(1)))
                #expect(await soon { log.cosigned.map(\.size) == [3, 53] })
                #expect(await soon { clock.sleeps(.seconds(1)) })
            }
        }
        #expect(fake.asked == ["old 0", "old 3"])
    }

    @Test func `have the same checkpoint cosigned again after a while`() async throws {
        let fake = try FakeWitness()
        let log = try MemoryLog(size: 3)
        try await serving(fake.respond) { port in
            try await running(anchors(log, [try fake.witness(at: port)])) {
                #expect(await clock.pass(.seconds(1)))
                #expect(await soon { clock.sleeps(.seconds(300)) })
                #expect(await clock.pass(.seconds(300)))
                #expect(await soon { log.cosigned.map(\.size) == [3, 3] })
            }
        }
        #expect(fake.asked == ["old 0", "old 3"])
    }

    @Test func `try again and again, less and less often, and hold up no other witness`() async throws {
        let (absent, present) = (try FakeWitness(seed: 7), try FakeWitness())
        let log = try MemoryLog(size: 3)
        let port = try await freePort()
        var schedule = AnchoringSchedule()
        schedule.pause = .milliseconds(500)  // unlike every delay of the other
        try await serving(present.respond) { presentPort in
            let witnesses = [try absent.witness(at: port), try present.witness(at: presentPort)]
            let anchors = anchors(log, witnesses, schedule: schedule)
            try await running(anchors) {
                for seconds in [1, 2, 4, 8, 16, 32, 60, 60] { #expect(await clock.pass(.seconds(seconds))) }
                #expect(await soon { log.cosigned.map(\.size) == [3] })
                #expect(recorded.all.contains { $0.hasPrefix("warning: witness does not answer") })
                #expect(await soon { clock.sleeps(.seconds(60)) })
                try await serving(port: port, absent.respond) { _ in
                    #expect(await clock.pass(.seconds(60)))
                    #expect(await soon { absent.asked == ["old 0"] })
                }
            }
        }
        #expect(log.reasons == [])
    }

    @Test func `ask a witness that contradicts the log no more`() async throws {
        let fake = try FakeWitness([.init(status: 409, body: Array("9\n".utf8))])
        let log = try MemoryLog(size: 3)
        try await serving(fake.respond) { port in
            let anchors = anchors(log, [try fake.witness(at: port)])
            try await running(anchors) {
                #expect(await soon { log.reasons.count == 1 })
                anchors.notify()
                #expect(await clock.pass(.seconds(300)))
                #expect(await soon { clock.sleeps(.seconds(300)) })
            }
        }
        #expect(fake.asked == ["old 0"] && log.reasons.count == 1)
        #expect(recorded.all.contains { $0.hasPrefix("critical: witness contradicts the log") })
    }

    @Test func `ask every witness once at the start, and go on without those that do not answer`() async throws {
        let (good, silent, strange) = (try FakeWitness(), try FakeWitness(seed: 6), try FakeWitness(seed: 5))
        let log = try MemoryLog(size: 3)
        strange.answerNext(.init(status: 409, body: Array("4\n".utf8)))
        let (gate, opening) = AsyncStream<Void>.makeStream()
        let handler: Handler = { _ in
            for await _ in gate {}
            return Response(.ok)
        }
        try await serving(good.respond) { goodPort in
            try await serving(strange.respond) { strangePort in
                try await serving(handler) { silentPort in
                    let anchors = anchors(
                        log,
                        [
                            try good.witness(at: goodPort), try silent.witness(at: silentPort),
                            try strange.witness(at: strangePort),
                        ])
                    async let outcomes = anchors.checkAtStart(timeout: .seconds(7))
                    #expect(await soon { !log.cosigned.isEmpty && !log.reasons.isEmpty })
                    #expect(await clock.pass(.seconds(7)))
                    let found = await outcomes
                    opening.finish()
                    #expect(found[0] == .cosigned(size: 3) && found[1] == .unreachable(.timedOut))
                    #expect(found[2] == .contradicted(reason: log.reasons[0]) && log.reasons.count == 1)
                }
            }
        }
        #expect(recorded.all.filter { $0.hasPrefix("warning: witness does not answer") }.count == 1)
    }

    @Test(.enabled(if: TimestampAuthority.program != nil, "openssl is needed"))
    func `have the newest checkpoint time-stamped when it is newer than the last`() async throws {
        let authority = try await TimestampAuthority()
        let asked = Mutex(0)
        let log = try MemoryLog(size: 3)
        let handler: Handler = { request in
            asked.withLock { $0 += 1 }
            let body = (try? await request.body.collect(upTo: 1 << 20)) ?? []
            guard request.head.fields[.contentType] == "application/timestamp-query",
                let reply = try? await authority.reply(to: body)
            else { return Response(.badRequest) }
            return Response(.ok, [.contentType: "application/timestamp-reply"], body: .bytes(reply))
        }
        try await serving(handler) { port in
            let anchors = anchors(log, timestamps: [try OutboundURL(parsing: "http://127.0.0.1:\(port)/tsa")])
            try await running(anchors) {
                #expect(await soon { log.stamps.map(\.size) == [3] })
                #expect(await clock.pass(.seconds(600)))  // nothing new
                #expect(await soon { clock.sleeps(.seconds(600)) })
                log.grow(by: 2)
                #expect(await clock.pass(.seconds(600)))
                #expect(await soon { log.stamps.map(\.size) == [3, 5] })
            }
        }
        #expect(asked.withLock { $0 } == 2)
        for (token, _, message) in log.stamps {
            #expect(try await authority.verify(token, of: message, isToken: true).0)
        }
    }

    @Test(arguments: [
        (500, "application/timestamp-reply", ""), (200, "text/html", "<html>"),
        (200, "application/timestamp-reply", "<html>"),
    ])
    func `keep nothing that is no time stamp, and ask again`(_ status: Int, _ type: String, _ body: String) async throws
    {
        let asked = Mutex(0)
        let log = try MemoryLog(size: 3)
        let handler: Handler = { _ in
            asked.withLock { $0 += 1 }
            return Response(
                HTTPResponse.Status(code: status), [.contentType: type], body: .bytes(Array(body.utf8)))
        }
        try await serving(handler) { port in
            let url = try OutboundURL(parsing: "http://user:secret@127.0.0.1:\(port)/tsa")
            try await running(anchors(log, timestamps: [url])) {
                #expect(await clock.pass(.seconds(1)))
                #expect(await clock.pass(.seconds(2)))
                #expect(await soon { asked.withLock { $0 } == 3 })
            }
        }
        #expect(log.stamps.isEmpty)
        #expect(recorded.all.contains { $0.hasPrefix("warning: checkpoint not time-stamped") })
        #expect(!recorded.all.contains { $0.contains("secret") })
    }

    /// A port where nobody listens.
    private func freePort() async throws -> UInt16 {
        var free: UInt16 = 0
        try await serving({ _ in Response(.ok) }) { free = $0 }
        return free
    }
}
