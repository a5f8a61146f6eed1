import Attestation
import HTTPServing
import HTTPTypes
import HTTPWire
import LinuxIO
import Logging
import OCI
import RegistryCore
import TransparencyLog

// Evidence that builders and others send.
extension API {
    /// `POST /provenance`: an envelope, a bundle, a statement or a plain build record, by its `Content-Type`.
    func postEvidence(_ request: AdmittedRequest) async throws -> Response {
        guard let form = EvidenceForm(contentType: request.head.fields[.contentType] ?? "") else {
            let known = EvidenceForm.allCases.map(\.mediaType).joined(separator: ", ")
            throw Problem(415, .unsupported, "Content-Type must be one of \(known)")
        }
        let bytes = try await evidence(request)
        let key = request.head.fields[.idempotencyKey]
        let receipt = try await registry.take(
            bytes, as: form, idempotencyKey: key, for: request.attestable,
            by: request.actor)
        return try response(to: receipt)
    }

    /// Receives a body of evidence into memory, up to the limit for one of them; there is no limit for all of them together.
    private func evidence(_ request: AdmittedRequest) async throws -> [UInt8] {
        try await request.body.content(of: "an attestation or build record", upTo: limits.evidence)
    }

    private func response(to receipt: EvidenceReceipt) throws -> Response {
        let logged = try registry.logged(receipt.record)
        logger.info(
            receipt.isReplayed ? "evidence was there already" : "evidence recorded",
            metadata: ["record": "\(receipt.record)", "kind": "\(logged.record.kind)"])
        var response = Response.json([
            "record": .object(document(of: logged.record)),
            "log": [
                "origin": .string(logged.checkpoint.checkpoint.origin), "index": .integer(receipt.record),
                "leafHash": .string(logged.leafHash), "treeSize": .integer(logged.checkpoint.checkpoint.size),
            ],
        ])
        response.status = receipt.isReplayed ? .ok : .created
        response.fields[.location] = "/provenance/records/\(receipt.record)"
        if receipt.isReplayed { response.fields[.idempotencyReplayed] = "true" }
        return response
    }

    // MARK: - Archivista

    /// `POST /upload` of Archivista: an envelope; its clients take 200 for success, and nothing else.
    func uploadToArchivista(_ request: AdmittedRequest) async throws -> Response {
        let bytes = try await evidence(request)
        let receipt = try await registry.take(
            bytes, as: .envelope, namesGitoid: true, for: request.attestable,
            by: request.actor)
        return .json(["gitoid": receipt.gitoid.map { .string("\($0)") } ?? .null])
    }

    /// `GET /download/<gitoid>` of Archivista.
    func downloadFromArchivista(_ gitoid: String) async throws -> Response {
        guard let gitoid = Gitoid(gitoid) else {
            throw Problem(400, .digestInvalid, "a gitoid is 64 lower-case hexadecimal digits")
        }
        return try await registry.aside {
            guard let (evidence, content) = try registry.evidence(gitoid) else {
                throw Problem(404, .blobUnknown, "there is no evidence of that gitoid")
            }
            return Response(
                .ok, [.contentType: "application/json"], etag: EntityTag("\(evidence.digest)"), body: .bytes(content))
        }
    }

    // MARK: - Rekor

    /// Bytes of a request to log a signature.
    private static let rekorRequestBytes = 256 * 1024

    /// `POST /api/v2/log/entries` of Rekor v2, for clients of Sigstore. Answered when a checkpoint covers the entry.
    func postRekorEntry(_ request: AdmittedRequest) async throws -> Response {
        let bytes = try await request.body.content(of: "an entry", upTo: Self.rekorRequestBytes)
        let entry: HashedRekord
        do { entry = try await registry.aside { try HashedRekord(parsingRequest: bytes) } } catch let error
            as HashedRekordError
        {
            throw Problem(400, .unsupported, "\(error)")
        }
        guard let record = try await registry.log(entry, by: request.actor) else {
            throw Problem(409, .unsupported, "the log has this entry already")
        }
        var response = Response.json(try registry.rekorEntry(record).json)
        response.status = .created
        return response
    }

    // MARK: - GitHub

    /// `GET /attestations/<digest>`: bundles in the shape of GitHub's API; `format=jsonl` gives one bundle a line.
    func listAttestations(of digest: Digest, _ request: AdmittedRequest) async throws -> Response {
        let target = request.head.target
        let query = target.queryItems
        let count = try pageSize(query, name: "per_page")
        let after = try query.first("after").map { try number($0, "after") } ?? -1
        let type = query.first("predicate_type")
        let isLines = query.first("format") == "jsonl"
        let visible = request.traceable
        return try await registry.aside {
            let page = try registry.bundles(about: digest, in: visible, predicateType: type, after: after, count: count)
            var response: Response
            if isLines {
                let lines = page.entries.flatMap { $0.bundle.serialized() + [UInt8(ascii: "\n")] }
                response = Response(.ok, [.contentType: "application/jsonl"], body: .bytes(lines))
            } else {
                response = .json([
                    "attestations": .array(
                        page.entries.map { entry in
                            ["bundle": entry.bundle, "record": .integer(entry.record), "initiator": "user"]
                        })
                ])
            }
            if let next = page.next {
                var items = target.queryItems.filter { !$0.name.utf8.elementsEqual("after".utf8) }
                items.append(("after", "\(next)"))
                response.fields[.link] = LinkHeader.next(path: target.path, query: items)
            }
            return response
        }
    }
}

extension EvidenceForm {
    /// The form that a client says it sends; nil when it is none of ours. Parameters do not count.
    fileprivate init?(contentType: String) {
        let type = MediaType(contentType: contentType).rawValue
        guard let form = Self.allCases.first(where: { $0.mediaType.utf8.elementsEqual(type.utf8) }) else { return nil }
        self = form
    }
}

extension HTTPField.Name {
    static let idempotencyKey = known("Idempotency-Key")
    static let idempotencyReplayed = known("Idempotency-Replayed")
}
