package import LinuxIO
package import OCI

extension Registry {
    /// Content that a repository serves under `/blobs/`.
    package enum BlobContent: Sendable {
        /// A file of this many bytes.
        case file(size: Int64)
        /// The bytes of a small blob.
        case bytes([UInt8])
        /// A manifest: containerd asks for those as blobs as well.
        case manifest(StoredManifest)
    }

    /// Finds a blob in a repository. Reads one row; runs on a loop.
    ///
    /// - Throws: `.unknownBlob` when this repository does not have it, wherever else it is.
    package func blob(_ digest: Digest, in repository: RepositoryName) throws -> BlobContent {
        try find(digest, in: repository).content
    }

    /// The same for a client that asks whether it is there (`HEAD`), and counts on the answer: it stays for half of the time
    /// of grace at least. Writes that down, unless somebody was told so lately.
    package func leasedBlob(_ digest: Digest, in repository: RepositoryName) async throws -> BlobContent {
        let (content, leased) = try find(digest, in: repository)
        guard let leased, now - leased > limits.blobGrace / 2, ledger.refusal == nil else { return content }
        guard try await ledger.write(durable: false, { try $0.lease(digest, in: repository) }) else {
            throw RegistryError.unknownBlob(digest)
        }
        return content
    }

    /// - Returns: when somebody was last told that a blob is there; nil for a manifest.
    private func find(_ digest: Digest, in repository: RepositoryName) throws -> (content: BlobContent, leased: Int64?)
    {
        try ledger.read { reader in
            if let blob = try reader.blob(digest, in: repository) {
                return (blob.content.map { .bytes($0) } ?? .file(size: blob.size), blob.leased)
            }
            if let manifest = try reader.manifest(.digest(digest), in: repository, content: true) {
                return (.manifest(manifest), nil)
            }
            throw RegistryError.unknownBlob(digest)
        }
    }

    /// The bytes of a blob, for who looks into it; nil when the repository does not have it, or when it is larger than
    /// `limit`.
    func content(ofBlob digest: Digest, in repository: RepositoryName, limit: Int) async throws -> [UInt8]? {
        guard let blob = try ledger.read({ try $0.blob(digest, in: repository) }), blob.size <= limit else {
            return nil
        }
        if let content = blob.content { return content }
        return try await aside { try self.blobs.read(digest, size: Int(blob.size)) }
    }

    /// Opens the file of a blob that was found. Blocks: called on a lane.
    package func openBlob(_ digest: Digest) throws(SystemError) -> FileDescriptor {
        try blobs.open(digest)
    }

    /// Opens it without waiting for the disk; nil when that is not possible, for whatever reason.
    package func openCachedBlob(_ digest: Digest) -> FileDescriptor? {
        blobs.openCached(digest)
    }

    /// Lets `repository` serve a blob that `source`, or with nil any repository, serves; false when none does.
    ///
    /// - Parameter visible: the repositories from which it may be taken.
    package func mount(
        _ digest: Digest, from source: RepositoryName?, in visible: RepositorySelection = .all,
        to repository: RepositoryName
    ) async throws -> Bool {
        if let source, !visible.contains(source) { return false }
        return try await ledger.write { transaction in
            let reader = transaction.reader
            let isThere =
                try source.map { try reader.blobSize(digest, in: $0) != nil }
                ?? reader.isServed(digest, in: visible)
            return try isThere && transaction.mountBlob(digest, to: repository)
        }
    }

    /// What a deletion did besides.
    package struct Deletion: Sendable {
        /// Tags that went with the manifest.
        package var tags: [String] = []
        /// Manifests of the repository that still name the content, counted up to a limit.
        package var references = 0
    }

    /// Takes a blob out of a repository. The bytes stay for as long as another repository links to them.
    package func deleteBlob(_ digest: Digest, in repository: RepositoryName, by actor: Actor) async throws -> Deletion {
        try await ledger.write { transaction in
            guard try transaction.unlinkBlob(digest, from: repository) else { throw RegistryError.unknownBlob(digest) }
            let id = try transaction.ensureRepository(repository)
            try transaction.append(
                RecordDraft(
                    kind: .delete, repository: repository, digest: digest, document: ["deleted": "blob"]), by: actor)
            return Deletion(references: try transaction.referenceCount(digest, in: id, limit: 100))
        }
    }
}
