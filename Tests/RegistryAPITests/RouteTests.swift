import HTTPTypes
import HTTPWire
import OCI
import RegistryCore
import Testing

@testable import RegistryAPI

private let digest = "sha256:\(String(repeating: "ab", count: 32))"
private let upload =
    "01234567-89ab-4cde-8f01-23456789abcd.1767225600000.sha256." + String(repeating: "0a", count: 32)

@Suite struct `Reading a path` {
    @Test func `finds every end-point`() throws {
        let app = try RepositoryName(parsing: "library/app")
        let content = try Digest(parsing: digest)
        let session = try #require(UploadSession(parsing: upload))
        let expected: [(String, Route)] = [
            ("/v2/", .ping), ("/v2", .ping), ("/v2/_catalog", .catalog),
            ("/v2/library/app/tags/list", .tags(app)),
            ("/v2/library/app/manifests/v1", .manifest(app, .tag(try Tag(parsing: "v1")))),
            ("/v2/library/app/manifests/\(digest)", .manifest(app, .digest(content))),
            ("/v2/library/app/blobs/\(digest)", .blob(app, content)),
            ("/v2/library/app/blobs/uploads/", .uploads(app)), ("/v2/library/app/blobs/uploads", .uploads(app)),
            ("/v2/library/app/blobs/uploads/\(upload)", .upload(app, session)),
            ("/v2/library/app/referrers/\(digest)", .referrers(app, content)),
            ("/provenance", .provenanceList), ("/provenance/\(digest)", .provenance(content)),
            ("/healthz", .health), ("/readyz", .readiness),
        ]
        for (path, route) in expected {
            #expect(try Route(RequestTarget(parsing: path)) == route)
        }
    }

    @Test(arguments: [
        "blobs", "manifests", "tags", "uploads", "referrers", "list", "a/blobs", "blobs/manifests/tags",
        "a/manifests/b",
        "a/blobs/uploads", "uploads/blobs", "tags/list", "a/tags/list/b", "provenance", "v2",
    ])
    func `reads from the right, so that a name may contain the words of end-points`(_ name: String) throws {
        let repository = try RepositoryName(parsing: name)
        let content = try Digest(parsing: digest)
        let session = try #require(UploadSession(parsing: upload))
        let expected: [(String, Route)] = [
            ("tags/list", .tags(repository)),
            ("manifests/list", .manifest(repository, .tag(try Tag(parsing: "list")))),
            ("manifests/uploads", .manifest(repository, .tag(try Tag(parsing: "uploads")))),
            ("manifests/\(digest)", .manifest(repository, .digest(content))),
            ("blobs/\(digest)", .blob(repository, content)), ("blobs/uploads/", .uploads(repository)),
            ("blobs/uploads/\(upload)", .upload(repository, session)),
            ("referrers/\(digest)", .referrers(repository, content)),
        ]
        for (rest, route) in expected {
            #expect(try Route(RequestTarget(parsing: "/v2/\(name)/\(rest)")) == route)
        }
    }

    @Test func `decodes escapes before it looks at words`() throws {
        let route = try Route(RequestTarget(parsing: "/v2/library/app/blobs/sha256%3A\(digest.dropFirst(7))"))
        #expect(route == .blob(try RepositoryName(parsing: "library/app"), try Digest(parsing: digest)))
    }

    @Test(arguments: [
        "/", "/v1", "/v2/library", "/v2/library/app", "/v2/_catalog/x", "/v2/tags/list", "/v2/manifests/v1",
        "/v2/blobs/uploads/", "/v2/blobs/uploads/\(upload)", "/v2/app/tags/other", "/provenance/a/b", "/healthz/x",
        "/metrics",
    ])
    func `says 404 where nothing is`(_ path: String) throws {
        #expect(try problem(path).status == 404)
    }

    @Test(arguments: [
        ("/v2/App/tags/list", "NAME_INVALID"), ("/v2/a--/tags/list", "NAME_INVALID"),
        ("/v2/a/manifests/.x", "NAME_INVALID"), ("/v2/a/manifests/sha256:x", "DIGEST_INVALID"),
        ("/v2/a/manifests/md5:00", "DIGEST_INVALID"), ("/v2/a/blobs/x", "DIGEST_INVALID"),
        ("/v2/a/referrers/latest", "DIGEST_INVALID"), ("/v2/%C3%A9/tags/list", "NAME_INVALID"),
        ("/provenance/latest", "DIGEST_INVALID"),
    ])
    func `says 400 where a name or a digest is malformed`(_ path: String, code: String) throws {
        let problem = try problem(path)
        #expect(problem.status == 400)
        #expect(problem.entries.map(\.code.rawValue) == [code])
    }

    @Test(arguments: [
        "x", "01234567-89ab-4cde-8f01-23456789abcd", upload.uppercased(), String(upload.dropLast()), upload + "0",
        upload + ".", upload.replacing(".1767", with: ".01767"), upload.replacing(".1767", with: ".+1767"),
        upload.replacing(".1767", with: ".-1767"), upload.replacing(".17672256", with: ".9999999999999999"),
        upload.replacing("sha256", with: "sha384"), upload.replacing(".sha256", with: ""), "...",
    ])
    func `says 404 for an upload whose name was never given`(_ id: String) throws {
        let problem = try problem("/v2/a/blobs/uploads/\(id)")
        #expect(problem.status == 404)
        #expect(problem.entries.map(\.code) == [.blobUploadUnknown])
    }

    @Test func `gives each route its methods and a name that no client chose`() throws {
        let paths = [
            "/v2/", "/v2/_catalog", "/v2/a/tags/list", "/v2/a/manifests/b", "/v2/a/blobs/\(digest)",
            "/v2/a/blobs/uploads/", "/v2/a/blobs/uploads/\(upload)", "/v2/a/referrers/\(digest)", "/provenance",
            "/provenance/\(digest)", "/healthz", "/readyz",
        ]
        let routes = try paths.map { try Route(RequestTarget(parsing: $0)) }
        #expect(Set(routes.map(\.name)).count == routes.count)
        for route in routes {
            #expect(!route.methods.isEmpty)
            #expect(route.methods.contains(.get) == route.methods.contains(.head))
        }
    }

    private func problem(_ path: String) throws -> Problem {
        let target = try RequestTarget(parsing: path)
        return try #require(throws: Problem.self) { try Route(target) }
    }
}
