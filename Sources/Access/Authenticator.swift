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
    /// After too many failures there is a time in which nothing is tried.
    case tooManyFailures(wait: Duration)
}

/// Finds out who makes a request.
package struct Authenticator: Sendable {
    private let passwords: PasswordChecker?
    /// The registry's own tokens; nil when it issues none.
    package let tokens: TokenService?
    /// The groups of each user.
    private let groups: [String: Set<String>]
    /// People mistype; whoever guesses one name is stopped early.
    private let byName = FailureBrake(freeFailures: 5)
    /// Whoever guesses many names is stopped too, and a right password in between does not help.
    private let byAddress = FailureBrake(freeFailures: 50)

    /// An authenticator with these ways to prove who one is.
    ///
    /// - Parameter groups: the members of each group, as users' names.
    package init(passwords: PasswordChecker?, tokens: TokenService?, groups: [String: [String]] = [:]) {
        self.passwords = passwords
        self.tokens = tokens
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
            guard let tokens else { throw .token(.unknownKey) }
            do { return try tokens.caller(of: token) } catch { throw .token(error) }
        case .basic(let name, let password): return try await user(name, password, from: address)
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
