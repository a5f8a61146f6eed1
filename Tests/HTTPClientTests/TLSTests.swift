import Glibc
import HTTPClient
import HTTPServing
import HTTPTypes
import RegistryTesting
import Testing

@Suite struct `A connection with TLS` {
    @Test func `is refused by a port that speaks none`() async throws {
        try await serving({ _ in Response(.ok) }) { base in
            let url = "https\(base.dropFirst(4))"
            let error = await failure { try await makeClient().get(url) }
            guard case .untrusted(let reason) = error else { throw Unexpected(error: error) }
            #expect(!reason.isEmpty)
        }
    }

    @Test(.enabled(if: openSSL != nil, "openssl is needed"))
    func `is made with a server whose certificate is known, and with no other`() async throws {
        let folder = TemporaryFolder()
        let (key, certificate) = ("\(folder.path)/key.pem", "\(folder.path)/certificate.pem")
        let path = openSSL ?? "openssl"
        let made = try await Program.run(
            path,
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out",
                certificate,
            ])
        #expect(made.status == 0, "\(made.text)")
        let port = try RawServer { _ in }.port
        let server = try Program(
            path, ["s_server", "-accept", "127.0.0.1:\(port)", "-key", key, "-cert", certificate, "-www", "-quiet"])
        #expect(await eventually { (try? TestConnection(port: port)) != nil })

        let trusting = makeClient(authorities: certificate)
        #expect(try await trusting.get("https://localhost:\(port)/").status == 200)
        // Its certificate is for another name, or its issuer unknown.
        for (client, host) in [(trusting, "127.0.0.1"), (makeClient(), "localhost")] {
            let error = await failure { try await client.get("https://\(host):\(port)/") }
            guard case .untrusted(let reason) = error else { throw Unexpected(error: error) }
            #expect(reason.contains("certificate"))
        }
        server.signal(SIGKILL)
        _ = await server.end()
    }

    private struct Unexpected: Error {
        let error: HTTPClientError?
    }

    private func failure(_ body: () async throws -> OutboundResponse) async -> HTTPClientError? {
        do { _ = try await body() } catch { return error as? HTTPClientError }
        return nil
    }

    private static let openSSL = Program.find("openssl")
    private var openSSL: String? { Self.openSSL }
}
