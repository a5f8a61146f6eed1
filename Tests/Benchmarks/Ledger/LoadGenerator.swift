import Glibc

/// Clients that keep their connections: on each, the next request goes out as soon as the last answer has come.
///
/// One thread waits for all of them, so that the generator takes as little as it can of the cores that it shares with the
/// server.
struct LoadGenerator {
    /// The server did not answer for ten seconds, or not in HTTP.
    struct NoAnswer: Error {}

    let port: UInt16
    let connections: Int
    let duration: Duration

    /// Sends what `next` gives until it gives nil or the time is over.
    func run(expecting status: Int, _ next: () throws -> [UInt8]?) throws -> Load {
        let clients = try (0..<connections).map { _ in try Client(port: port) }
        var watched = clients.map { pollfd(fd: $0.socket, events: Int16(POLLIN), revents: 0) }
        var load = Load()
        let clock = ContinuousClock()
        let begin = clock.now
        var waiting = 0
        for client in clients {
            guard let request = try next() else { break }
            try client.send(request, at: clock.now)
            waiting += 1
        }
        while waiting > 0 {
            guard poll(&watched, nfds_t(watched.count), 10_000) > 0 else { throw NoAnswer() }
            for (index, client) in clients.enumerated() where watched[index].revents != 0 {
                guard let answer = try client.receive() else { continue }
                let now = clock.now
                load.latencies.append(client.sent.duration(to: now))
                load.time = begin.duration(to: now)
                if answer != status { load.refused += 1 }
                if load.time < duration, let request = try next() {
                    try client.send(request, at: clock.now)
                } else {
                    waiting -= 1
                }
            }
        }
        return load
    }
}

/// One connection with at most one request on its way.
private final class Client {
    let socket: CInt
    private(set) var sent = ContinuousClock().now
    private var received: [UInt8] = []
    private var buffer = [UInt8](repeating: 0, count: 64 * 1024)

    init(port: UInt16) throws {
        socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var one: Int32 = 1
        setsockopt(socket, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw LoadGenerator.NoAnswer() }
    }

    deinit { close(socket) }

    /// Sends a whole request; all of ours fit into the buffers of the socket.
    func send(_ request: [UInt8], at now: ContinuousClock.Instant) throws {
        sent = now
        let count = request.withUnsafeBytes { Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        guard count == request.count else { throw LoadGenerator.NoAnswer() }
    }

    /// Takes what has come; gives the status once the answer is complete.
    func receive() throws -> Int? {
        let count = recv(socket, &buffer, buffer.count, 0)
        guard count > 0 else { throw LoadGenerator.NoAnswer() }
        received += buffer[..<count]
        guard let length = Self.length(of: received), received.count >= length else { return nil }
        let digits = received[9..<12].reduce(0) { $0 * 10 + Int($1) - 48 }
        received.removeFirst(length)
        return digits
    }

    /// The bytes of head and body; nil while the head is not complete.
    private static func length(of bytes: [UInt8]) -> Int? {
        guard let end = position(of: "\r\n\r\n", in: bytes[...]) else { return nil }
        let head = bytes[..<end].map { $0 | 0x20 }  // lower case; digits stay as they are
        let name: StaticString = "content-length: "
        guard let field = position(of: name, in: head[...]) else { return end + 4 }
        let digits = head[(field + name.utf8CodeUnitCount)...].prefix { (48...57).contains($0) }
        return end + 4 + digits.reduce(0) { $0 * 10 + Int($1) - 48 }
    }

    private static func position(of text: StaticString, in bytes: ArraySlice<UInt8>) -> Int? {
        text.withUTF8Buffer { text in
            let last = bytes.endIndex - text.count
            guard last >= bytes.startIndex else { return nil }
            return (bytes.startIndex...last).first { start in
                text.indices.allSatisfy { bytes[start + $0] == text[$0] }
            }
        }
    }
}
