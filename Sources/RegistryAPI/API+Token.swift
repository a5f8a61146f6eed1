import Access
import Attestation
import HTTPServing
import HTTPTypes
import HTTPWire
import LinuxIO
import OCI

// Docker's token service (auth-token.md for GET, auth-oauth.md for POST).
extension API {
    /// Bytes of a form that asks for a token.
    private static let formBytes = 64 * 1024

    /// `GET /token?service=&scope=&account=&offline_token=` and `POST /token`.
    ///
    /// Grants what of the scopes the rules allow, also when that is nothing: what is missing is said by the request that needs
    /// it.
    func issueToken(_ request: Request) async throws -> Response {
        guard let authenticator = gate.authenticator, let service = authenticator.tokens else {
            throw Problem(404, .unsupported, "this registry issues no tokens")
        }
        try gate.count(request, by: .anonymous)
        let isForm = request.head.method == .post
        let items = isForm ? try await form(request) : request.head.target.queryItems
        if let wanted = items.first("service"), !wanted.utf8.elementsEqual(service.service.utf8) {
            throw Problem(400, .unsupported, "tokens here are for the service \(service.service)")
        }
        let scopes = try scopes(items)
        let caller: Caller
        do {
            caller = try await self.caller(of: request, items, isForm: isForm, authenticator)
        } catch let error as AuthenticationError {
            throw Problem(error).with(basicChallenge)
        } catch let problem as Problem where problem.status == 401 {
            throw problem.with(basicChallenge)
        }
        let issued: TokenService.Issued
        do { issued = try service.issue(to: caller, granted(scopes, to: caller)) } catch TokenError.tooLong {
            throw Problem(400, .unsupported, "\(TokenError.tooLong)")
        }
        var document: JSONObject = [
            "token": .string(issued.token), "access_token": .string(issued.token),
            "expires_in": .integer(issued.lifetime), "issued_at": .string("\(Timestamp(seconds: issued.time))"),
            "scope": .string(issued.scopes.map(\.description).joined(separator: " ")),
        ]
        if let refresh = items.first("refresh_token"), isForm {
            document["refresh_token"] = .string(refresh)
        } else if items.first("offline_token") == "true" || items.first("access_type") == "offline" {
            document["refresh_token"] = try authenticator.refreshToken(for: caller).map { .string($0) }
        }
        var response = Response.json(.object(document))
        response.fields[.cacheControl] = "no-store"
        return response
    }

    private var basicChallenge: HTTPFields { [.wwwAuthenticate: "Basic realm=\"waybill\",charset=\"UTF-8\""] }

    private func form(_ request: Request) async throws -> QueryItems {
        let type = MediaType(contentType: request.head.fields[.contentType] ?? "")
        guard type == MediaType(rawValue: "application/x-www-form-urlencoded") else {
            throw Problem(415, .unsupported, "Content-Type must be application/x-www-form-urlencoded")
        }
        return try Self.items(of: try await request.body.content(of: "a form", upTo: Self.formBytes))
    }

    private static func items(of form: [UInt8]) throws(Problem) -> QueryItems {
        do { return try QueryItems(form: form) } catch { throw Problem(400, .unsupported, "the form cannot be read") }
    }

    /// The scopes that mean something here. The parameter may be repeated, and one may hold several with a space between.
    private func scopes(_ items: QueryItems) throws -> [Scope] {
        let texts = items.all("scope").flatMap { $0.split { $0 == " " || $0 == "+" } }
        guard texts.count <= Scope.mostAtOnce else {
            throw Problem(400, .unsupported, "at most \(Scope.mostAtOnce) scopes are granted at once")
        }
        return texts.compactMap { Scope(parsing: String($0)) }
    }

    /// Who asks: by the form's own fields, by `Authorization`, or nobody.
    private func caller(
        of request: Request, _ items: QueryItems, isForm: Bool, _ authenticator: Authenticator
    ) async throws -> Caller {
        if isForm {
            switch items.first("grant_type") {
            case "password":
                guard let name = items.first("username"), let password = items.first("password") else {
                    throw Problem(400, .unsupported, "grant_type password needs username and password")
                }
                return try await authenticator.caller(
                    with: .basic(name: name, password: Array(password.utf8)), from: request.peer.host)
            case "refresh_token":
                guard let token = items.first("refresh_token") else {
                    throw Problem(400, .unsupported, "grant_type refresh_token needs refresh_token")
                }
                return try authenticator.caller(refreshing: token)
            case nil: break
            case _?: throw Problem(400, .unsupported, "grant_type must be password or refresh_token")
            }
        }
        switch try Credentials.brought(by: request.head) {
        case nil: return gate.owner(of: request)
        case .bearer?: throw Problem(401, .unauthorized, "a token does not give another: send a name and a password")
        case let credentials?: return try await authenticator.caller(with: credentials, from: request.peer.host)
        }
    }

    /// What of the scopes the rules allow; each scope stays, also with nothing in it, so that the client sees what became of it.
    private func granted(_ scopes: [Scope], to caller: Caller) -> [Scope] {
        scopes.map { scope in
            switch scope.resource {
            case .catalog:
                let isAllowed =
                    gate.policy.allowsSomewhere(.pull, to: caller)
                    || gate.policy.allowsSomewhere(.provenanceRead, to: caller)
                return Scope(.catalog, isAllowed ? scope.actions.filter { $0 == "*" } : [])
            case .repository(let name):
                let wanted = scope.actions.contains("*") ? ["pull", "push", "delete"] : scope.actions
                return Scope(
                    .repository(name),
                    wanted.filter { action in
                        Permission.allCases.contains { permission in
                            !permission.isRegistryWide && permission.scopeAction == action
                                && gate.policy.allows(permission, in: name, to: caller)
                        }
                    })
            }
        }
    }
}
