package import LinuxIO
import OCI
import Synchronization

/// Issues and checks the tokens of the registry itself (Docker's token service: auth-token.md, auth-oauth.md, auth-jwt.md).
package final class TokenService: Sendable {
    /// How tokens are made. Each is a field of the configuration file.
    package struct Options: Sendable {
        /// The name of the registry in tokens and challenges: issuer and audience.
        package var service: String
        /// Seconds that a token is valid. Clients of Docker take nothing below 60.
        package var lifetime: Int64 = 300
        /// Seconds that a refresh token is valid.
        package var refreshLifetime: Int64 = 30 * 24 * 3600

        /// The usual times.
        package init(service: String) {
            self.service = service
        }
    }

    /// A token as clients get it.
    package struct Issued: Sendable {
        package let token: String
        /// Seconds that it is valid.
        package let lifetime: Int64
        /// When it was made, in seconds since 1970-01-01 UTC.
        package let time: Int64
        /// What it may be used for.
        package let scopes: [Scope]
    }

    /// Seconds that every token is valid: a push must not end in the middle because its token was made late.
    private static let shortest: Int64 = 300

    /// What a token is called in its header: one for requests, one for new tokens, so that none is taken for the other
    /// (RFC 8725 §3.11).
    private enum Kind: String {
        case access = "jwt"
        case refresh = "refresh+jwt"

        var written: String { self == .access ? "JWT" : rawValue }
    }

    /// The name of the registry in tokens and challenges.
    package var service: String { options.service }

    private let options: Options
    /// Of several keys the first signs.
    private let keys: Mutex<[TokenKey]>
    private let clock: WallClock
    private let random: RandomBytes
    private let remembered = RememberedTokens()

    /// A service that signs with the first key and believes all of them.
    package init(
        _ options: Options, keys: [TokenKey], clock: WallClock = .system, random: RandomBytes = .system
    ) {
        precondition(!keys.isEmpty, "a token service needs a key")
        self.options = options
        self.keys = Mutex(keys)
        self.clock = clock
        self.random = random
    }

    /// Goes on with other keys. Tokens that none of them signed are believed no longer, also not those that were checked before.
    package func replaceKeys(_ keys: [TokenKey]) {
        precondition(!keys.isEmpty, "a token service needs a key")
        self.keys.withLock { $0 = keys }
        remembered.forget()
    }

    private var signingKey: TokenKey { keys.withLock { $0[0] } }

    // MARK: - Tokens for requests

    /// A token with which the caller may use these scopes.
    ///
    /// - Throws: `TokenError.tooLong` when scopes and groups make a token that nobody would read.
    package func issue(to caller: Caller, _ scopes: [Scope]) throws -> Issued {
        let now = clock.milliseconds / 1000
        let lifetime = lifetime(for: caller, now: now)
        var claims = standardClaims(of: caller.principal, now: now, lifetime: lifetime)
        claims["version"] = caller.version.map { .string($0) }
        claims["access"] = .array(scopes.map(\.json))
        if !caller.groups.isEmpty { claims["groups"] = .array(caller.groups.sorted().map { .string($0) }) }
        claims["workload"] = caller.workload?.json
        let token = try CompactToken.make(type: Kind.access.written, claims: claims, with: signingKey)
        guard token.utf8.count <= CompactToken.longest else { throw TokenError.tooLong }
        return Issued(token: token, lifetime: lifetime, time: now, scopes: scopes)
    }

    /// Not longer than what the caller was believed for, and not shorter than clients take.
    private func lifetime(for caller: Caller, now: Int64) -> Int64 {
        guard let expiry = caller.expiry else { return options.lifetime }
        return max(Self.shortest, min(options.lifetime, expiry - now))
    }

    /// Whose token it is, when it was checked a moment ago.
    func remembered(_ mark: TokenMark) -> Caller? { remembered.caller(mark, now: clock.milliseconds / 1000) }

    /// Who may use the token for what.
    package func caller(of text: String) throws(TokenError) -> Caller {
        try caller(of: CompactToken(parsing: text), TokenMark(text))
    }

    func caller(of token: CompactToken, _ mark: TokenMark) throws(TokenError) -> Caller {
        let generation = remembered.generation
        let now = clock.milliseconds / 1000
        let (claims, expiry) = try self.claims(of: token, .access, now: now)
        guard let subject = claims["sub"]?.string else { throw .missingClaim("sub") }
        guard let scopes = claims.scopes else { throw .missingClaim("access") }
        let caller: Caller
        if subject.isEmpty {
            caller = Caller.anonymous.limited(to: scopes)
        } else {
            guard let principal = Principal(subject) else { throw .missingClaim("sub") }
            let groups = claims["groups"]?.array?.compactMap(\.string) ?? []
            caller = Caller(
                principal, groups: Set(groups), workload: claims["workload"].flatMap(Workload.init(json:)),
                version: claims["version"]?.string, expiry: expiry, scopes: scopes)
        }
        remembered.remember(mark, caller, until: expiry, now: now, generation)
        return caller
    }

    // MARK: - Tokens for new tokens

    /// A token with which the principal gets new tokens without its password.
    ///
    /// - Parameter version: what changes when the password does.
    package func issueRefresh(to principal: Principal, version: String) throws -> String {
        let now = clock.milliseconds / 1000
        var claims = standardClaims(of: principal, now: now, lifetime: options.refreshLifetime)
        claims["version"] = .string(version)
        return try CompactToken.make(type: Kind.refresh.written, claims: claims, with: signingKey)
    }

    /// Whose refresh token it is. Whether the password is still the same is for the caller to check.
    package func refresh(_ text: String) throws(TokenError) -> (principal: Principal, version: String) {
        let (claims, _) = try claims(of: CompactToken(parsing: text), .refresh, now: clock.milliseconds / 1000)
        guard let principal = claims["sub"]?.string.flatMap({ Principal($0) }) else { throw .missingClaim("sub") }
        guard let version = claims["version"]?.string else { throw .missingClaim("version") }
        return (principal, version)
    }

    // MARK: - What all have in common

    private func standardClaims(of principal: Principal?, now: Int64, lifetime: Int64) -> JSONObject {
        [
            "iss": .string(options.service), "sub": .string(principal?.description ?? ""),
            "aud": .string(options.service), "exp": .integer(now + lifetime), "nbf": .integer(now),
            "iat": .integer(now), "jti": .string(Base64.encodeForURL(random(12))),
        ]
    }

    private func claims(
        of token: CompactToken, _ kind: Kind, now: Int64
    ) throws(TokenError) -> (claims: JSONObject, expiry: Int64) {
        guard token.type == kind.rawValue else { throw .wrongType }
        try TokenKeySet(keys.withLock { $0 }).verify(token)
        guard token.claims["iss"]?.string == options.service else { throw .wrongIssuer }
        guard token.claims["aud"]?.string == options.service else { throw .wrongAudience }
        return (token.claims, try TokenTimes(token.claims, now: now).expiry)
    }
}

extension Scope {
    /// An entry of the claim `access`.
    fileprivate var json: JSONValue {
        let (type, name) =
            switch resource {
            case .repository(let name): ("repository", name.rawValue)
            case .catalog: ("registry", "catalog")
            }
        return ["type": .string(type), "name": .string(name), "actions": .array(actions.map { .string($0) })]
    }

    fileprivate init?(json: JSONValue) {
        guard let type = json["type"]?.string, let name = json["name"]?.string,
            let actions = json["actions"]?.array?.compactMap(\.string)
        else { return nil }
        self.init(parsing: "\(type):\(name):\(actions.joined(separator: ","))")
    }
}

extension JSONObject {
    /// What a token is limited to, by its claim `access` (auth-jwt.md); nil when it has none, or one that is no list.
    var scopes: [Scope]? { self["access"]?.array?.compactMap(Scope.init(json:)) }
}

extension Workload {
    /// The claim of our own tokens.
    fileprivate var json: JSONValue {
        ["iss": .string(issuer), "sub": .string(subject), "builder": .string(builder)]
    }

    fileprivate init?(json: JSONValue) {
        guard let issuer = json["iss"]?.string, let subject = json["sub"]?.string,
            let builder = json["builder"]?.string
        else { return nil }
        self.init(issuer: issuer, subject: subject, builder: builder)
    }
}
