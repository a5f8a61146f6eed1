import HTTPClient
import LinuxIO
import OCI
import RegistryCore
import TraceView
import TransparencyLog

/// Asks a running server about images.
struct TraceClient {
    /// Pages of one answer; each has up to a thousand records.
    private static let mostPages = 1000
    /// Platforms of an index that are asked about one by one.
    private static let mostPlatforms = 64
    /// Attestations are large, and a page of records has up to 4 MiB besides what goes with it.
    private static let limits = JSONLimits(depth: 64, values: 2_000_000)

    private let server: String
    private let client: OutboundClient

    private let login: [(name: String, value: String)]

    /// - Parameter repository: the one whose tags are going to be looked at.
    init(server: String, repository: RepositoryName?, _ options: RemoteOptions) async throws {
        self.server = server
        client = options.client(limit: ProofBundle.longest)
        let scopes = ["registry:catalog:*"] + (repository.map { ["repository:\($0):pull"] } ?? [])
        login = try await options.login(at: server, for: scopes, with: client)
    }

    // MARK: - Questions

    /// The digest of the image, and what is known of it.
    ///
    /// What a tag points at is asked for as a whole and hashed here, so no header has to be believed.
    func answer(to address: ImageAddress) async throws -> (Digest, TraceAnswer) {
        switch (address.repository, address.reference) {
        case (_, .digest(let digest)):
            if let answer = try await answer(about: digest) { return (digest, answer) }
        case (let repository?, .tag(let tag)):
            let accept = [MediaType.ociIndex, .ociManifest, .dockerManifestList, .dockerManifest].map(\.rawValue)
            let path = "/v2/\(repository)/manifests/\(tag)"
            guard let manifest = try await get(path, accept: accept.joined(separator: ", ") + ", */*") else {
                throw Failure(.foundSomethingWrong, "there is no \(repository):\(tag) at \(shownServer)")
            }
            // A manifest is known by the digest it was pushed under, which may be of either algorithm.
            for algorithm in Digest.Algorithm.allCases {
                let digest = Digest(algorithm, of: manifest)
                if let answer = try await answer(about: digest) { return (digest, answer) }
            }
        case (nil, .tag): break
        }
        throw Failure(.foundSomethingWrong, "\(shownServer) has never seen \(address.reference)")
    }

    /// What is known of the platforms of an index, by their digests.
    func platforms(of answer: TraceAnswer) async throws -> [String: TraceAnswer] {
        var answers: [String: TraceAnswer] = [:]
        for platform in answer.platforms.prefix(Self.mostPlatforms) {
            guard let text = platform["manifest"]?.string, let digest = try? Digest(parsing: text) else { continue }
            answers[text] = try await self.answer(about: digest)
        }
        return answers
    }

    /// The proof of each record, fetched and checked.
    func proofs(of answers: [TraceAnswer], policy: Policy) async throws -> [Int64: Proof] {
        var proofs: [Int64: Proof] = [:]
        for record in answers.flatMap(\.records) {
            guard let id = record["id"]?.int64, id >= 0, proofs[id] == nil else { continue }
            guard let bundle = try await get("/provenance/records/\(id)/proof") else {
                proofs[id] = Proof(bundle: [], check: .fails(reason: "the server has none"))
                continue
            }
            proofs[id] = Proof(bundle: bundle, check: ProofCheck(of: record, bundle: bundle, policy: policy))
        }
        return proofs
    }

    private func answer(about digest: Digest) async throws -> TraceAnswer? {
        var pages: [JSONValue] = []
        var query = ""
        repeat {
            guard let bytes = try await get("/provenance/\(digest)\(query)") else { return nil }
            guard let page = try? JSONValue(parsing: bytes, limits: Self.limits), page["subject"] != nil else {
                throw Failure(
                    .cannotReach, "\(shownServer) answers in a form that is not Waybill's. Is the address right?")
            }
            pages.append(page)
            guard let next = page["next"]?.string.flatMap({ Int64($0) }) else { break }
            query = "?cursor=\(next)"
        } while pages.count < Self.mostPages
        return TraceAnswer(pages: pages)
    }

    // MARK: - HTTP

    /// The content; nil when the server knows of none.
    private func get(_ path: String, accept: String = "application/json, application/problem+json, */*") async throws
        -> [UInt8]?
    {
        let response: OutboundResponse
        do {
            let url = try OutboundURL(parsing: server + path)
            response = try await client.send(OutboundRequest(.get, url, fields: [("Accept", accept)] + login))
        } catch {
            throw Failure(.cannotReach, "cannot reach \(shownServer): \(error). \(advice(on: error))")
        }
        switch response.status {
        case 200: return response.body
        case 404 where response.mediaType == "application/problem+json" || path.hasPrefix("/v2/"): return nil
        case 404:
            throw Failure(.cannotReach, "\(shownServer) does not know \(path.quoted()). Is it a Waybill server?")
        case 401, 403:
            throw Failure(
                .cannotReach,
                "\(shownServer) answers \(response.status): ask as a user who may read this: \(RemoteOptions.advice)")
        default:
            throw Failure(
                .cannotReach, "\(shownServer) answers \(response.status) to \(path.quoted()). Its log says why.")
        }
    }

    /// The server without a password.
    private var shownServer: String { (try? OutboundURL(parsing: server))?.description ?? server.quoted() }

    private func advice(on error: any Error) -> String {
        switch error as? HTTPClientError {
        case .malformedURL?: "Write the server as http://HOST:PORT."
        case .unknownHost?: "Is the name written right?"
        case .cannotConnect?: "Is the server running (waybill serve), and is the port right?"
        case .untrusted?: "If it speaks plain HTTP, write http:// before its address."
        case .timedOut?: "Is something between here and there that drops packets?"
        case .tooLarge?, .failed?, .cancelled?, .malformedField?, nil: "Try again; curl -v shows more."
        }
    }
}

/// A proof as it came, and what came of checking it.
struct Proof: Sendable {
    let bundle: [UInt8]
    let check: ProofCheck

    func json(record: Int64) -> JSONValue {
        var object: JSONObject = ["record": .integer(record), "holds": .bool(check.holds)]
        if case .fails(let reason) = check { object["reason"] = .string(reason) }
        object["bundle"] = (try? JSONValue(parsing: bundle)) ?? .null
        return .object(object)
    }
}
