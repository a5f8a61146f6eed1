import BenchmarkLoad
import BenchmarkStore
import OCI
import RegistryCore

/// A data folder as `waybill serve` makes it, in this process.
struct LedgerStore {
    let documents: Documents
    private let folder: DataFolder

    init(folder: String, documents: Documents) throws {
        self.documents = documents
        self.folder = try DataFolder(folder, trust: documents.trust)
    }

    func close() async { await folder.close() }

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
        let start = try folder.records
        guard start < count else {
            return Filling(records: start, written: 0, time: .zero, processorTime: 0, slowest: 0)
        }
        announce("filling the ledger with \(count - start) records, for \(Int(deadline.seconds)) seconds at most")
        let before = ProcessFigures().processorTime
        let work = try await Crowd.run(start..<count, of: "records", deadline: deadline) { try await append($0) }
        let records = try folder.records
        return Filling(
            records: records, written: records - start, time: work.time,
            processorTime: ProcessFigures().processorTime - before, slowest: work.slowest)
    }

    private func append(_ number: Int) async throws {
        let actor = Actor(clientAddress: "192.0.2.\(number % 250)", userAgent: "ci/1.\(number % 7)")
        guard Documents.isPush(number) else {
            let (content, form) = try documents.build(number)
            _ = try await folder.registry.take(content, as: form, by: actor)
            return
        }
        let push = ManifestPush(
            to: try RepositoryName(parsing: Documents.repository(number)),
            as: .tag(try Tag(parsing: Documents.tag(number))), contentType: nil,
            content: Documents.manifest(number / 10))
        _ = try await folder.registry.put(push, by: actor)
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
            _ = try folder.registry.proof(of: index)
            latencies.append(begin.duration(to: clock.now))
        }
        return latencies
    }
}
