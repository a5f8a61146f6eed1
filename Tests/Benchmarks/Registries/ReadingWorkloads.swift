import BenchmarkLoad
import OCI

/// What clients ask most: whether something has moved, and for its content.
extension Dataset {
    var readingWorkloads: [Workload] {
        [
            small("ping", Wrk(paths: ["/v2/"])), headByTag,
            small("manifest GET by digest", Wrk(paths: manifestPaths, fields: [accept])),
            largeBlob(over: 1), largeBlob(over: 8), ranges, pulls,
        ]
    }

    private static let accept = (name: "Accept", value: MediaType.ociManifest.rawValue)

    private var accept: (name: String, value: String) { Self.accept }

    private var manifestPaths: [String] { images.map { "/v2/\(Self.repository)/manifests/\($0.manifest.digest)" } }

    private func small(_ name: String, _ wrk: Wrk) -> Workload {
        Workload(
            name: "\(name), \(Wrk.connections) connections", measures: [.rate("/s")], operation: "request",
            isStatic: true
        ) { server, duration in
            try await wrk.run(server, for: duration)
        }
    }

    /// With the generator of the ledger's benchmark: wrk waits for the body that an answer to `HEAD` does not have.
    private var headByTag: Workload {
        let requests = images.indices.map { number in
            Array(
                """
                HEAD /v2/\(Self.repository)/manifests/\(Self.imageTag(number)) HTTP/1.1\r\nHost: 127.0.0.1\r\n\
                \(RegistryClient.accept)\r\n
                """.utf8)
        }
        let length = images[0].manifest.count
        return Workload(
            name: "manifest HEAD by tag, 16 connections", measures: [.rate("/s")], operation: "request", isStatic: true
        ) { server, duration in
            var turn = 0
            let generator = LoadGenerator(port: server.port, connections: 16, duration: duration)
            let load = try generator.run(expecting: 200, length: length, isHead: true) {
                turn += 1
                return requests[turn % requests.count]
            }
            var outcome = Outcome(operations: load.latencies.count, time: load.time)
            if load.refused > 0 { outcome.fail("\(load.refused) answers with another status or length") }
            return outcome
        }
    }

    private func largeBlob(over connections: Int) -> Workload {
        let size = Sizes.large >> 20
        let blob = large.layer
        return Workload(
            name: "\(size) MiB blob, \(Self.count(connections))", measures: [.rate("MiB/s", of: Double(size))],
            operation: "blob", isStatic: true
        ) { server, duration in
            await Flow(port: server.port, connections: connections, duration: duration).run { client, _ in
                try client.pull(blob, from: Self.repository)
            }
        }
    }

    private var ranges: Workload {
        let blob = large.layer
        return Workload(
            name: "1 MiB ranges of a blob, 8 connections", measures: [.rate("/s")], operation: "range", isStatic: true
        ) { server, duration in
            await Flow(port: server.port, connections: 8, duration: duration).run { client, _ in
                let start = Int.random(in: 0...(blob.count - 1 << 20))
                try client.pull(start..<start + 1 << 20, of: blob, from: Self.repository)
            }
        }
    }

    private var pulls: Workload {
        let images = images
        return Workload(
            name: "\(Sizes.image >> 20) MiB images pulled, 8 connections", measures: [.rate("images/s")],
            operation: "image", isStatic: true
        ) { server, duration in
            await Flow(port: server.port, connections: 8, duration: duration).run { client, turn in
                let number = turn % images.count
                try client.pull(images[number], from: Self.repository, as: Self.imageTag(number))
            }
        }
    }

    static func count(_ connections: Int) -> String { connections == 1 ? "1 connection" : "\(connections) connections" }
}
