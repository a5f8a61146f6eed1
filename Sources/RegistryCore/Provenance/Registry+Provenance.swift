import Attestation
package import OCI
package import TransparencyLog

/// Everything the registry knows of a digest.
package struct Trace: Sendable {
    package let digest: Digest
    /// What it is, if it is a manifest that is or was here.
    package let manifest: Manifest?
    /// Repositories that serve it now.
    package let repositories: [String]
    /// Tags that point at it now.
    package let tags: [TagLocation]
    /// Manifests that name it, oldest first, with what was recorded of their last push.
    package let containers: [Containment]
    /// Records about it, oldest first: the page that was asked for.
    package let records: Page<StoredRecord, Int64>
    /// The records that everything else here is told from, whatever page was asked for; oldest first.
    package let history: [StoredRecord]
    /// Which of the manifest's children have records of their own, and the newest push among them.
    package let children: [Digest: StoredRecord]
    /// The attestation manifests of an index, by the image they are about.
    package let attestations: [Digest: [Digest]]
    /// What it was built on.
    package let bases: [BaseImage]
    /// What was built on it.
    package let derived: [DerivedImage]
    /// Statements about it that contradict each other.
    package let conflicts: [Conflict]
    /// The checkpoint of the log at which all this was so.
    package let checkpoint: Checkpoint?
}

/// How much goes into one trace.
package struct TraceLimits: Sendable {
    /// There is more than quick limits allow.
    package struct Exceeded: Error {}

    /// Records.
    let records: Int
    /// Bytes of their documents.
    let recordBytes: Int
    /// Repositories, tags and containers, of each so many.
    let locations: Int
    /// Bytes of the manifest, which is read whole.
    let manifestBytes: Int
    /// Platform manifests of an index whose pushes are looked up.
    let children: Int
    /// Images listed as derived by their layers.
    let derived: Int
    /// Records in which other derived images are looked for.
    let recordsOfDerived: Int
    private let isQuick: Bool

    /// Everything, within reason: what is more is left out.
    package static let whole = TraceLimits(
        records: .max, recordBytes: RecordPage.mostBytes, locations: 1000, manifestBytes: .max, children: 256,
        derived: 1000,
        recordsOfDerived: 10_000, isQuick: false)
    /// What takes no longer than to hand it to another thread, so that it may run on a loop: where there is more, nothing is
    /// left out but `Exceeded` thrown.
    package static let quick = TraceLimits(
        records: 16, recordBytes: 64 * 1024, locations: 16, manifestBytes: 32 * 1024, children: 8, derived: 16,
        recordsOfDerived: 16,
        isQuick: true)

    func check(_ count: Int, of limit: Int) throws(Exceeded) {
        if isQuick, count >= limit { throw Exceeded() }
    }

    func check(_ page: RecordPage, of limit: Int) throws(Exceeded) {
        if isQuick, page.isCut, page.records.count < limit { throw Exceeded() }
    }
}

extension Registry {
    /// What is known of a digest: a manifest, an index, a config, a layer; nil when it was never seen.
    ///
    /// Within `TraceLimits.whole` it may take long: called through `aside`.
    ///
    /// - Parameter visible: the repositories of which it tells: what is in none of them was never seen.
    /// - Throws: `TraceLimits.Exceeded`, within `.quick` only.
    package func trace(
        _ digest: Digest, in visible: RepositorySelection = .all, after record: Int64, count: Int?,
        within bounds: TraceLimits = .whole
    ) throws -> Trace? {
        let limit = min(count ?? limits.page, limits.page)
        return try ledger.read { reader in
            let place = try reader.places(of: digest)
            let sight = Sight(reader: reader, selection: visible)
            guard try sight.shows(digest, at: place) else { return nil }
            let records = try reader.records(
                about: digest, in: visible, after: record, limit: min(limit, bounds.records), bytes: bounds.recordBytes)
            try bounds.check(records, of: limit)
            let containers = try reader.containers(of: digest, limit: bounds.locations)
            try bounds.check(containers.count, of: bounds.locations)
            let shownContainers = try containers.filter { try sight.shows($0.manifest) }
            let isStored = place.manifest != nil || place.blob != nil
            let isKnown = isStored || !records.records.isEmpty || !containers.isEmpty
            guard try isKnown || reader.hasRecords(about: digest) else { return nil }
            if let id = place.manifest { try bounds.check(reader.manifestSize(id), of: bounds.manifestBytes) }
            let manifest = try place.manifest.flatMap { try Self.manifest(digest, at: $0, from: reader) }
            try bounds.check(manifest?.manifests.count ?? 0, of: bounds.children)
            var children: [Digest: StoredRecord] = [:]
            for child in (manifest?.manifests ?? []).prefix(bounds.children) {
                children[child.digest] = try reader.lastPush(of: child.digest).flatMap {
                    try sight.shows($0) ? $0 : nil
                }
            }
            let history =
                record < 0 && !records.isCut
                ? records
                : try reader.records(
                    about: digest, in: visible, after: -1, limit: min(limits.page, bounds.records),
                    bytes: bounds.recordBytes)
            try bounds.check(history, of: limits.page)
            let lineage = Lineage(
                reader: reader, manifest: manifest, digest: digest, records: history.records, limits: bounds)
            let repositories = try reader.repositories(
                servingManifest: place.manifest, blob: place.blob, limit: bounds.locations)
            try bounds.check(repositories.count, of: bounds.locations)
            let tags = try place.manifest.map { try reader.tags(pointingAt: $0, limit: bounds.locations) } ?? []
            try bounds.check(tags.count, of: bounds.locations)
            return Trace(
                digest: digest, manifest: manifest, repositories: repositories.filter { visible.contains($0) },
                tags: tags.filter { visible.contains($0.repository) }, containers: shownContainers,
                records: Page(records), history: history.records, children: children,
                attestations: manifest?.attestationsByImage ?? [:], bases: try lineage.bases(in: sight),
                derived: try lineage.derived().filter { try sight.shows($0.digest) }, conflicts: lineage.conflicts(),
                checkpoint: try publishedTree(from: reader))
        }
    }

    /// A manifest that is or was here. Which type it has may be said only by who pushed it, so only by the record.
    private static func manifest(_ digest: Digest, at id: Int64, from reader: LedgerReader) throws -> Manifest? {
        guard let content = try reader.manifestContent(id) else { return nil }
        return Manifest(stored: content, mediaType: try reader.lastPush(of: digest)?.json["mediaType"]?.string)
    }

    /// The repository of some source code in the one spelling by which records are searched.
    package static func sourceRepository(_ text: String) -> String { SourceURI(text).repository }

    /// Records that match, oldest first, after the record `id`. May take long: called through `aside`.
    ///
    /// - Parameter visible: the repositories of whose records it tells.
    package func records(
        matching filter: RecordFilter, in visible: RepositorySelection = .all, after id: Int64, count: Int?
    ) throws -> Page<StoredRecord, Int64> {
        let limit = min(count ?? limits.page, limits.page)
        return try ledger.read { Page(try $0.records(matching: filter, in: visible, after: id, limit: limit)) }
    }
}

extension Manifest {
    /// The attestation manifests of an index, by the image they are about.
    fileprivate var attestationsByImage: [Digest: [Digest]] {
        attestationEntries.reduce(into: [:]) { $0[$1.subject, default: []].append($1.attestations.digest) }
    }
}

extension Page<StoredRecord, Int64> {
    fileprivate init(_ page: RecordPage) {
        self.init(page.records, next: page.isCut ? page.records.last?.id : nil)
    }
}
