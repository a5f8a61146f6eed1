/// What a request brings to prove who makes it.
package enum Credentials: Sendable {
    case basic(name: String, password: [UInt8])
    case bearer(String)
}

/// Why nobody is believed to be who they say.
package enum AuthenticationError: Error, Equatable, Sendable {
    /// The name or the password is wrong; which of them, nobody is told.
    case wrongPassword
    case token(TokenError)
    /// Too many passwords wait to be checked.
    case busy
    /// Nobody can be looked up at the moment.
    case unavailable
    /// After too many failures there is a time in which nothing is tried.
    case tooManyFailures(wait: Duration)
}

/// Finds out who makes a request.
package struct Authenticator: Sendable {
    private let passwords: PasswordChecker?
    /// The registry's own tokens; nil when it issues none.
    package let tokens: TokenService?
    /// Whose tokens are believed besides our own.
    package let issuers: [TrustedIssuer]
    private let robots: (any RobotDirectory)?
    /// The groups of each user.
    private let groups: [String: Set<String>]
    /// People mistype; whoever guesses one name is stopped early.
    private let byName = FailureBrake(freeFailures: 5)
    /// Whoever guesses many names is stopped too, and a right password in between does not help.
    private let byAddress = FailureBrake(freeFailures: 50)

    /// An authenticator with these ways to prove who one is.
    ///
    /// - Parameter groups: the members of each group, as users' names.
    package init(
        passwords: PasswordChecker?, tokens: TokenService?, issuers: [TrustedIssuer] = [],
        robots: (any RobotDirectory)? = nil, groups: [String: [String]] = [:]
    ) {
        self.passwords = passwords
        self.tokens = tokens
        self.issuers = issuers
        self.robots = robots
        self.groups = groups.reduce(into: [:]) { users, group in
            for name in group.value { users[name, default: []].insert(group.key) }
        }
    }

    /// Who brings these credentials.
    ///
    /// - Parameter address: from where, for those who guess.
    package func caller(
        with credentials: Credentials, from address: String
    ) async throws(AuthenticationError) -> Caller {
        switch credentials {
        case .bearer(let token):
            if RobotSecret.isSecret(token.utf8) { return try robot(with: token) }
            return try current(try await owner(of: token))
        case .basic(let name, let password):
            if RobotSecret.isSecret(password) {
                return try robot(with: String(decoding: password, as: UTF8.self), named: name)
            }
            // `docker login` has room for a name and a password only, so a token comes as one. No password is as long.
            if password.count > Bcrypt.longestPassword, !issuers.isEmpty,
                let token = String(validating: password, as: UTF8.self)
            {
                return try await owner(of: token, isPassword: true)
            }
            return try await user(name, password, from: address)
        }
    }

    /// Whose token it is, of our own or of an issuer. Our own are for requests, so as a password they count for nothing.
    private func owner(of text: String, isPassword: Bool = false) async throws(AuthenticationError) -> Caller {
        let mark = TokenMark(text)
        if !isPassword, let known = tokens?.remembered(mark) { return known }
        if let known = issuers.lazy.compactMap({ $0.remembered(mark) }).first { return known }
        do throws(TokenError) {
            let token = try CompactToken(parsing: text)
            if let issuer = issuers.first(where: { $0.options.url == token.issuer }) {
                return try await issuer.caller(of: token, mark)
            }
            guard let tokens, !isPassword else { throw .wrongIssuer }
            return try tokens.caller(of: token, mark)
        } catch { throw .token(error) }
    }

    /// The robot that has this secret. It cannot be guessed, so a wrong one costs nobody a wait.
    ///
    /// - Parameter name: what it calls itself; nil when it does not say.
    private func robot(with secret: String, named name: String? = nil) throws(AuthenticationError) -> Caller {
        let robot: Robot?
        do { robot = try robots?.robot(secretHash: RobotSecret.hash(of: secret)) } catch { throw .unavailable }
        guard let robot, name.map({ $0.utf8.elementsEqual(robot.name.utf8) }) ?? true else { throw .wrongPassword }
        robots?.noteUse(of: robot.name)
        return Caller(robot)
    }

    /// The same caller, as long as what its token was made for still holds: the key of a robot, the trust in an issuer.
    private func current(_ caller: Caller) throws(AuthenticationError) -> Caller {
        guard let principal = caller.principal else { return caller }
        switch principal.kind {
        case .user, .certificate: return caller
        case .workload:
            guard issuers.contains(where: { principal.name.utf8.starts(with: "\($0.options.name):".utf8) }) else {
                throw .token(.wrongIssuer)
            }
            return caller
        case .robot:
            let robot: Robot?
            do { robot = try robots?.robot(named: principal.name) } catch { throw .unavailable }
            guard let robot, robot.version == caller.version else { throw .token(.revoked) }
            return caller.scopes.map { Caller(robot).limited(to: $0) } ?? Caller(robot)
        }
    }

    /// Who has this refresh token, as long as the password is the one it was made with.
    package func caller(refreshing token: String) throws(AuthenticationError) -> Caller {
        guard let tokens else { throw .token(.unknownKey) }
        let (principal, version): (Principal, String)
        do { (principal, version) = try tokens.refresh(token) } catch { throw .token(error) }
        guard principal.kind == .user, passwords?.version(of: principal.name) == version else {
            throw .token(.revoked)
        }
        return caller(for: principal)
    }

    /// A token with which the caller gets new tokens; nil for somebody without a password.
    package func refreshToken(for caller: Caller) throws -> String? {
        guard let tokens, let principal = caller.principal, principal.kind == .user,
            let version = passwords?.version(of: principal.name)
        else { return nil }
        return try tokens.issueRefresh(to: principal, version: version)
    }

    private func user(
        _ name: String, _ password: [UInt8], from address: String
    ) async throws(AuthenticationError) -> Caller {
        // What nobody can be called is not remembered either: it may be as long as a request.
        guard let name = UserName(Array(name.utf8))?.text else {
            byAddress.failed(address)
            throw .wrongPassword
        }
        let key = "\(address) \(name)"
        if let wait = [byName.wait(of: key), byAddress.wait(of: address)].compactMap(\.self).max() {
            throw .tooManyFailures(wait: wait)
        }
        var isRight = false
        do { isRight = try await passwords?.isRight(password, of: name) ?? false } catch { throw .busy }
        guard isRight else {
            byName.failed(key)
            byAddress.failed(address)
            throw .wrongPassword
        }
        byName.succeeded(key)
        return caller(for: Principal(.user, name))
    }

    private func caller(for principal: Principal) -> Caller {
        Caller(principal, groups: principal.kind == .user ? groups[principal.name] ?? [] : [])
    }
}

extension Caller {
    /// A robot with its key.
    fileprivate init(_ robot: Robot) {
        self.init(
            Principal(.robot, robot.name), grants: robot.grants.isEmpty ? nil : robot.grants, version: robot.version)
    }
}
