package import HTTPServing
import HTTPTypes
import HTTPWire
import LinuxIO
package import Logging
import OCI
package import RegistryCore

/// The HTTP face of the registry: each handler turns a request into a call of the domain and its result into a response.
///
/// Handlers know no sockets and the domain knows no HTTP, so both are tested with plain values.
package struct API: Sendable {
    let registry: Registry
    let limits: RegistryLimits
    let gate: Gate
    let logger: Logger
    private let journal = DenialJournal()
    private let isReady: @Sendable () -> Bool

    /// Puts a face on `registry`.
    ///
    /// - Parameters:
    ///   - gate: who may do what.
    ///   - isReady: whether new work is welcome; false while the server drains.
    package init(
        registry: Registry, limits: RegistryLimits, gate: Gate = .open, logger: Logger,
        isReady: @escaping @Sendable () -> Bool = { true }
    ) {
        self.registry = registry
        self.limits = limits
        self.gate = gate
        self.logger = logger
        self.isReady = isReady
    }

    /// Answers any request.
    package func respond(to request: Request) async -> Response {
        let target = request.head.target
        do {
            let route = try Route(target)
            guard route.methods.contains(request.head.method) else {
                throw Problem(
                    405, .unsupported, "\(request.head.method.rawValue.prefix(16)) is not supported here",
                    fields: [.allow: route.methods.map(\.rawValue).joined(separator: ", ")])
            }
            var response =
                route == .token
                ? try await issueToken(request) : try await carryOut(gate.admit(request, at: route), at: route)
            if target.segments.first == "v2" { response.fields[.dockerDistributionVersion] = "registry/2.0" }
            return response
        } catch {
            if let refusal = error as? Gate.Refusal {
                await note(refusal.denial, of: refusal.actor)
                return refusal.problem.response(for: target.path)
            }
            let problem = Problem(error)
            if problem.status >= 500 { report(error, at: target) }
            if let remark = problem.remark {
                logger.notice("\(remark)", metadata: ["address": "\(request.peer.host)", "path": "\(target.path)"])
            }
            return problem.response(for: target.path)
        }
    }

    /// Writes down that somebody was refused something, unless that was done a moment ago.
    private func note(_ denial: Denial, of actor: Actor) async {
        let address = actor.clientAddress ?? ""
        guard let omitted = journal.admit("\(denial)", of: actor.principal ?? address) else { return }
        logger.notice(
            "denied",
            metadata: [
                "principal": "\(actor.principal ?? "anonymous")", "permission": "\(denial.permission)",
                "repository": "\(denial.repository?.rawValue ?? "")", "address": "\(address)",
            ])
        do { try await registry.record(denial, omitted: omitted, by: actor) } catch {
            journal.giveBack("\(denial)", of: actor.principal ?? address, omitted: omitted)
            logger.error("a denial could not be recorded", metadata: ["error": "\(error)"])
        }
    }

    private func report(_ error: any Error, at target: RequestTarget) {
        logger.error("request failed", metadata: ["path": "\(target.path)", "error": "\(error)"])
    }

    /// Responds to what may be asked. What the registry refuses for the tag or the content is written down as well.
    private func carryOut(_ request: AdmittedRequest, at route: Route) async throws -> Response {
        do { return try await respond(to: request, at: route) } catch {
            if let denial = Denial(error, at: route, route.need(for: request.head.method)) {
                await note(denial, of: request.actor)
            }
            throw error
        }
    }

    private func respond(to request: AdmittedRequest, at route: Route) async throws -> Response {
        switch (route, request.head.method) {
        case (.ping, _): .json(.object([:]))
        case (.catalog, _): try await listRepositories(request)
        case (.tags(let name), _): try listTags(of: name, request)
        case (.referrers(let name, let digest), _): try listReferrers(to: digest, in: name, request)
        case (.manifest(let name, let reference), .put): try await putManifest(reference, in: name, request)
        case (.manifest(let name, .tag(let tag)), .delete): try await deleteTag(tag, in: name, request)
        case (.manifest(let name, .digest(let digest)), .delete):
            try await deleteManifest(digest, in: name, request)
        case (.manifest(let name, let reference), let method):
            try getManifest(reference, in: name, content: method == .get)
        case (.blob(let name, let digest), .delete): try await deleteBlob(digest, in: name, request)
        case (.blob(let name, let digest), .head):
            response(to: digest, try await registry.leasedBlob(digest, in: name))
        case (.blob(let name, let digest), _): response(to: digest, try registry.blob(digest, in: name))
        case (.uploads(let name), _): try await beginUpload(to: name, request)
        case (.upload(let name, let session), .patch): try await appendChunk(to: session, in: name, request)
        case (.upload(let name, let session), .put): try await finishUpload(session, in: name, request)
        case (.upload(let name, let session), .delete): try await cancelUpload(session, in: name)
        case (.upload(let name, let session), _): try await uploadStatus(session, in: name)
        case (.provenance(let digest), _): try await traceDigest(digest, request)
        case (.provenanceList, .post): try await postEvidence(request)
        case (.provenanceList, _): try await listRecords(request)
        case (.robots, .post): try await createRobot(request)
        case (.robots, _): try await listRobots(request)
        case (.robot(let name), .delete): try await revokeRobot(name, request)
        case (.robot(let name), _): try getRobot(name)
        default: try await respondAboutLog(to: request, at: route)
        }
    }

    private func respondAboutLog(to request: AdmittedRequest, at route: Route) async throws -> Response {
        switch route {
        case .checkpoint: try getCheckpoint(request)
        case .timestamp: try getTimestamp()
        case .stampedCheckpoint: try getStampedCheckpoint()
        case .tile(let resource): try await getTile(resource)
        case .logKeys: try getLogKeys()
        case .consistency: try getConsistencyProof(request)
        case .record(let index): try getRecord(index, request)
        case .proof(let index): try await getProof(index, request)
        case .facets: try await getFacets()
        case .export: try export(request)
        case .archive(let digest): try await getArchive(of: digest, request)
        case .attestations(let digest): try await listAttestations(of: digest, request)
        case .rekorEntries: try await postRekorEntry(request)
        case .archivistaUpload: try await uploadToArchivista(request)
        case .archivistaDownload(let gitoid): try await downloadFromArchivista(gitoid)
        case .health: .text("ok\n")
        case .readiness: try readiness()
        default: throw Problem(404, .unsupported, "there is nothing at this path")
        }
    }
}

extension API {
    /// Whether new work is welcome. Blobs that are damaged keep nobody from that, but whoever looks should see them.
    private func readiness() throws -> Response {
        guard isReady() else { return Response(.serviceUnavailable, body: .bytes(Array("draining\n".utf8))) }
        let damaged = try registry.damagedBlobs().count
        return .text(damaged == 0 ? "ready\n" : "ready\n\(damaged) blobs are damaged: push them again\n")
    }
}

extension Response {
    /// 200 with a JSON document.
    static func json(_ value: JSONValue, type: String = "application/json") -> Response {
        Response(.ok, [.contentType: type], body: .bytes(value.serialized()))
    }

    /// 200 with a line of text.
    static func text(_ text: String) -> Response {
        Response(.ok, [.contentType: "text/plain; charset=utf-8"], body: .bytes(Array(text.utf8)))
    }
}

/// The body of a request as the domain takes it.
struct BodySource: ByteSource {
    let body: any RequestBody

    var length: Int64? { body.length }

    @unsafe func fill(_ buffer: UnsafeMutableRawBufferPointer) async throws -> Int {
        try unsafe await body.fill(buffer)
    }
}
