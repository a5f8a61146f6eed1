import Access
import Configuration
import Glibc
import HTTPClient
import LinuxIO
import Logging

extension Settings {
    /// Bytes of one document of an issuer. GitHub's keys have 9 KiB.
    private static let mostBytes = 256 * 1024

    /// Those whose tokens are believed besides the registry's own. Nothing is fetched yet.
    ///
    /// - Throws: `Failure` that names a file that is not there.
    func trustedIssuers(logger: Logger) throws -> [TrustedIssuer] {
        try auth.issuers.map { options in
            for file in [options.authorities, options.keys] where file.hasPrefix("/") {
                guard Glibc.access(file, R_OK) == 0 else {
                    throw Failure(
                        .cannotStart,
                        "cannot read \(file) of the issuer \(options.name): \(String(cString: strerror(errno)))")
                }
            }
            var limits = OutboundLimits()
            limits.connectTimeout = .seconds(3)
            limits.totalTimeout = .seconds(5)
            limits.body = Self.mostBytes
            // A lane each: an issuer that does not answer keeps no other waiting.
            let lanes = Lanes(count: 1)
            let client = OutboundClient(
                lanes: lanes, limits: limits, authorities: options.authorities.isEmpty ? nil : options.authorities)
            let keys = IssuerKeys(
                of: options.url, at: options.keys.isEmpty ? nil : options.keys,
                report: { Self.report($0, of: options.name, logger) },
                fetch: { try await Self.fetch($0, with: client, on: lanes) })
            return TrustedIssuer(options, keys: keys)
        }
    }

    private static func report(_ event: IssuerKeys.Event, of issuer: String, _ logger: Logger) {
        switch event {
        case .changed(let count):
            logger.notice("keys of an issuer fetched", metadata: ["issuer": "\(issuer)", "keys": "\(count)"])
        case .recovered: logger.notice("keys of an issuer fetched again", metadata: ["issuer": "\(issuer)"])
        case .expired:
            logger.critical(
                "keys of an issuer are too old to be used, so none of its tokens is believed",
                metadata: ["issuer": "\(issuer)"])
        case .failed(let reason):
            logger.error(
                "keys of an issuer cannot be fetched", metadata: ["issuer": "\(issuer)", "error": "\(reason)"])
        }
    }

    private static func fetch(_ location: String, with client: OutboundClient, on lanes: Lanes) async throws -> [UInt8]
    {
        guard !location.hasPrefix("/") else {
            do {
                return try await lanes.next().run { try InputFile.read(location, atMost: mostBytes) }
            } catch let failure as Failure { throw IssuerFailure(description: failure.message) }
        }
        let url = try OutboundURL(parsing: location)
        let response = try await client.send(OutboundRequest(.get, url, fields: [("Accept", "application/json")]))
        guard response.status == 200 else { throw IssuerFailure(description: "\(url) answered \(response.status)") }
        return response.body
    }
}

/// Why a document of an issuer could not be had, in words for the log.
private struct IssuerFailure: Error, CustomStringConvertible {
    let description: String
}
