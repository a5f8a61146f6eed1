import BenchmarkLoad
import OCI
import RegistryTesting
import Testing

/// Far more of something than the server has room for.
enum Excess: String, CaseIterable, CustomTestStringConvertible {
    case pulls = "clients that pull"
    case pushes = "clients that push tags"
    case silence = "connections without a request"
    case slowHeads = "heads that never end"
    case slowBodies = "uploads of a byte now and then"
    case heldBodies = "manifests that are not sent to their end"
    case slowReading = "answers that nobody reads"
    case pipelining = "requests without end on each connection"
    case ranges = "requests for many ranges without end"
    case passing = "clients that connect and leave"

    /// Connections that the server may have.
    static let room = 200
    /// How many more come.
    static let connections = 10 * room

    var testDescription: String { rawValue }

    /// Lets them come until the signal.
    ///
    /// - Returns: what they did or got, in words.
    func run(on store: Store, until end: Signal) async throws -> String {
        let port = store.server.port
        switch self {
        case .pulls:
            return try await callers(store, store.pull.map { Ask.get($0) }, until: end)
        case .pushes:
            let tags = (0..<997).map { number in
                let path = "/v2/\(Store.repository)/manifests/t\(number)"
                return Ask.send("PUT", path, .ociManifest, length: store.manifest.count) + store.manifest
            }
            return try await callers(store, tags, until: end)
        case .silence: return try await greed(port, [], until: end)
        case .slowHeads: return try await greed(port, Array("GET /v2/ HTTP/1.1\r\nA: ".utf8), .dripping, until: end)
        case .slowBodies:
            let path = "/v2/\(Store.repository)/blobs/uploads/?digest=\(Store.hugeDigest)"
            return try await greed(
                port, Ask.send("POST", path, .ociLayer, length: 1 << 30) + [1], .dripping, until: end)
        case .heldBodies:
            let path = "/v2/\(Store.repository)/manifests/held"
            let body = [UInt8](repeating: 0x20, count: 2 << 20)
            return try await greed(port, Ask.send("PUT", path, .ociManifest, length: body.count + 1) + body, until: end)
        case .slowReading:
            return try await greed(port, Ask.get(Store.hugePath), isReading: false, until: end)
        case .pipelining:
            return try await greed(port, Array(store.pull.map { Ask.get($0) }.joined()), .endless, until: end)
        case .ranges:
            let ranges = (0..<16).map { "\($0 * 50_000_000)-\($0 * 50_000_000 + 9999)" }.joined(separator: ",")
            let ask = Ask.get(Store.hugePath, "Range: bytes=\(ranges)\r\n")
            return try await greed(port, ask, .endless, until: end)
        case .passing:
            let passersby = [Passerby(port: port), Passerby(port: port)]
            let clock = ContinuousClock()
            let begin = clock.now
            await Worker.run { end.wait() }
            let rate = Double(passersby.reduce(0) { $0 + $1.connections }) / begin.duration(to: clock.now).seconds
            for passerby in passersby { passerby.stop() }
            return "\(Int(rate)) connections a second"
        }
    }

    private func callers(_ store: Store, _ requests: [[UInt8]], until end: Signal) async throws -> String {
        let groups = 20
        let callers = Callers(
            port: store.server.port, count: Self.connections / groups, requests: requests, patience: .zero)
        let outcome = try await callers.run(groups: groups, until: end)
        let counts = outcome.statuses.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
        let times = outcome.latencies.percentiles(0.5, 0.99).map { $0.text(places: 1) }
        return "\(counts.joined(separator: ", ")), cut: \(outcome.cut); p50 \(times[0]) ms, p99 \(times[1])"
    }

    private func greed(
        _ port: UInt16, _ text: [UInt8], _ pace: GreedyClient.Pace = .once, isReading: Bool = true, until end: Signal
    ) async throws -> String {
        let texts = Array(repeating: text, count: Self.connections)
        let client = try GreedyClient(port: port, asking: texts, pace: pace, isReading: isReading, comesAgain: true)
        await Worker.run { end.wait() }
        client.stop()
        return "\(client.connections) connections"
    }
}
