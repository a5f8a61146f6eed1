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
    private let addresses = AddressCounts()

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

    var isFull: Bool { connectionCount >= limits.connections }

    /// What becomes of a connection that comes now.
    func admission(from peer: SocketAddress) -> Admission {
        guard !addresses.have(limits.connectionsPerAddress, from: peer) else { return .addressHasEnough }
        return isFull ? .serverIsFull : .served
    }

    /// The limits for a connection.
    func limits(for admission: Admission) -> ServingLimits { admission.isServed ? limits : limitsWithoutRoom }

    /// Counts a connection; false when not even why it is not served can be said to it.
    func connectionOpened(_ admission: Admission, from peer: SocketAddress) -> Bool {
        guard !admission.isServed else {
            connections.wrappingAdd(1, ordering: .relaxed)
            if limits.connectionsPerAddress > 0 { addresses.count(1, from: peer) }
            return true
        }
        guard turnedAway.wrappingAdd(1, ordering: .relaxed).newValue > Self.mostTurnedAway else { return true }
        turnedAway.wrappingSubtract(1, ordering: .relaxed)
        return false
    }

    /// Counts it no more.
    func connectionClosed(_ admission: Admission, from peer: SocketAddress) {
        guard admission.isServed else {
            turnedAway.wrappingSubtract(1, ordering: .relaxed)
            return
        }
        connections.wrappingSubtract(1, ordering: .relaxed)
        if limits.connectionsPerAddress > 0 { addresses.count(-1, from: peer) }
    }
}

/// How many connections each address has. Whoever has a network of IPv6 has all of its addresses, so those count as one.
private final class AddressCounts: Sendable {
    private let counts = Mutex<[String: Int]>([:])

    /// Whether an address has as many as one may have; 0 stands for no limit.
    func have(_ limit: Int, from peer: SocketAddress) -> Bool {
        limit > 0 && counts.withLock { $0[peer.network, default: 0] } >= limit
    }

    func count(_ change: Int, from peer: SocketAddress) {
        counts.withLock { counts in
            let count = counts[peer.network, default: 0] + change
            counts[peer.network] = count == 0 ? nil : count
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
