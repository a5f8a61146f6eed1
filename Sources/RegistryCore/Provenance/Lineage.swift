package import OCI

/// How it is known that an image was built on another.
package enum BaseEvidence: String, Sendable, CaseIterable {
    /// A build record names it among what the build used: the base, or a tool.
    case provenance
    /// The image says so (`org.opencontainers.image.base.*`).
    case annotation
    /// The image begins with all layers of the other.
    case rootfsPrefix = "rootfs-prefix"
}

/// What an image was built on.
package struct BaseImage: Sendable, Equatable {
    /// What it is called, by whoever said so.
    package var name: String?
    /// What was named: an image, or an index that contains it.
    package var digest: Digest?
    /// The image in this registry whose layers it shares.
    package var manifest: Digest?
    package var evidence: [BaseEvidence]
}

/// An image that was built on another.
package struct DerivedImage: Sendable, Equatable {
    package let digest: Digest
    package var evidence: [BaseEvidence]
}

/// Two statements about an image that cannot both be true.
package struct Conflict: Sendable, Equatable {
    /// What they are about: `revision`.
    package let field: String
    /// What the image says of itself.
    package let label: String
    /// What a build record says.
    package let attested: String
    /// The build record.
    package let record: Int64
}

/// Where an image comes from and what came from it, put together from records and layers.
struct Lineage {
    /// Platform manifests of an index whose layers are compared.
    private static let mostChildren = 16

    let reader: LedgerReader
    let manifest: Manifest?
    let digest: Digest
    let records: [StoredRecord]
    let limits: TraceLimits

    /// The images themselves: of an index its platform manifests.
    private var images: [Digest] {
        guard let manifest, manifest.kind == .index else { return [digest] }
        return manifest.manifests.filter { $0.platform?.os != "unknown" }.prefix(Self.mostChildren).map(\.digest)
    }

    /// What it was built on, what is best known first. What a record says of it is part of the record; of other images only those
    /// are named that can be seen.
    func bases(in sight: Sight) throws -> [BaseImage] {
        var bases: [BaseImage] = []
        for record in records {
            for image in record.json["images"]?.array ?? [] {
                Self.add(image["name"]?.string, image["digest"]?.string, .provenance, to: &bases)
            }
            if let base = record.json["base"] {
                Self.add(base["name"]?.string, base["digest"]?.string, .annotation, to: &bases)
            }
        }
        for image in images where manifest != nil {
            for found in try reader.imageUnder(image) where try sight.shows(found) {
                try add(shared: found, to: &bases)
            }
        }
        return bases.sorted { $0.evidence.count > $1.evidence.count }
    }

    private static func add(_ name: String?, _ text: String?, _ evidence: BaseEvidence, to bases: inout [BaseImage]) {
        let digest = text.flatMap { try? Digest(parsing: $0) }
        guard name != nil || digest != nil else { return }
        let known = bases.firstIndex { digest != nil ? $0.digest == digest : $0.digest == nil && $0.name == name }
        guard let known else { return bases.append(BaseImage(name: name, digest: digest, evidence: [evidence])) }
        if !bases[known].evidence.contains(evidence) { bases[known].evidence.append(evidence) }
        bases[known].name = bases[known].name ?? name
    }

    /// A base by its layers is the one that was named if it is that image, or a platform of that index.
    private func add(shared found: Digest, to bases: inout [BaseImage]) throws {
        let indexes = Set(try reader.containers(of: found, limit: 100).filter { $0.role == "manifest" }.map(\.manifest))
        let named = bases.firstIndex { base in
            base.manifest == found || base.digest == found || base.digest.map(indexes.contains) == true
        }
        guard let named else {
            return bases.append(BaseImage(digest: found, manifest: found, evidence: [.rootfsPrefix]))
        }
        bases[named].manifest = found
        if !bases[named].evidence.contains(.rootfsPrefix) { bases[named].evidence.append(.rootfsPrefix) }
    }

    /// What was built on it.
    ///
    /// - Throws: `TraceLimits.Exceeded`.
    func derived() throws -> [DerivedImage] {
        var derived: [DerivedImage] = []
        var places: [Digest: Int] = [:]
        func add(_ digest: Digest, _ evidence: BaseEvidence) {
            guard let place = places[digest] else {
                places[digest] = derived.count
                return derived.append(DerivedImage(digest: digest, evidence: [evidence]))
            }
            if !derived[place].evidence.contains(evidence) { derived[place].evidence.append(evidence) }
        }
        for image in Set(images + [digest]) {
            if manifest != nil {
                let images = try reader.images(on: image, limit: limits.derived)
                try limits.check(images.count, of: limits.derived)
                for found in images { add(found, .rootfsPrefix) }
            }
            let content = try reader.contentOnRecord(basedOn: image, limit: limits.recordsOfDerived)
            try limits.check(content.count, of: limits.recordsOfDerived)
            for found in content where found.digest != digest {
                add(found.digest, found.kind == RecordKind.build.rawValue ? .provenance : .annotation)
            }
        }
        return derived
    }

    /// Build records that name another revision than the image itself.
    func conflicts() -> [Conflict] {
        let labels = Set(records.filter { $0.kind == RecordKind.push.rawValue }.compactMap(\.revision))
        var conflicts: [Conflict] = []
        for record in records where record.kind == RecordKind.build.rawValue {
            guard let attested = record.revision else { continue }
            for label in labels.sorted() where !attested.isSameRevision(as: label) {
                conflicts.append(Conflict(field: "revision", label: label, attested: attested, record: record.id))
            }
        }
        return conflicts
    }
}

extension String {
    /// Whether both name one commit; a label may have the first digits only.
    fileprivate func isSameRevision(as label: String) -> Bool {
        utf8.elementsEqual(label.utf8) || (label.utf8.count >= 7 && utf8.starts(with: label.utf8))
    }
}

extension ImageConfig {
    /// The ChainID of the first layer, of the first two, and so on up to all (image specification, config.md, "Layer
    /// ChainID"): images that have one in common begin with the same layers. Empty when `diffIDs` is.
    var chainIDs: [Digest] {
        var chain: [Digest] = []
        for diffID in diffIDs {
            chain.append(chain.last.map { Digest(.sha256, of: Array("\($0) \(diffID)".utf8)) } ?? diffID)
        }
        return chain
    }
}
