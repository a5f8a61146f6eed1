import OCI
import RegistryCore
import RegistryTesting
import Testing

@Suite struct `Searching the records` {
    static let revision = "0123456789abcdef0123456789abcdef01234567"

    /// Six pushes, one an hour from 2026-01-01T00:00Z on, to two repositories by two builders; the last two move a tag.
    private static func history(_ server: TestServer, _ clock: ManualClock) throws {
        for index in 0..<6 {
            let image = Fixture.image(
                seed: UInt64(index + 1), layers: 1,
                labels: ["team": index < 3 ? "red" : "blue", "number": "\(index)"],
                annotations: [
                    "org.opencontainers.image.revision": index == 5 ? "main" : "\(index)\(revision.dropFirst())"
                ])
            let repository = index.isMultiple(of: 2) ? "library/app" : "team/tool"
            for blob in image.blobs { try server.push(blob: blob, to: repository) }
            let tag = index < 4 ? "v\(index)" : "v\(index - 4)"
            let answer = try server.put(
                manifest: image.manifest, to: repository, as: tag, [("User-Agent", index < 4 ? "docker" : "buildah")])
            #expect(answer.status == 201)
            clock.advance(by: 3_600_000)
        }
    }

    private func search(_ body: @Sendable (TestServer) throws -> Void) async throws {
        try await live {
            let clock = ManualClock()
            let server = try TestServer(TestRegistry(clock: clock.wallClock))
            try Self.history(server, clock)
            try body(server)
            try await server.end()
        }
    }

    @Test(arguments: [
        ("", [0, 1, 2, 3, 4, 5, 6, 7]), ("?kind=push", [0, 1, 2, 3, 4, 6]), ("?kind=tag", [5, 7]), ("?kind=delete", []),
        ("?repository=team/tool", [1, 3, 6, 7]), ("?repository=team%2Ftool&kind=push", [1, 3, 6]),
        ("?repository=team/nothing", []), ("?builder=docker", [0, 1, 2, 3]),
        ("?builder=buildah&repository=library/app", [4]),
        ("?builder=dock", []), ("?label=team=red", [0, 1, 2]), ("?label=team%3Dblue", [3, 4, 6]), ("?label=team=", []),
        ("?label=number=4", [4]), ("?label=team=blue&builder=buildah", [4, 6]),
        ("?label=team=blue&builder=buildah&repository=team/tool&kind=push", [6]), ("?label=team=red&kind=tag", []),
        ("?revision=\(revision)", [0]), ("?revision=0123456", [0]), ("?revision=012345", []), ("?revision=main", [6]),
        ("?revision=mai", []), ("?revision=3123456789abcdef", [3]), ("?revision=0123456&label=team=red", [0]),
        ("?revision=0123456&label=team=blue", []), ("?revision=0123456&builder=buildah", []),
        ("?revision=%25", []), ("?revision=012345_", []),
        ("?since=2026-01-01T02:00:00Z", [2, 3, 4, 5, 6, 7]), ("?until=2026-01-01T02:00:00Z", [0, 1]),
        ("?since=2026-01-01T01:00:00Z&until=2026-01-01T03:00:00.000Z", [1, 2]),
        ("?since=2026-01-01T02:00:00.001Z&until=2026-01-01T03:00:00.001Z", [3]),
        ("?since=2026-01-01T03:00:00%2B01:00&until=2026-01-01T03:00:00Z", [2]), ("?since=2027-01-01T00:00:00Z", []),
        ("?since=2024-02-29T23:59:59.999999999-11:30&kind=tag", [5, 7]), ("?until=2026-01-01T00:00:00-00:00", []),
        ("?until=2020-01-01T00:00:00Z", []), ("?since=2026-01-01T04:00:00Z&until=2026-01-01T02:00:00Z", []),
        ("?since=2026-01-01T01:00:00Z&label=team=red", [1, 2]), ("?until=2026-01-01T01:00:00Z&revision=0123456", [0]),
        ("?since=2026-01-01T01:00:00Z&repository=library/app&builder=docker", [2]),
    ])
    func `finds what every condition holds for`(_ query: String, ids: [Int64]) async throws {
        try await search { server in
            let answer = try server.get("/provenance\(query)")
            #expect(answer.status == 200)
            #expect(answer.json?["records"]?.array?.compactMap { $0["id"]?.int64 } == ids)
            #expect(answer.json?["next"] == .null)
            #expect(answer["Link"] == nil)
        }
    }

    @Test(
        arguments: [
            "", "&kind=push", "&repository=library/app", "&builder=docker", "&label=team=red", "&revision=0123456",
            "&since=2026-01-01T01:00:00Z&until=2026-01-01T05:00:00Z&label=team%3Dblue",
        ], [1, 2, 3])
    func `comes in pages without gaps or repeats`(_ query: String, limit: Int) async throws {
        try await search { server in
            let whole = try server.get("/provenance?\(query.dropFirst())").json?["records"]?.array ?? []
            var (byLink, byCursor): ([JSONValue], [JSONValue]) = ([], [])
            var next: String? = "/provenance?limit=\(limit)\(query)"
            var cursor = ""
            for _ in 0..<10 {
                guard let path = next else { break }
                let answer = try server.get(path)
                let records = answer.json?["records"]?.array ?? []
                #expect(records.count <= limit)
                byLink += records
                next = answer.next
                byCursor += try server.get("/provenance?limit=\(limit)\(query)\(cursor)").json?["records"]?.array ?? []
                let following = answer.json?["next"]?.string
                #expect((following == nil) == (next == nil))
                cursor = following.map { "&cursor=\($0)" } ?? ""
            }
            #expect(next == nil)
            #expect(byLink == whole)
            #expect(byCursor == whole)
        }
    }

    @Test func `counts times in milliseconds`() async throws {
        try await search { server in
            let times = try server.get("/provenance?limit=2").json?["records"]?.array?.map { $0["time"]?.string }
            #expect(times == ["2026-01-01T00:00:00.000Z", "2026-01-01T01:00:00.000Z"])
            // RFC 3339 §5.6: letters may be small.
            let later = try server.get("/provenance?limit=1&since=2026-01-01t00:00:00.0001z").json?["records"]?.array
            #expect(later?.first?["time"] == "2026-01-01T01:00:00.000Z")
        }
    }
}

@Suite(.live) struct `Searching the records wrongly` {
    let server = Live.server

    init() throws { try server.push(Fixture.image(), to: "library/app", as: "v1") }

    @Test(arguments: [
        "digest=x", "Revision=x", "repository=Not+A+Name", "repository=", "kind=", "kind=Push", "kind=builds",
        "label=team",
        "limit=-1", "limit=x", "limit=", "cursor=-1", "cursor=x", "cursor=", "cursor=99999999999999999999", "since=",
        "until=x",
        "since=yesterday", "since=2026-01-01", "since=2026-01-01T00:00:00", "since=1767225600",
        "since=2026-13-01T00:00:00Z",
        "since=2026-01-32T00:00:00Z", "since=2026-01-01T25:00:00Z", "since=2026-01-01T00:00:00Zjunk",
        "since=2026-02-30T00:00:00Z", "until=2026-01-01T00:00:00.Z", "since=99999999999999-01-01T00:00:00Z",
        "since=2026-01-01T00:00:00%2B99:00", "since=2026-01-01T00:00:60Z",
        "since=20260101T000000Z", "since=2026-01-01T24:00:00Z",
        "until=\(String(repeating: "0", count: 9000))",
    ])
    func `answers 400 with a problem document`(_ query: String) throws {
        let answer = try server.get("/provenance?\(query)")
        #expect(answer.status == 400)
        #expect(answer["Content-Type"] == "application/problem+json")
        #expect(answer.json?["detail"]?.string?.isEmpty == false)
    }

    @Test func `answers an empty page to a cursor at the end of all numbers`() throws {
        for path in ["/provenance?", "/provenance/\(Fixture.image().digest)?"] {
            let answer = try server.get("\(path)cursor=9223372036854775807")
            #expect(answer.status == 200)
            #expect(answer.json?["records"] == [])
        }
    }

    @Test func `gives no more than a page, whatever the limit is`() throws {
        #expect(try server.get("/provenance?limit=99999999999999999999").json?["records"]?.array?.count == 1)
        let none = try server.get("/provenance?limit=0")
        #expect(none.json?["records"] == [])
        #expect(none["Link"] == nil)
    }

    @Test func `answers HEAD with the head of GET`() throws {
        for path in ["/provenance", "/provenance/\(Fixture.image().digest)"] {
            #expect(try server.head(path).comparableHead == (try server.get(path)).comparableHead)
        }
    }
}
