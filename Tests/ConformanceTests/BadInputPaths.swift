import OCI
import RegistryCore
import RegistryTesting
import Testing

@Suite(.live) struct `Bad paths` {
    let server = Live.server

    @Test(arguments: [
        "/v2/../../etc/passwd/tags/list", "/v2/a/../b/tags/list", "/v2/a/./b/tags/list", "/v2//a/tags/list",
        "/v2/a/%2e%2e/b/tags/list", "/v2/a/%2E./tags/list", "/v2/a%2fb/tags/list", "/v2/a%5cb/tags/list",
        "/v2/a%00b/tags/list", "/v2/a/manifests/%00", "/v2/a/tags/list?last=%00", "/v2/a%0d%0aX:%20y/tags/list",
        "/v2/a%zz/tags/list", "/v2/a%/tags/list", "/v2/%ff/tags/list", "/v2/a b/tags/list", "/v2/a\u{7f}/tags/list",
        "/v2/a/blobs/uploads/../../../x",
    ])
    func `are refused with 400 before anything is looked up`(_ path: String) throws {
        let answer = try server.get(path)
        #expect(answer.status == 400)
        #expect(!answer.codes.isEmpty)
        #expect(answer["X"] == nil)
    }

    @Test(arguments: [
        "A", "Library/app", "a/B", "-a", "a-", "a..b", "a___b", ".a", "a/", "_a", "a%20b", "a%2Bb", "ä", "a%C3%A4", "🐳",
        "a/-/b",
        "a%27%3B--", "a%3C", String(repeating: "a", count: 256), String(repeating: "a/", count: 130) + "a",
    ])
    func `are refused with NAME_INVALID when no repository can have the name`(_ name: String) throws {
        guard name.utf8.allSatisfy({ $0 < 0x80 }), !name.hasSuffix("/") else {
            #expect(try server.get("/v2/\(name)/tags/list").status == 400)
            return
        }
        for answer in [
            try server.get("/v2/\(name)/tags/list"), try server.get("/v2/\(name)/manifests/v1"),
            try server.request("POST", "/v2/\(name)/blobs/uploads/", body: []),
        ] {
            #expect(answer.status == 400)
            #expect(answer.codes == ["NAME_INVALID"])
        }
    }

    @Test func `a name of 255 characters is good`() throws {
        let name = String(repeating: "a", count: 127) + "/" + String(repeating: "b", count: 127)
        try server.push(Fixture.image(), to: name, as: "v1")
        #expect(try server.tags(of: name) == ["v1"])
    }

    @Test(arguments: [
        "md5:d41d8cd98f00b204e9800998ecf8427e", "sha384:\(String(repeating: "0", count: 96))", "sha256:",
        "sha256:\(String(repeating: "g", count: 64))", "sha256:\(String(repeating: "A", count: 64))",
        "sha256:\(String(repeating: "0", count: 63))", "sha256:\(String(repeating: "0", count: 65))",
        "SHA256:\(String(repeating: "0", count: 64))", "sha512:\(String(repeating: "0", count: 64))", "::",
        "sha256%00:0",
    ])
    func `are refused with 400 when the digest is none`(_ digest: String) throws {
        for kind in ["blobs", "manifests", "referrers"] {
            let answer = try server.get("/v2/library/app/\(kind)/\(digest)")
            #expect(answer.status == 400)
            #expect(digest.contains("%") || answer.codes == ["DIGEST_INVALID"])
        }
    }

    @Test(arguments: [
        "/v2/x", "/v2/library/app", "/v2/_catalog/x", "/v2/library/app/tags", "/v2/library/app/tags/other",
    ])
    func `answer 404 with errors under v2`(_ path: String) throws {
        let answer = try server.get(path)
        #expect(answer.status == 404)
        #expect(answer["Content-Type"] == "application/json")
        #expect(answer.codes == ["UNSUPPORTED"])
    }

    @Test(arguments: ["/", "/x", "/favicon.ico", "/v1/_ping", "/provenance/a/b", "/v2.0/"])
    func `answer 404 with a problem document elsewhere`(_ path: String) throws {
        let answer = try server.get(path)
        #expect(answer.status == 404)
        #expect(answer["Content-Type"] == "application/problem+json")
        #expect(answer.json?["status"] == 404)
        #expect(answer.json?["title"] == "Not Found")
        #expect(answer.json?["detail"]?.string?.isEmpty == false)
    }

    @Test(arguments: [
        ("/v2/", "GET, HEAD"), ("/v2/_catalog", "GET, HEAD"), ("/v2/a/tags/list", "GET, HEAD"),
        ("/v2/a/manifests/v1", "GET, HEAD, PUT, DELETE"),
        ("/v2/a/blobs/sha256:\(String(repeating: "0", count: 64))", "GET, HEAD, DELETE"),
        ("/v2/a/blobs/uploads/", "POST"),
        ("/v2/a/blobs/uploads/\(neverGiven)", "GET, HEAD, PATCH, PUT, DELETE"),
        ("/v2/a/referrers/sha256:\(String(repeating: "0", count: 64))", "GET, HEAD"),
        ("/provenance", "GET, HEAD, POST"),
        ("/provenance/sha256:\(String(repeating: "0", count: 64))", "GET, HEAD"), ("/healthz", "GET, HEAD"),
        ("/readyz", "GET, HEAD"),
    ])
    func `answer 405 with the methods that are there`(_ path: String, allow: String) throws {
        for method in ["OPTIONS", "TRACE", "BREW", "get"] {
            let answer = try server.request(method, path)
            #expect(answer.status == 405)
            #expect(answer["Allow"] == allow)
        }
    }
}
