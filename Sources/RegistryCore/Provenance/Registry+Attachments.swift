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
        of manifest: Manifest, digest: Digest, tags: [Tag], in repository: RepositoryName, by actor: Actor
    ) async -> [PreparedEvidence] {
        let tag = tags.first { CosignTag($0) != nil }
        guard let attachments = Attachments(manifest, tag: tag) else { return [] }
        var found: [PreparedEvidence] = []
        for item in attachments.items.prefix(Self.mostLayersRead) where item.reading != .document {
            do {
                guard var evidence = try await read(item, of: attachments, in: digest, repository, by: actor)
                else { continue }
                evidence.file = try await keepFile(of: evidence)
                found.append(evidence)
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
        _ item: Attachments.Item, of attachments: Attachments, in manifest: Digest, _ repository: RepositoryName,
        by actor: Actor
    ) async throws -> PreparedEvidence? {
        let layer = item.layer.digest
        guard let bytes = try await content(ofBlob: layer, in: repository, limit: limits.evidence) else { return nil }
        let reader = EvidenceReader(trust: trust, now: Timestamp(milliseconds: clock.milliseconds))
        return try await aside {
            guard Digest(layer.algorithm, of: bytes) == layer else { return nil }
            guard var evidence = try reader.read(bytes, in: item, of: attachments.subject) else { return nil }
            evidence.draft.repository = repository
            evidence.draft.alsoAbout.append(manifest)
            evidence.draft.document["carriedBy"] = .string("\(manifest)")
            evidence.draft.document["attachedTo"] = attachments.subject.map { .string("\($0)") }
            return PreparedEvidence(evidence, by: actor)
        }
    }
}
