import Access
import Configuration
import LinuxIO
import RegistryAPI
import RegistryCore

extension Settings {
    /// Who may do what.
    var accessPolicy: AccessPolicy {
        guard access.isEmpty else { return AccessPolicy(access) }
        return isOpen ? .open : .authenticated
    }

    /// The passwords, as they are in the file now; nil when there is no file.
    ///
    /// - Throws: `Failure` with every line that is wrong.
    func passwords() throws -> PasswordFile? {
        guard !auth.passwordFile.isEmpty else { return nil }
        do { return try PasswordFile.read(auth.passwordFile) } catch let failure as Failure {
            throw Failure(.cannotStart, failure.message)
        } catch {
            throw Failure(.cannotStart, "cannot use the password file \(auth.passwordFile): \(error)")
        }
    }

    /// What lets requests in.
    ///
    /// - Parameter origin: the name of the log.
    func gate(
        passwords: PasswordChecker?, issuers: [TrustedIssuer], robots: any RobotDirectory, origin: String
    ) async throws -> Gate {
        var limits = CallerLimiter.Options()
        limits.requestsPerSecond = self.limits.requestsPerCaller
        limits.uploads = self.limits.uploadsPerCaller
        let limiter = CallerLimiter(limits)
        guard !isOpen else { return Gate(.open, authenticator: nil, limiter: limiter) }
        let service = auth.tokenService.isEmpty ? origin : auth.tokenService
        var tokens: TokenService?
        if auth.tokens {
            var options = TokenService.Options(service: service)
            options.lifetime = auth.tokenLifetime.components.seconds
            options.refreshLifetime = auth.refreshLifetime.components.seconds
            do {
                tokens = TokenService(options, keys: try await tokenKeys())
            } catch {
                throw Failure(.cannotStart, "cannot use the key of the tokens: \(error)")
            }
        }
        let groups = Dictionary(uniqueKeysWithValues: auth.groups.map { ($0.name, $0.members) })
        let authenticator = Authenticator(
            passwords: passwords, tokens: tokens, issuers: issuers, robots: robots, groups: groups)
        let realm = auth.tokenRealm.isEmpty ? nil : auth.tokenRealm
        return Gate(
            accessPolicy, authenticator: authenticator, realm: realm, service: realm.map { _ in service },
            owner: { certificatePrincipal($0) }, limiter: limiter)
    }

    /// The file of the keys of tokens.
    var tokenKeyFile: SecretFile { SecretFile("token.key", in: Store.keyFolder(data)) }

    /// The keys of tokens, of which the first signs; made at the first start.
    func tokenKeys() async throws -> [TokenKey] {
        if let bytes = try tokenKeyFile.read() {
            let keys = try await TokenKey.signing(file: bytes)
            guard !keys.isEmpty else { throw Failure(.cannotStart, "keys/token.key has no private key in it") }
            return keys
        }
        let pem = Array("\(TokenKey.makePEM())\n".utf8)
        try tokenKeyFile.write(pem)
        return try await TokenKey.signing(file: pem)
    }
}

extension PasswordFile {
    /// Reads the file. Blocks.
    static func read(_ path: String) throws -> PasswordFile {
        try PasswordFile(parsing: InputFile.read(path, atMost: largest))
    }
}
