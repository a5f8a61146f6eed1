import Glibc
import OCI
import RegistryCore
import RegistryTesting
import Synchronization
import Testing

/// A server at work with everything that goes on beside it, killed now and then.
///
/// `make soak` lets it work for an hour; here it is some seconds.
@Suite(.timeLimit(.minutes(120))) struct `A server at work for long` {
    /// Seconds of work in all.
    private static let seconds = getenv("WAYBILL_TEST_SOAK").flatMap { Int(String(cString: $0)) } ?? 16
    /// How often it is started; between two starts it is killed, or stopped to change the key of its log.
    private static let lives = 4
    private static let clients = 4
    /// MiB that the server may take however long it works: SQLite's caches, of the writer and of eight readers, and 40 beside them.
    private static let mostMiB = 64 + 8 * 8 + 40

    private let folder = TemporaryFolder()
    private var data: String { "\(folder.path)/data" }

    /// Collections without rest and all but without grace, and every byte compared again and again.
    private static let busy = """
        export WAYBILL_GC_INTERVAL=100ms WAYBILL_GC_GRACE=3s WAYBILL_GC_UNTAGGED=1s \
        WAYBILL_SCRUB_INTERVAL=500ms WAYBILL_SCRUB_RATE=0
        """

    @Test func `keeps its promises, its memory and its descriptors`() async throws {
        let clients = (0..<Self.clients).map { SoakClient(number: $0) }
        var figures: [Life] = []
        for life in 0..<Self.lives {
            let server = try await WaybillServer(data: data, shell: Self.busy)
            for client in clients { try client.checkPromises(on: server) }
            let isKilled = life.isMultiple(of: 2)
            figures.append(
                try await work(
                    clients, on: server, for: Double(Self.seconds) / Double(Self.lives), killing: isKilled))
            if isKilled {
                await server.kill()
            } else {
                #expect(await server.stop() == 0)
                try await changeKey()
            }
            let backup = try await run("backup", "\(folder.path)/backup", "--data", data)
            #expect(backup.status == 0, "\(backup.text)")
        }
        let last = try await WaybillServer(data: data)
        for client in clients { try client.checkPromises(on: last) }
        #expect(await last.stop() == 0)
        for place in [data, "\(folder.path)/backup"] {
            let verified = try await run("verify", "--data", place)
            #expect(verified.status == 0, "\(verified.text)")
        }
        report(clients, figures)
        for life in figures {
            #expect(life.lastMiB > 0 && life.lastMiB <= Self.mostMiB)
            #expect(life.lastDescriptors <= life.earlyDescriptors + 16)
        }
    }

    private struct Life {
        var earlyMiB = 0
        var lastMiB = 0
        var earlyDescriptors = 0
        var lastDescriptors = 0
    }

    /// - Parameter isKilled: whether the server is killed while the clients are at work.
    private func work(
        _ clients: [SoakClient], on server: WaybillServer, for seconds: Double, killing isKilled: Bool
    ) async throws -> Life {
        let end = ContinuousClock.now + .seconds(seconds)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            for client in clients { group.addTask { try await Worker.run { try client.work(on: server, until: end) } } }
            try await Task.sleep(for: .seconds(seconds / 3))
            var life = Life()
            (life.earlyMiB, life.earlyDescriptors) = (server.program.residentMiB, server.program.descriptors)
            try await Task.sleep(until: end - .milliseconds(100))
            (life.lastMiB, life.lastDescriptors) = (server.program.residentMiB, server.program.descriptors)
            if isKilled { server.program.signal(SIGKILL) }
            try await group.waitForAll()
            return life
        }
    }

    private func changeKey() async throws {
        for command in ["rotate-key", "retire-key"] {
            let changed = try await run("ledger", command, "--data", data)
            #expect(changed.status == 0, "\(changed.text)")
        }
    }

    private func run(_ arguments: String...) async throws -> Program.Result {
        try await Program.run(WaybillProgram.path, arguments)
    }

    private func report(_ clients: [SoakClient], _ lives: [Life]) {
        let counts = clients.map(\.counts).reduce(into: SoakClient.Counts()) { $0.add($1) }
        print(
            "\(Self.seconds) s of work in \(lives.count) lives: \(counts.pushed) pushes acknowledged, \(counts.pulled) images pulled, "
                + "\(counts.deleted) deleted, \(counts.refused) pushes refused; memory at a third and at the end of each life "
                + lives.map { "\($0.earlyMiB)/\($0.lastMiB)" }.joined(separator: " ") + " MiB, descriptors "
                + lives.map { "\($0.earlyDescriptors)/\($0.lastDescriptors)" }.joined(separator: " "))
        #expect(counts.pushed > 20 && counts.pulled > 20 && counts.deleted > 2)
    }
}

/// Pushes, pulls and deletes in a repository of its own, and remembers what it was told.
private final class SoakClient: Sendable {
    struct Counts: Sendable {
        var pushed = 0
        var pulled = 0
        var deleted = 0
        var refused = 0

        mutating func add(_ other: Counts) {
            pushed += other.pushed
            pulled += other.pulled
            deleted += other.deleted
            refused += other.refused
        }
    }

    private struct State {
        /// What each tag points at, by the seed of the image.
        var tags: [String: Int] = [:]
        /// What was asked for and not answered: nil stands for a deletion.
        var open: (tag: String, seed: Int?)?
        var next = 0
        var counts = Counts()
    }

    private static let tags = 12
    private let number: Int
    private let state = Mutex(State())

    init(number: Int) {
        self.number = number
    }

    var counts: Counts { state.withLock { $0.counts } }
    private var repository: String { "soak/\(number % 2)/\(number)" }

    private func image(_ seed: Int) -> Fixture.Image {
        Fixture.image(seed: UInt64(number * 1_000_000 + seed), layers: 2, labels: ["seed": "\(number)-\(seed)"])
    }

    /// Works until then, or until the server is gone.
    func work(on server: WaybillServer, until end: ContinuousClock.Instant) throws {
        let connection = try server.connect()
        do {
            while ContinuousClock.now < end { try workOnce(on: connection) }
        } catch is TestConnection.Failure {}
    }

    private func workOnce(on connection: TestConnection) throws {
        let seed = state.withLock { state in
            state.next += 1
            return state.next
        }
        try push(seed, on: connection)
        try pullOne(on: connection)
        if seed.isMultiple(of: 5) { try deleteOne(on: connection) }
    }

    private func push(_ seed: Int, on connection: TestConnection) throws {
        let (image, tag) = (image(seed), "t\(seed % Self.tags)")
        for blob in image.blobs {
            let path = "/v2/\(repository)/blobs/uploads/?digest=\(Digest(.sha256, of: blob))"
            #expect(try connection.request("POST", path, body: blob).status == 201)
        }
        state.withLock { $0.open = (tag, seed) }
        let type = [("Content-Type", MediaType.ociManifest.rawValue)]
        let status = try connection.request("PUT", "/v2/\(repository)/manifests/\(tag)", type, body: image.manifest)
            .status
        state.withLock { state in
            state.open = nil
            // What was refused because it had been collected is not there.
            if status == 201 { state.tags[tag] = seed }
            if status == 201 { state.counts.pushed += 1 } else { state.counts.refused += 1 }
        }
        #expect(status == 201 || status == 404)
    }

    private func pullOne(on connection: TestConnection) throws {
        guard let (tag, seed) = state.withLock({ $0.tags.randomElement() }) else { return }
        try expect(seed, at: tag, on: connection)
        state.withLock { $0.counts.pulled += 1 }
    }

    private func deleteOne(on connection: TestConnection) throws {
        guard let (tag, seed) = state.withLock({ $0.tags.randomElement() }) else { return }
        state.withLock { $0.open = (tag, nil) }
        let path = "/v2/\(repository)/manifests/\(image(seed).digest)"
        #expect(try connection.request("DELETE", path).status == 202)
        state.withLock { state in
            state.open = nil
            state.tags[tag] = nil
            state.counts.deleted += 1
        }
    }

    private func expect(_ seed: Int, at tag: String, on connection: TestConnection) throws {
        let image = image(seed)
        #expect(try connection.request("GET", "/v2/\(repository)/manifests/\(tag)").body == image.manifest)
        for blob in image.blobs {
            let path = "/v2/\(repository)/blobs/\(Digest(.sha256, of: blob))"
            #expect(try connection.request("GET", path).body == blob)
        }
    }

    /// Everything that was acknowledged is there; what was not answered is there as a whole or not at all.
    func checkPromises(on server: WaybillServer) throws {
        let connection = try server.connect()
        if let open = state.withLock({ $0.open }) {
            let found = try connection.request("GET", "/v2/\(repository)/manifests/\(open.tag)")
            let asked = open.seed.map { image($0).manifest }
            let isDone = open.seed == nil ? found.status == 404 : found.body == asked
            state.withLock { state in
                if isDone { state.tags[open.tag] = open.seed }
                state.open = nil
            }
        }
        for (tag, seed) in state.withLock({ $0.tags }) { try expect(seed, at: tag, on: connection) }
        for number in 0..<Self.tags {
            let tag = "t\(number)"
            guard state.withLock({ $0.tags[tag] }) == nil else { continue }
            #expect(try connection.request("GET", "/v2/\(repository)/manifests/\(tag)").status == 404)
        }
    }
}

extension Program {
    /// MiB of memory that are resident.
    fileprivate var residentMiB: Int {
        let pages = Self.text(of: "/proc/\(identifier)/statm").split(separator: " ").dropFirst().first.flatMap {
            Int($0)
        }
        return (pages ?? 0) / 256
    }

    /// Descriptors that are open.
    fileprivate var descriptors: Int {
        guard let folder = opendir("/proc/\(identifier)/fd") else { return 0 }
        defer { closedir(folder) }
        var count = 0
        while readdir(folder) != nil { count += 1 }
        return count - 2
    }

    private static func text(of path: String) -> String {
        guard let file = fopen(path, "re") else { return "" }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }
}
