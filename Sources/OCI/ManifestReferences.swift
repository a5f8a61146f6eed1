extension Manifest {
    /// What a descriptor's content is to the manifest.
    package enum Role: String, Sendable, CaseIterable {
        case config, layer, manifest
        /// An artifact's blob, or an index entry that is no manifest, as in BuildKit's cache.
        case blob
    }

    /// What the manifest needs to be complete, in document order: each digest once for each role it has.
    ///
    /// The subject is not among them, because a manifest may come before its subject. A digest that is listed
    /// both as a foreign layer and as a plain one is given as the plain one, which must be present.
    package var references: [(descriptor: Descriptor, role: Role)] {
        var unique: [(descriptor: Descriptor, role: Role)] = []
        var positions: [Key: Int] = [:]
        for (descriptor, role) in everyReference {
            let key = Key(digest: descriptor.digest, role: role)
            if let position = positions[key] {
                if unique[position].descriptor.mediaType.isForeignLayer { unique[position].descriptor = descriptor }
            } else {
                positions[key] = unique.count
                unique.append((descriptor, role))
            }
        }
        return unique
    }

    /// A digest has one size, so two descriptors that disagree cannot both be true.
    func checkSizesAgree() throws(ManifestError) {
        var sizes: [Digest: Int64] = [:]
        for (descriptor, _) in everyReference {
            let size = sizes.updateValue(descriptor.size, forKey: descriptor.digest)
            guard size == nil || size == descriptor.size else {
                throw .invalid(path: "", reason: "gives two different sizes for \(descriptor.digest)")
            }
        }
    }

    private struct Key: Hashable {
        let digest: Digest
        let role: Role
    }

    private var everyReference: [(descriptor: Descriptor, role: Role)] {
        var all: [(descriptor: Descriptor, role: Role)] = []
        if let config { all.append((config, .config)) }
        all += layers.map { ($0, kind == .artifact ? .blob : .layer) }
        all += manifests.map { ($0, $0.mediaType.isManifest ? .manifest : .blob) }
        return all
    }
}
