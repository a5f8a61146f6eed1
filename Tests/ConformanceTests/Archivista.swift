import OCI
import RegistryCore
import RegistryTesting
import Testing

@Suite(.live(trust: .ofTests)) struct `Clients of Archivista` {
    let server = Live.server
    let image = [UInt8]("image").digest

    private func upload(_ envelope: [UInt8], to path: String = "/upload") throws -> TestResponse {
        try server.request("POST", path, [("Content-Type", "application/json")], body: envelope)
    }

    /// SHA-256 of a git blob.
    private func gitoid(_ bytes: [UInt8]) -> String { (Array("blob \(bytes.count)\0".utf8) + bytes).digest.hex }

    @Test(arguments: ["", "/v1"]) func `upload an envelope and download it`(_ prefix: String) throws {
        let envelope = try Signer.builder.envelope(Evidence.provenance(of: [image]))
        let answer = try upload(envelope, to: "\(prefix)/upload")
        #expect(answer.status == 200)
        #expect(answer["Content-Type"] == "application/json")
        #expect(answer.json == ["gitoid": .string(gitoid(envelope))])
        for path in ["/download", "/v1/download"] {
            let download = try server.get("\(path)/\(gitoid(envelope))")
            #expect(download.status == 200 && download.body == envelope)
            #expect(download["Content-Type"] == "application/json")
            let head = try server.head("\(path)/\(gitoid(envelope))")
            #expect(head.comparableHead == download.comparableHead && head.body.isEmpty)
        }
        #expect(try server.records().first?["verification"]?["signature"] == "valid")
    }

    @Test func `upload the same twice and get the same`() throws {
        let envelope = try Signer.stranger.envelope(Evidence.provenance(of: [image]))
        let answers = try (0..<2).map { _ in try upload(envelope) }
        #expect(answers.map(\.status) == [200, 200])
        #expect(answers[0].json == answers[1].json)
        #expect(try server.ids() == [0])
    }

    @Test func `upload what was posted before, and download what they uploaded`() throws {
        let envelope = try Signer.builder.envelope(Evidence.provenance(of: [image]))
        let spaced = [UInt8](String(decoding: envelope, as: UTF8.self).replacing("\",\"", with: "\", \""))
        #expect(try server.post(Evidence.bundle(envelope), as: Evidence.bundleType).status == 201)
        for bytes in [envelope, spaced] {
            let answer = try upload(bytes)
            #expect(answer.status == 200)
            let gitoid = try #require(answer.json?["gitoid"]?.string)
            #expect(gitoid == self.gitoid(bytes))
            #expect(try server.get("/download/\(gitoid)").body == bytes)
        }
        #expect(try server.ids() == [0])
    }

    @Test func `download an envelope that is larger than the database keeps`() throws {
        let statement = Evidence.statement(of: [image], #"{"x":"\#(String(repeating: "x", count: 400_000))"}"#)
        let envelope = try Signer.builder.envelope(statement)
        #expect(try upload(envelope).status == 200)
        #expect(try server.get("/download/\(gitoid(envelope))").body == envelope)
    }

    @Test func `download only what was uploaded`() throws {
        let envelope = try Signer.builder.envelope(Evidence.provenance(of: [image]))
        #expect(try server.post(envelope, as: Evidence.envelopeType).status == 201)
        #expect(try server.get("/download/\(gitoid(envelope))").isProblem(404))
        #expect(try upload(envelope).status == 200)
        #expect(try server.get("/download/\(gitoid(envelope))").body == envelope)
        #expect(try server.ids() == [0])
    }

    @Test(arguments: [
        "x", "", "sha256:\(String(repeating: "a", count: 64))", String(repeating: "a", count: 63),
        String(repeating: "a", count: 65), String(repeating: "A", count: 64), String(repeating: "g", count: 64),
        "gitoid:blob:sha256:\(String(repeating: "a", count: 64))",
    ])
    func `are told when a gitoid is none`(_ gitoid: String) throws {
        for prefix in ["", "/v1"] {
            let answer = try server.get("\(prefix)/download/\(gitoid)")
            #expect(answer.isProblem(gitoid.isEmpty ? 404 : 400) || answer.isProblem(400), "\(answer.status)")
        }
    }

    @Test func `are told when there is no such envelope`() throws {
        let answer = try server.get("/download/\(String(repeating: "a", count: 64))")
        #expect(answer.isProblem(404))
        #expect(try server.get("/v1/download/\(String(repeating: "0", count: 64))").isProblem(404))
    }

    @Test(arguments: [("GET", "/upload"), ("PUT", "/v1/upload"), ("POST", "/download/x"), ("DELETE", "/v1/download/x")])
    func `have no other methods`(_ method: String, _ path: String) throws {
        #expect(try server.request(method, path, body: []).isProblem(405))
    }

    @Test(arguments: ["/v1", "/v1/", "/v1/query", "/v2/upload/", "/upload/x", "/download", "/v1/v1/upload"])
    func `have no other paths`(_ path: String) throws {
        #expect(try server.request("POST", path, body: []).status == 404)
    }
}

@Suite(.live(trust: .ofTests)) struct `Clients of GitHub's attestations` {
    let server = Live.server
    let image = [UInt8]("image").digest

    /// Records 0 to 5 about the image: two envelopes and a bundle of provenance, a statement that nobody signed, a signed bill
    /// of materials, and a plain record. Gives the envelopes.
    @discardableResult
    private func fill() throws -> [JSONValue] {
        let envelopes = try (0..<3).map { try Signer.builder.envelope(Evidence.provenance(of: [image], run: $0)) }
        let sbom = Evidence.statement(of: [image], type: "https://spdx.dev/Document/v2.3")
        let signed = try Signer.builder.envelope(sbom)
        for (evidence, type) in [
            (envelopes[0], Evidence.envelopeType), (Evidence.bundle(envelopes[1], hint: "x"), Evidence.bundleType),
            (envelopes[2], Evidence.envelopeType), ([UInt8](Evidence.provenance(of: [image])), Evidence.statementType),
            (signed, Evidence.envelopeType), (Evidence.plain([image]), Evidence.plainType),
        ] {
            #expect(try server.post(evidence, as: type).status == (type == Evidence.bundleType ? 400 : 201))
        }
        #expect(try server.post(Evidence.bundle(envelopes[1]), as: Evidence.bundleType).status == 201)
        return try (envelopes + [signed]).map { try JSONValue(parsing: $0) }
    }

    private func bundles(_ query: String = "") throws -> [JSONValue] {
        let answer = try server.get("/attestations/\(image)\(query)")
        guard answer.status == 200, let attestations = answer.json?["attestations"]?.array else {
            throw TestConnection.Failure.malformed(answer.text)
        }
        return attestations.compactMap { $0["bundle"] }
    }

    @Test func `find each signed statement as a bundle`() throws {
        let envelopes = try fill()
        let bundles = try bundles()
        #expect(bundles.map { $0["dsseEnvelope"] } == [envelopes[0], envelopes[2], envelopes[3], envelopes[1]])
        for bundle in bundles {
            #expect(bundle["mediaType"]?.string == Evidence.bundleType)
            #expect(bundle["verificationMaterial"]?["publicKey"] != nil)
            // What is given out can be taken in again, and is known.
            let answer = try server.post(bundle.serialized(), as: Evidence.bundleType)
            #expect(answer.status == 200 && answer["Idempotency-Replayed"] == "true")
        }
        let get = try server.get("/attestations/\(image)")
        #expect(get["Content-Type"] == "application/json")
        #expect(try server.head("/attestations/\(image)").comparableHead == get.comparableHead)
    }

    @Test(arguments: [
        ("https://slsa.dev/provenance/v1", 3), ("https://slsa.dev/provenance", 3), ("https://slsa.dev/provenance/", 3),
        ("https://slsa.dev/prov", 0), ("https://slsa.dev/provenance/v1.1", 0), ("https://spdx.dev/Document/v2.3", 1),
        ("https://spdx.dev/Document", 1), ("https://cyclonedx.org/bom", 0), ("nonsense", 0),
    ])
    func `can ask for one type of predicate`(_ type: String, count: Int) throws {
        try fill()
        #expect(try bundles("?predicate_type=\(type)").count == count)
    }

    @Test func `can have a bundle a line`() throws {
        try fill()
        let answer = try server.get("/attestations/\(image)?format=jsonl")
        #expect(answer.status == 200 && answer["Content-Type"] == "application/jsonl")
        let lines = answer.text.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.last == "")
        #expect(try lines.dropLast().map { try JSONValue(parsing: Array($0.utf8)) } == (try bundles()))
    }

    @Test(arguments: ["", "&predicate_type=https://slsa.dev/provenance/v1", "&format=jsonl"], 1...4)
    func `can go from page to page`(_ query: String, size: Int) throws {
        try fill()
        let whole = try server.get("/attestations/\(image)?\(query)")
        var found: [JSONValue] = []
        var lines = ""
        var next: String? = "/attestations/\(image)?per_page=\(size)\(query)"
        for _ in 0..<10 {
            guard let path = next else { break }
            let answer = try server.get(path)
            #expect(answer.status == 200)
            let page = answer.json?["attestations"]?.array ?? []
            #expect(page.count <= size)
            found += page
            lines += answer.text
            next = answer.next
        }
        #expect(next == nil)
        if query.contains("jsonl") { return #expect(lines == whole.text) }
        #expect(found == whole.json?["attestations"]?.array)
        #expect(found.count == (query.isEmpty ? 4 : 3))
    }

    @Test func `find nothing where there is nothing`() throws {
        #expect(try server.get("/attestations/\([UInt8]("never").digest)").json?["attestations"] == [])
    }

    @Test(arguments: [
        "x", "latest", "sha256:abc", "sha256:\(String(repeating: "A", count: 64))",
        "\([UInt8]("image").digest)?after=x",
        "\([UInt8]("image").digest)?per_page=-1", "\([UInt8]("image").digest)?per_page=x",
        "\([UInt8]("image").digest)?after=-1", "\([UInt8]("image").digest)?after=9223372036854775808",
    ])
    func `are told what was wrong`(_ path: String) throws {
        try fill()
        #expect(try server.get("/attestations/\(path)").isProblem(400))
    }
}
