import Glibc
package import OCI

/// An issuer of CI tokens that we did not write: PyJWT behind Python's HTTPS server, on a loopback port, with fresh keys.
package struct IssuerServer: Sendable {
    private let program: Program
    private let port: Substring
    private let root: CertificateAuthority
    /// The file of the certificate that vouches for it.
    package var authority: String { root.root }

    /// Its URL, as it stands in its tokens.
    package var url: String { "https://localhost:\(port)" }

    /// Starts it, with a certificate of this authority.
    package init(_ authority: CertificateAuthority) async throws {
        let files = try await authority.issue("DNS:localhost", file: "issuer")
        root = authority
        program = try Program(
            PythonTools.path("python"), ["\(PythonTools.root)/Tests/issuer.py", files.chain, files.key])
        port = try await program.line(containing: "serving on ").split(separator: " ").last ?? ""
    }

    /// A token with these claims, signed with its key of RSA or of elliptic curves.
    package func token(_ claims: JSONObject, key: String = "rsa") async throws -> String {
        let text = String(decoding: JSONValue.object(claims).serialized(), as: UTF8.self)
        let result = try await Program.run(
            Program.find("curl") ?? "curl",
            [
                "-s", "--cacert", authority, "-G", "--data-urlencode", "claims=\(text)", "-d", "key=\(key)",
                "\(url)/mint",
            ])
        return result.output
    }

    /// Ends it.
    package func stop() async {
        program.signal(SIGTERM)
        _ = await program.end()
    }
}
