import LinuxIO
import OCI
import Synchronization
import Testing

@testable import Access

/// Robots of the test's own.
private final class Directory: RobotDirectory {
    struct Unreachable: Error {}

    let robots = Mutex<[String: (secret: String, robot: Robot)]>([:])
    let uses = Mutex<[String]>([])
    let isBroken = Mutex(false)

    func robot(secretHash: [UInt8]) throws -> Robot? {
        if isBroken.withLock({ $0 }) { throw Unreachable() }
        return robots.withLock { $0.values.first { RobotSecret.hash(of: $0.secret) == secretHash }?.robot }
    }

    func robot(named name: String) throws -> Robot? {
        if isBroken.withLock({ $0 }) { throw Unreachable() }
        return robots.withLock { $0[name]?.robot }
    }

    func noteUse(of name: String) {
        uses.withLock { $0.append(name) }
    }
}

@Suite struct `What a robot's key is limited to` {
    private func repository(_ name: String) throws -> RepositoryName { try RepositoryName(parsing: name) }

    private func robot(_ scopes: String...) throws -> Caller {
        Caller(Principal(.robot, "ci"), grants: try scopes.map { try Grant(parsing: $0) })
    }

    private func rule(_ match: String, _ who: [Grantee], _ allow: Set<Permission>) throws -> AccessRule {
        AccessRule(match: try Glob(parsing: match), who: who, allow: allow)
    }

    @Test func `is what it may do, also without a rule that says so`() throws {
        let policy = AccessPolicy([try rule("**", [.principal(Principal(.user, "alice"))], [.admin])])
        let robot = try robot("team/**:pull,push", "tools/*:pull")
        let decision = policy.decide(.push, in: try repository("team/app"), by: robot)
        #expect(decision == AccessDecision(isAllowed: true, ground: .grant(try Grant(parsing: "team/**:pull,push"))))
        #expect(policy.allows(.pull, in: try repository("tools/a"), to: robot))
        #expect(policy.decide(.push, in: try repository("tools/a"), by: robot).ground == .noGrant)
        #expect(!policy.allows(.delete, in: try repository("team/app"), to: robot))
        #expect(!policy.allows(.pull, in: try repository("other"), to: robot))
        #expect(policy.allowsSomewhere(.push, to: robot) && !policy.allowsSomewhere(.delete, to: robot))
        #expect(!policy.allowsEverywhere(.pull, to: robot))
    }

    @Test func `is more than the rules for everybody who has logged in give it`() throws {
        let robot = try robot("team/**:pull")
        #expect(AccessPolicy.authenticated.allows(.pull, in: try repository("team/app"), to: robot))
        #expect(!AccessPolicy.authenticated.allows(.push, in: try repository("team/app"), to: robot))
        #expect(!AccessPolicy.authenticated.allows(.pull, in: try repository("other"), to: robot))
        #expect(!AccessPolicy.authenticated.allows(.ledger, in: nil, to: robot))
        #expect(!AccessPolicy.authenticated.allowsEverywhere(.pull, to: robot))
    }

    @Test func `is taken away by a rule with a longer pattern, as a rule would be`() throws {
        let policy = AccessPolicy([
            try rule("team/secret/**", [.principal(Principal(.user, "alice"))], [.pull]),
            try rule("team/free/**", [.anonymous], [.pull]), try rule("**", [.authenticated], [.pull]),
        ])
        let robot = try robot("team/**:pull,push")
        #expect(policy.decide(.pull, in: try repository("team/secret/app"), by: robot).ground == .rule(0))
        #expect(!policy.allows(.pull, in: try repository("team/secret/app"), to: robot))
        #expect(policy.allows(.pull, in: try repository("team/free/app"), to: robot))
        #expect(!policy.allows(.push, in: try repository("team/free/app"), to: robot))
        #expect(policy.allows(.push, in: try repository("team/app"), to: robot))
        let everywhere = try self.robot("**:pull,ledger")
        #expect(policy.allows(.ledger, in: nil, to: everywhere) && !policy.allowsEverywhere(.pull, to: everywhere))
        #expect(AccessPolicy.authenticated.allowsEverywhere(.pull, to: everywhere))
    }

    @Test func `does not become more by being an administrator of the rules`() throws {
        let policy = AccessPolicy([try rule("**", [.principal(Principal(.robot, "ci"))], [.admin])])
        #expect(!policy.allows(.push, in: try repository("other"), to: try robot("team/**:push")))
        #expect(policy.allows(.push, in: try repository("other"), to: Caller(Principal(.robot, "ci"))))
        #expect(policy.allows(.admin, in: nil, to: try robot("**:admin")))
    }

    @Test func `is limited further by a token`() throws {
        let caller = try robot("team/**:pull,push").limited(to: [try #require(Scope(parsing: "repository:team/a:pull"))]
        )
        #expect(AccessPolicy.authenticated.allows(.pull, in: try repository("team/a"), to: caller))
        #expect(
            AccessPolicy.authenticated.decide(.push, in: try repository("team/a"), by: caller).ground == .tokenScope)
        #expect(!AccessPolicy.authenticated.allows(.pull, in: try repository("team/b"), to: caller))
    }

    @Test(arguments: [
        ("team/**:pull", "team/**:pull"), ("**:push,pull,pull", "**:pull,push"), ("**:admin,ledger", "**:ledger,admin"),
    ])
    func `is written as a pattern and permissions`(_ text: String, _ description: String) throws {
        #expect(try Grant(parsing: text).description == description)
    }

    @Test(arguments: [
        ("team/**", "is not <pattern>:<permission>"), (":pull", "is no pattern"), ("team//a:pull", "is no pattern"),
        ("team/**:", "is no permission"), ("team/**:pull,", "is no permission"), ("team/**:Pull", "is no permission"),
        ("team/**:admin", "write **:admin"), ("a:b:pull", "is no pattern"), ("", "is not <pattern>"),
        ("team/**:pull\u{1B}[2J", "\\u{1b}"),
    ])
    func `is refused with a reason when it cannot be meant`(_ text: String, _ reason: String) {
        let error = #expect(throws: GrantError.self) { try Grant(parsing: text) }
        #expect(error?.description.contains(reason) == true, "\(String(describing: error))")
    }
}

@Suite struct `A robot's key` {
    private let directory = Directory()

    private func authenticator() -> Authenticator { Authenticator(passwords: nil, tokens: nil, robots: directory) }

    private func add(_ name: String, _ scopes: String...) throws -> String {
        let secret = RobotSecret.make()
        let robot = Robot(name: name, grants: try scopes.map { try Grant(parsing: $0) }, version: secret)
        directory.robots.withLock { $0[name] = (secret, robot) }
        return secret
    }

    private func refusal(_ credentials: Credentials) async -> AuthenticationError? {
        do throws(AuthenticationError) {
            _ = try await authenticator().caller(with: credentials, from: "192.0.2.1")
            return nil
        } catch { return error }
    }

    @Test func `is a password and a bearer token, and its use is noted`() async throws {
        let secret = try add("ci", "team/**:pull")
        for credentials in [Credentials.basic(name: "ci", password: Array(secret.utf8)), .bearer(secret)] {
            let caller = try await authenticator().caller(with: credentials, from: "192.0.2.1")
            #expect("\(caller)" == "robot:ci" && caller.grants?.map(\.description) == ["team/**:pull"])
        }
        #expect(directory.uses.withLock { $0 } == ["ci", "ci"])
    }

    @Test func `has as much randomness as a key, and a form that is known at sight`() {
        let secrets = (0..<100).map { _ in RobotSecret.make() }
        #expect(Set(secrets).count == 100)
        #expect(secrets.allSatisfy { $0.hasPrefix("wbr_") && $0.utf8.count == 47 && RobotSecret.isSecret($0.utf8) })
        #expect(Set(secrets.map { RobotSecret.hash(of: $0) }).count == 100)
        for text in [
            "", "wbr_", "wbr_" + String(repeating: "!", count: 43), secrets[0] + "A", String(secrets[0].dropLast()),
        ] {
            #expect(!RobotSecret.isSecret(text.utf8))
        }
    }

    @Test func `is good for its own robot only, and for nothing when it is unknown`() async throws {
        let secret = try add("ci")
        _ = try add("other")
        #expect(await refusal(.basic(name: "other", password: Array(secret.utf8))) == .wrongPassword)
        #expect(await refusal(.basic(name: "CI", password: Array(secret.utf8))) == .wrongPassword)
        #expect(await refusal(.bearer(RobotSecret.make())) == .wrongPassword)
        #expect(await refusal(.basic(name: "ci", password: Array("wrong".utf8))) == .wrongPassword)
        directory.isBroken.withLock { $0 = true }
        #expect(await refusal(.bearer(secret)) == .unavailable)
    }

    @Test func `that is wrong costs nobody behind the same address a wait, because none can be guessed`() async throws {
        let secret = try add("ci")
        let authenticator = authenticator()
        for _ in 0..<100 {
            await #expect(throws: AuthenticationError.wrongPassword) {
                try await authenticator.caller(with: .bearer(RobotSecret.make()), from: "192.0.2.1")
            }
        }
        let caller = try await authenticator.caller(with: .bearer(secret), from: "192.0.2.1")
        #expect("\(caller)" == "robot:ci")
    }

    @Test func `makes tokens that end with it`() async throws {
        let secret = try add("ci", "team/**:pull")
        let service = TokenService(
            TokenService.Options(service: "registry"), keys: [try await TokenKey.signing(pem: TokenKey.makePEM())])
        let authenticator = Authenticator(passwords: nil, tokens: service, robots: directory)
        let caller = try await authenticator.caller(with: .bearer(secret), from: "192.0.2.1")
        #expect(try authenticator.refreshToken(for: caller) == nil)
        let token = try service.issue(to: caller, []).token
        let again = try await authenticator.caller(with: .bearer(token), from: "192.0.2.1")
        #expect(again.grants?.map(\.description) == ["team/**:pull"] && again.scopes == [])
        // Another key under the same name: what the first one made is good for nothing.
        _ = try add("ci", "team/**:pull")
        await #expect(throws: AuthenticationError.token(.revoked)) {
            try await authenticator.caller(with: .bearer(token), from: "192.0.2.1")
        }
        directory.robots.withLock { $0 = [:] }
        await #expect(throws: AuthenticationError.token(.revoked)) {
            try await authenticator.caller(with: .bearer(token), from: "192.0.2.1")
        }
    }
}
