package import Access
import HTTPServing
import HTTPTypes
import HTTPWire
import LinuxIO
import OCI
import RegistryCore
package import TLS

/// Lets requests in, or says what is missing: who makes them, and what they may do. Asked before any body is read.
package struct Gate: Sendable {
    let policy: AccessPolicy
    /// nil when nobody is asked who they are.
    let authenticator: Authenticator?
    /// Where clients get tokens, as they reach it; nil for the host that they asked.
    private let realm: String?
    /// The name of the registry in challenges for tokens; nil when there are none.
    private let service: String?
    private let limiter: CallerLimiter
    /// Who a client is by the names in its certificate.
    private let owner: @Sendable ([TLSSession.PeerName]) -> Principal?

    /// A gate with these rules.
    ///
    /// - Parameters:
    ///   - realm: where clients get tokens, as they reach it; nil for the host that they asked.
    ///   - service: the name of the registry in tokens that somebody else issues; nil when nobody does.
    ///   - limiter: what one caller may ask for.
    ///   - owner: who a client is by the names in its certificate.
    package init(
        _ policy: AccessPolicy, authenticator: Authenticator?, realm: String? = nil, service: String? = nil,
        owner: @escaping @Sendable ([TLSSession.PeerName]) -> Principal? = { _ in nil },
        limiter: CallerLimiter = CallerLimiter(CallerLimiter.Options())
    ) {
        self.policy = policy
        self.authenticator = authenticator
        self.realm = realm
        self.service = authenticator?.tokens?.service ?? service
        self.limiter = limiter
        self.owner = owner
    }

    /// The registry's own tokens; nil when it issues none.
    package var tokens: TokenService? { authenticator?.tokens }

    /// Whether everybody may do everything.
    var isOpen: Bool { policy.isOpen }

    /// Everybody may do everything.
    package static let open = Gate(.open, authenticator: nil)

    /// The request with who makes it.
    ///
    /// - Throws: 401 with a challenge for somebody who could do better with other credentials, 429 for whoever guesses, and
    ///   `Refusal` for somebody who is known and not allowed.
    func admit(_ request: Request, at route: Route) async throws -> AdmittedRequest {
        let need = route.need(for: request.head.method)
        let caller = try await caller(of: request, need)
        if route != .health, route != .readiness { try count(request, by: caller) }
        let access = CallerAccess(caller: caller, policy: policy)
        guard let decision = decide(need, access) else { return AdmittedRequest(request, by: access, ground: nil) }
        let admitted = AdmittedRequest(request, by: access, ground: ground(of: decision, need))
        guard !decision.isAllowed else { return admitted }
        if decide(need, access.unlimited)?.isAllowed != false {
            throw Problem(401, .unauthorized, "the token was not made for this").with(
                challenge(to: request, need, failure: "insufficient_scope"))
        }
        guard caller.principal == nil, authenticator != nil else {
            throw Refusal(
                problem: Problem(403, .denied, "\(caller) may not \(need)"),
                denial: Denial(need, route, ground: admitted.ground ?? AccessGround(.none)), actor: admitted.actor)
        }
        throw Problem(401, .unauthorized, "log in first").with(challenge(to: request, need, failure: nil))
    }

    /// Somebody who is known may not do what they ask for.
    struct Refusal: Error {
        let problem: Problem
        let denial: Denial
        let actor: Actor
    }

    /// Counts a request of the caller, or of the address of somebody who did not say who they are.
    ///
    /// - Throws: 429 when it is one too many.
    func count(_ request: Request, by caller: Caller) throws(Problem) {
        guard let wait = limiter.countRequest(of: Self.key(request, caller)) else { return }
        throw Problem(
            429, .tooManyRequests, "too many requests from \(caller)",
            fields: [.retryAfter: "\(wait.components.seconds + 1)"])
    }

    /// Runs what receives the bytes of an upload, unless the caller sends as many as it may.
    func receiving<Value>(_ admitted: AdmittedRequest, _ body: () async throws -> Value) async throws -> Value {
        let key = Self.key(admitted.request, admitted.caller)
        guard limiter.beginUpload(of: key) else {
            throw Problem(
                429, .tooManyRequests, "too many uploads at once from \(admitted.caller)", fields: [.retryAfter: "1"])
        }
        defer { limiter.endUpload(of: key) }
        return try await body()
    }

    private static func key(_ request: Request, _ caller: Caller) -> String {
        caller.principal?.description ?? "address:\(request.peer.host)"
    }

    /// Who makes the request. Wrong credentials are refused even where none are needed, so that nobody believes they were right.
    private func caller(of request: Request, _ need: Need) async throws -> Caller {
        guard let authenticator, need != .nothing else { return .anonymous }
        do throws(Problem) {
            guard let credentials = try Credentials.brought(by: request.head) else {
                return owner(of: request)
            }
            do {
                return try await authenticator.caller(with: credentials, from: request.peer.host)
            } catch { throw Problem(error) }
        } catch {
            guard error.status == 401 else { throw error }
            throw error.with(challenge(to: request, need, failure: "invalid_token"))
        }
    }

    /// The owner of the client's certificate, or nobody.
    func owner(of request: Request) -> Caller {
        guard !request.certificateNames.isEmpty else { return .anonymous }
        return owner(request.certificateNames).map { Caller($0) } ?? .anonymous
    }

    /// What the rules say to it; nil when it takes nothing.
    private func decide(_ need: Need, _ access: CallerAccess) -> AccessDecision? {
        switch need {
        case .nothing: return nil
        case .login:
            let isKnown = access.caller.principal != nil || access.caller.scopes != nil
            return isKnown || authenticator == nil || isOpenToAll
                ? nil : AccessDecision(isAllowed: false, ground: .noRule)
        case .permission(let permission, let repository):
            return policy.decide(permission, in: repository, by: access.caller)
        case .somewhere(let permission): return policy.decideSomewhere(permission, by: access.caller)
        case .everywhere(let permission):
            // Which of all rules it is that gives or takes something, is no single one.
            return AccessDecision(isAllowed: access.repositories(for: permission).isAll, ground: .noRule)
        }
    }

    /// What decided, as records name it; nil where everybody may do everything.
    private func ground(of decision: AccessDecision, _ need: Need) -> AccessGround? {
        guard !isOpen else { return nil }
        return switch decision.ground {
        // The rule that allows it somewhere need not be the one for what it turns out to be about.
        case .rule where need.isAnywhere && decision.isAllowed, .grant where need.isAnywhere && decision.isAllowed: nil
        case .rule(let number): AccessGround(.rule, rule: number, match: "\(policy.rules[number].match)")
        case .administrator(let number): AccessGround(.administrator, rule: number)
        case .grant(let grant): AccessGround(.scope, match: "\(grant.match)")
        case .noGrant, .tokenScope: AccessGround(.scope)
        case .noRule: AccessGround(.none)
        }
    }

    /// Whether somebody who never logs in can pull and push anything.
    private var isOpenToAll: Bool {
        policy.allowsEverywhere(.pull, to: .anonymous) && policy.allowsEverywhere(.push, to: .anonymous)
    }

    /// Asks for a token that is also good for mounting from `source`, when only the token at hand is in the way.
    func checkMount(_ admitted: AdmittedRequest, from source: RepositoryName, to repository: RepositoryName) throws {
        let caller = admitted.caller
        guard caller.scopes?.cover(.pull, in: source) == false,
            policy.allows(.pull, in: source, to: caller.unlimited)
        else { return }
        throw Problem(401, .unauthorized, "the token was not made for pulling from \(source)").with(
            challenge(to: admitted.request, .permission(.push, in: repository), failure: "insufficient_scope"))
    }

    // MARK: - Challenges

    /// The scopes of a token for it; none for what every token is good for. A mount is told of both repositories at once,
    /// because some clients ask for a token once only.
    private func scopes(for need: Need, _ request: Request) -> [Scope] {
        switch need {
        case .nothing, .login: return []
        case .permission(let permission, let repository):
            let query = request.head.target.queryItems
            guard permission == .push, query.first("mount") != nil, let text = query.first("from"),
                let source = try? RepositoryName(parsing: text)
            else { return [permission.scope(in: repository)] }
            return [permission.scope(in: repository), Permission.pull.scope(in: source)]
        case .somewhere(let permission), .everywhere(let permission): return [permission.scope(in: nil)]
        }
    }

    /// How to do better (RFC 9110 §11.6.1, RFC 6750 §3). Clients of registries take the first challenge that they know, and
    /// with a token service that has to be `Bearer`; elsewhere people use tools that know `Basic` only.
    private func challenge(to request: Request, _ need: Need, failure: String?) -> HTTPFields {
        let scopes = scopes(for: need, request)
        var fields: HTTPFields = [:]
        let isRegistry = request.head.target.segments.first == "v2"
        if let service {
            var challenge = "Bearer realm=\"\(realm ?? ownRealm(request))\",service=\"\(service)\""
            if !scopes.isEmpty {
                challenge += ",scope=\"\(scopes.map(\.description).joined(separator: " "))\""
            }
            if let failure, request.head.fields[.authorization] != nil { challenge += ",error=\"\(failure)\"" }
            fields.append(HTTPField(name: .wwwAuthenticate, value: challenge))
        }
        if service == nil || !isRegistry {
            fields.append(HTTPField(name: .wwwAuthenticate, value: "Basic realm=\"waybill\",charset=\"UTF-8\""))
        }
        return fields
    }

    /// The token service under the name by which the client reached us.
    private func ownRealm(_ request: Request) -> String {
        let host = request.head.host ?? request.peer.host
        return "\(request.isSecure ? "https" : "http")://\(host)/token"
    }
}

extension Problem {
    /// Why nobody is believed.
    init(_ failure: AuthenticationError) {
        switch failure {
        case .wrongPassword:
            self = Problem(401, .unauthorized, "the name or the password is wrong").remarked("wrong password")
        case .token(.keysUnavailable):
            self.init(503, .unavailable, "\(TokenError.keysUnavailable)", fields: [.retryAfter: "10"])
        case .token(let error): self.init(401, .unauthorized, "\(error)")
        case .unavailable:
            self.init(503, .unavailable, "keys cannot be looked up at the moment", fields: [.retryAfter: "10"])
        case .busy:
            self.init(
                429, .tooManyRequests, "too many passwords wait to be checked", fields: [.retryAfter: "2"])
        case .tooManyFailures(let wait):
            self.init(
                429, .tooManyRequests, "too many wrong passwords came from here",
                fields: [.retryAfter: "\(wait.components.seconds + 1)"])
        }
    }
}
