import Glibc
import OCI
import RegistryCore
import RegistryTesting
import Synchronization
import Testing

/// What the clients of a server that is going to be killed were told.
private struct Promises: Sendable {
    /// Pushes that were acknowledged, by tag.
    var pushed: [String: Fixture.Image] = [:]
    /// Tags whose manifest was deleted, acknowledged.
    var deleted: [String: Fixture.Image] = [:]
    /// Tags of which nobody knows: the request that would have changed them was not answered.
    var unknown: Set<String> = []
    /// Where the moving tag may point: as acknowledged, and as asked for without an answer yet; nil when there is none.
    var latest: [Digest?] = [nil]
}

/// Pushes and deletes images until its server is gone.
private struct Pusher: Sendable {
    let number: Int
    let round: Int
    let server: WaybillServer
    let promises: @Sendable (@Sendable (inout Promises) -> Void) -> Void

    static func repository(_ number: Int) -> String { "pusher/\(number)" }
    var repository: String { Self.repository(number) }

    /// Gives its images one after the other; `acknowledged` hears of each, and may kill the server.
    func run(count: Int, acknowledged: @Sendable () -> Void) {
        guard let connection = try? server.connect() else { return }
        for index in 0..<count {
            let image = Fixture.image(seed: UInt64(round * 10_000 + number * 1000 + index), layers: 1)
            let tag = "r\(round)-\(index)"
            promises { promises in
                promises.unknown.insert(tag)
                promises.latest.append(image.digest)
            }
            guard (try? push(image, tag, on: connection)) == true else { return }
            promises { promises in
                promises.unknown.remove(tag)
                promises.pushed[tag] = image
                promises.latest = [image.digest]
            }
            acknowledged()
            guard index.isMultiple(of: 4) else { continue }
            promises { promises in
                promises.pushed[tag] = nil
                promises.unknown.insert(tag)
                promises.latest.append(nil)  // it goes with the manifest
            }
            let path = "/v2/\(repository)/manifests/\(image.digest)"
            guard (try? connection.request("DELETE", path))?.status == 202 else { return }
            promises { promises in
                promises.unknown.remove(tag)
                promises.deleted[tag] = image
                promises.latest = [nil]
            }
        }
    }

    /// Whether the push was acknowledged.
    private func push(_ image: Fixture.Image, _ tag: String, on connection: TestConnection) throws -> Bool {
        for blob in image.blobs {
            let path = "/v2/\(repository)/blobs/uploads/?digest=\(Digest(.sha256, of: blob))"
            guard try connection.request("POST", path, body: blob).status == 201 else { return false }
        }
        let path = "/v2/\(repository)/manifests/\(image.digest)?tag=\(tag)&tag=latest"
        let type = [("Content-Type", "application/vnd.oci.image.manifest.v1+json")]
        return try connection.request("PUT", path, type, body: image.manifest).status == 201
    }
}

@Suite(.timeLimit(.minutes(20))) struct `A server that is killed` {
    private static let pushers = 4
    private static let pushesOfEach = 50
    private let folder = TemporaryFolder()

    @Test func `in the middle of 200 pushes keeps every promise it has made`() async throws {
        var random = Seeded()
        var promises = (0..<Self.pushers).map { _ in Promises() }
        for round in 1...3 {
            let limit = Int.random(in: 1..<160, using: &random)
            print("seed \(random.seed), round \(round): kill -9 after \(limit) acknowledged pushes")
            let server = try await WaybillServer(data: folder.path)
            let begun = try beginUpload(on: server)
            let early = try #require(try server.request("POST", "/v2/uploads/blobs/uploads/")["Location"])
            promises = await push(to: server, round: round, killedAfter: limit, promises)
            await server.kill()
            let next = try await WaybillServer(data: folder.path)
            try finish(begun, on: next)
            // One that had kept nothing is good as well.
            let small = Fixture.bytes(100, seed: UInt64(round))
            let last = try next.request("PUT", "\(early)?digest=\(Digest(.sha256, of: small))", body: small)
            #expect(last.status == 201)
            for (number, promises) in promises.enumerated() { try check(promises, of: number, on: next) }
            #expect(await next.stop() == 0)
            #expect(try await TestRegistry(folder: folder).registry.verify() == [])
        }
        #expect(promises.reduce(0) { $0 + $1.pushed.count } > 0)
    }

    /// Lets several clients push at once, and kills the server when they have had `limit` answers between them.
    private func push(
        to server: WaybillServer, round: Int, killedAfter limit: Int, _ promises: [Promises]
    ) async -> [Promises] {
        let books = Books(promises)
        let acknowledged = Counter()
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<Self.pushers {
                let pusher = Pusher(number: number, round: round, server: server) { books.change(number, $0) }
                group.addTask {
                    await Worker.run {
                        pusher.run(count: Self.pushesOfEach) {
                            if acknowledged.next() == limit { server.program.signal(SIGKILL) }
                        }
                    }
                }
            }
        }
        return books.all
    }

    private func check(_ promises: Promises, of number: Int, on server: WaybillServer) throws {
        let repository = Pusher.repository(number)
        let connection = try server.connect()
        for (tag, image) in promises.pushed {
            let manifest = try connection.request("GET", "/v2/\(repository)/manifests/\(tag)")
            #expect(manifest.status == 200 && manifest.body == image.manifest, "\(repository):\(tag)")
            for blob in image.blobs {
                let path = "/v2/\(repository)/blobs/\(Digest(.sha256, of: blob))"
                #expect(try connection.request("GET", path).body == blob)
            }
            let trace = try connection.request("GET", "/provenance/\(image.digest)")
            let records = try JSONValue(parsing: trace.body)["records"]?.array ?? []
            #expect(records.contains { $0["kind"] == "push" && $0["repository"]?.string == repository })
        }
        for (tag, image) in promises.deleted {
            #expect(try connection.request("GET", "/v2/\(repository)/manifests/\(tag)").status == 404)
            #expect(try connection.request("GET", "/v2/\(repository)/manifests/\(image.digest)").status == 404)
        }
        let tags = try JSONValue(parsing: connection.request("GET", "/v2/\(repository)/tags/list").body)["tags"]
        let expected = Set(promises.pushed.keys).union(["latest"])
        let unexpected = Set(tags?.array?.compactMap(\.string) ?? []).subtracting(expected)
        #expect(unexpected.isSubset(of: promises.unknown))
        let latest = try connection.request("GET", "/v2/\(repository)/manifests/latest")["Docker-Content-Digest"]
        #expect(promises.latest.contains { $0.map { "\($0)" } == latest })
    }

    // MARK: - An upload that is older than the end of its server

    private let content = Fixture.bytes(300_000, seed: 77)

    private func beginUpload(on server: WaybillServer) throws -> String {
        let location = try #require(try server.request("POST", "/v2/uploads/blobs/uploads/")["Location"])
        let answer = try server.request("PATCH", location, body: Array(content[..<200_000]))
        #expect(answer.status == 202 && answer["Range"] == "0-199999")
        return location
    }

    private func finish(_ location: String, on server: WaybillServer) throws {
        let status = try server.request("GET", location)
        #expect(status.status == 204 && status["Range"] == "0-199999")
        let digest = Digest(.sha256, of: content)
        let answer = try server.request("PUT", "\(location)?digest=\(digest)", body: Array(content[200_000...]))
        #expect(answer.status == 201)
        #expect(try server.request("GET", "/v2/uploads/blobs/\(digest)").body == content)
    }
}

/// Random numbers that come again when `WAYBILL_TEST_SEED` names their seed.
private struct Seeded: RandomNumberGenerator {
    let seed: UInt64
    private var state: UInt64

    init() {
        let wanted = getenv("WAYBILL_TEST_SEED").flatMap { UInt64(String(cString: $0)) }
        seed = wanted ?? .random(in: 0..<1_000_000)
        state = seed
    }

    // SplitMix64.
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = (state ^ (state >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

private final class Counter: Sendable {
    private let count = Mutex(0)

    func next() -> Int {
        count.withLock { count in
            count += 1
            return count
        }
    }
}

/// The promises made to each pusher.
private final class Books: Sendable {
    private let books: Mutex<[Promises]>

    init(_ books: [Promises]) { self.books = Mutex(books) }

    var all: [Promises] { books.withLock { $0 } }

    func change(_ number: Int, _ body: @Sendable (inout Promises) -> Void) {
        books.withLock { body(&$0[number]) }
    }
}
