import LinuxIO
package import OCI

/// What a push came to.
package struct PushReceipt: Sendable {
    package let digest: Digest
    /// The tags that now point at the manifest because of this push.
    package let tags: [Tag]
    /// The subject that the manifest was registered as a referrer of.
    package let subject: Digest?
    /// The place of its record in the history.
    package let record: Int64
    /// What the pusher should know although the push is good.
    package let warnings: [String]
}

extension Registry {
    /// Finds a manifest by tag or digest. Reads one row; runs on a loop.
    ///
    /// - Parameter content: whether the bytes are wanted.
    package func manifest(
        _ reference: Reference, in repository: RepositoryName, content: Bool
    ) throws -> StoredManifest {
        let manifest = try ledger.read { try $0.manifest(reference, in: repository, content: content) }
        guard let manifest else { throw RegistryError.unknownManifest(reference) }
        return manifest
    }

    /// Stores a manifest, sets its tags and writes its record, in one durable transaction.
    ///
    /// Pushing the same manifest again succeeds and is another record. On any error nothing has changed: the tags point
    /// where they pointed before.
    package func put(_ push: ManifestPush, by actor: Actor) async throws -> PushReceipt {
        guard blobs.hasRoom(for: push.content.count) else { throw LedgerError.outOfSpace }
        let (manifest, digest, tags) = try await checkOffLoop(push)
        let labels = try await labels(of: manifest, in: push.repository)
        let attached = await attachedEvidence(of: manifest, digest: digest, tags: tags, in: push.repository, by: actor)
        defer { for file in attached.compactMap(\.file) { blobs.letGo(file) } }
        let chain = labels.image.map { $0.chainIDs } ?? []
        let policy = rule(push.repository)
        for tag in tags { try policy.checkUse(of: tag, by: actor) }
        let record = PushRecord(
            push, manifest: manifest, digest: digest, tags: tags, labels: labels.labels, image: labels.image)
        return try await ledger.write { transaction in
            let repository = try transaction.ensureRepository(push.repository)
            let absent = try transaction.missing(manifest.references.map(\.descriptor.digest), in: repository)
            try policy.check(absent: absent, of: manifest)
            let id = try transaction.putManifest(manifest, digest: digest, content: push.content, in: repository)
            try transaction.putRootfs(chain, of: id)
            var previous: [(Tag, Digest)] = []
            for tag in tags {
                guard let old = try transaction.moveTag(tag, in: repository, to: id) else { continue }
                if old != digest { try policy.checkMove(of: tag, from: old) }
                previous.append((tag, old))
            }
            let place = try transaction.append(record.draft(absent: Set(absent), previous: previous), by: actor)
            for (tag, old) in previous where old != digest {
                try transaction.append(record.tagMove(tag, from: old), by: actor)
            }
            for evidence in attached { _ = try transaction.append(evidence, by: actor) }
            return PushReceipt(
                digest: digest, tags: tags, subject: manifest.subject?.digest, record: place,
                warnings: manifest.warnings)
        }
    }

    /// Removes a tag; the manifest stays.
    package func delete(_ tag: Tag, in repository: RepositoryName, by actor: Actor) async throws {
        let policy = rule(repository)
        try policy.checkUse(of: tag, by: actor)
        try await ledger.write { transaction in
            guard let id = try transaction.reader.repositoryID(repository) else {
                throw RegistryError.unknownRepository(repository)
            }
            guard let digest = try transaction.deleteTag(tag, in: id) else {
                throw RegistryError.unknownManifest(.tag(tag))
            }
            try policy.checkMove(of: tag, from: digest)
            try transaction.append(
                RecordDraft(
                    kind: .delete, repository: repository, digest: digest,
                    document: ["deleted": "tag", "tag": .string(tag.rawValue)]), by: actor)
        }
    }

    /// Takes a manifest out of a repository, with the tags that point at it.
    package func delete(_ digest: Digest, in repository: RepositoryName, by actor: Actor) async throws -> Deletion {
        let policy = rule(repository)
        return try await ledger.write { transaction in
            guard let id = try transaction.reader.repositoryID(repository) else {
                throw RegistryError.unknownRepository(repository)
            }
            guard let tags = try transaction.deleteManifest(digest, in: id) else {
                throw RegistryError.unknownManifest(.digest(digest))
            }
            for tag in try tags.map({ try Tag(parsing: $0) }) {
                try policy.checkUse(of: tag, by: actor)
                try policy.checkMove(of: tag, from: digest)
            }
            try transaction.append(
                RecordDraft(
                    kind: .delete, repository: repository, digest: digest,
                    document: ["deleted": "manifest", "tags": .array(tags.map { .string($0) })]), by: actor)
            return Deletion(tags: tags, references: try transaction.referenceCount(digest, in: id, limit: 100))
        }
    }

    // MARK: - Checks that need nothing but the push

    /// Reading megabytes of JSON would keep every other connection of the loop waiting.
    private func checkOffLoop(
        _ push: ManifestPush
    ) async throws -> (manifest: Manifest, digest: Digest, tags: [Tag]) {
        let (limits, policy) = (limits, rule(push.repository))
        guard push.content.count > Self.smallManifest else { return try push.examine(limits, policy) }
        return try await aside { try push.examine(limits, policy) }
    }

    // MARK: - Labels

    /// What the manifest, its config or its platform manifests say about themselves.
    private func labels(
        of manifest: Manifest, in repository: RepositoryName
    ) async throws -> (labels: LabelSet, image: ImageConfig?) {
        guard manifest.kind != .index else {
            let common = try await aside { try self.commonLabels(of: manifest, in: repository) }
            return (LabelSet(index: manifest.annotations, config: common), nil)
        }
        let image = try await imageConfig(of: manifest, in: repository)
        return (LabelSet(manifest: manifest.annotations, config: image?.labels ?? [:]), image)
    }

    private func imageConfig(of manifest: Manifest, in repository: RepositoryName) async throws -> ImageConfig? {
        guard let config = manifest.config, config.mediaType == .ociConfig || config.mediaType == .dockerConfig,
            // A config that cannot be read must not stop the push: the image is as good as it was, its labels are unknown.
            let bytes = try? await content(ofBlob: config.digest, in: repository, limit: limits.config)
        else { return nil }
        if bytes.count <= Self.smallConfig { return ImageConfig(parsing: bytes) }
        return try await aside { ImageConfig(parsing: bytes) }
    }

    /// Labels on which all platform manifests of an index agree: what may be said of the index as a whole.
    private func commonLabels(of index: Manifest, in repository: RepositoryName) throws -> [String: String] {
        let children = index.manifests.filter { $0.mediaType.isManifest && $0.platform?.os != "unknown" }
        var common: [String: String]?
        var seen: Set<Digest> = []
        for child in children.prefix(Self.mostChildrenRead) where seen.insert(child.digest).inserted {
            guard let record = try ledger.read({ try $0.lastPush(of: child.digest, to: repository) }) else { continue }
            var labels: [String: String] = [:]
            for member in record.json["labels"]?.object?.members ?? [] { labels[member.key] = member.value.string }
            common = common?.filter { labels[$0.key] == $0.value } ?? labels
        }
        return common ?? [:]
    }

    /// Bytes of an image config that is read on the loop itself.
    private static let smallConfig = 32 * 1024
    /// Bytes of a manifest that is read on the loop itself.
    private static let smallManifest = 32 * 1024
    /// Platform manifests of one index whose labels are compared.
    private static let mostChildrenRead = 64
}
