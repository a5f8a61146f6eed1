import BenchmarkLoad
import BenchmarkStore
import OCI
import RegistryTesting

/// The built program on a folder with records, asked over HTTP.
struct Serving {
    let folder: String
    let documents: Documents
    let records: Int
    let seconds: Int

    /// Envelopes that are signed beforehand, so that the generator does not sign while it measures.
    private static let prepared = 40_000

    func measure(into report: inout Report) async throws {
        announce("starting the server")
        let clock = ContinuousClock()
        let begin = clock.now
        let server = try await WaybillServer(data: folder)
        guard try server.request("GET", "/healthz").status == 200 else { throw LoadConnection.NoAnswer() }
        report.startUp = begin.duration(to: clock.now)
        var generator = SystemRandomNumberGenerator()
        let reads: [(name: String, limit: Double?, path: (inout SystemRandomNumberGenerator) -> String)] = [
            ("GET /provenance/<digest>", 5, { "/provenance/\(Documents.digest(any(&$0)))" }),
            ("GET /provenance/records/<n>/proof", nil, { "/provenance/records/\(any(&$0))/proof" }),
            (
                "GET /provenance/records/<n>/proof?format=text", nil,
                {
                    "/provenance/records/\(any(&$0))/proof?format=text"
                }
            ),
            ("GET /tile/0/<n>", nil, { "/tile/0/\(Self.path(any(&$0) / 256 % max(1, records / 256)))" }),
            ("GET /tile/entries/<n>", nil, { "/tile/entries/\(Self.path(any(&$0) / 256 % max(1, records / 256)))" }),
            ("GET /checkpoint", nil, { _ in "/checkpoint" }),
        ]
        for read in reads {
            // Chosen beforehand, so that the generator does not hash while it measures.
            let requests = (0..<20_000).map { _ in Self.get(read.path(&generator)) }
            var turn = 0
            let load = try run(server, read.name, connections: 16, expecting: 200) {
                turn += 1
                return requests[turn % requests.count]
            }
            report.append(read.name, load, connections: 16, p99Limit: read.limit)
        }
        var number = Int(try Self.treeSize(server))
        for connections in [16, 64] {
            announce("signing \(Self.prepared) envelopes")
            let requests = try (number..<number + Self.prepared).map { Self.post(try documents.envelope($0)) }
            number += requests.count
            var rest = requests[...]
            let load = try run(server, "POST /provenance", connections: connections, expecting: 201) {
                rest.popFirst()
            }
            report.append("POST /provenance", load, connections: connections, leastRate: 2000)
        }
        report.residentKiB = ProcessFigures(server.program.identifier).residentKiB
        report.status = await server.stop()
    }

    private func run(
        _ server: WaybillServer, _ name: String, connections: Int, expecting status: Int, _ next: () throws -> [UInt8]?
    ) throws -> Load {
        announce("\(name) over \(connections) connections for \(seconds) seconds")
        let generator = LoadGenerator(port: server.port, connections: connections, duration: .seconds(seconds))
        let process = ProcessFigures(server.program.identifier)
        let before = process.processorTime
        var load = try generator.run(expecting: status, next)
        load.processorTime = process.processorTime - before
        return load
    }

    /// A record that is there.
    private func any(_ generator: inout SystemRandomNumberGenerator) -> Int {
        Int.random(in: 0..<records, using: &generator)
    }

    /// The number of a tile as a path: c2sp.org/tlog-tiles, "three-digit path elements".
    private static func path(_ number: Int) -> String {
        let last = String(String(1000 + number % 1000).dropFirst())
        return number < 1000 ? last : "x" + path(number / 1000).drop { $0 == "x" } + "/" + last
    }

    private static func get(_ path: String) -> [UInt8] {
        Array("GET \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".utf8)
    }

    private static func post(_ envelope: [UInt8]) -> [UInt8] {
        let head = """
            POST /provenance HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: ci/1.0\r\n\
            Content-Type: application/vnd.dsse.envelope.v1+json\r\nContent-Length: \(envelope.count)\r\n\r\n
            """
        return Array(head.utf8) + envelope
    }

    private static func treeSize(_ server: WaybillServer) throws -> Int64 {
        let lines = try server.request("GET", "/checkpoint").text.split(separator: "\n")
        guard lines.count > 1, let size = Int64(lines[1]) else { throw LoadConnection.NoAnswer() }
        return size
    }
}
