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
        do { return try TLSServer(identities, onlyTLS13: tls.minimum == .tls13) } catch {
            let files = tls.certificates.map { "\($0.chain) and \($0.key)" }.joined(separator: ", ")
            throw Failure(.cannotStart, "cannot use the certificates in \(files): \(error)")
        }
    }

    /// Every file that `tlsServer` reads.
    var tlsFiles: [String] { tls.certificates.flatMap { [$0.chain, $0.key] } }
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
