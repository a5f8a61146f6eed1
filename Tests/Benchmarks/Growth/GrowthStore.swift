import BenchmarkLoad
import BenchmarkStore
import Glibc
import OCI
import RegistryCore

/// Fills a data folder with all that a company has.
struct GrowthStore {
    let company: Company
    private let folder: DataFolder
    private let documents: Documents

    private init(_ path: String, _ company: Company) throws {
        self.company = company
        documents = try Documents()
        folder = try DataFolder(path)
    }

    /// Fills the folder, unless an earlier run has filled it.
    static func fill(_ path: String, for company: Company) async throws {
        let store = try GrowthStore(path, company)
        let records = try store.folder.records
        if records < company.records {
            guard records == 0 else { throw Unfinished(path: path) }
            announce("filling \(path) with \(company.records) records")
            try await store.push()
            try await store.tag()
            try await store.refer()
            try await store.link()
            try await store.build()
        }
        await store.folder.close()
    }

    private func push() async throws {
        _ = try await Crowd.run(0..<company.images, of: "images") { image in
            try await put(Company.manifest(image), to: company.repository(of: image), as: company.tag(of: image))
        }
    }

    private func tag() async throws {
        let images = company.images..<(company.images + company.tags / Company.tagsOfImage)
        _ = try await Crowd.run(images, of: "images with many tags") { image in
            let first = (image - company.images) * Company.tagsOfImage
            let tags = try (first..<(first + Company.tagsOfImage)).map { try Tag(parsing: Company.manyTag($0)) }
            let manifest = Company.manifest(image)
            let push = ManifestPush(
                to: try RepositoryName(parsing: Company.tagged), as: .digest(Digest(.sha256, of: manifest)), tags: tags,
                contentType: nil, content: manifest)
            _ = try await folder.registry.put(push, by: Self.actor(image))
        }
    }

    private func refer() async throws {
        let (many, few) = (company.referrers, Company.few)
        // Those that are searched for come last, behind all others.
        _ = try await Crowd.run(0..<(many + few), of: "referrers") { number in
            let type = number < many ? "application/vnd.example.scan" : Company.rareType
            try await put(Company.referrer(number, to: Company.popular, type: type), to: Company.referring)
        }
        _ = try await Crowd.run(0..<(company.subjects * few), of: "referrers of others") { number in
            let referrer = Company.referrer(
                many + few + number, to: Company.subject(number / few), type: "application/vnd.example.scan")
            try await put(referrer, to: Company.referring)
        }
    }

    /// Not each made durable by itself: that is not what is measured.
    private func link() async throws {
        _ = try await Crowd.run(0..<((company.images + 99) / 100), of: "hundreds of blobs") { hundred in
            let images = (hundred * 100)..<min(company.images, hundred * 100 + 100)
            try await folder.ledger.write(durable: false) { transaction in
                for image in images {
                    let repository = try RepositoryName(parsing: company.repository(of: image))
                    let content = Company.blob(image)
                    let blob = CommittedBlob(Digest(.sha256, of: content), size: 4096, content: content)
                    try transaction.linkBlob(blob, to: repository)
                }
            }
        }
        try await folder.ledger.write { transaction in
            for number in 0..<company.repositories {
                let repository = try RepositoryName(parsing: Company.repository(number))
                try transaction.linkBlob(CommittedBlob(Company.base, size: 19), to: repository)
            }
        }
    }

    private func build() async throws {
        let numbers = try 0..<max(0, (company.records - folder.records) * 10 / 9 + 10)
        _ = try await Crowd.run(numbers, of: "build records and pushes") { number in
            guard !Documents.isPush(number) else { return }
            _ = try await folder.registry.take(documents.plain(number), as: .plain, by: Self.actor(number))
        }
    }

    // MARK: - One of them

    private func put(_ manifest: [UInt8], to repository: String, as tag: String? = nil) async throws {
        let reference = try tag.map { Reference.tag(try Tag(parsing: $0)) } ?? .digest(Digest(.sha256, of: manifest))
        let push = ManifestPush(
            to: try RepositoryName(parsing: repository), as: reference, contentType: nil, content: manifest)
        _ = try await folder.registry.put(push, by: Self.actor(manifest.count))
    }

    private static func actor(_ number: Int) -> Actor {
        Actor(clientAddress: "192.0.2.\(number % 250)", userAgent: "ci/1.\(number % 7)")
    }

    /// An earlier run has filled a part of the folder, which must be removed.
    struct Unfinished: Error { let path: String }
}
