import Glibc
import OCI
import RegistryCore
import RegistryTesting
import Testing

/// Whether a client can be tested on this machine; if not, that is said where nobody can overlook it.
enum Client {
    static let skopeo = isUsable("skopeo")
    static let podman = isUsable("podman")
    static let buildah = isUsable("buildah") && isUsable("skopeo") && isUsable("openssl")
    static let curl = isUsable("curl") && isUsable("openssl")
    static let dockerRegistry = isUsable("docker-registry")
    static let docker = isUsable("docker") && isUsable("dockerd") && mayMount

    private static func isUsable(_ name: String) -> Bool {
        guard Program.find(name) != nil else { return skip("\(name) is not installed") }
        guard geteuid() == 0 else { return skip("\(name) needs root") }
        return true
    }

    /// An engine needs a mount namespace of its own, so that nothing of it stays behind.
    private static let mayMount: Bool = {
        guard Program.find("unshare") != nil else { return skip("unshare is not installed") }
        let child = system("unshare --mount true 2>/dev/null")
        return child == 0 ? true : skip("docker needs the right to mount")
    }()

    private static func skip(_ reason: String) -> Bool {
        let line = Array("SKIPPED: \(reason)\n".utf8)
        write(STDERR_FILENO, line, line.count)
        return false
    }
}

/// A server, and a folder for whatever a client keeps.
struct Bench {
    /// A client ended with an error.
    struct Failed: Error, CustomStringConvertible {
        let description: String
    }

    let folder = TemporaryFolder()
    private let data = TemporaryFolder()
    let server: WaybillServer

    /// Starts a server.
    ///
    /// - Parameter configuration: the text of its configuration file, if it needs one.
    init(configuration: String? = nil) async throws {
        let folder = folder
        let file = configuration.map { folder.write(Array($0.utf8), to: "waybill.yaml") }
        server = try await WaybillServer(data: data.path, file.map { ["--config", $0] } ?? [])
        File.write(Array("{}".utf8), to: "\(folder.path)/auth.json")
    }

    /// Runs a client to its end and expects that it succeeds; gives what it wrote.
    @discardableResult
    func run(_ name: String, _ arguments: String...) async throws -> String {
        try await run(name, arguments)
    }

    /// The same with arguments that are put together.
    @discardableResult
    func run(_ name: String, _ arguments: [String]) async throws -> String {
        let path = Program.find(name) ?? name
        let environment = [
            "HOME": folder.path, "XDG_RUNTIME_DIR": folder.path, "REGISTRY_AUTH_FILE": "\(folder.path)/auth.json",
            "DOCKER_HOST": "unix://\(folder.path)/docker.sock", "PODMAN_IGNORE_CGROUPSV1_WARNING": "1",
        ]
        let result = try await Program.run(path, arguments, environment: environment)
        guard result.status == 0 else {
            throw Failed(description: "\(name) \(arguments) ended with \(result.status): \(result.text)")
        }
        return result.text
    }

    /// The digest of a tag, asked for by the test itself.
    func digest(of repository: String, _ tag: String) throws -> Digest? {
        let accept = [("Accept", "*/*")]
        let answer = try server.request("HEAD", "/v2/\(repository)/manifests/\(tag)", accept)
        return answer["Docker-Content-Digest"].flatMap { try? Digest(parsing: $0) }
    }

    /// What the server knows of a digest.
    func trace(_ digest: Digest) throws -> JSONValue {
        try JSONValue(parsing: server.request("GET", "/provenance/\(digest)").body)
    }

    /// Stops the server and checks everything that it has stored.
    func finish() async throws {
        #expect(await server.stop() == 0)
        #expect(try await TestRegistry(folder: data).registry.verify() == [])
    }
}
