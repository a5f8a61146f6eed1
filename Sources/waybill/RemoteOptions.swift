import ArgumentParser
import Glibc
import HTTPClient
import LinuxIO
import OCI
import TraceView

/// Which running server is asked, and as whom.
struct RemoteOptions: ParsableArguments {
    @Option(help: "The server, https://HOST or http://HOST:PORT.")
    var server: String?

    @Option(
        help:
            "Who asks; the password is read from standard input. Without it, the login that docker or podman have kept."
    )
    var user: String?

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

    /// The fields that say who asks; none when the URL says it, or nobody has logged in there.
    ///
    /// - Parameter scopes: what is going to be asked for, where a token has to be fetched for it.
    func login(
        at server: String, for scopes: [String], with client: OutboundClient
    ) async throws -> [(name: String, value: String)] {
        if let user {
            let password = try Console.readPassword()
            return [("Authorization", "Basic " + Base64.encode(Array("\(user):".utf8) + password))]
        }
        switch SavedLogin(at: server) {
        case nil: return []
        case .basic(let credentials)?: return [("Authorization", "Basic \(credentials)")]
        case .identityToken(let token)?:
            do { return try await exchange(token, at: server, for: scopes, with: client) } catch {
                throw Failure(.cannotReach, "cannot reach the server: \(error)")
            }
        }
    }

    /// A token for the scopes from a token for tokens; nothing when the server does not take it any more.
    private func exchange(
        _ token: String, at server: String, for scopes: [String], with client: OutboundClient
    ) async throws(HTTPClientError) -> [(name: String, value: String)] {
        let scope = scopes.joined(separator: "%20")
        let form = "grant_type=refresh_token&client_id=waybill&refresh_token=\(token)&scope=\(scope)"
        let url = try OutboundURL(parsing: server).appending("token")
        let response = try await client.send(
            OutboundRequest(
                .post(Array(form.utf8)), url, fields: [("Content-Type", "application/x-www-form-urlencoded")]))
        let answer = try? JSONValue(parsing: response.body)
        guard response.status == 200, let token = answer?["access_token"]?.string else { return [] }
        return [("Authorization", "Bearer \(token)")]
    }

    /// What to do when the server asks who somebody is.
    static let advice =
        "log in with docker or podman (not with a credential helper), or say who asks: --user NAME < file-with-password"
}

/// What docker and podman keep of a login (docker's config.json, containers-auth.json(5)).
enum SavedLogin: Equatable {
    /// A name and a password in Base64.
    case basic(String)
    /// A token for tokens.
    case identityToken(String)

    private static let mostBytes = 1024 * 1024

    /// The login at the host of a URL; nil when the URL says itself who asks, when there is none, and when a password would go
    /// unprotected where it was not kept for that.
    init?(at server: String) {
        let parts = server.split(separator: "://", maxSplits: 1)
        guard parts.count == 2, let host = parts[1].split(separator: "/").first, !host.contains("@") else { return nil }
        let isProtected = parts[0] == "https" || ImageAddress.isLoopback(host)
        let names = isProtected ? ["\(host)", "https://\(host)", "http://\(host)"] : ["http://\(host)"]
        for path in Self.paths {
            guard let bytes = try? InputFile.read(path, atMost: Self.mostBytes),
                let logins = (try? JSONValue(parsing: bytes))?["auths"]
            else { continue }
            for login in names.compactMap({ logins[$0] }) {
                if let token = login["identitytoken"]?.string, token.utf8.allSatisfy(\.isTokenCharacter), !token.isEmpty
                {
                    self = .identityToken(token)
                    return
                }
                guard let credentials = login["auth"]?.string, let plain = Base64.decode(credentials.utf8),
                    let colon = plain.firstIndex(of: UInt8(ascii: ":")), colon + 1 < plain.count
                else { continue }
                self = .basic(Base64.encode(plain))
                return
            }
        }
        return nil
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

extension UInt8 {
    /// Whether a token has it, in which case it needs no escape in a form (RFC 6750 §2.1).
    fileprivate var isTokenCharacter: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "-._~".utf8.contains(self)
        }
    }
}
