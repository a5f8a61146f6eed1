import OCI
import RegistryTesting
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
        switch self {
        case .pipelining:
            let requests = Array(paths.map { Ask.get($0) }.joined())
            return try GreedyClient(port: server.port, asking: [requests], pace: .endless)
        case .ranges, .slowReading:
            let requests = Ask.ranges(of: Store.hugePath, count: Self.connections)
            return try GreedyClient(port: server.port, asking: requests, isReading: self == .ranges)
        }
    }
}

/// Requests as they are sent.
enum Ask {
    /// - Parameter fields: more of them, each with its end of line.
    static func get(_ path: String, _ fields: String = "") -> [UInt8] { head("GET", path, fields) }

    /// - Parameter length: what the request says of its body.
    static func send(_ method: String, _ path: String, _ type: MediaType, length: Int) -> [UInt8] {
        head(method, path, "Content-Type: \(type)\r\nContent-Length: \(length)\r\n")
    }

    private static func head(_ method: String, _ path: String, _ fields: String) -> [UInt8] {
        Array("\(method) \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\n\(fields)\r\n".utf8)
    }

    /// So many requests, each for the huge blob from another place on.
    static func ranges(of path: String, count: Int) -> [[UInt8]] {
        let step = Scale.hugeBlob / Int64(count)
        return (0..<Int64(count)).map { get(path, "Range: bytes=\($0 * step)-\r\n") }
    }
}
