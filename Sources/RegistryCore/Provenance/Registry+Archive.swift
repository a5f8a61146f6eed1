package import OCI

/// What a copy of an image for an auditor without a network holds.
package struct ArchiveContents: Sendable {
    /// Where it all is.
    package let repository: RepositoryName
    /// The image, under the name that tools ask for.
    package let root: Descriptor
    /// The image, everything it names that is here, and everything that refers to any of it; each once.
    package let contents: [Descriptor]
    /// Records about any of the manifests, oldest first.
    package let records: [Int64]
}

/// Why no archive can be made.
package enum ArchiveError: Error, Equatable {
    /// No repository, or not the one that was named, serves it as a manifest.
    case unknownImage(Digest)
    /// It has more manifests than one archive may.
    case tooManyManifests(limit: Int)
}

extension Registry {
    /// Manifests of one archive: an image, its platforms, and their signatures and attestations.
    private static let mostManifests = 500
    /// Records about one manifest whose proofs go along.
    private static let mostRecords = 200

    /// Finds everything that belongs to an image. May take long: called through `aside`.
    ///
    /// - Parameters:
    ///   - repository: where to look; nil for the first that serves it.
    ///   - visible: the repositories of which it tells.
    package func archive(
        of digest: Digest, in repository: RepositoryName?, of visible: RepositorySelection = .all
    ) throws -> ArchiveContents {
        try ledger.read { reader in
            let row = try reader.places(of: digest).manifest
            let serving = try reader.repositories(servingManifest: row, blob: nil, limit: 1000).compactMap {
                try? RepositoryName(parsing: $0)
            }.filter { visible.contains($0) }
            guard let place = repository.map({ serving.contains($0) ? $0 : nil }) ?? serving.first,
                let stored = try reader.manifest(.digest(digest), in: place, content: false)
            else { throw ArchiveError.unknownImage(digest) }
            var root = Descriptor(
                mediaType: MediaType(rawValue: stored.mediaType), digest: digest, size: stored.size)
            let tags = try row.map { try reader.tags(pointingAt: $0, limit: 1000) } ?? []
            let tag = tags.first { $0.repository == place.rawValue }
            root = root.named("\(place):\(tag?.tag ?? digest.referrersTag.rawValue)")
            var walk = ArchiveWalk(reader: reader, repository: place, limit: Self.mostManifests)
            try walk.visit(digest)
            var records: Set<Int64> = []
            for manifest in walk.manifests {
                records.formUnion(
                    try reader.records(about: manifest, in: visible, after: -1, limit: Self.mostRecords).records.map(
                        \.id))
            }
            return ArchiveContents(
                repository: place, root: root, contents: walk.contents, records: records.sorted())
        }
    }
}

/// Goes from a manifest to everything that it names and that names it.
private struct ArchiveWalk {
    let reader: LedgerReader
    let repository: RepositoryName
    let limit: Int
    private(set) var manifests: [Digest] = []
    private(set) var contents: [Descriptor] = []
    private var seen: Set<Digest> = []

    init(reader: LedgerReader, repository: RepositoryName, limit: Int) {
        self.reader = reader
        self.repository = repository
        self.limit = limit
    }

    mutating func visit(_ digest: Digest) throws {
        var waiting = [digest]
        while let next = waiting.popLast() {
            guard seen.insert(next).inserted,
                let stored = try reader.manifest(.digest(next), in: repository, content: true)
            else { continue }
            guard manifests.count < limit else { throw ArchiveError.tooManyManifests(limit: limit) }
            manifests.append(next)
            contents.append(
                Descriptor(mediaType: MediaType(rawValue: stored.mediaType), digest: next, size: stored.size))
            guard let manifest = Manifest(stored: stored.content, mediaType: stored.mediaType) else { continue }
            for blob in [manifest.config].compactMap(\.self) + manifest.layers { try add(blob) }
            waiting += manifest.manifests.map(\.digest)
            waiting += try referrers(to: next)
        }
    }

    /// A blob, if the repository has it: a foreign layer need not be here.
    private mutating func add(_ blob: Descriptor) throws {
        guard !seen.contains(blob.digest), let size = try reader.blobSize(blob.digest, in: repository) else { return }
        seen.insert(blob.digest)
        contents.append(Descriptor(mediaType: blob.mediaType, digest: blob.digest, size: size))
    }

    private func referrers(to digest: Digest) throws -> [Digest] {
        try reader.referrers(to: digest, in: repository, artifactType: nil, after: 0, limit: limit).compactMap {
            guard let json = try? JSONValue(parsing: Array($0.descriptor.utf8)) else { return nil }
            return json["digest"]?.string.flatMap { try? Digest(parsing: $0) }
        } + taggedReferrers(to: digest)
    }

    /// What cosign keeps under tags made of the digest.
    private func taggedReferrers(to digest: Digest) throws -> [Digest] {
        try ["sig", "att", "sbom"].compactMap { suffix in
            guard let tag = try? Tag(parsing: "\(digest.algorithm.rawValue)-\(digest.hex).\(suffix)") else {
                return nil
            }
            return try reader.manifest(.tag(tag), in: repository, content: false)?.digest
        }
    }
}
