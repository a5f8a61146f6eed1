import Dispatch
import Glibc
import RegistryTesting
import Synchronization
import Testing

/// One client that takes whatever it can get.
enum Greed: String, CaseIterable, CustomTestStringConvertible {
    /// Sends requests without waiting for answers.
    case pipelining
    /// Has many open ranges of a huge blob at once, and reads each as fast as it comes.
    case ranges
    /// Has as many, and reads none.
    case slowReading

    static let connections = 64

    var testDescription: String { rawValue }

    /// The client at work.
    func begin(on server: WaybillServer, paths: [String]) throws -> GreedyClient {
        func get(_ path: String, _ fields: String = "") -> String {
            "GET \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\n\(fields)\r\n"
        }
        switch self {
        case .pipelining:
            let requests = paths.map { get($0) }.joined()
            return try GreedyClient(port: server.port, asking: [requests], isEndless: true, isReading: true)
        case .ranges, .slowReading:
            let step = Scale.hugeBlob / Int64(Self.connections)
            let requests = (0..<Int64(Self.connections)).map { number in
                get(Store.hugePath, "Range: bytes=\(number * step)-\r\n")
            }
            return try GreedyClient(
                port: server.port, asking: requests, isEndless: false, isReading: self == .ranges)
        }
    }
}

/// Connections on which one thread sends and reads as much as the kernel takes and has.
final class GreedyClient: Sendable {
    private let sockets: [CInt]
    private let isStopping = Atomic(false)
    private let received = Atomic<Int>(0)
    private let ended = DispatchSemaphore(value: 0)

    /// - Parameters:
    ///   - requests: what is sent, on a connection for each; again and again when it is endless.
    ///   - isReading: whether answers are read.
    init(port: UInt16, asking requests: [String], isEndless: Bool, isReading: Bool) throws {
        sockets = try requests.map { _ in try Self.connect(port) }
        DispatchQueue(label: "test.greed").async { [self] in
            var senders = requests.map { Sender(bytes: Array($0.utf8), isEndless: isEndless) }
            while !isStopping.load(ordering: .relaxed) { turn(&senders, isReading: isReading) }
            for socket in sockets { close(socket) }
            ended.signal()
        }
    }

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
        let isEndless: Bool
        var sent = 0

        var isDone: Bool { sent == bytes.count && !isEndless }

        mutating func send(on socket: CInt) {
            if sent == bytes.count { sent = 0 }
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(socket, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL) | CInt(MSG_DONTWAIT))
            }
            sent += max(0, count)
        }
    }

    private func turn(_ senders: inout [Sender], isReading: Bool) {
        var watched = zip(sockets, senders).map { socket, sender in
            let events = (sender.isDone ? 0 : POLLOUT) | (isReading ? POLLIN : 0)
            return pollfd(fd: socket, events: Int16(events), revents: 0)
        }
        guard poll(&watched, nfds_t(watched.count), 50) > 0 else { return }
        for index in watched.indices {
            if watched[index].revents & Int16(POLLOUT) != 0 { senders[index].send(on: sockets[index]) }
            guard watched[index].revents & Int16(POLLIN) != 0 else { continue }
            // The kernel throws it away.
            let count = recv(sockets[index], nil, 1 << 20, CInt(MSG_TRUNC) | CInt(MSG_DONTWAIT))
            received.wrappingAdd(max(0, count), ordering: .relaxed)
        }
    }

    private static func connect(_ port: UInt16) throws -> CInt {
        let number = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(number, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else {
            close(number)
            throw TestConnection.Failure.closed
        }
        return number
    }
}
