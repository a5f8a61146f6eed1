import ArgumentParser
import Glibc
import HTTPClient
import LinuxIO
import OCI

/// Which running server is asked, and what it is asked with.
struct RemoteOptions: ParsableArguments {
    @Option(
        help:
            "The server, http://HOST:PORT or https://HOST; with USER:PASSWORD@ before the host, or as you logged in with docker or podman."
    )
    var server: String?

    @Option(help: "A PEM file of those who vouch for the server, instead of the system's.")
    var authorities: String?

    /// A client for one request after the other.
    ///
    /// - Parameter limit: bytes of an answer.
    func client(limit: Int) -> OutboundClient {
        var limits = OutboundLimits()
        limits.body = limit
        return OutboundClient(lanes: Lanes(count: 1), limits: limits, authorities: authorities)
    }
}

/// What docker and podman keep of a login (`docker login` without a credential helper, containers-auth.json(5)).
enum SavedLogin {
    private static let mostBytes = 1024 * 1024

    /// The field that logs in at the host of a URL; none when the URL says who asks, or nobody has logged in there.
    static func fields(for server: String) -> [(name: String, value: String)] {
        let host = server.split(separator: "://").last?.prefix { $0 != "/" } ?? ""
        guard !host.isEmpty, !host.contains("@") else { return [] }
        for path in paths {
            guard let bytes = try? InputFile.read(path, atMost: mostBytes), let file = try? JSONValue(parsing: bytes),
                let logins = file["auths"]
            else { continue }
            for name in [String(host), "https://\(host)", "http://\(host)"] {
                guard let login = logins[name]?["auth"]?.string, !login.isEmpty else { continue }
                return [("Authorization", "Basic \(login)")]
            }
        }
        return []
    }

    private static var paths: [String] {
        func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
        let folder = variable("DOCKER_CONFIG") ?? variable("HOME").map { "\($0)/.docker" }
        return [
            variable("REGISTRY_AUTH_FILE"), folder.map { "\($0)/config.json" },
            variable("XDG_RUNTIME_DIR").map { "\($0)/containers/auth.json" },
        ].compactMap(\.self)
    }
}
