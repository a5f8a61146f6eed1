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
    package let checkpoint: SignedCheckpoint?
}

extension Registry {
    /// Repositories, tags and containers listed in one trace.
    private static let tracedLocations = 1000
    /// Platform manifests of an index whose pushes are looked up.
    private static let tracedChildren = 256

    /// What is known of a digest: a manifest, an index, a config, a layer; nil when it was never seen.
    ///
    /// May take long: called through `aside`.
    package func trace(_ digest: Digest, after record: Int64, count: Int?) throws -> Trace? {
        let limit = min(count ?? limits.page, limits.page)
        return try ledger.read { reader in
            let place = try reader.places(of: digest)
            let records = try reader.records(about: digest, after: record, limit: limit)
            let containers = try reader.containers(of: digest, limit: Self.tracedLocations)
            let isStored = place.manifest != nil || place.blob != nil
            let isKnown = isStored || !records.records.isEmpty || !containers.isEmpty
            guard try isKnown || reader.hasRecords(about: digest) else { return nil }
            let manifest = try place.manifest.flatMap { try Self.manifest(digest, at: $0, from: reader) }
            var children: [Digest: StoredRecord] = [:]
            for child in (manifest?.manifests ?? []).prefix(Self.tracedChildren) {
                children[child.digest] = try reader.lastPush(of: child.digest)
            }
            let history =
                record < 0 && !records.isCut
                ? records : try reader.records(about: digest, after: -1, limit: limits.page)
            let lineage = Lineage(reader: reader, manifest: manifest, digest: digest, records: history.records)
            return Trace(
                digest: digest, manifest: manifest,
                repositories: try reader.repositories(
                    servingManifest: place.manifest, blob: place.blob, limit: Self.tracedLocations),
                tags: try place.manifest.map { try reader.tags(pointingAt: $0, limit: Self.tracedLocations) } ?? [],
                containers: containers, records: Page(records), history: history.records, children: children,
                attestations: manifest?.attestationsByImage ?? [:], bases: try lineage.bases(),
                derived: try lineage.derived(), conflicts: lineage.conflicts(),
                checkpoint: try publishedCheckpoint(from: reader))
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
    package func records(
        matching filter: RecordFilter, after id: Int64, count: Int?
    ) throws -> Page<StoredRecord, Int64> {
        let limit = min(count ?? limits.page, limits.page)
        return try ledger.read { Page(try $0.records(matching: filter, after: id, limit: limit)) }
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
