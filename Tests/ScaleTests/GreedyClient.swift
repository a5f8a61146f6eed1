import Dispatch
import Glibc
import RegistryTesting
import Synchronization

/// Connections on which one thread sends and reads as much as the kernel takes and has.
final class GreedyClient: Sendable {
    /// How a connection goes on after it has sent its text.
    enum Pace {
        /// It sends nothing more.
        case once
        /// It sends the text again and again.
        case endless
        /// It sends another byte now and then.
        case dripping
    }

    private let port: UInt16
    private let pace: Pace
    private let isReading: Bool
    private let comesAgain: Bool
    private let isStopping = Atomic(false)
    private let received = Atomic<Int>(0)
    private let connected = Atomic<Int>(0)
    private let ended = DispatchSemaphore(value: 0)

    /// Begins.
    ///
    /// - Parameters:
    ///   - texts: what is sent, on a connection for each.
    ///   - isReading: whether answers are read.
    ///   - comesAgain: whether a connection that the server has closed is made anew.
    init(
        port: UInt16, asking texts: [[UInt8]], pace: Pace = .once, isReading: Bool = true, comesAgain: Bool = false
    ) throws {
        (self.port, self.pace, self.isReading, self.comesAgain) = (port, pace, isReading, comesAgain)
        let begun = try texts.map { Sender(bytes: $0, socket: try Self.connect(port)) }
        connected.store(begun.count, ordering: .relaxed)
        DispatchQueue(label: "test.greed").async { [self] in
            var senders = begun
            while !isStopping.load(ordering: .relaxed) { turn(&senders) }
            for sender in senders { close(sender.socket) }
            ended.signal()
        }
    }

    /// Connections that it has made so far.
    var connections: Int { connected.load(ordering: .relaxed) }

    /// Waits until it has had this much.
    func hasHad(_ bytes: Int) async -> Bool {
        await eventually { received.load(ordering: .relaxed) >= bytes }
    }

    /// Goes away.
    func stop() {
        isStopping.store(true, ordering: .relaxed)
        ended.wait()
    }

    private struct Sender {
        let bytes: [UInt8]
        var socket: CInt
        var sent = 0
        var dripsAt = ContinuousClock.now

        mutating func send(endless: Bool) {
            if sent == bytes.count, endless { sent = 0 }
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(socket, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL) | CInt(MSG_DONTWAIT))
            }
            sent += max(0, count)
        }

        mutating func drip(at now: ContinuousClock.Instant) {
            guard sent == bytes.count, now >= dripsAt else { return }
            dripsAt = now + .milliseconds(200)
            Glibc.send(socket, "a", 1, CInt(MSG_NOSIGNAL) | CInt(MSG_DONTWAIT))
        }
    }

    private func turn(_ senders: inout [Sender]) {
        var watched = senders.map { sender in
            let isDone = sender.sent == sender.bytes.count && pace != .endless
            let events = (isDone ? 0 : POLLOUT) | (isReading ? POLLIN : 0)
            return pollfd(fd: sender.socket, events: Int16(events), revents: 0)
        }
        guard poll(&watched, nfds_t(watched.count), 50) >= 0 else { return }
        let now = ContinuousClock.now
        for index in watched.indices {
            let events = watched[index].revents
            if events & Int16(POLLOUT) != 0 { senders[index].send(endless: pace == .endless) }
            if pace == .dripping { senders[index].drip(at: now) }
            var isClosed = events & Int16(POLLERR | POLLHUP) != 0
            if events & Int16(POLLIN) != 0 {
                // The kernel throws it away.
                let count = recv(senders[index].socket, nil, 1 << 20, CInt(MSG_TRUNC) | CInt(MSG_DONTWAIT))
                received.wrappingAdd(max(0, count), ordering: .relaxed)
                isClosed = isClosed || count == 0 || (count < 0 && errno != EAGAIN)
            }
            guard isClosed, comesAgain, let socket = try? Self.connect(port) else { continue }
            close(senders[index].socket)
            (senders[index].socket, senders[index].sent) = (socket, 0)
            connected.wrappingAdd(1, ordering: .relaxed)
        }
    }

    /// A connection that may not have been accepted yet.
    static func connect(_ port: UInt16) throws -> CInt {
        let type = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue)
        let number = socket(AF_INET, type, 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(number, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 || errno == EINPROGRESS else {
            close(number)
            throw TestConnection.Failure.closed
        }
        return number
    }
}

/// Connects and leaves, as fast as one thread can.
final class Passerby: Sendable {
    private let isStopping = Atomic(false)
    private let connected = Atomic<Int>(0)
    private let ended = DispatchSemaphore(value: 0)

    init(port: UInt16) {
        DispatchQueue(label: "test.passerby").async { [self] in
            // Leaves with a reset, so that the ports of this machine can be used again.
            var leave = linger(l_onoff: 1, l_linger: 0)
            while !isStopping.load(ordering: .relaxed) {
                guard let socket = try? GreedyClient.connect(port) else { continue }
                setsockopt(socket, SOL_SOCKET, SO_LINGER, &leave, socklen_t(MemoryLayout<linger>.size))
                close(socket)
                connected.wrappingAdd(1, ordering: .relaxed)
            }
            ended.signal()
        }
    }

    /// Connections that it has made so far.
    var connections: Int { connected.load(ordering: .relaxed) }

    /// Goes away.
    func stop() {
        isStopping.store(true, ordering: .relaxed)
        ended.wait()
    }
}
