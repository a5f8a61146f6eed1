import BenchmarkLoad
import Glibc
import OCI
import RegistryTesting

/// What every server has before it is measured: the same bytes under the same names.
struct Dataset: Sendable {
    static let repository = "bench/image"
    static let tagged = "bench/tags"
    static let referred = "bench/referrers"

    let sizes: Sizes
    /// A blob that is pulled whole and in ranges; it is the layer of an image.
    let large = Image(layer: ContentMaker(size: Sizes.large).next())
    /// Images that are pulled.
    let images: [Image]
    /// Images that are pulled while others are pushed.
    let small: [Image]
    /// An image that has referrers, and what refers to it.
    let subject = Image(layer: ContentMaker(size: 256).next())
    let referrers: [Image]

    init(_ sizes: Sizes) {
        self.sizes = sizes
        let (image, small) = (ContentMaker(size: Sizes.image), ContentMaker(size: Sizes.small))
        images = (0..<8).map { _ in Image(layer: image.next()) }
        self.small = (0..<16).map { _ in Image(layer: small.next()) }
        let (layers, subject) = (ContentMaker(size: 64), subject)
        referrers = (0..<sizes.referrers).map { _ in Image(layer: layers.next(), subject: subject) }
    }

    /// Each image of the repository that is read, with its tag.
    private var tags: [(image: Image, tag: String)] {
        [(large, "large")] + images.enumerated().map { ($1, Self.imageTag($0)) }
            + small.enumerated().map { ($1, Self.smallTag($0)) }
    }

    static func imageTag(_ number: Int) -> String { "image-\(number)" }

    static func smallTag(_ number: Int) -> String { "small-\(number)" }

    /// Tags sort as their numbers do.
    static func tag(_ number: Int) -> String { "v\(String(1_000_000 + number).dropFirst())" }

    // MARK: - Seeding

    /// Brings everything to a server, through its own interface where it has one.
    func seed(_ server: Server) async throws {
        guard server.kind != .nginx else { return writeFiles(below: "\(server.folder.path)/data") }
        try await push(tags.count, over: 1, to: server) { client, number in
            try client.push(tags[number].image, to: Self.repository, as: tags[number].tag)
        }
        try await push(1, over: 1, to: server) { client, _ in
            for repository in [Self.tagged, Self.referred] {
                try client.push(subject, to: repository, as: Self.tag(0))
            }
        }
        try await push(sizes.tags, over: 4, to: server) { client, number in
            try client.push(manifest: subject.manifest, to: Self.tagged, as: Self.tag(number))
        }
        try await push(sizes.repositories, over: 4, to: server) { client, number in
            try client.push(subject, to: "bench/catalogue-\(number)", as: "1")
        }
        try await push(referrers.count, over: 1, to: server) { client, number in
            let referrer = referrers[number]
            for blob in [referrer.layer, referrer.config] { try client.push(blob, to: Self.referred) }
            try client.push(manifest: referrer.manifest, to: Self.referred, as: referrer.manifest.digest)
        }
    }

    private func push(
        _ count: Int, over connections: Int, to server: Server,
        _ step: @escaping @Sendable (RegistryClient, Int) throws -> Void
    ) async throws {
        let flow = Flow(port: server.port, connections: connections, duration: .seconds(600), most: count)
        let outcome = await flow.run(step)
        guard outcome.operations == count else {
            throw RegistryClient.Unexpected(
                description: "\(server.name) cannot be filled: \(outcome.firstFailure ?? "it takes too long")")
        }
    }

    private func writeFiles(below root: String) {
        let folder = "\(root)/v2/\(Self.repository)"
        var made = ""
        for part in "\(folder)/blobs".split(separator: "/") {
            made += "/\(part)"
            mkdir(made, 0o755)
        }
        mkdir("\(folder)/manifests", 0o755)
        for (image, tag) in tags {
            for blob in [image.layer, image.config] { Self.write(blob, to: "\(folder)/blobs/\(blob.digest)") }
            for name in [tag, image.manifest.digest] { Self.write(image.manifest, to: "\(folder)/manifests/\(name)") }
        }
    }

    private static func write(_ content: Content, to path: String) {
        guard let file = fopen(path, "w") else { return }
        defer { fclose(file) }
        for piece in content.pieces { fwrite(piece, 1, piece.count, file) }
    }
}
