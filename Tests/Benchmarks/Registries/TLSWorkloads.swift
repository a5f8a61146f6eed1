import BenchmarkLoad

/// What encryption costs: the same once with it and once without.
extension Dataset {
    func tlsWorkloads(_ curl: Curl, file: String) -> [Workload] {
        let blob = large.layer
        return [
            Workload(name: "new connection", measures: [.rate("/s")], operation: "connection") { server, duration in
                try await curl.connect(to: server, for: duration)
            },
            Workload(name: "ping, 16 connections", measures: [.rate("/s")], operation: "request") { server, duration in
                try await Wrk(paths: ["/v2/"]).run(server, for: duration)
            },
            Workload(name: "upload", measures: [.rate("MiB/s")], operation: "MiB", writes: true) { server, duration in
                try await curl.upload(blob, in: file, to: server, for: duration)
            },
            Workload(name: "download", measures: [.rate("MiB/s")], operation: "MiB") { server, duration in
                try await curl.download(blob, from: server, for: duration)
            },
        ]
    }
}
