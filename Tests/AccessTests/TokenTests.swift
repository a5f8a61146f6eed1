import Crypto
import LinuxIO
import OCI
import RegistryTesting
import Testing

@testable import Access

@Suite struct `A token` {
    private static let pem = TokenKey.makePEM()
    private let clock = ManualClock()
    private let alice = Caller(Principal(.user, "alice"), groups: ["team"])

    private func service(_ name: String = "registry.example.com", pem: String = pem) async throws -> TokenService {
        TokenService(
            TokenService.Options(service: name), keys: [try await TokenKey.signing(pem: pem)],
            clock: clock.wallClock)
    }

    private func scopes(_ texts: String...) -> [Scope] { texts.compactMap(Scope.init(parsing:)) }

    /// A token with other parts than the service would write, under a right signature.
    private func forged(
        header: JSONObject? = nil, _ change: (inout JSONObject) -> Void = { _ in }, type: String = "JWT"
    ) async throws -> String {
        let key = try await TokenKey.signing(pem: Self.pem)
        let now = clock.wallClock.milliseconds / 1000
        var claims: JSONObject = [
            "iss": "registry.example.com", "sub": "user:alice", "aud": "registry.example.com",
            "exp": .integer(now + 300), "nbf": .integer(now), "iat": .integer(now), "jti": "x", "access": [],
        ]
        change(&claims)
        guard let header else { return try CompactToken.make(type: type, claims: claims, with: key) }
        let signed =
            Base64.encodeForURL(JSONValue.object(header).serialized()) + "."
            + Base64.encodeForURL(JSONValue.object(claims).serialized())
        return signed + "." + Base64.encodeForURL(try key.sign(Array(signed.utf8)))
    }

    private func refusal(of token: String) async throws -> TokenError? {
        let service = try await service()
        do throws(TokenError) {
            _ = try service.caller(of: token)
            return nil
        } catch { return error }
    }

    @Test func `says who it is for and what it may be used for`() async throws {
        let service = try await service()
        let issued = try service.issue(to: alice, scopes("repository:team/app:pull,push", "registry:catalog:*"))
        #expect(issued.lifetime == 300)
        for _ in 0..<2 {
            let caller = try service.caller(of: issued.token)
            #expect(caller.principal == Principal(.user, "alice") && caller.groups == ["team"])
            #expect(caller.scopes == issued.scopes)
        }
        let nobody = try service.caller(of: try service.issue(to: .anonymous, []).token)
        #expect(nobody.principal == nil && nobody.scopes == [])
    }

    @Test func `is in the form of the specification`() async throws {
        let token = try await service().issue(to: alice, scopes("repository:team/app:pull")).token
        let parts = token.split(separator: ".").map { Base64.decodeForURL($0.utf8) ?? [] }
        let header = try JSONValue(parsing: parts[0])
        let claims = try JSONValue(parsing: parts[1])
        #expect(header["typ"] == "JWT" && header["alg"] == "ES256" && header["kid"]?.string?.utf8.count == 16)
        #expect(claims["iss"] == "registry.example.com" && claims["aud"] == "registry.example.com")
        #expect(claims["sub"] == "user:alice" && claims["jti"]?.string?.isEmpty == false)
        #expect(claims["access"] == [["type": "repository", "name": "team/app", "actions": ["pull"]]])
        let now = clock.wallClock.milliseconds / 1000
        #expect(claims["exp"] == .integer(now + 300) && claims["nbf"] == .integer(now))
        let key = try P256.Signing.PrivateKey(pemRepresentation: Self.pem).publicKey
        let signed = token.split(separator: ".").prefix(2).joined(separator: ".")
        let signature = try P256.Signing.ECDSASignature(rawRepresentation: parts[2])
        #expect(key.isValidSignature(signature, for: Array(signed.utf8)))
    }

    @Test func `ends, with a minute for clocks that differ`() async throws {
        let service = try await service()
        let token = try service.issue(to: alice, []).token
        clock.advance(by: 299_000)
        _ = try service.caller(of: token)
        clock.advance(by: 60_000)
        #expect(try await refusal(of: token) == nil)
        clock.advance(by: 1_000)
        #expect(try await refusal(of: token) == .expired)
        #expect(throws: TokenError.expired) { try service.caller(of: token) }
    }

    @Test func `has not begun, with a minute for clocks that differ`() async throws {
        let now = clock.wallClock.milliseconds / 1000
        #expect(try await refusal(of: forged { $0["nbf"] = .integer(now + 60) }) == nil)
        #expect(try await refusal(of: forged { $0["nbf"] = .integer(now + 61) }) == .notYetValid)
        #expect(try await refusal(of: forged { $0["iat"] = .integer(now + 61) }) == .notYetValid)
    }

    @Test func `of another issuer, audience or time is not believed`() async throws {
        #expect(try await refusal(of: forged { $0["iss"] = "elsewhere" }) == .wrongIssuer)
        #expect(try await refusal(of: forged { $0["aud"] = "elsewhere" }) == .wrongAudience)
        #expect(try await refusal(of: forged { $0["aud"] = ["registry.example.com", "elsewhere"] }) == .wrongAudience)
        #expect(try await refusal(of: forged { $0["exp"] = nil }) == .missingClaim("exp"))
        #expect(try await refusal(of: forged { $0["exp"] = "tomorrow" }) == .missingClaim("exp"))
        #expect(try await refusal(of: forged { $0["exp"] = .integer(.max) }) == nil)
        #expect(try await refusal(of: forged { $0["sub"] = nil }) == .missingClaim("sub"))
        #expect(try await refusal(of: forged { $0["sub"] = "alice" }) == .missingClaim("sub"))
        #expect(try await refusal(of: forged { $0["access"] = nil }) == .missingClaim("access"))
    }

    @Test func `chooses neither its algorithm nor its key`() async throws {
        let id = try await TokenKey.signing(pem: Self.pem).id
        func header(_ algorithm: String, kid: String? = nil) -> JSONObject {
            var header: JSONObject = ["typ": "JWT", "alg": .string(algorithm)]
            header["kid"] = .string(kid ?? id)
            return header
        }
        for algorithm in ["none", "None", "HS256", "RS256", "ES384", "EdDSA", ""] {
            #expect(try await refusal(of: forged(header: header(algorithm))) == .wrongAlgorithm)
        }
        #expect(try await refusal(of: forged(header: header("ES256", kid: "other"))) == .unknownKey)
        #expect(try await refusal(of: forged(header: ["typ": "JWT", "alg": "ES256"])) == nil, "there is one key only")
        #expect(try await refusal(of: forged(header: ["alg": "ES256", "kid": .string(id)])) == .wrongType)
        let critical = try await forged(header: ["typ": "JWT", "alg": "ES256", "crit": ["exp"]])
        #expect(try await refusal(of: critical) == .malformed("it has critical extensions"))
    }

    @Test func `signed with the public key as a password is not believed`() async throws {
        let key = try P256.Signing.PrivateKey(pemRepresentation: Self.pem).publicKey
        let id = try await TokenKey.signing(pem: Self.pem).id
        let honest = try await forged().split(separator: ".")
        let header = Base64.encodeForURL(Array(#"{"typ":"JWT","alg":"HS256","kid":"\#(id)"}"#.utf8))
        for secret in [Array(key.pemRepresentation.utf8), Array(key.x963Representation)] {
            let signed = "\(header).\(honest[1])"
            let code = HMAC<SHA256>.authenticationCode(for: Array(signed.utf8), using: SymmetricKey(data: secret))
            #expect(try await refusal(of: "\(signed).\(Base64.encodeForURL(Array(code)))") == .wrongAlgorithm)
        }
    }

    @Test func `with one byte changed is not believed`() async throws {
        let token = Array(try await service().issue(to: alice, scopes("repository:a:pull")).token.utf8)
        for place in stride(from: 0, to: token.count, by: 7) {
            var changed = token
            changed[place] = changed[place] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            #expect(try await refusal(of: String(decoding: changed, as: UTF8.self)) != nil)
        }
        let parts = String(decoding: token, as: UTF8.self).split(separator: ".")
        #expect(try await refusal(of: "\(parts[0]).\(parts[1]).") == .wrongSignature)
    }

    @Test func `of another key with the same service is not believed`() async throws {
        let other = try await service(pem: TokenKey.makePEM())
        #expect(try await refusal(of: try other.issue(to: alice, []).token) == .unknownKey)
    }

    @Test func `of a key that was replaced is believed for as long as that key is kept`() async throws {
        let (old, new) = (TokenKey.makePEM(), TokenKey.makePEM())
        let service = try await service(pem: old)
        let token = try service.issue(to: alice, []).token
        _ = try service.caller(of: token)
        let both = try await TokenKey.signing(file: Array("\(new)\n\(old)\n".utf8))
        #expect(both.count == 2)
        service.replaceKeys(both)
        _ = try service.caller(of: token)
        let newer = try service.issue(to: alice, []).token
        service.replaceKeys([both[0]])
        _ = try service.caller(of: newer)
        #expect(throws: TokenError.unknownKey) { try service.caller(of: token) }
    }

    @Test(arguments: [
        "", ".", "..", "a.b", "a.b.c", "a.b.c.d", "e30.e30.", "e30=.e30.AA", "W10.W10.AA", "\u{e9}.e30.AA",
        String(repeating: "a", count: 16 * 1024 + 1), "eyJhbGciOjF9.e30.AA",
        "eyJhbGciOiJFUzI1NiIsImFsZyI6Im5vbmUifQ.e30.AA",
    ])
    func `that is none is refused`(_ text: String) async throws {
        guard case .malformed = try await refusal(of: text) else {
            Issue.record("it was not malformed")
            return
        }
    }

    @Test func `for new tokens is not one for requests, nor the other way round`() async throws {
        let service = try await service()
        let refresh = try service.issueRefresh(to: Principal(.user, "alice"), version: "1")
        #expect(try service.refresh(refresh) == (Principal(.user, "alice"), "1"))
        #expect(try await refusal(of: refresh) == .wrongType)
        let access = try service.issue(to: alice, []).token
        #expect(throws: TokenError.wrongType) { try service.refresh(access) }
    }
}

@Suite struct `Logging in` {
    private func authenticator() async throws -> (Authenticator, PasswordChecker) {
        let hash = try #require(Bcrypt.hash(Array("secret".utf8), cost: 4))
        let passwords = PasswordChecker(
            try PasswordFile(parsing: Array("alice:\(hash)".utf8)), lanes: Lanes(count: 1))
        let tokens = TokenService(
            TokenService.Options(service: "registry"), keys: [try await TokenKey.signing(pem: TokenKey.makePEM())])
        return (Authenticator(passwords: passwords, tokens: tokens, groups: ["team": ["alice", "bob"]]), passwords)
    }

    private func basic(_ name: String, _ password: String) -> Credentials {
        .basic(name: name, password: Array(password.utf8))
    }

    @Test func `gives the groups of a user`() async throws {
        let (authenticator, _) = try await authenticator()
        let caller = try await authenticator.caller(with: basic("alice", "secret"), from: "192.0.2.1")
        #expect(caller.principal == Principal(.user, "alice") && caller.groups == ["team"] && caller.scopes == nil)
    }

    @Test func `fails in the same way for a wrong password and a name that nobody has`() async throws {
        let (authenticator, _) = try await authenticator()
        for name in ["alice", "nobody"] {
            await #expect(throws: AuthenticationError.wrongPassword) {
                try await authenticator.caller(with: basic(name, "x"), from: "192.0.2.1")
            }
        }
    }

    @Test func `has to wait after too many failures, at that address only`() async throws {
        let (authenticator, _) = try await authenticator()
        var wait: Duration?
        // A busy machine may need longer for a password than the first wait takes: then there is another, longer one.
        for failures in 0..<12 where wait == nil {
            do {
                _ = try await authenticator.caller(with: basic("alice", "x"), from: "192.0.2.1")
                Issue.record("a wrong password was taken")
            } catch AuthenticationError.wrongPassword {
            } catch AuthenticationError.tooManyFailures(let time) {
                #expect(failures >= 6)
                wait = time
            }
        }
        let first = try #require(wait)
        #expect(first > .zero)
        await #expect(throws: AuthenticationError.self) {
            try await authenticator.caller(with: basic("alice", "secret"), from: "192.0.2.1")
        }
        _ = try await authenticator.caller(with: basic("alice", "secret"), from: "192.0.2.2")
    }

    @Test func `is not tried with a name that nobody can have`() async throws {
        let (authenticator, _) = try await authenticator()
        for name in ["", "a:b", "a\u{1}", String(repeating: "a", count: 256)] {
            await #expect(throws: AuthenticationError.wrongPassword) {
                try await authenticator.caller(with: basic(name, "secret"), from: "192.0.2.3")
            }
        }
    }

    @Test func `lasts without the password until that is changed`() async throws {
        let (authenticator, passwords) = try await authenticator()
        let caller = try await authenticator.caller(with: basic("alice", "secret"), from: "192.0.2.1")
        let refresh = try #require(try authenticator.refreshToken(for: caller))
        #expect(try authenticator.caller(refreshing: refresh).principal == Principal(.user, "alice"))
        let hash = try #require(Bcrypt.hash(Array("secret".utf8), cost: 4))
        passwords.replace(with: try PasswordFile(parsing: Array("alice:\(hash)".utf8)))
        #expect(throws: AuthenticationError.token(.revoked)) { try authenticator.caller(refreshing: refresh) }
        #expect(try authenticator.refreshToken(for: .anonymous) == nil)
    }
}
