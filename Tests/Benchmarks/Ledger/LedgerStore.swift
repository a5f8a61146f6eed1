import BenchmarkLoad
import Glibc
import LinuxIO
import Logging
import OCI
import RegistryCore
import RegistryTesting
import Synchronization
import TransparencyLog

/// A data folder as `waybill serve` makes it, in this process.
struct LedgerStore {
    /// Writers that wait at the same time: as many as fit into two commits, one that is flushed and one that runs.
    private static let writers = 512

    let documents: Documents
    private let ledger: Ledger
    private let seen: CheckpointFile
    private let registry: Registry

    init(folder: String, documents: Documents) throws {
        self.documents = documents
        mkdir(folder, 0o700)
        mkdir("\(folder)/keys", 0o700)
        let lanes = Lanes(count: 16)
        let file = LogKeyFile(folder: "\(folder)/keys")
        let keys: [SignerKey]
        if let known = try file.read() {
            keys = known
        } else {
            keys = [try LogKeyFile.makeKey(named: try KeyName(parsing: "registry.example.com"))]
            try file.write(keys)
        }
        let seen = CheckpointFile(folder: "\(folder)/keys")
        self.seen = seen
        ledger = try Ledger(
            path: "\(folder)/waybill.db", identity: try LogIdentity(signers: keys), published: { seen.write($0) })
        registry = Registry(
            blobs: try BlobStore(root: folder, lanes: lanes), ledger: ledger, readLanes: lanes,
            trust: documents.trust, logger: .silent, rule: { _ in RepositoryPolicy(allowsSparse: true) })
    }

    func close() async {
        await ledger.close()
        seen.flush()
    }

    // MARK: - Filling

    /// What filling came to.
    struct Filling {
        /// How many records there are.
        let records: Int
        /// How many were written, in which time.
        let written: Int
        let time: Duration
        /// Of this process, in seconds.
        let processorTime: Double
        /// Records a second in the slowest ten seconds.
        let slowest: Double
    }

    /// Appends records until there are `count`, as clients would who send them at the same time.
    func fill(upTo count: Int, deadline: Duration) async throws -> Filling {
        let start = Int(try ledger.read { try $0.publishedSize() })
        guard start < count else {
            return Filling(records: start, written: 0, time: .zero, processorTime: 0, slowest: 0)
        }
        announce("filling the ledger with \(count - start) records, for \(Int(deadline.seconds)) seconds at most")
        let counter = Counter(from: start, to: count)
        let clock = ContinuousClock()
        let (begin, before) = (clock.now, ProcessFigures().processorTime)
        let slowest = try await withThrowingTaskGroup(of: Double?.self) { group in
            for _ in 0..<Self.writers {
                group.addTask {
                    while let number = counter.take(), begin.duration(to: clock.now) < deadline {
                        try await append(number)
                        counter.finish()
                    }
                    return nil
                }
            }
            group.addTask { try await watch(counter) }
            for try await _ in group.prefix(Self.writers) {}
            counter.stop()
            return try await group.next() ?? nil
        }
        let time = begin.duration(to: clock.now)
        let records = Int(try ledger.read { try $0.publishedSize() })
        return Filling(
            records: records, written: records - start, time: time,
            processorTime: ProcessFigures().processorTime - before, slowest: slowest ?? 0)
    }

    private func append(_ number: Int) async throws {
        let actor = Actor(clientAddress: "192.0.2.\(number % 250)", userAgent: "ci/1.\(number % 7)")
        guard Documents.isPush(number) else {
            let (content, form) = try documents.build(number)
            _ = try await registry.take(content, as: form, by: actor)
            return
        }
        let push = ManifestPush(
            to: try RepositoryName(parsing: Documents.repository(number)),
            as: .tag(try Tag(parsing: Documents.tag(number))), contentType: nil,
            content: Documents.manifest(number / 10))
        _ = try await registry.put(push, by: actor)
    }

    /// Says every ten seconds how far it is, and gives the least that was written in a second of such a span.
    private func watch(_ counter: Counter) async throws -> Double? {
        let clock = ContinuousClock()
        var slowest: Double?
        while !counter.isOver {
            let (before, begin) = (counter.finished, clock.now)
            while !counter.isOver, begin.duration(to: clock.now) < .seconds(10) {
                try await Task.sleep(for: .milliseconds(50))
            }
            let time = begin.duration(to: clock.now)
            let rate = Double(counter.finished - before) / time.seconds
            if time > .seconds(9) || slowest == nil { slowest = min(rate, slowest ?? rate) }
            announce("  \(counter.finished) of \(counter.end) records, \(Int(rate)) a second")
        }
        return slowest
    }

    // MARK: - Proofs

    /// How long it takes to compute a proof, without HTTP.
    func proofs(among records: Int) throws -> Latencies {
        announce("computing proofs")
        var latencies = Latencies()
        let clock = ContinuousClock()
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<5000 {
            let index = Int64.random(in: 0..<Int64(records), using: &generator)
            let begin = clock.now
            _ = try registry.proof(of: index)
            latencies.append(begin.duration(to: clock.now))
        }
        return latencies
    }
}

/// Numbers that several tasks take in turn.
private final class Counter: Sendable {
    let end: Int
    private let next: Atomic<Int>
    private let done: Atomic<Int>
    private let over = Atomic(false)

    init(from start: Int, to end: Int) {
        self.end = end
        next = Atomic(start)
        done = Atomic(start)
    }

    func take() -> Int? {
        let number = next.wrappingAdd(1, ordering: .relaxed).oldValue
        return number < end ? number : nil
    }

    func finish() { done.wrappingAdd(1, ordering: .relaxed) }

    func stop() { over.store(true, ordering: .relaxed) }

    var finished: Int { done.load(ordering: .relaxed) }

    var isOver: Bool { over.load(ordering: .relaxed) }
}
