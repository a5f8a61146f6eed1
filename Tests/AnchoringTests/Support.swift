import Anchoring
import HTTPClient
import HTTPServing
import HTTPTypes
import HTTPWire
import LinuxIO
import Logging
import RegistryTesting
import Synchronization
import TransparencyLog

/// A client that no slow test machine can make give up.
func makeClient(lanes: Int = 4) -> OutboundClient {
    var limits = OutboundLimits()
    limits.totalTimeout = .seconds(300)
    return OutboundClient(lanes: Lanes(count: lanes), limits: limits)
}

/// Waits for what other tasks do, however long other tests hold their threads up.
func soon(_ condition: () -> Bool) async -> Bool { await eventually(seconds: 300, condition) }

/// Serves with `handler` while `body` runs.
func serving(port: UInt16 = 0, _ handler: @escaping Handler, _ body: (UInt16) async throws -> Void) async throws {
    let server = try LoopbackServer(port: port, handler: handler)
    let result: Result<Void, any Error>
    do { result = .success(try await body(server.port)) } catch { result = .failure(error) }
    await server.stop()
    try result.get()
}

/// A witness of the test's own, which signs whatever it is shown, or answers what it was told to.
final class FakeWitness: Sendable {
    struct Answer: Sendable {
        var status = 200
        var body: [UInt8]?
    }

    private struct State {
        var answers: [Answer] = []
        var asked: [String] = []
    }

    let key: CosignerKey
    private let signer: CosignerKey
    private let state: Mutex<State>

    /// - Parameters:
    ///   - answers: one for each request, in this order; then it signs.
    ///   - signer: the seed of the key that it really signs with.
    init(_ answers: [Answer] = [], seed: UInt8 = 9, signer: UInt8? = nil) throws {
        let name = try KeyName(parsing: "witness.example.org/w1")
        key = try CosignerKey(name: name, seed: [UInt8](repeating: seed, count: 32))
        self.signer = try CosignerKey(name: name, seed: [UInt8](repeating: signer ?? seed, count: 32))
        state = Mutex(State(answers: answers))
    }

    /// Answers the next request so.
    func answerNext(_ answer: Answer) {
        state.withLock { $0.answers = [answer] }
    }

    /// The first lines of what it was asked: `old <size>`.
    var asked: [String] { state.withLock { $0.asked } }

    func witness(at port: UInt16) throws -> Witness {
        try Witness(parsing: "\(key.verifier) http://127.0.0.1:\(port)/w")
    }

    @Sendable func respond(to request: Request) async -> Response {
        let body = (try? await request.body.collect(upTo: 1 << 20)) ?? []
        guard request.head.method == .post, request.head.target.path == "/w/add-checkpoint" else {
            return Response(.methodNotAllowed)
        }
        let line = String(decoding: body.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        let answer = state.withLock { state in
            state.asked.append(line)
            return state.answers.isEmpty ? Answer() : state.answers.removeFirst()
        }
        let status = HTTPResponse.Status(code: answer.status)
        return Response(status, body: .bytes(answer.body ?? (answer.status == 200 ? cosignature(for: body) : [])))
    }

    /// What a witness answers that has no doubts.
    private func cosignature(for body: [UInt8]) -> [UInt8] {
        let end = body.indices.first { $0 > 0 && body[$0] == 0x0a && body[$0 - 1] == 0x0a } ?? 0
        guard let checkpoint = try? SignedCheckpoint(parsing: Array(body[(end + 1)...])),
            let cosigned = try? checkpoint.cosigned(by: signer, at: 1_767_225_600)
        else { return Array("no checkpoint\n".utf8) }
        return Array((cosigned.note.signatures.last?.line ?? "").utf8)
    }
}

/// What was logged.
final class RecordedLog: LogHandler, Sendable {
    private let lines = Mutex<[String]>([])

    var all: [String] { lines.withLock { $0 } }

    func log(event: LogEvent) {
        lines.withLock { $0.append("\(event.level): \(event.message) \(event.metadata ?? [:])") }
    }

    var logger: Logger { Logger(label: "test") { _ in self } }

    var logLevel: Logger.Level {
        get { .trace }
        set {}
    }

    var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }
}

/// A clock that stands still until it is told to move.
final class TestClock: Clock {
    struct Instant: InstantProtocol {
        var offset: Duration

        func advanced(by duration: Duration) -> Instant { Instant(offset: offset + duration) }
        func duration(to other: Instant) -> Duration { other.offset - offset }
        static func < (left: Instant, right: Instant) -> Bool { left.offset < right.offset }
    }

    private struct Sleeper {
        let duration: Duration
        let deadline: Instant
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var now = Instant(offset: .zero)
        var next = 0
        var sleepers: [Int: Sleeper] = [:]
        var cancelled: Set<Int> = []
    }

    private let state = Mutex(State())

    var now: Instant { state.withLock { $0.now } }
    var minimumResolution: Duration { .nanoseconds(1) }

    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        let number = state.withLock { state in
            state.next += 1
            return state.next
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let isOver = state.withLock { state in
                    guard !state.cancelled.contains(number) else { return true }
                    state.sleepers[number] = Sleeper(
                        duration: deadline.offset - state.now.offset, deadline: deadline, continuation: continuation)
                    return false
                }
                if isOver { continuation.resume(throwing: CancellationError()) }
            }
        } onCancel: {
            let sleeper = state.withLock { state in
                state.cancelled.insert(number)
                return state.sleepers.removeValue(forKey: number)
            }
            sleeper?.continuation.resume(throwing: CancellationError())
        }
    }

    /// Waits until somebody sleeps for this long, and lets that time pass; false when nobody does.
    func pass(_ duration: Duration) async -> Bool {
        guard await soon({ self.sleeps(duration) }) else { return false }
        let woken = state.withLock { state in
            state.now = state.now.advanced(by: duration)
            let over = state.sleepers.filter { $0.value.deadline <= state.now }
            for number in over.keys { state.sleepers[number] = nil }
            return over.values.map(\.continuation)
        }
        for continuation in woken { continuation.resume() }
        return true
    }

    /// Whether somebody sleeps for this long.
    func sleeps(_ duration: Duration) -> Bool {
        state.withLock { state in state.sleepers.values.contains { $0.duration == duration } }
    }
}
