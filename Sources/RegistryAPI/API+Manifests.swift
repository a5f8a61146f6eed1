import HTTPServing
import HTTPTypes
import HTTPWire
import Logging
import OCI
import RegistryCore

extension API {
    /// end-3. The stored type is served whatever `Accept` says: converting would change the digest.
    func getManifest(_ reference: Reference, in repository: RepositoryName, content: Bool) throws -> Response {
        let manifest = try registry.manifest(reference, in: repository, content: content)
        if content { registry.notePull(of: manifest.digest, in: repository) }
        let isDigest = if case .digest = reference { true } else { false }
        let digest = "\(manifest.digest)"
        return Response(
            .ok,
            [
                .contentType: manifest.mediaType, .dockerContentDigest: digest,
                .cacheControl: isDigest ? "private, max-age=31536000, immutable" : "no-cache",
            ],
            etag: EntityTag(digest),
            body: content ? .bytes(manifest.content) : .absent(count: manifest.size))
    }

    /// end-7a, end-7b.
    func putManifest(
        _ reference: Reference, in repository: RepositoryName, _ request: AdmittedRequest
    ) async throws -> Response {
        let tags = try tags(request.head.target.queryItems, with: reference)
        let content = try await request.body.content(
            of: "a manifest", upTo: limits.manifest, code: .manifestInvalid)
        let receipt = try await registry.put(
            ManifestPush(
                to: repository, as: reference, tags: tags, contentType: request.head.fields[.contentType],
                content: content), by: request.actor)
        logger.info(
            "manifest pushed",
            metadata: [
                "repository": "\(repository)", "digest": "\(receipt.digest)", "bytes": "\(content.count)",
                "tags": "\(receipt.tags.map(\.rawValue).joined(separator: " "))", "record": "\(receipt.record)",
            ])
        return response(to: receipt, in: repository, multiTag: !tags.isEmpty)
    }

    private func tags(_ query: QueryItems, with reference: Reference) throws -> [Tag] {
        let names = query.all("tag")
        guard !names.isEmpty else { return [] }
        guard case .digest = reference else {
            throw Problem(400, .unsupported, "the tag parameter needs a push by digest")
        }
        guard names.count <= limits.tagsPerPush else {
            throw Problem(RegistryError.tooManyTags(limit: limits.tagsPerPush))
        }
        do {
            return try names.map { try Tag(parsing: $0) }
        } catch {
            throw Problem(400, .nameInvalid, "\(error)")
        }
    }

    private func response(to receipt: PushReceipt, in repository: RepositoryName, multiTag: Bool) -> Response {
        var response = Response(
            .created,
            [
                .location: "/v2/\(repository)/manifests/\(receipt.digest)",
                .dockerContentDigest: "\(receipt.digest)",
            ])
        if multiTag { response.fields[.ociTag] = receipt.tags.map(\.rawValue).joined(separator: ", ") }
        if let subject = receipt.subject { response.fields[.ociSubject] = "\(subject)" }
        for warning in receipt.warnings { response.warn(warning) }
        return response
    }

    /// end-9 with a tag.
    func deleteTag(_ tag: Tag, in repository: RepositoryName, _ request: AdmittedRequest) async throws -> Response {
        try await registry.delete(tag, in: repository, by: request.actor)
        return Response(.accepted)
    }

    /// end-9 with a digest.
    func deleteManifest(_ digest: Digest, in repository: RepositoryName, _ request: AdmittedRequest) async throws
        -> Response
    {
        let deletion = try await registry.delete(digest, in: repository, by: request.actor)
        var response = Response(.accepted)
        if !deletion.tags.isEmpty {
            response.warn("\(deletion.tags.count) tags pointed at the manifest and were deleted with it")
        }
        if deletion.references > 0 {
            response.warn("\(deletion.references) indexes of \(repository) still name the manifest that was deleted")
        }
        return response
    }
}

extension Response {
    /// Adds a `Warning` (distribution specification, "Warnings"); what exceeds 4096 bytes in all is left out.
    mutating func warn(_ text: String) {
        let quoted = text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        let value = "299 - \"\(quoted)\""
        let used = fields[values: .warning].reduce(0) { $0 + $1.utf8.count }
        guard used + value.utf8.count <= 4096 else { return }
        fields.append(HTTPField(name: .warning, value: value))
    }
}
