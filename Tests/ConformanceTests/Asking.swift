import OCI
import RegistryCore
import RegistryTesting

extension TestServer {
    func get(_ path: String, _ fields: [(String, String)] = []) throws -> TestResponse {
        try request("GET", path, fields)
    }

    func head(_ path: String, _ fields: [(String, String)] = []) throws -> TestResponse {
        try request("HEAD", path, fields)
    }

    func delete(_ path: String) throws -> TestResponse {
        try request("DELETE", path)
    }

    /// Sends a body in chunks of the transfer coding, without telling its length.
    func stream(
        _ method: String, _ path: String, _ fields: [(String, String)] = [], body: [UInt8], pieces: Int = 3
    ) throws -> TestResponse {
        try request(
            method, path, fields + [("Transfer-Encoding", "chunked")], body: .chunked(body, pieces: pieces))
    }

    /// Begins an upload and gives its location.
    func beginUpload(to repository: String, _ query: String = "") throws -> String {
        let answer = try request("POST", "/v2/\(repository)/blobs/uploads/\(query)", body: [])
        guard answer.status == 202, let location = answer["Location"] else {
            throw TestConnection.Failure.malformed("begin of an upload: \(answer.status) \(answer.text)")
        }
        return location
    }

    /// Sends one chunk that says where it belongs.
    func patch(_ location: String, _ chunk: some Collection<UInt8>, at offset: Int) throws -> TestResponse {
        try request(
            "PATCH", location, [("Content-Range", "\(offset)-\(offset + chunk.count - 1)")], body: Array(chunk))
    }

    /// Ends an upload, with or without a last piece of it.
    func finish(
        _ location: String, as digest: Digest, _ fields: [(String, String)] = [], last: [UInt8] = []
    ) throws -> TestResponse {
        try request("PUT", "\(location)?digest=\(digest)", fields, body: last)
    }

    /// What `/tags/list` says.
    func tags(of repository: String, _ query: String = "") throws -> [String]? {
        try get("/v2/\(repository)/tags/list\(query)").json?["tags"]?.strings
    }

    /// The digests that the referrers list names, in its order.
    func referrers(to digest: Digest, in repository: String, _ query: String = "") throws -> [String] {
        let answer = try get("/v2/\(repository)/referrers/\(digest)\(query)")
        return answer.json?["manifests"]?.array?.compactMap { $0["digest"]?.string } ?? ["\(answer.status)"]
    }

    /// Whether the repository serves the content under its digest.
    func serves(_ content: [UInt8], in repository: String) throws -> Bool {
        let answer = try get("/v2/\(repository)/blobs/\(content.digest)")
        return answer.status == 200 && answer.body == content
    }

    /// Puts a manifest under its own digest.
    func put(
        manifest: [UInt8], to repository: String, type: MediaType = .ociManifest, _ query: String = ""
    ) throws -> TestResponse {
        try put(
            manifest: manifest, to: repository, as: "\(manifest.digest)\(query)", type: type.rawValue)
    }
}

extension TestResponse {
    /// The body as JSON; nil when it is none.
    var json: JSONValue? { try? JSONValue(parsing: body) }

    /// The codes of `errors[]`, in order.
    var codes: [String] { json?["errors"]?.array?.compactMap { $0["code"]?.string } ?? [] }

    /// All fields with this name, in any case.
    func all(_ name: String) -> [String] {
        fields.filter { $0.name.lowercased() == name.lowercased() }.map(\.value)
    }

    /// The path and query that `Link: <…>; rel="next"` leads to.
    var next: String? {
        guard let link = self["Link"], link.hasPrefix("<"), link.hasSuffix(">; rel=\"next\"") else { return nil }
        return String(link.dropFirst().prefix { $0 != ">" })
    }

    /// Everything but the body and what may differ between two answers to the same question.
    var comparableHead: [String] {
        ["\(status)"] + fields.filter { $0.name.lowercased() != "date" }.map { "\($0.name): \($0.value)" }
    }
}

extension JSONValue {
    /// The strings of an array.
    var strings: [String]? { array?.compactMap(\.string) }
}

extension [UInt8] {
    init(_ text: String) { self = Array(text.utf8) }

    /// The digest that most clients use.
    var digest: Digest { Digest(.sha256, of: self) }

    /// A body in the chunked transfer coding.
    static func chunked(_ body: [UInt8], pieces: Int = 3) -> [UInt8] {
        var encoded: [UInt8] = []
        let size = Swift.max(1, (body.count + pieces - 1) / pieces)
        for start in stride(from: 0, to: body.count, by: size) {
            let piece = body[start..<Swift.min(start + size, body.count)]
            encoded += Array("\(String(piece.count, radix: 16))\r\n".utf8) + piece + Array("\r\n".utf8)
        }
        return encoded + Array("0\r\n\r\n".utf8)
    }
}
