import Access
import Configuration
import HTTPServing
import HTTPTypes
import HTTPWire
import TLS

extension Settings {
    /// Bytes of one file of certificates or keys.
    private static let mostBytes = 1024 * 1024

    /// The certificates, as they are in their files now; nil when connections are in the clear.
    ///
    /// - Throws: `Failure` that names the file.
    func tlsServer() throws -> TLSServer? {
        guard !tls.certificates.isEmpty else { return nil }
        var identities: [TLSServer.Identity] = []
        for rule in tls.certificates {
            identities.append(
                TLSServer.Identity(
                    chain: try InputFile.read(rule.chain, atMost: Self.mostBytes),
                    key: try InputFile.read(rule.key, atMost: Self.mostBytes)))
        }
        var clients: TLSServer.ClientAuthorities?
        if !tls.clientAuthorities.isEmpty {
            clients = TLSServer.ClientAuthorities(
                certificates: try InputFile.read(tls.clientAuthorities, atMost: Self.mostBytes),
                isRequired: tls.requireClientCertificate)
        }
        do { return try TLSServer(identities, clients: clients, onlyTLS13: tls.minimum == .tls13) } catch {
            let files = tlsFiles.joined(separator: ", ")
            throw Failure(.cannotStart, "cannot use the certificates in \(files): \(error)")
        }
    }

    /// Every file that `tlsServer` reads.
    var tlsFiles: [String] {
        tls.certificates.flatMap { [$0.chain, $0.key] } + [tls.clientAuthorities].filter { !$0.isEmpty }
    }

    /// Who a client is by the names in its certificate; nil when there is none of the kinds that count.
    func certificatePrincipal(_ names: [TLSSession.PeerName]) -> Principal? {
        for kind in tls.clientIdentity {
            for name in names {
                switch (kind, name) {
                case (.uri, .uri(let text)), (.dns, .dns(let text)), (.commonName, .common(let text)):
                    return Principal(.certificate, proved: text)
                default: continue
                }
            }
        }
        return nil
    }
}

/// Answers plain HTTP with the address under https.
enum Redirection {
    /// The answer to a request: the same target under https, on the port of the TLS listener.
    static func answer(_ request: Request, port: UInt16) -> Response {
        guard let host = request.head.host, !request.head.target.path.isEmpty else {
            return Response(HTTPResponse.Status(code: 400))
        }
        // The port that the client named is that of plain HTTP; an IPv6 address has colons of its own, in brackets.
        let end = host.lastIndex(of: "]") ?? host.startIndex
        let name = host[end...].lastIndex(of: ":").map { host[..<$0] } ?? host[...]
        let query = request.head.target.query.map { "?\($0)" } ?? ""
        let place = port == 443 ? "" : ":\(port)"
        // 308 keeps the method and the body, which 301 would not.
        return Response(
            HTTPResponse.Status(code: 308),
            [.location: "https://\(name)\(place)\(request.head.target.path)\(query)"])
    }
}
