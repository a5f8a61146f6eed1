import Glibc
import OCI
import RegistryCore
import RegistryTesting

/// Debian's docker-registry on a folder and a loopback port of its own.
struct DockerRegistry {
    /// It answered otherwise than was expected.
    struct Refused: Error, CustomStringConvertible {
        let description: String
    }

    let folder = TemporaryFolder()
    private let program: Program
    let port: UInt16
    private let configuration: String

    /// Its rootdirectory.
    var data: String { "\(folder.path)/data" }

    init() async throws {
        configuration = folder.write(
            Array(
                """
                version: 0.1
                log: {level: info, accesslog: {disabled: true}}
                storage:
                  filesystem: {rootdirectory: \(folder.path)/data}
                  delete: {enabled: true}
                  maintenance: {uploadpurging: {enabled: false}}
                http: {addr: "127.0.0.1:0", secret: of-one-run, relativeurls: true}

                """.utf8), to: "registry.yml")
        program = try Program(Program.find("docker-registry") ?? "docker-registry", ["serve", configuration])
        let line = try await program.line(containing: "listening on")
        let digits = line.split(separator: "listening on 127.0.0.1:").last?.prefix { $0.isNumber }
        port = UInt16(digits ?? "") ?? 0
    }

    func stop() async {
        program.signal(SIGTERM)
        _ = await program.end()
    }

    /// Removes the content that no manifest names any more. Only while it is stopped.
    func collectGarbage() async throws {
        let path = Program.find("docker-registry") ?? "docker-registry"
        let result = try await Program.run(path, ["garbage-collect", configuration])
        guard result.status == 0 else { throw Refused(description: result.text) }
    }

    @discardableResult
    func request(
        _ method: String, _ path: String, _ fields: [(String, String)] = [], body: [UInt8]? = nil, expecting status: Int
    ) throws -> TestResponse {
        let connection = try TestConnection(port: port)
        let answer = try connection.request(method, path, fields + [("Connection", "close")], body: body)
        guard answer.status == status else {
            throw Refused(description: "\(method) \(path): \(answer.status) \(answer.text)")
        }
        return answer
    }

    func push(blob: [UInt8], to repository: String) throws {
        let begun = try request("POST", "/v2/\(repository)/blobs/uploads/", body: [], expecting: 202)
        let location = begun["Location"] ?? ""
        let mark = location.contains("?") ? "&" : "?"
        let type = ("Content-Type", "application/octet-stream")
        try request(
            "PUT", "\(location)\(mark)digest=\(Digest(.sha256, of: blob))", [type], body: blob, expecting: 201)
    }

    func put(
        manifest: [UInt8], to repository: String, as reference: String? = nil, type: MediaType = .ociManifest
    ) throws {
        try request(
            "PUT", "/v2/\(repository)/manifests/\(reference ?? "\(Digest(.sha256, of: manifest))")",
            [("Content-Type", type.rawValue)], body: manifest, expecting: 201)
    }

    func push(
        _ image: Fixture.Image, to repository: String, as tag: String? = nil, type: MediaType = .ociManifest
    ) throws {
        for blob in image.blobs { try push(blob: blob, to: repository) }
        try put(manifest: image.manifest, to: repository, as: tag, type: type)
    }
}

/// What a registry answers of everything that it has: digests and bytes by repository and tag.
struct Inventory: Equatable {
    private(set) var digests: [String: String] = [:]
    private(set) var contents: [String: [UInt8]] = [:]

    /// - Parameter get: asks the registry for a path.
    init(_ get: (String, [(String, String)]) throws -> TestResponse) throws {
        func list(_ path: String, _ name: String) throws -> [String] {
            try JSONValue(parsing: get(path, []).body)[name]?.array?.compactMap(\.string) ?? []
        }
        let types: [MediaType] = [.ociManifest, .ociIndex, .dockerManifest, .dockerManifestList]
        let accept = types.map { ("Accept", $0.rawValue) }
        for repository in try list("/v2/_catalog?n=1000", "repositories") {
            for tag in try list("/v2/\(repository)/tags/list", "tags") {
                let answer = try get("/v2/\(repository)/manifests/\(tag)", accept)
                let type = answer["Content-Type"] ?? ""
                digests["\(repository):\(tag)"] = "\(answer["Docker-Content-Digest"] ?? "") \(type)"
                contents["\(repository):\(tag)"] = answer.body
            }
        }
    }
}
