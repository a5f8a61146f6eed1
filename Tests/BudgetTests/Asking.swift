import BenchmarkLoad
import OCI
import RegistryTesting

/// What has a budget: a request, or a part of what it takes.
enum Asking: String, CaseIterable, Sendable {
    /// The head of a pull, six lines, in the parser alone.
    case head = "the head of a request"
    case ping = "GET /v2/"
    case manifestByTag = "GET of a manifest by tag"
    case manifestByDigest = "GET of a manifest by digest"
    case headOfManifest = "HEAD of a manifest by tag"
    case headOfBlob = "HEAD of a blob"
    /// In the database, and sent from there.
    case smallBlob = "GET of a blob of 512 bytes"
    /// In a file that is read on a lane and sent with the head.
    case fileBlob = "GET of a blob of 40,000 bytes"
    /// In a file that the kernel sends.
    case largeBlob = "GET of a blob of 16 MiB"
    case push = "push of a blob of 512 bytes"

    /// Those that are answered on the loop alone.
    static let onLoop: [Asking] = [
        .ping, .manifestByTag, .manifestByDigest, .headOfManifest, .headOfBlob, .smallBlob,
    ]
    /// Those that a server answers.
    static let requests = allCases.filter { $0 != .head }

    fileprivate var isHead: Bool { self == .headOfManifest || self == .headOfBlob }
}

/// What is pulled.
struct Content {
    static let largeSize = 16 << 20

    let small = Fixture.bytes(512, seed: 101)
    let file = Fixture.bytes(40_000, seed: 7)
    let large: [UInt8]
    let image = Fixture.image()

    init() {
        let piece = Fixture.bytes(64 * 1024)
        large = (0..<Self.largeSize / piece.count).reduce(into: []) { content, _ in content += piece }
    }

    /// Pushes all of it.
    func push(to server: WaybillServer) throws {
        for blob in image.blobs + [small, file, large] {
            try expect(server.request("POST", "/v2/app/blobs/uploads/?digest=\(Self.digest(blob))", body: blob))
        }
        let type = [("Content-Type", MediaType.ociManifest.rawValue)]
        try expect(server.request("PUT", "/v2/app/manifests/v1", type, body: image.manifest))
    }

    static func digest(_ content: [UInt8]) -> Digest { Fixture.descriptor(content, .ociLayer).digest }

    private func expect(_ answer: TestResponse) throws {
        guard answer.status == 201 else { throw TestConnection.Failure.malformed(answer.text) }
    }
}

/// Sends requests one after the other, on one connection.
final class Client {
    private let connection: LoadConnection
    private let requests: [Asking: [UInt8]]
    private var pushed: UInt64 = 1_000

    init(port: UInt16, _ content: Content) throws {
        connection = try LoadConnection(port: port)
        let accept = "Accept: \(MediaType.ociManifest), \(MediaType.ociIndex)\r\n"
        requests = [
            .ping: Self.head("GET /v2/"),
            .manifestByTag: Self.head("GET /v2/app/manifests/v1", accept),
            .manifestByDigest: Self.head("GET /v2/app/manifests/\(content.image.digest)", accept),
            .headOfManifest: Self.head("HEAD /v2/app/manifests/v1", accept),
            .headOfBlob: Self.head("HEAD /v2/app/blobs/\(Content.digest(content.small))"),
            .smallBlob: Self.head("GET /v2/app/blobs/\(Content.digest(content.small))"),
            .fileBlob: Self.head("GET /v2/app/blobs/\(Content.digest(content.file))"),
            .largeBlob: Self.head("GET /v2/app/blobs/\(Content.digest(content.large))"),
        ]
    }

    /// Sends a request and waits for the whole answer.
    func ask(_ asking: Asking) throws {
        try connection.ask(requests[asking] ?? nextPush(), isHead: asking.isHead, at: ContinuousClock().now)
        let answer = try connection.answer()
        guard answer.status == (asking == .push ? 201 : 200) else { throw LoadConnection.NoAnswer() }
    }

    private func nextPush() -> [UInt8] {
        pushed += 1
        let blob = Fixture.bytes(512, seed: pushed)
        let target = "/v2/app/blobs/uploads/?digest=\(Content.digest(blob))"
        return Self.head("POST \(target)", "Content-Length: \(blob.count)\r\n") + blob
    }

    private static func head(_ line: String, _ fields: String = "") -> [UInt8] {
        Array("\(line) HTTP/1.1\r\nHost: registry.example.com\r\nUser-Agent: containerd/2.1.4\r\n\(fields)\r\n".utf8)
    }
}
