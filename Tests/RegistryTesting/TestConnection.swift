import Glibc

/// An answer as it came over the wire.
package struct TestResponse: Sendable {
    package let status: Int
    package let reason: String
    package let fields: [(name: String, value: String)]
    package let body: [UInt8]

    /// The first field with this name, in any case.
    package subscript(name: String) -> String? {
        fields.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    package var text: String { String(decoding: body, as: UTF8.self) }
}

/// A blocking client that sends exactly the bytes it is given; for tests of what real clients would never send.
package final class TestConnection {
    /// Why no answer came.
    package enum Failure: Error, Equatable {
        case closed
        case timedOut
        case malformed(String)
    }

    private var socket: CInt
    private var received: [UInt8] = []

    /// Whether the server ended the connection with a reset, which may take an answer away from the client.
    package private(set) var wasReset = false

    /// Whether answers may be of HTTP/1.0, as other servers give them to requests of HTTP/1.0. Ours never are.
    package var acceptsHTTP10 = false

    /// Connects to a port of a loopback address. Reads give up after `timeout` seconds, so that a test fails instead of hanging.
    ///
    /// With a small `receiveBuffer` the server notices early that this client does not read.
    package init(host: String = "127.0.0.1", port: UInt16, timeout: Int = 120, receiveBuffer: Int32? = nil) throws {
        socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var (one, size): (Int32, Int32) = (1, receiveBuffer ?? 0)
        setsockopt(socket, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
        if size > 0 { setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size)) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr(host)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw Failure.closed }
        var time = timeval(tv_sec: timeout, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { if socket >= 0 { Glibc.close(socket) } }

    /// Sends bytes as they are; throws when the server has closed.
    package func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                Glibc.send(socket, buffer.baseAddress.map { $0 + sent }, bytes.count - sent, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Failure.closed }
            sent += count
        }
    }

    package func send(_ text: String) throws { try send(Array(text.utf8)) }

    /// Says that nothing more comes, and goes on reading.
    package func finishSending() { shutdown(socket, Int32(SHUT_WR)) }

    /// Goes away at once, with a reset.
    package func abort() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(socket, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        Glibc.close(socket)
        socket = -1
    }

    /// Sends a request with a `Host` and, if there is a body, its length, and reads the answer.
    package func request(
        _ method: String, _ path: String, _ fields: [(String, String)] = [], body: [UInt8]? = nil
    ) throws -> TestResponse {
        var head = "\(method) \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        for (name, value) in fields { head += "\(name): \(value)\r\n" }
        let isFramed = fields.contains { ["content-length", "transfer-encoding"].contains($0.0.lowercased()) }
        if !isFramed, let body { head += "Content-Length: \(body.count)\r\n" }
        try send(Array((head + "\r\n").utf8) + (body ?? []))
        return try receive(isHead: method == "HEAD")
    }

    /// Reads one answer; interim answers (`100`) come as answers of their own.
    package func receive(isHead: Bool = false) throws -> TestResponse {
        while true {
            if let end = headEnd { return try response(headEnd: end, isHead: isHead) }
            try readMore()
        }
    }

    /// Waits until this many bytes have come, and little more, and leaves them for `receive`.
    package func wait(forBytes count: Int) throws {
        while received.count < count { try readMore(atMost: max(1, count - received.count)) }
    }

    /// Receives this many bytes, and the kernel throws them away: they must belong to a body.
    package func discard(_ count: Int) throws {
        let held = min(count, received.count)
        received.removeFirst(held)
        var rest = count - held
        while rest > 0 {
            let dropped = recv(socket, nil, min(rest, 8 << 20), Int32(MSG_TRUNC))
            guard dropped > 0 else { throw Failure.closed }
            rest -= dropped
        }
    }

    /// Whether the server has closed, after whatever it still sent.
    package func isClosed() -> Bool {
        while true {
            do { try readMore() } catch Failure.closed { return true } catch { return false }
        }
    }

    /// Whether something has come that has not been read, without waiting for it.
    package var hasAnswer: Bool {
        var byte: UInt8 = 0
        return !received.isEmpty || recv(socket, &byte, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT)) >= 0
    }

    /// Bytes that have been received and belong to no answer read so far.
    package var unread: [UInt8] { received }

    private var headEnd: Int? {
        let mark: [UInt8] = [13, 10, 13, 10]
        guard received.count >= 4 else { return nil }
        return (0...received.count - 4).first { Array(received[$0..<$0 + 4]) == mark }
    }

    private func readMore(atMost limit: Int = 64 * 1024) throws {
        var buffer = [UInt8](repeating: 0, count: min(limit, 64 * 1024))
        let count = recv(socket, &buffer, buffer.count, 0)
        if count == 0 { throw Failure.closed }
        guard count > 0 else {
            if errno == EAGAIN { throw Failure.timedOut }
            wasReset = true
            throw Failure.closed
        }
        received += buffer[..<count]
    }

    private func response(headEnd end: Int, isHead: Bool) throws -> TestResponse {
        let lines = String(decoding: received[..<end], as: UTF8.self).split(separator: "\r\n")
        let status = lines.first?.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false) ?? []
        let isKnown = status.first == "HTTP/1.1" || acceptsHTTP10 && status.first == "HTTP/1.0"
        guard isKnown, status.count >= 2, let code = Int(status[1]) else {
            throw Failure.malformed(String(lines.first ?? ""))
        }
        let fields = lines.dropFirst().map { line -> (name: String, value: String) in
            let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            return (String(parts[0]), parts.count > 1 ? parts[1].drop { $0 == " " }.description : "")
        }
        let length = fields.first { $0.name.lowercased() == "content-length" }.flatMap { Int($0.value) } ?? 0
        let hasBody = !isHead && code >= 200 && code != 204 && code != 304
        let isChunked = fields.contains { $0.name.lowercased() == "transfer-encoding" && $0.value == "chunked" }
        received.removeFirst(end + 4)
        let body = hasBody ? isChunked ? try chunkedBody() : try take(length) : []
        return TestResponse(
            status: code, reason: status.count > 2 ? String(status[2]) : "", fields: fields, body: body)
    }

    private func take(_ count: Int) throws -> [UInt8] {
        while received.count < count { try readMore() }
        defer { received.removeFirst(count) }
        return Array(received[..<count])
    }

    private func chunkedBody() throws -> [UInt8] {
        var (body, position) = ([UInt8](), 0)
        while true {
            let line = try lineEnd(from: position)
            let text = String(decoding: received[position..<line], as: UTF8.self)
            guard let size = Int(text, radix: 16) else { throw Failure.malformed(text) }
            let end = line + 2 + size
            while received.count < end + 2 { try readMore() }
            guard received[end..<end + 2] == [13, 10] else { throw Failure.malformed("a chunk without its end") }
            body += received[(line + 2)..<end]
            position = end + 2
            guard size == 0 else { continue }
            received.removeFirst(position)
            return body
        }
    }

    private func lineEnd(from position: Int) throws -> Int {
        while true {
            if let end = received[position...].firstIndex(of: 13), end + 1 < received.count { return end }
            try readMore()
        }
    }
}
