import OCI
import RegistryCore
import RegistryTesting
import Testing
import TransparencyLog

@Suite(.live) struct `The log as tiles` {
    let server = Live.server
    var auditor: Auditor { Auditor(server: server) }
    let first = Fixture.image(seed: 1)
    let second = Fixture.image(seed: 2)

    /// Five leaves: two pushes, a push that moves a tag and that move, a deletion.
    private func fill() throws {
        try server.push(first, to: "library/app", as: "v1")
        try server.push(first, to: "library/app", as: "v2")
        try server.push(second, to: "library/app", as: "v1")
        #expect(try server.delete("/v2/library/app/manifests/v2").status == 202)
        #expect(try auditor.size() == 5)
    }

    @Test(arguments: ["/checkpoint", "/api/v2/checkpoint"])
    func `have a checkpoint that is signed, is text, and is asked for anew`(_ path: String) throws {
        try fill()
        let answer = try server.get(path)
        #expect(answer.status == 200)
        #expect(answer["Content-Type"] == "text/plain; charset=utf-8")
        #expect(answer["Cache-Control"] == "no-cache")
        let checkpoint = try auditor.checkpoint(path)
        #expect(checkpoint.checkpoint.origin == "registry.example.com")
        #expect(checkpoint.bytes == answer.body)
        #expect(throws: NoteError.self) {
            let forged = [UInt8](answer.text.replacing("\n5\n", with: "\n4\n"))
            try SignedCheckpoint(parsing: forged).verify(by: VerifierKey(parsing: Auditor.key))
        }
        #expect(try server.get("/healthz").status == 200)
    }

    @Test func `have a checkpoint before there is anything`() throws {
        let checkpoint = try auditor.checkpoint().checkpoint
        #expect(checkpoint.size == 0 && checkpoint.root == .emptyRoot)
        for path in ["0/000", "0/000.p/1", "entries/000.p/1"] {
            #expect(try server.get("/tile/\(path)").isProblem(404))
        }
        for path in ["records/0", "records/0/proof"] { #expect(try server.get("/provenance/\(path)").isProblem(404)) }
    }

    @Test func `have the root that their entries make`() throws {
        try fill()
        let checkpoint = try auditor.checkpoint().checkpoint
        let hashes = try auditor.entries(checkpoint.size).map(Auditor.hash)
        #expect(checkpoint.root.bytes == Auditor.root(of: hashes[...]))
        #expect(try server.get("/tile/0/000.p/5").body == hashes.flatMap(\.self))
    }

    @Test(arguments: ["", "/api/v2"])
    func `are there in each width, and each is how the next begins`(_ prefix: String) throws {
        try fill()
        let entries = try server.get("\(prefix)/tile/entries/000.p/5").body
        let hashes = try server.get("\(prefix)/tile/0/000.p/5").body
        for width in 1...5 {
            for (path, whole) in [("tile/0/000.p", hashes), ("tile/entries/000.p", entries)] {
                let answer = try server.get("\(prefix)/\(path)/\(width)")
                #expect(answer.status == 200)
                #expect(answer["Content-Type"] == "application/octet-stream")
                #expect(answer["Cache-Control"] == "public, max-age=31536000, immutable")
                #expect(whole.starts(with: answer.body))
                let head = try server.head("\(prefix)/\(path)/\(width)")
                #expect(head.comparableHead == answer.comparableHead && head.body.isEmpty)
            }
            #expect(try server.get("\(prefix)/tile/0/000.p/\(width)").body.count == 32 * width)
            let bundle = try server.get("\(prefix)/tile/entries/000.p/\(width)").body
            #expect(try EntryBundle(parsing: bundle, count: width).entries.count == width)
        }
    }

    @Test(arguments: [
        "0/000", "0/000.p/0", "0/000.p/6", "0/000.p/255", "0/000.p/256", "0/000.p/-1", "0/000.p/05", "0/000.p/",
        "0/000.p/x", "0/000.p/99999999999999999999", "0/001", "0/001.p/1", "0/1", "0/1.p/1", "0/0000", "0/x1/000",
        "0/x000/000", "0/x001/000", "0/001/000", "0/x001", "0/x999/x999/x999/x999/x999/x999/999",
        "0/x999/x999/x999/x999/x999/x999/x999/x999/999", "1/000", "1/000.p/1", "63/000", "63/000.p/1", "64/000",
        "64/000.p/1", "00/000.p/1", "01/000.p/1", "-1/000", "x/000", "0", "0/", "0/000.p", "0/000.p/1/2",
        "0/000/", "0/%30%30%30", "data/000.p/1", "entries/000", "entries/000.p/0", "entries/000.p/6",
        "entries/000.p/256", "entries/001.p/1", "entries/1", "entries/x1/000", "entries", "ENTRIES/000.p/1",
    ])
    func `are not there when no checkpoint implies them, or under another spelling`(_ path: String) throws {
        try fill()
        for prefix in ["", "/api/v2"] {
            let answer = try server.get("\(prefix)/tile/\(path)")
            #expect(answer.isProblem(404), "\(answer.status) \(answer.text)")
            #expect(answer["Cache-Control"]?.contains("immutable") != true)
            let head = try server.head("\(prefix)/tile/\(path)")
            #expect(head.status == 404 && head.body.isEmpty)
        }
    }

    @Test(arguments: ["/checkpoint", "/tile/0/000.p/1", "/tile/entries/000.p/1", "/log/keys", "/log/consistency"])
    func `are for reading only`(_ path: String) throws {
        try fill()
        for method in ["POST", "PUT", "DELETE", "PATCH"] {
            let answer = try server.request(method, path, body: [])
            #expect(answer.isProblem(405))
            #expect(answer["Allow"] == "GET, HEAD")
        }
        #expect(try auditor.size() == 5)
    }

    @Test(arguments: ["/checkpoint", "/checkpoint?size=1", "/log/keys", "/log/consistency?old=1&new=5"])
    func `have the same head for HEAD as for GET`(_ path: String) throws {
        try fill()
        let (get, head) = (try server.get(path), try server.head(path))
        #expect(get.status == 200 && !get.body.isEmpty)
        #expect(head.comparableHead == get.comparableHead)
        #expect(head.body.isEmpty)
    }

    @Test func `grow over the width of one tile`() throws {
        for index in 0..<258 {
            let record = Evidence.plain([[UInt8]("image \(index)").digest])
            #expect(try server.post(record, as: Evidence.plainType).status == 201)
        }
        let checkpoint = try auditor.checkpoint().checkpoint
        #expect(checkpoint.size == 258)
        let whole = try server.get("/tile/entries/000")
        let rest = try server.get("/tile/entries/001.p/2")
        let entries =
            try EntryBundle(parsing: whole.body, count: 256).entries + EntryBundle(parsing: rest.body, count: 2).entries
        let hashes = entries.map(Auditor.hash)
        #expect(checkpoint.root.bytes == Auditor.root(of: hashes[...]))
        #expect(try server.get("/tile/0/000").body == hashes[..<256].flatMap(\.self))
        #expect(try server.get("/tile/0/001.p/2").body == hashes[256...].flatMap(\.self))
        #expect(try server.get("/tile/1/000.p/1").body == Auditor.root(of: hashes[..<256]))
        for path in ["/tile/0/000", "/tile/1/000.p/1", "/tile/entries/000"] {
            let answer = try server.get(path)
            #expect(answer["Cache-Control"] == "public, max-age=31536000, immutable")
            #expect(answer["Content-Type"] == "application/octet-stream")
        }
        // A partial tile of the past is how the whole one begins.
        #expect(try server.get("/tile/0/000.p/255").body == hashes[..<255].flatMap(\.self))
        for path in [
            "0/001", "0/001.p/3", "0/000.p/256", "1/000", "1/000.p/2", "2/000.p/1", "entries/001", "entries/002",
        ] {
            #expect(try server.get("/tile/\(path)").isProblem(404), "\(path)")
        }
        try expectProofs(of: hashes, under: checkpoint)
    }

    /// Proofs over the edge of a tile.
    private func expectProofs(of hashes: [[UInt8]], under checkpoint: Checkpoint) throws {
        for index in [0, 255, 256, 257] {
            let file = try server.get("/provenance/records/\(index)/proof?format=text")
            let leaf = try #require(TreeHash(bytes: hashes[index]))
            _ = try TlogProof(parsing: file.body).verify(leaf: leaf, policy: Auditor.policy())
        }
        for old in [1, 128, 255, 256, 257] as [Int64] {
            let proof = try auditor.consistency(from: old, to: 258)
            let root = try #require(TreeHash(bytes: Auditor.root(of: hashes[..<Int(old)])))
            try proof.verify(oldRoot: root, newRoot: checkpoint.root)
        }
    }
}

@Suite(.live) struct `The log and what is logged` {
    let server = Live.server
    var auditor: Auditor { Auditor(server: server) }
    let first = Fixture.image(seed: 1)
    let second = Fixture.image(seed: 2)

    private func added(_ action: () throws -> Void) throws -> Int64 {
        let before = try auditor.size()
        try action()
        return try auditor.size() - before
    }

    @Test func `a push, the move of a tag and each deletion are one leaf each`() throws {
        #expect(try added { try server.push(first, to: "library/app", as: "v1") } == 1)
        #expect(try added { try server.push(first, to: "library/app", as: "v1") } == 1)
        #expect(try added { try server.push(second, to: "library/app") } == 1)
        #expect(try added { _ = try server.put(manifest: second.manifest, to: "library/app", as: "v1") } == 2)
        let kinds = try auditor.entries(5).map { try JSONValue(parsing: $0)["kind"]?.string }
        #expect(kinds == ["push", "push", "push", "push", "tag"])
        #expect(try added { _ = try server.delete("/v2/library/app/manifests/v1") } == 1)
        #expect(try added { _ = try server.delete("/v2/library/app/manifests/\(second.digest)") } == 1)
        #expect(try added { _ = try server.delete("/v2/library/app/blobs/\(second.layers[0].digest)") } == 1)
    }

    @Test func `what is refused, and what only reads or uploads, is no leaf`() throws {
        try server.push(first, to: "library/app", as: "v1")
        let count = try added {
            try server.push(blob: [1, 2, 3], to: "library/app")
            for (reference, manifest) in [
                ("v1", second.manifest), ("\(first.digest)", second.manifest), ("v1", [UInt8]("{")), ("v1", []),
                ("..", first.manifest),
            ] {
                let answer = try server.put(manifest: manifest, to: "library/app", as: reference)
                #expect((400..<500).contains(answer.status))
            }
            #expect(try server.delete("/v2/library/app/manifests/v9").status == 404)
            #expect(try server.delete("/v2/library/app/blobs/\(second.layers[0].digest)").status == 404)
            #expect(try server.get("/v2/library/app/manifests/v1").status == 200)
            #expect(try server.get("/provenance/\(first.digest)").status == 200)
        }
        #expect(count == 0)
    }

    @Test func `a leaf names no person and no address, and what came before it`() throws {
        let before = [("User-Agent", "docker/28.5.2")]
        for blob in first.blobs { try server.push(blob: blob, to: "library/app") }
        #expect(try server.put(manifest: first.manifest, to: "library/app", as: "v1", before).status == 201)
        let checkpoint = try auditor.checkpoint()
        try server.push(second, to: "library/app", as: "v2")
        let entries = try auditor.entries(2)
        for entry in entries {
            let text = String(decoding: entry, as: UTF8.self)
            #expect(!text.contains("127.0.0.1") && !text.contains("docker"))
            #expect(try JSONValue(parsing: entry).canonical() == entry)
        }
        let leaf = try JSONValue(parsing: entries[1])
        #expect(leaf["v"] == "waybill.ledger/v1" && leaf["origin"] == "registry.example.com")
        #expect(leaf["subjectDigest"]?.string == "\(second.digest)" && leaf["repository"] == "library/app")
        #expect(leaf["prevCheckpointSha256"]?.string == checkpoint.bytes.digest.hex)
        #expect(leaf["nonce"] != (try JSONValue(parsing: entries[0])["nonce"]))
    }
}
