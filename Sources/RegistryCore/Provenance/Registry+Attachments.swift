import Attestation
import LinuxIO
import Logging
import OCI

extension Registry {
    /// Layers of one manifest that are read as evidence.
    private static let mostLayersRead = 64

    /// The evidence that a manifest carries: cosign's `.att` and `.sig`, Sigstore bundles, BuildKit's attestations.
    ///
    /// Nothing here can stop a push: what cannot be read stays an artifact like any other, and is remarked in the log.
    func attachedEvidence(
        of manifest: Manifest, digest: Digest, tags: [Tag], in repository: RepositoryName
    ) async -> [KeptEvidence] {
        let tag = tags.first { CosignTag($0) != nil }
        guard let attachments = Attachments(manifest, tag: tag) else { return [] }
        var found: [KeptEvidence] = []
        for item in attachments.items.prefix(Self.mostLayersRead) where item.reading != .document {
            do {
                guard var evidence = try await read(item, of: attachments.subject, in: repository) else { continue }
                evidence.draft.repository = repository
                evidence.draft.alsoAbout.append(digest)
                evidence.draft.document["carriedBy"] = .string("\(digest)")
                evidence.draft.document["attachedTo"] = attachments.subject.map { .string("\($0)") }
                found.append(try await keep(evidence))
            } catch {
                logger.warning(
                    "attached evidence cannot be read",
                    metadata: [
                        "repository": "\(repository)", "manifest": "\(digest)", "layer": "\(item.layer.digest)",
                        "error": "\(error)",
                    ])
            }
        }
        return found
    }

    private func read(
        _ item: Attachments.Item, of image: Digest?, in repository: RepositoryName
    ) async throws -> Evidence? {
        let layer = item.layer.digest
        guard let size = try ledger.read({ try $0.blobSize(layer, in: repository) }), size <= limits.evidence else {
            return nil
        }
        let reader = EvidenceReader(trust: trust, now: Timestamp(milliseconds: clock.milliseconds))
        return try await aside {
            let bytes = try self.blobs.read(layer, size: Int(size))
            guard Digest(layer.algorithm, of: bytes) == layer else { return nil }
            return try reader.read(bytes, in: item, of: image)
        }
    }
}
