import BenchmarkLoad
import OCI

/// One client of a registry, on one connection. It checks status and length of every answer.
final class RegistryClient {
    /// An answer was another than it must be.
    struct Unexpected: Error, CustomStringConvertible {
        let description: String
    }

    private static let chunk = 32 * 1024

    private let connection: LoadConnection
    private let clock = ContinuousClock()
    /// How long each pull took.
    private(set) var pulls = Latencies()

    init(port: UInt16) throws {
        connection = try LoadConnection(port: port)
    }

    // MARK: - Pushing

    /// Pushes a blob in one piece: `POST`, `PUT`.
    func push(_ blob: Content, to repository: String) throws {
        let upload = try beginUpload(to: repository)
        try request("PUT", upload + "digest=\(blob.digest)", content: blob, expecting: 201)
    }

    /// Pushes a blob as one does who does not know its length beforehand: `POST`, `PATCH` in chunks, `PUT`.
    func stream(_ blob: Content, to repository: String) throws {
        let upload = try beginUpload(to: repository)
        try sendHead("PATCH", upload, "Transfer-Encoding: chunked\r\n\(Self.octets)", hasMore: true)
        for piece in blob.pieces { try sendChunks(piece) }
        try connection.send(Array("0\r\n\r\n".utf8)[...], hasMore: false)
        try check(connection.answer(), "PATCH", upload, status: 202, length: nil)
        try request("PUT", try location() + "digest=\(blob.digest)", fields: Self.empty, expecting: 201)
    }

    /// Pushes what the registry does not have of an image, which it is asked first, and then the manifest.
    func push(_ image: Image, to repository: String, as tag: String) throws {
        for blob in [image.layer, image.config] {
            try request("HEAD", "/v2/\(repository)/blobs/\(blob.digest)", expecting: 404)
            try push(blob, to: repository)
        }
        try push(manifest: image.manifest, to: repository, as: tag)
    }

    /// - Parameter reference: a tag or the digest.
    func push(manifest: Content, to repository: String, as reference: String) throws {
        try request(
            "PUT", "/v2/\(repository)/manifests/\(reference)",
            fields: "Content-Type: \(MediaType.ociManifest.rawValue)\r\n", content: manifest, expecting: 201)
    }

    // MARK: - Pulling

    /// Pulls an image by its tag, with everything in it.
    func pull(_ image: Image, from repository: String, as tag: String) throws {
        let begin = clock.now
        let manifests = "/v2/\(repository)/manifests"
        let length = image.manifest.count
        try request("HEAD", "\(manifests)/\(tag)", fields: Self.accept, expecting: 200, length: length)
        try request(
            "GET", "\(manifests)/\(image.manifest.digest)", fields: Self.accept, expecting: 200, length: length)
        for blob in [image.config, image.layer] { try pull(blob, from: repository) }
        pulls.append(begin.duration(to: clock.now))
    }

    func pull(_ blob: Content, from repository: String) throws {
        try request("GET", "/v2/\(repository)/blobs/\(blob.digest)", expecting: 200, length: blob.count)
    }

    func pull(_ range: Range<Int>, of blob: Content, from repository: String) throws {
        try request(
            "GET", "/v2/\(repository)/blobs/\(blob.digest)",
            fields: "Range: bytes=\(range.lowerBound)-\(range.upperBound - 1)\r\n", expecting: 206, length: range.count)
    }

    func ping() throws { try request("GET", "/v2/", expecting: 200) }

    // MARK: - Requests

    /// What a client says that knows the media type of image manifests.
    static let accept = "Accept: \(MediaType.ociManifest.rawValue)\r\n"
    private static let octets = "Content-Type: application/octet-stream\r\n"
    private static let empty = "Content-Length: 0\r\n"

    private func request(
        _ method: String, _ path: String, fields: String = "", content: Content? = nil, expecting status: Int,
        length: Int? = nil
    ) throws {
        var fields = fields
        if let content {
            fields += "Content-Length: \(content.count)\r\n"
            if !fields.contains("Content-Type") { fields += Self.octets }
        }
        try sendHead(method, path, fields, hasMore: content != nil)
        let pieces = content?.pieces ?? []
        for (index, piece) in pieces.enumerated() {
            try connection.send(piece[...], hasMore: index < pieces.count - 1)
        }
        try check(connection.answer(), method, path, status: status, length: length)
    }

    private func sendHead(_ method: String, _ path: String, _ fields: String, hasMore: Bool) throws {
        let head = "\(method) \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\n\(fields)\r\n"
        try connection.ask(Array(head.utf8), isHead: method == "HEAD", hasMore: hasMore, at: clock.now)
    }

    private func check(
        _ answer: LoadConnection.Answer, _ method: String, _ path: String, status: Int, length: Int?
    ) throws {
        guard answer.status == status else {
            throw Unexpected(description: "\(answer.status) instead of \(status) to \(method) \(path)")
        }
        guard answer.length == length ?? answer.length else {
            throw Unexpected(description: "\(answer.length) bytes instead of \(length ?? 0) to \(method) \(path)")
        }
    }

    private func sendChunks(_ piece: [UInt8]) throws {
        for start in stride(from: 0, to: piece.count, by: Self.chunk) {
            let slice = piece[start..<min(start + Self.chunk, piece.count)]
            let chunk = Array("\(String(slice.count, radix: 16))\r\n".utf8) + slice + [13, 10]
            try connection.send(chunk[...], hasMore: true)
        }
    }

    /// Where the content of a new upload goes to, ready for a parameter.
    private func beginUpload(to repository: String) throws -> String {
        try request("POST", "/v2/\(repository)/blobs/uploads/", fields: Self.empty, expecting: 202)
        return try location()
    }

    /// The path of the last answer's `Location`, which may be a whole URL, ready for a parameter.
    private func location() throws -> String {
        guard let location = connection.field("location") else {
            throw Unexpected(description: "an upload without a Location")
        }
        return Self.path(of: location)
    }

    static func path(of location: String) -> String {
        var path = location[...]
        if let scheme = location.firstRange(of: "://") { path = location[scheme.upperBound...].drop { $0 != "/" } }
        return path + (path.contains("?") ? "&" : "?")
    }
}
