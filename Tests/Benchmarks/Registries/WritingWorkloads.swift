import BenchmarkLoad

/// What builders do: push what nobody has pushed before.
extension Dataset {
    var writingWorkloads: [Workload] {
        let blobs = ContentMaker(size: sizes.pushed)
        return [1, 4].map { push("pushed whole", blobs, over: $0) { try $0.push($1, to: "bench/push") } }
            + [1, 4].map { push("pushed in chunks", blobs, over: $0) { try $0.stream($1, to: "bench/push") } }
            + [1, 16].map { smallImages(over: $0) } + [mix]
    }

    private func push(
        _ name: String, _ blobs: ContentMaker, over connections: Int,
        _ step: @escaping @Sendable (RegistryClient, Content) throws -> Void
    ) -> Workload {
        let size = sizes.pushed >> 20
        let most = sizes.pushes
        return Workload(
            name: "\(size) MiB blobs \(name), \(Self.count(connections))",
            measures: [.rate("MiB/s", of: Double(size))], operation: "blob", writes: true
        ) { server, duration in
            let flow = Flow(port: server.port, connections: connections, duration: duration, most: most)
            return await flow.run { client, _ in try step(client, blobs.next()) }
        }
    }

    private func smallImages(over connections: Int) -> Workload {
        let layers = ContentMaker(size: 4096)
        return Workload(
            name: "images of 4 KiB pushed, \(Self.count(connections))", measures: [.rate("images/s")],
            operation: "image", writes: true
        ) { server, duration in
            await Flow(port: server.port, connections: connections, duration: duration).run { client, turn in
                let image = Image(layer: layers.next())
                try client.push(image, to: "bench/small-\(turn % 8)", as: "build-\(image.layer.digest.suffix(16))")
            }
        }
    }

    /// Whether those who pull have to wait for those who push.
    private var mix: Workload {
        let layers = ContentMaker(size: Sizes.small)
        let images = small
        let p99 = Measure(name: "99th percentile of these pulls", unit: "ms", isLessBetter: true) {
            $0.pulls.percentiles(0.99)[0]
        }
        return Workload(
            name: "1 MiB images, 3 of 4 pulled and 1 pushed, 8 connections", measures: [.rate("images/s"), p99],
            operation: "image", writes: true
        ) { server, duration in
            await Flow(port: server.port, connections: 8, duration: duration).run { client, turn in
                guard turn % 4 == 0 else {
                    let number = turn % images.count
                    return try client.pull(images[number], from: Self.repository, as: Self.smallTag(number))
                }
                let image = Image(layer: layers.next())
                try client.push(image, to: "bench/mix-\(turn % 16)", as: "build-\(image.layer.digest.suffix(16))")
            }
        }
    }
}
