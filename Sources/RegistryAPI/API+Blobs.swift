import HTTPServing
import HTTPTypes
import HTTPWire
import LinuxIO
import OCI
import RegistryCore

extension API {
    /// end-2, end-10. The engine leaves out what `HEAD` is not sent.
    func response(to digest: Digest, _ content: Registry.BlobContent) -> Response {
        let fields: HTTPFields = [
            .contentType: "application/octet-stream", .dockerContentDigest: "\(digest)",
            .cacheControl: "private, max-age=31536000, immutable",
        ]
        let body: ResponseBody
        switch content {
        case .file(let size):
            body = .file(storedFile(of: digest, size: size))
        case .bytes(let bytes): body = .rangedBytes(bytes)
        case .manifest(let manifest): body = .bytes(manifest.content)
        }
        return Response(.ok, fields, etag: EntityTag("\(digest)"), body: body)
    }

    /// The file of a blob that was found.
    func storedFile(of digest: Digest, size: Int64) -> StoredFile {
        let registry = registry
        return StoredFile(
            size: size, openCached: { registry.openCachedBlob(digest) },
            open: { () throws(SystemError) in try registry.openBlob(digest) })
    }

    func deleteBlob(_ digest: Digest, in repository: RepositoryName, _ request: AdmittedRequest) async throws
        -> Response
    {
        let deletion = try await registry.deleteBlob(digest, in: repository, by: request.actor)
        var response = Response(.accepted)
        if deletion.references > 0 {
            response.warn("\(deletion.references) manifests of \(repository) still name the blob that was deleted")
        }
        return response
    }

    // MARK: - Uploads

    /// end-4a, end-4b, end-4c, end-11.
    func beginUpload(to repository: RepositoryName, _ request: AdmittedRequest) async throws -> Response {
        let query = request.head.target.queryItems
        if let mount = query.first("mount") {
            let digest = try Route.digest(mount)
            // A source that cannot be is a source that does not have the blob: never an error, the client just uploads.
            let from = query.first("from")
            let source = from.flatMap { try? RepositoryName(parsing: $0) }
            if let source { try gate.checkMount(request, from: source, to: repository) }
            let visible = request.pullable
            if from == nil || source != nil,
                try await registry.mount(digest, from: source, in: visible, to: repository)
            {
                return created(digest, in: repository)
            }
        }
        if query.first("mount") == nil, let text = query.first("digest") {
            let digest = try Route.digest(text)
            try await gate.receiving(request) {
                try await registry.putBlob(BodySource(body: request.body), as: digest, to: repository)
            }
            return created(digest, in: repository)
        }
        let status = try registry.beginUpload(to: repository, algorithm: try algorithm(query))
        return progress(.accepted, status, in: repository)
    }

    private func algorithm(_ query: QueryItems) throws -> Digest.Algorithm {
        guard let text = query.first("digest-algorithm") else { return .sha256 }
        guard let algorithm = Digest.Algorithm.allCases.first(where: { $0.rawValue.utf8.elementsEqual(text.utf8) })
        else {
            throw Problem(400, .digestInvalid, "digest-algorithm must be sha256 or sha512")
        }
        return algorithm
    }

    /// end-5.
    func appendChunk(to session: UploadSession, in repository: RepositoryName, _ request: AdmittedRequest) async throws
        -> Response
    {
        let range = try chunkRange(request)
        let status = try await locating(session, in: repository) {
            try await gate.receiving(request) {
                try await registry.append(BodySource(body: request.body), to: session, in: repository, range: range)
            }
        }
        return progress(.accepted, status, in: repository)
    }

    /// end-6.
    func finishUpload(_ session: UploadSession, in repository: RepositoryName, _ request: AdmittedRequest) async throws
        -> Response
    {
        guard let text = request.head.target.queryItems.first("digest") else {
            throw Problem(400, .digestInvalid, "the digest parameter is missing")
        }
        let digest = try Route.digest(text)
        let range = try chunkRange(request)
        try await locating(session, in: repository) {
            try await gate.receiving(request) {
                try await registry.commit(
                    session, as: digest, in: repository, last: BodySource(body: request.body), range: range)
            }
        }
        return created(digest, in: repository)
    }

    /// end-13.
    func uploadStatus(_ session: UploadSession, in repository: RepositoryName) async throws -> Response {
        progress(.noContent, try await registry.uploadStatus(session, in: repository), in: repository)
    }

    /// end-14.
    func cancelUpload(_ session: UploadSession, in repository: RepositoryName) async throws -> Response {
        try await registry.cancelUpload(session, in: repository)
        return Response(.noContent)
    }

    private func chunkRange(_ request: AdmittedRequest) throws -> ClosedRange<Int64>? {
        switch ContentRange(request.head.fields[.contentRange]) {
        case .absent: nil
        case .range(let range): range
        case .invalid: throw Problem(400, .blobUploadInvalid, "Content-Range must be <first byte>-<last byte>")
        }
    }

    /// An answer that says where the upload is must say where to go on, too.
    private func locating<Value>(
        _ session: UploadSession, in repository: RepositoryName, _ body: () async throws -> Value
    ) async throws -> Value {
        do {
            return try await body()
        } catch let error as UploadError {
            guard case .chunkOutOfOrder = error else { throw error }
            throw Problem(error).with([
                .location: location(session, in: repository), .dockerUploadUUID: "\(session.id)",
            ])
        }
    }

    // MARK: - Answers

    /// Path-absolute and always the same: it holds behind any proxy, and after a restart.
    private func location(_ session: UploadSession, in repository: RepositoryName) -> String {
        "/v2/\(repository)/blobs/uploads/\(session)"
    }

    private func progress(
        _ status: HTTPResponse.Status, _ upload: UploadStatus, in repository: RepositoryName
    ) -> Response {
        Response(
            status,
            [
                .location: location(upload.session, in: repository), .range: Problem.rangeText(upload.offset),
                .dockerUploadUUID: "\(upload.session.id)",
            ])
    }

    private func created(_ digest: Digest, in repository: RepositoryName) -> Response {
        Response(
            .created, [.location: "/v2/\(repository)/blobs/\(digest)", .dockerContentDigest: "\(digest)"])
    }
}
