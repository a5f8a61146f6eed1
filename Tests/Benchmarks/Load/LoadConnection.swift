import Glibc

/// A connection to a server of this machine, with at most one request on its way.
///
/// It keeps the head of the last answer and counts the body, which the kernel throws away: a client that copied it would take
/// more of the machine than the server that sends it.
package final class LoadConnection {
    /// The server did not answer in time, or not in HTTP.
    package struct NoAnswer: Error {
        package init() {}
    }

    /// What an answer was, once all of it has come.
    package struct Answer: Equatable, Sendable {
        package let status: Int
        /// What the head says of the length; the body of an answer to anything but `HEAD` had as many bytes.
        package let length: Int
    }

    /// For who waits for several.
    package let socket: CInt
    /// When the last request began.
    package private(set) var asked = ContinuousClock().now
    private var isHead = false
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 * 1024, alignment: 16)
    private var received = 0
    private var head: AnswerHead?
    private var missing = 0

    package init(port: UInt16) throws {
        socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var one: Int32 = 1
        setsockopt(socket, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
        var time = timeval(tv_sec: 30, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw NoAnswer() }
    }

    deinit {
        close(socket)
        buffer.deallocate()
    }

    /// Begins a request: sends its head, or the whole of it.
    ///
    /// - Parameter hasMore: whether `send` follows at once, so that the kernel may wait with this.
    package func ask(
        _ bytes: [UInt8], isHead: Bool = false, hasMore: Bool = false, at now: ContinuousClock.Instant
    ) throws {
        precondition(missing == 0, "a request was sent before the last answer was there")
        self.isHead = isHead
        (asked, received, head) = (now, 0, nil)
        try send(bytes[...], hasMore: hasMore)
    }

    /// Sends more of the request.
    package func send(_ bytes: ArraySlice<UInt8>, hasMore: Bool) throws {
        let flags = Int32(MSG_NOSIGNAL) | (hasMore ? Int32(MSG_MORE) : 0)
        try bytes.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = Glibc.send(socket, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count, flags)
                guard count > 0 else { throw NoAnswer() }
                rest = rest.dropFirst(count)
            }
        }
    }

    /// Waits for the answer.
    package func answer() throws -> Answer {
        while true {
            if let answer = try receive() { return answer }
        }
    }

    /// Takes what has come; gives the answer once it is complete.
    package func receive() throws -> Answer? {
        guard head == nil else { return try discard() }
        let room = UnsafeMutableRawBufferPointer(rebasing: buffer[received...])
        let count = recv(socket, room.baseAddress, room.count, 0)
        guard count > 0 else { throw NoAnswer() }
        received += count
        let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<received])
        guard let head = try AnswerHead(bytes) else { return nil }
        self.head = head
        missing = isHead ? 0 : head.length - (received - head.count)
        guard missing >= 0 else { throw NoAnswer() }
        return missing == 0 ? Answer(status: head.status, length: head.length) : nil
    }

    private func discard() throws -> Answer? {
        let count = recv(socket, nil, min(missing, 8 << 20), Int32(MSG_TRUNC))
        guard count > 0, let head else { throw NoAnswer() }
        missing -= count
        return missing == 0 ? Answer(status: head.status, length: head.length) : nil
    }

    /// A field of the last answer.
    package func field(_ name: StaticString) -> String? {
        guard let head else { return nil }
        return AnswerHead.value(of: name, in: UnsafeRawBufferPointer(rebasing: buffer[..<head.count]))
            .map { String(decoding: $0, as: UTF8.self) }
    }
}
