import HTTPServing
import HTTPTypes
import HTTPWire
import OCI
import RegistryCore

extension API {
    /// The catalogue, which the specification leaves to registries and clients rely on.
    func listRepositories(_ request: AdmittedRequest) async throws -> Response {
        let query = request.head.target.queryItems
        let count = try pageSize(query)
        let visible = request.pullable
        let page: Page<String, String>
        if visible.isAll {
            page = try registry.repositories(after: query.first("last"), count: count)
        } else {
            page = try await registry.aside {
                try registry.repositories(in: visible, after: query.first("last"), count: count)
            }
        }
        var response = Response.json(["repositories": .array(page.entries.map { .string($0) })])
        link(&response, to: page.next, request, count: count)
        return response
    }

    /// end-8a, end-8b.
    func listTags(of repository: RepositoryName, _ request: AdmittedRequest) throws -> Response {
        let query = request.head.target.queryItems
        let count = try pageSize(query)
        let page = try registry.tags(of: repository, after: query.first("last"), count: count)
        var response = Response.json([
            "name": .string(repository.rawValue), "tags": .array(page.entries.map { .string($0) }),
        ])
        link(&response, to: page.next, request, count: count)
        return response
    }

    /// end-12a, end-12b.
    func listReferrers(to subject: Digest, in repository: RepositoryName, _ request: AdmittedRequest) throws -> Response
    {
        let query = request.head.target.queryItems
        let artifactType = query.first("artifactType")
        let after = try query.first("last").map { try number($0, "last") } ?? 0
        let page = try registry.referrers(to: subject, in: repository, artifactType: artifactType, after: after)
        // The descriptors are kept as JSON, and put together as they are.
        var body = #"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":["#
        body += page.entries.map(\.descriptor).joined(separator: ",")
        body += "]}"
        // Some clients compare the type as a string, so it has no parameters.
        var response = Response(
            .ok, [.contentType: MediaType.ociIndex.rawValue], body: .bytes(Array(body.utf8)))
        if artifactType != nil { response.fields[.ociFiltersApplied] = "artifactType" }
        if let next = page.next {
            var items = artifactType.map { [(name: "artifactType", value: $0)] } ?? []
            items.append(("last", "\(next)"))
            response.fields[.link] = LinkHeader.next(path: request.head.target.path, query: items)
        }
        return response
    }

    // MARK: - Pages

    /// `n`: entries wanted. More than a page gives a page, so a number of any length is good.
    func pageSize(_ query: QueryItems, name: String = "n") throws -> Int? {
        guard let text = query.first(name) else { return nil }
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            throw Problem(400, .unsupported, "\(name) must be a number that is not negative")
        }
        return Int(text) ?? .max
    }

    func number(_ text: String, _ name: String) throws -> Int64 {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int64(text) else {
            throw Problem(400, .unsupported, "\(name) must be a number from 0 to \(Int64.max)")
        }
        return number
    }

    func link(_ response: inout Response, to next: String?, _ request: AdmittedRequest, count: Int?) {
        guard let next else { return }
        var items: [(name: String, value: String)] = [("last", next)]
        if let count { items.insert(("n", "\(min(count, limits.page))"), at: 0) }
        response.fields[.link] = LinkHeader.next(path: request.head.target.path, query: items)
    }
}
