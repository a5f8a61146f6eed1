package import LinuxIO
import OCI

/// Somebody whose tokens say who others are: a CI system, a cluster, a token service (OpenID Connect Core 1.0 §3.1.3.7).
package final class TrustedIssuer: Sendable {
    /// Who is believed, for whom, and what its claims mean. Each is a key of the configuration file.
    package struct Options: Sendable, Equatable {
        /// What principals and groups of this issuer begin with.
        package var name = ""
        /// Its URL, as it stands in its tokens.
        package var url = ""
        /// For whom a token must be made.
        package var audience: [String] = []
        /// Where its keys are: a URL, or the path of a file; empty for what its discovery document says.
        package var keys = ""
        /// The file of those who vouch for its server, PEM; empty for those that the system knows.
        package var authorities = ""
        /// What must hold for the claims of a token.
        package var require: [ClaimRequirement] = []
        /// Who the principal is.
        package var principal = ClaimTemplate(parsing: "{sub}")
        /// The groups it is in.
        package var groups: [ClaimTemplate] = []
        /// The build platform that it is; nil for none.
        package var builder: ClaimTemplate?

        /// An issuer without a name.
        package init() {}
    }

    /// Groups of one caller, and bytes of all of them: they are part of the tokens that our own service makes.
    private static let mostGroups = 100
    private static let groupBytes = 4096

    /// Who is believed, for whom, and what its claims mean.
    package let options: Options
    /// Its keys.
    package let keys: IssuerKeys
    private let clock: WallClock

    /// An issuer that is believed from now on.
    package init(_ options: Options, keys: IssuerKeys, clock: WallClock = .system) {
        self.options = options
        self.keys = keys
        self.clock = clock
    }

    /// Whose token it is, when it was checked a moment ago.
    func remembered(_ mark: TokenMark) -> Caller? {
        keys.areUsable ? keys.remembered.caller(mark, now: clock.milliseconds / 1000) : nil
    }

    /// Whom the issuer vouches for with the token.
    func caller(of token: CompactToken, _ mark: TokenMark) async throws(TokenError) -> Caller {
        let generation = try await keys.verify(token)
        let claims = token.claims
        guard claims["iss"]?.string.map({ $0.utf8.elementsEqual(options.url.utf8) }) == true else {
            throw .wrongIssuer
        }
        guard
            claims.audiences.contains(where: { audience in
                options.audience.contains { $0.utf8.elementsEqual(audience.utf8) }
            })
        else { throw .wrongAudience }
        let now = clock.milliseconds / 1000
        let times = try TokenTimes(claims, now: now)
        for requirement in options.require where !requirement.holds(for: claims) {
            throw .missingClaim(requirement.claim)
        }
        let caller = try caller(claims, until: times.expiry)
        keys.remembered.remember(mark, caller, until: times.expiry, now: now, generation)
        return caller
    }

    private func caller(_ claims: JSONObject, until expiry: Int64) throws(TokenError) -> Caller {
        guard let subject = claims["sub"]?.string, subject.isIdentity else { throw .missingClaim("sub") }
        guard let name = options.principal?.text(of: claims),
            let principal = Principal(.workload, proved: "\(options.name):\(name)")
        else { throw .missingClaim("claim for \(options.principal?.description ?? "a principal")") }
        let scopes = claims.scopes
        // What limits in a way that cannot be read does not mean no limit.
        guard claims["access"] == nil || scopes != nil else { throw .missingClaim("access") }
        var space = Self.groupBytes
        let groups = options.groups.flatMap { $0.texts(of: claims) }.prefix(Self.mostGroups).prefix { group in
            space -= group.utf8.count
            return space >= 0
        }
        let workload = options.builder?.text(of: claims).map {
            Workload(issuer: options.url, subject: subject, builder: $0)
        }
        return Caller(
            // The issuer's name stands before its groups, so that none of its claims becomes a group of ours.
            principal, groups: Set(groups.map { "\(options.name):\($0)" }), workload: workload,
            expiry: expiry, scopes: scopes)
    }
}

extension JSONObject {
    /// For whom a token is: one text or several (RFC 7519 §4.1.3).
    fileprivate var audiences: [String] {
        guard let claim = self["aud"] else { return [] }
        return (claim.array ?? [claim]).compactMap(\.string)
    }
}
