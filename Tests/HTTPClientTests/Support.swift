import Dispatch
import Glibc
import HTTPClient
import HTTPServing
import HTTPTypes
import LinuxIO
import RegistryTesting

/// A client that no slow test machine can make give up, unless the test says so.
func makeClient(lanes: Int = 2, authorities: String? = nil, _ change: (inout OutboundLimits) -> Void = { _ in })
    -> OutboundClient
{
    var limits = OutboundLimits()
    limits.totalTimeout = .seconds(300)
    change(&limits)
    return OutboundClient(lanes: Lanes(count: lanes), limits: limits, authorities: authorities)
}

extension OutboundClient {
    func get(_ url: String) async throws(HTTPClientError) -> OutboundResponse {
        try await send(try OutboundRequest(.get, try OutboundURL(parsing: url)))
    }
}

/// Serves with `handler` while `body` runs.
func serving(
    _ handler: @escaping Handler, _ body: (_ base: String) async throws -> Void
) async throws {
    let server = try LoopbackServer(handler: handler)
    let result: Result<Void, any Error>
    do { result = .success(try await body("http://127.0.0.1:\(server.port)")) } catch { result = .failure(error) }
    await server.stop()
    try result.get()
}

/// A server that sends what no server of ours would: accepts connections, and does with each what the test says.
final class RawServer: Sendable {
    let port: UInt16
    private let listener: CInt

    init(_ serve: @escaping @Sendable (CInt) -> Void) throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && listen(listener, 8) == 0 && getsockname(listener, $0, &length) == 0
            }
        }
        guard isBound else { throw SystemError.last("bind") }
        port = UInt16(bigEndian: address.sin_port)
        self.listener = listener
        DispatchQueue(label: "test.raw").async {
            while case let connection = accept(listener, nil, nil), connection >= 0 {
                serve(connection)
                close(connection)
            }
            close(listener)  // here, because the number may belong to somebody else from then on
        }
    }

    /// Serves while `body` runs.
    static func serving(
        _ serve: @escaping @Sendable (CInt) -> Void, _ body: (_ url: String) async throws -> Void
    ) async throws {
        let server = try RawServer(serve)
        try await body("http://127.0.0.1:\(server.port)")
        withExtendedLifetime(server) {}
    }

    /// The kernel refuses connections from then on, and ends the thread's `accept`.
    deinit { shutdown(listener, Int32(SHUT_RDWR)) }
}

/// Sends bytes; false when nobody takes them any more.
func write(_ text: String, to connection: CInt) -> Bool {
    let bytes = Array(text.utf8)
    return send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
}

/// Reads once, so that closing does not reset the connection.
func readSome(from connection: CInt) {
    var buffer = [UInt8](repeating: 0, count: 64 * 1024)
    _ = recv(connection, &buffer, buffer.count, 0)
}
