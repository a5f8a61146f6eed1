import BenchmarkLoad
import OCI
import RegistryTesting

/// What people and their tools look through. What a server lists is compared first.
extension Dataset {
    private static let page = 100

    var listingWorkloads: [Workload] {
        let last = sizes.tags * 9 / 10
        let tags = "/v2/\(Self.tagged)/tags/list?n=\(Self.page)"
        let (count, repositories) = (sizes.referrers, min(Self.page, sizes.repositories))
        return [
            list("first 100 of \(sizes.tags) tags", tags) { Self.compare($0["tags"], Self.tags(from: 0)) },
            list("100 tags behind the first \(last + 1)", "\(tags)&last=\(Self.tag(last))") {
                Self.compare($0["tags"], Self.tags(from: last + 1))
            },
            list("first 100 of more than \(sizes.repositories) repositories", "/v2/_catalog?n=\(Self.page)") {
                Self.compare($0["repositories"]?.array?.count, repositories)
            },
            list("\(count) referrers", "/v2/\(Self.referred)/referrers/\(subject.manifest.digest)") {
                Self.compare($0["manifests"]?.array?.count, count)
            },
        ]
    }

    private func list(
        _ name: String, _ path: String, _ fault: @escaping @Sendable (JSONValue) -> String?
    ) -> Workload {
        Workload(
            name: "\(name), \(Wrk.connections) connections", measures: [.rate("/s")], operation: "request",
            fault: { server in
                let answer = try server.request(path)
                guard answer.status == 200 else { return "answers \(answer.status)" }
                return fault(try JSONValue(parsing: answer.body))
            }
        ) { server, duration in
            try await Wrk(paths: [path]).run(server, for: duration)
        }
    }

    private static func tags(from first: Int) -> [String] { (first..<first + page).map { tag($0) } }

    private static func compare(_ listed: JSONValue?, _ expected: [String]) -> String? {
        let listed = listed?.array?.compactMap(\.string) ?? []
        guard listed.count == expected.count else { return compare(listed.count, expected.count) }
        return listed == expected ? nil : "lists others than it was asked for"
    }

    private static func compare(_ count: Int?, _ expected: Int) -> String? {
        count == expected ? nil : "lists \(count ?? 0) instead of \(expected)"
    }
}
