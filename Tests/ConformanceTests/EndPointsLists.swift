import OCI
import RegistryCore
import RegistryTesting
import Testing

/// Pushes one image under all of these tags, and nothing else.
private func push(tags: [String], to repository: String, on server: TestServer) throws {
    let image = Fixture.image()
    for blob in image.blobs { try server.push(blob: blob, to: repository) }
    for start in stride(from: 0, to: tags.count, by: 40) {
        let query = tags[start..<min(start + 40, tags.count)].map { "tag=\($0)" }.joined(separator: "&")
        #expect(try server.put(manifest: image.manifest, to: repository, "?\(query)").status == 201)
    }
}

/// Follows `Link` to the end, and gives every page.
private func pages(from path: String, _ list: String, on server: TestServer) throws -> [[String]] {
    var pages: [[String]] = []
    var next: String? = path
    while let path = next, pages.count < 100 {
        let answer = try server.get(path)
        #expect(answer.status == 200)
        pages.append(answer.json?[list]?.strings ?? [])
        next = answer.next
        #expect((answer["Link"] == nil) == (next == nil))
    }
    return pages
}

@Suite(.live) struct `end-8a: listing tags` {
    let server = Live.server

    @Test func `answers 200 with the name and all tags, ordered by their bytes`() throws {
        try push(tags: ["b", "a", "B", "A", "10", "9", "_", "a.b", "a-b"], to: "library/app", on: server)
        let answer = try server.get("/v2/library/app/tags/list")
        #expect(answer.status == 200)
        #expect(answer["Content-Type"] == "application/json")
        #expect(answer.json?["name"] == "library/app")
        #expect(answer.json?["tags"]?.strings == ["10", "9", "A", "B", "_", "a", "a-b", "a.b", "b"])
        #expect(answer["Link"] == nil)
    }

    @Test func `answers HEAD with the head of GET`() throws {
        try push(tags: ["a"], to: "library/app", on: server)
        let path = "/v2/library/app/tags/list"
        #expect(try server.head(path).comparableHead == (try server.get(path)).comparableHead)
    }

    @Test func `answers an empty list when only digests or uploads are there`() throws {
        try server.push(Fixture.image(), to: "library/app")
        #expect(try server.get("/v2/library/app/tags/list").text == #"{"name":"library/app","tags":[]}"#)
    }

    @Test(arguments: ["GET", "HEAD"])
    func `answers 404 in a repository that was never pushed to`(_ method: String) throws {
        let answer = try server.request(method, "/v2/library/app/tags/list")
        #expect(answer.status == 404)
        if method == "GET" { #expect(answer.codes == ["NAME_UNKNOWN"]) }
    }

    @Test func `shows a tag at once, and no longer once it is deleted`() throws {
        try push(tags: ["a", "b"], to: "library/app", on: server)
        #expect(try server.delete("/v2/library/app/manifests/a").status == 202)
        #expect(try server.tags(of: "library/app") == ["b"])
    }
}

@Suite struct `end-8b: listing tags in pages` {
    let server = Live.server
    let tags = (10..<35).map { "v\($0)" }

    init() throws { try push(tags: tags, to: "library/app", on: server) }

    @Test(.live, arguments: [1, 4, 5, 24, 25])
    func `gives exactly n tags and a link until the list ends`(_ count: Int) throws {
        let pages = try pages(from: "/v2/library/app/tags/list?n=\(count)", "tags", on: server)
        #expect(pages.flatMap(\.self) == tags)
        #expect(pages.count == (tags.count + count - 1) / count)
        #expect(pages.dropLast().allSatisfy { $0.count == count })
    }

    @Test(.live, arguments: ["26", "1000", "1000000", "9223372036854775808", String(repeating: "9", count: 400)])
    func `gives everything when n is larger`(_ count: String) throws {
        let answer = try server.get("/v2/library/app/tags/list?n=\(count)")
        #expect(answer.json?["tags"]?.strings == tags)
        #expect(answer["Link"] == nil)
    }

    @Test(.live(limits: .page(of: 10)), arguments: ["", "?n=11", "?n=99999999999999999999", "?last=a"])
    func `gives no more than a page, whatever n is, and links to the next`(_ query: String) throws {
        let pages = try pages(from: "/v2/library/app/tags/list\(query)", "tags", on: server)
        #expect(pages.map(\.count) == [10, 10, 5])
        #expect(pages.flatMap(\.self) == tags)
    }

    @Test(.live) func `gives an empty list and no link when n is 0`() throws {
        for query in ["?n=0", "?n=0&last=v12", "?n=00"] {
            let answer = try server.get("/v2/library/app/tags/list\(query)")
            #expect(answer.status == 200)
            #expect(answer.json?["tags"]?.strings == [])
            #expect(answer["Link"] == nil)
        }
    }

    @Test(.live, arguments: [("v12", 3), ("v12a", 3), ("", 0), ("v", 0), ("v34", 25), ("zzz", 25), ("no%20tag", 0)])
    func `begins behind last, also when there is no such tag`(_ last: String, skipped: Int) throws {
        #expect(try server.tags(of: "library/app", "?last=\(last)") == Array(tags.dropFirst(skipped)))
        #expect(try server.tags(of: "library/app", "?n=2&last=\(last)") == Array(tags.dropFirst(skipped).prefix(2)))
    }

    @Test(.live, arguments: ["-1", "x", "", "1.5", "0x10", "%2B1"])
    func `answers 400 to an n that is no number`(_ count: String) throws {
        let answer = try server.get("/v2/library/app/tags/list?n=\(count)")
        #expect(answer.status == 400)
        #expect(answer.codes == ["UNSUPPORTED"])
    }

    @Test(.live) func `answers 404 in a repository that was never pushed to`() throws {
        #expect(try server.get("/v2/library/other/tags/list?n=5&last=a").status == 404)
    }
}

@Suite struct `the catalogue` {
    let server = Live.server
    let names = ["a", "a-b", "a/b", "a/b/c", "a0", "b", "library/app"]

    init() throws {
        for name in names.reversed() { try server.push(Fixture.image(), to: name, as: "v1") }
    }

    @Test(.live) func `lists every repository that has something to pull, ordered by bytes`() throws {
        _ = try server.beginUpload(to: "only-an-upload")
        try server.push(blob: [1], to: "only-a-blob")
        let answer = try server.get("/v2/_catalog")
        #expect(answer.status == 200)
        #expect(answer["Content-Type"] == "application/json")
        #expect(answer.json?["repositories"]?.strings == names)
        #expect(answer["Link"] == nil)
    }

    @Test(.live(limits: .page(of: 3)), arguments: ["", "?n=3", "?n=100"])
    func `comes in pages that link to the next`(_ query: String) throws {
        let pages = try pages(from: "/v2/_catalog\(query)", "repositories", on: server)
        #expect(pages.map(\.count) == [3, 3, 1])
        #expect(pages.flatMap(\.self) == names)
    }

    @Test(.live) func `begins behind last and knows n`() throws {
        #expect(try server.get("/v2/_catalog?last=a/b").json?["repositories"]?.strings == Array(names.dropFirst(3)))
        #expect(try server.get("/v2/_catalog?last=aa&n=1").json?["repositories"]?.strings == ["b"])
        #expect(try server.get("/v2/_catalog?n=0").json?["repositories"]?.strings == [])
        #expect(try server.get("/v2/_catalog?n=x").status == 400)
    }

    @Test(.live) func `leaves out a repository whose last manifest is deleted`() throws {
        #expect(try server.delete("/v2/a0/manifests/\(Fixture.image().digest)").status == 202)
        #expect(try server.get("/v2/_catalog").json?["repositories"]?.strings == names.filter { $0 != "a0" })
    }

    @Test(.live) func `is empty once everything is deleted`() throws {
        for name in names {
            #expect(try server.delete("/v2/\(name)/manifests/\(Fixture.image().digest)").status == 202)
        }
        #expect(try server.get("/v2/_catalog").text == #"{"repositories":[]}"#)
    }
}
