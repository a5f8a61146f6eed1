import HTTPTypes
import HTTPWire
import LinuxIO
import Logging
import Synchronization

/// What all connections of a server share.
final class ServerContext: Sendable {
    let limits: ServingLimits
    /// The same for a client who is told that there is no room: it has asked, or it goes.
    let limitsWithoutRoom: ServingLimits
    let memory: MemoryBudget
    let lanes: Lanes
    let handler: Handler
    let problem: ProblemWriter
    let logger: Logger
    private let draining = Atomic<Bool>(false)
    private let connections = Atomic<Int>(0)
    private let turnedAway = Atomic<Int>(0)

    init(
        limits: ServingLimits, memory: MemoryBudget, lanes: Lanes, handler: @escaping Handler,
        problem: @escaping ProblemWriter, logger: Logger
    ) {
        self.limits = limits
        var hurried = limits
        hurried.headTimeout = min(limits.headTimeout, .seconds(1))
        hurried.idleTimeout = min(limits.idleTimeout, .seconds(1))
        hurried.linger = min(limits.linger, .seconds(1))
        limitsWithoutRoom = hurried
        self.memory = memory
        self.lanes = lanes
        self.handler = handler
        self.problem = problem
        self.logger = logger
    }

    var isDraining: Bool { draining.load(ordering: .acquiring) }

    func beginDraining() { draining.store(true, ordering: .releasing) }

    /// The whole answer that says what was wrong, after which the connection ends.
    func encodedProblem(_ status: Int, _ reason: String, _ path: String?, date: String) -> [UInt8] {
        let response = problem(status, reason, path)
        let text = response.body.inMemory
        var encoded: [UInt8] = []
        ResponseEncoder.encode(
            HTTPResponse(status: response.status, headerFields: response.fields), body: .length(Int64(text.count)),
            persists: false, date: date, into: &encoded)
        return encoded + text
    }

    /// Connections that are open and served.
    var connectionCount: Int { connections.load(ordering: .relaxed) }

    /// Connections that are told at the same time that there is no room for them; more are closed without a word.
    private static let mostTurnedAway = 256

    /// Counts a connection; false when not even that there is no room can be said to it.
    ///
    /// - Parameter hasRoom: whether it is going to be served.
    func connectionOpened(hasRoom: Bool) -> Bool {
        guard !hasRoom else {
            connections.wrappingAdd(1, ordering: .relaxed)
            return true
        }
        guard turnedAway.wrappingAdd(1, ordering: .relaxed).newValue > Self.mostTurnedAway else { return true }
        turnedAway.wrappingSubtract(1, ordering: .relaxed)
        return false
    }

    /// Counts it no more.
    func connectionClosed(hasRoom: Bool) {
        if hasRoom {
            connections.wrappingSubtract(1, ordering: .relaxed)
        } else {
            turnedAway.wrappingSubtract(1, ordering: .relaxed)
        }
    }
}

/// One loop, how busy it is, and the text of the `Date` field, made once a second.
///
/// `@unchecked Sendable`: the date is confined to the loop, the count is atomic.
final class LoopClock: @unchecked Sendable {
    let loop: EventLoop
    let connections = Atomic<Int>(0)
    private let wallClock: WallClock
    private var second: Int64 = -1
    private var text = ""

    init(_ loop: EventLoop, wallClock: WallClock) {
        self.loop = loop
        self.wallClock = wallClock
    }

    /// The `Date` field of an answer that is sent now. On the loop only.
    var date: String {
        let now = wallClock.milliseconds / 1000
        if now != second {
            second = now
            text = HTTPDate(unixSeconds: now).text
        }
        return text
    }
}
