import Crypto
import LinuxIO
import OCI
import RegistryTesting
import Synchronization
import Testing

@testable import Access

/// An issuer with keys of the test's own, which are fetched from this object.
private final class Issuer: Sendable {
    static let url = "https://ci.example.com"

    struct Unreachable: Error, CustomStringConvertible {
        let description = "unreachable"
    }

    let clock = ManualClock()
    private let time = Mutex(Instant(nanoseconds: 0))
    private let pems: [String]
    private let documents = Mutex<[String: [UInt8]]>([:])
    let fetched = Mutex<[String]>([])
    let events = Mutex<[IssuerKeys.Event]>([])

    init() {
        pems = [TokenKey.makePEM(), TokenKey.makePEM()]
        publish([0])
        put(
            "\(Self.url)/.well-known/openid-configuration",
            ["issuer": .string(Self.url), "jwks_uri": .string("\(Self.url)/keys")])
    }

    func put(_ url: String, _ document: JSONValue?) {
        documents.withLock { $0[url] = document?.serialized() }
    }

    /// Shows these of the keys.
    func publish(_ numbers: [Int]) {
        put("\(Self.url)/keys", ["keys": .array(numbers.map { jwk($0) })])
    }

    /// The public part of a key (RFC 7518 §6.2.1).
    func jwk(_ number: Int, _ more: JSONObject = [:]) -> JSONValue {
        let key = try? P256.Signing.PrivateKey(pemRepresentation: pems[number]).publicKey
        let point = key.map { Array($0.rawRepresentation) } ?? []
        var object: JSONObject = [
            "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": .string("key-\(number)"),
            "x": .string(Base64.encodeForURL(Array(point.prefix(32)))),
            "y": .string(Base64.encodeForURL(Array(point.suffix(32)))),
        ]
        for member in more.members { object[member.key] = member.value }
        return .object(object)
    }

    func pass(_ duration: Duration) {
        time.withLock { $0 = $0.advanced(by: duration) }
    }

    func trusted(_ change: (inout TrustedIssuer.Options) -> Void = { _ in }) throws -> TrustedIssuer {
        var options = TrustedIssuer.Options()
        options.name = "ci"
        options.url = Self.url
        options.audience = ["registry.example.com"]
        options.require = [try #require(ClaimRequirement(parsing: "owner=acme"))]
        options.groups = [try #require(ClaimTemplate(parsing: "{teams}"))]
        options.builder = ClaimTemplate(parsing: "https://ci.example.com/{workflow}")
        change(&options)
        let keys = IssuerKeys(
            of: Self.url, at: options.keys.isEmpty ? nil : options.keys, now: { self.time.withLock { $0 } },
            report: { event in self.events.withLock { $0.append(event) } },
            fetch: { url in
                self.fetched.withLock { $0.append(url) }
                guard let document = self.documents.withLock({ $0[url] }) else { throw Unreachable() }
                return document
            })
        return TrustedIssuer(options, keys: keys, clock: clock.wallClock)
    }

    /// A token, signed with one of the keys.
    func token(
        key number: Int = 0, header: JSONObject = [:], _ change: (inout JSONObject) -> Void = { _ in }
    ) async throws -> String {
        let now = clock.wallClock.milliseconds / 1000
        var claims: JSONObject = [
            "iss": .string(Self.url), "sub": "repo:acme/app", "aud": "registry.example.com", "exp": .integer(now + 300),
            "iat": .integer(now), "owner": "acme", "teams": ["red", "blue"], "workflow": "build.yml@main",
        ]
        change(&claims)
        var head: JSONObject = ["typ": "JWT", "alg": "ES256", "kid": .string("key-\(number)")]
        for member in header.members { head[member.key] = member.value == .null ? nil : member.value }
        let signed =
            Base64.encodeForURL(JSONValue.object(head).serialized()) + "."
            + Base64.encodeForURL(JSONValue.object(claims).serialized())
        let key = try await TokenKey.signing(pem: pems[number])
        return signed + "." + Base64.encodeForURL(try key.sign(Array(signed.utf8)))
    }

    var fetches: Int { fetched.withLock { $0.count } }
}

extension TrustedIssuer {
    fileprivate func caller(of text: String) async throws -> Caller {
        try await caller(of: CompactToken(parsing: text), TokenMark(text))
    }

    fileprivate func refusal(of text: String) async throws -> TokenError? {
        do {
            _ = try await caller(of: text)
            return nil
        } catch let error as TokenError { return error }
    }
}

@Suite struct `A token of a trusted issuer` {
    private let issuer = Issuer()

    @Test func `says who it is for, in which groups, and what builds there`() async throws {
        let caller = try await issuer.trusted().caller(of: try await issuer.token())
        #expect("\(caller)" == "workload:ci:repo:acme/app")
        #expect(caller.groups == ["ci:red", "ci:blue"] && caller.scopes == nil)
        #expect(
            caller.workload
                == Workload(
                    issuer: Issuer.url, subject: "repo:acme/app", builder: "https://ci.example.com/build.yml@main"))
        #expect(
            issuer.fetched.withLock { $0 } == ["\(Issuer.url)/.well-known/openid-configuration", "\(Issuer.url)/keys"])
        #expect(issuer.events.withLock { $0 } == [.changed(1)])
    }

    @Test func `is limited by its claim access, as tokens of a token service are`() async throws {
        let token = try await issuer.token {
            $0["access"] = [["type": "repository", "name": "team/app", "actions": ["pull"]]]
        }
        let caller = try await issuer.trusted().caller(of: token)
        #expect(caller.scopes == [Scope(parsing: "repository:team/app:pull")].compactMap(\.self))
        // A limit that cannot be read is not none: a service in Go writes null for an empty list.
        let trusted = try issuer.trusted()
        for broken in [.null, "", [:], true] as [JSONValue] {
            #expect(
                try await trusted.refusal(of: try await issuer.token { $0["access"] = broken })
                    == .missingClaim("access"))
        }
        let nothing = try await trusted.caller(of: try await issuer.token { $0["access"] = [] })
        #expect(nothing.scopes == [])
    }

    @Test func `may be for several, and needs no builder`() async throws {
        let token = try await issuer.token {
            $0["aud"] = ["sigstore", "registry.example.com"]
            $0["workflow"] = nil
            $0["teams"] = nil
        }
        let caller = try await issuer.trusted().caller(of: token)
        #expect(caller.workload == nil && caller.groups == [])
    }

    @Test func `is refused when a claim is not as it must be`() async throws {
        let now = issuer.clock.wallClock.milliseconds / 1000
        let trusted = try issuer.trusted()
        let cases: [(String, JSONValue?, TokenError)] = [
            ("aud", "other", .wrongAudience), ("aud", [], .wrongAudience), ("aud", nil, .wrongAudience),
            ("aud", ["registry.example.com.evil"], .wrongAudience), ("iss", "https://ci.example.com/", .wrongIssuer),
            ("iss", nil, .wrongIssuer), ("owner", "acme2", .missingClaim("owner")),
            ("owner", nil, .missingClaim("owner")),
            ("sub", nil, .missingClaim("sub")), ("sub", "", .missingClaim("sub")),
            ("sub", "a\nb", .missingClaim("sub")),
            ("sub", .string(String(repeating: "a", count: 1025)), .missingClaim("sub")),
            ("exp", nil, .missingClaim("exp")), ("exp", .integer(now - 60), .expired),
            ("nbf", .integer(now + 61), .notYetValid), ("iat", .integer(now + 61), .notYetValid),
        ]
        for (name, value, expected) in cases {
            let token = try await issuer.token { $0[name] = value }
            #expect(try await trusted.refusal(of: token) == expected, "\(name): \(String(describing: value))")
        }
        let late = try await issuer.token { $0["exp"] = .integer(now - 59) }
        #expect(try await trusted.refusal(of: late) == nil)
    }

    @Test func `is refused when it was signed otherwise than with a key of the issuer`() async throws {
        let trusted = try issuer.trusted()
        let cases: [(JSONObject, TokenError)] = [
            (["alg": "none"], .wrongAlgorithm), (["alg": "HS256"], .wrongAlgorithm),
            (["alg": "RS256"], .wrongAlgorithm),
            (["kid": "key-7"], .unknownKey), (["kid": ""], .unknownKey),
            (["crit": ["exp"]], .malformed("it has critical extensions")),
        ]
        for (header, expected) in cases {
            #expect(try await trusted.refusal(of: try await issuer.token(header: header)) == expected)
        }
        // With the other key, under the name of this one.
        let stolen = try await issuer.token(key: 1, header: ["kid": "key-0"])
        #expect(try await trusted.refusal(of: stolen) == .wrongSignature)
        let nameless = try await issuer.token(header: ["kid": .null])
        #expect(try await trusted.refusal(of: nameless) == nil)
        // A key in the token itself is nobody's (RFC 7515 §4.1.3, RFC 8725 §2.6).
        let own = try await issuer.token(
            key: 1, header: ["kid": "key-1", "jwk": issuer.jwk(1), "jku": "https://evil.example"])
        #expect(try await trusted.refusal(of: own) == .unknownKey)
    }

    @Test func `is asked about by a registry that also makes tokens`() async throws {
        let service = TokenService(
            TokenService.Options(service: "registry.example.com"),
            keys: [try await TokenKey.signing(pem: TokenKey.makePEM())], clock: issuer.clock.wallClock)
        let authenticator = Authenticator(passwords: nil, tokens: service, issuers: [try issuer.trusted()])
        let token = try await issuer.token()
        for credentials in [Credentials.bearer(token), .basic(name: "ci", password: Array(token.utf8))] {
            let caller = try await authenticator.caller(with: credentials, from: "192.0.2.1")
            #expect("\(caller)" == "workload:ci:repo:acme/app")
        }
        // What our own service makes of it says the same, and is for requests only.
        let caller = try await authenticator.caller(with: .bearer(token), from: "192.0.2.1")
        let own = try service.issue(to: caller, []).token
        let again = try await authenticator.caller(with: .bearer(own), from: "192.0.2.1")
        #expect(
            again.principal == caller.principal && again.workload == caller.workload && again.groups == caller.groups)
        await #expect(throws: AuthenticationError.token(.wrongIssuer)) {
            try await authenticator.caller(with: .basic(name: "ci", password: Array(own.utf8)), from: "192.0.2.1")
        }
        let stranger = try await issuer.token { $0["iss"] = "https://other.example.com" }
        await #expect(throws: AuthenticationError.token(.unknownKey)) {
            try await authenticator.caller(with: .bearer(stranger), from: "192.0.2.1")
        }
        #expect(try authenticator.refreshToken(for: caller) == nil)
    }

    @Test func `makes tokens of our own that do not last much longer, and end with the trust in the issuer`()
        async throws
    {
        var options = TokenService.Options(service: "registry.example.com")
        options.lifetime = 24 * 3600
        let service = TokenService(
            options, keys: [try await TokenKey.signing(pem: TokenKey.makePEM())], clock: issuer.clock.wallClock)
        let trusted = try issuer.trusted()
        let now = issuer.clock.wallClock.milliseconds / 1000
        for (end, lifetime) in [(now + 3600, 3600), (now + 10, 300), (now + 90_000, 24 * 3600)] as [(Int64, Int64)] {
            let caller = try await trusted.caller(of: try await issuer.token { $0["exp"] = .integer(end) })
            #expect(try service.issue(to: caller, []).lifetime == lifetime)
        }
        let caller = try await trusted.caller(of: try await issuer.token())
        let token = try service.issue(to: caller, []).token
        let after = Authenticator(passwords: nil, tokens: service)
        await #expect(throws: AuthenticationError.token(.wrongIssuer)) {
            try await after.caller(with: .bearer(token), from: "192.0.2.1")
        }
    }

    @Test func `has groups in so many bytes as fit into a token of our own`() async throws {
        let teams = (0..<45).map { JSONValue.string("\($0)-" + String(repeating: "a", count: 200)) }
        let caller = try await issuer.trusted().caller(of: try await issuer.token { $0["teams"] = .array(teams) })
        #expect((1..<25).contains(caller.groups.count))
        let service = TokenService(
            TokenService.Options(service: "registry"), keys: [try await TokenKey.signing(pem: TokenKey.makePEM())])
        #expect(try service.issue(to: caller, []).token.utf8.count < CompactToken.longest)
    }
}

@Suite struct `The keys of an issuer` {
    private let issuer = Issuer()

    private func set(_ keys: [JSONValue]) -> [UInt8] { JSONValue.object(["keys": .array(keys)]).serialized() }

    @Test func `are fetched once for all who ask`() async throws {
        let trusted = try issuer.trusted()
        let token = try await issuer.token()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<20 { group.addTask { _ = try await trusted.caller(of: token) } }
            try await group.waitForAll()
        }
        #expect(issuer.fetches == 2)
    }

    @Test func `are fetched again for a key that is new, but not for every name that somebody invents`() async throws {
        let trusted = try issuer.trusted()
        #expect(try await trusted.refusal(of: try await issuer.token()) == nil)
        issuer.publish([0, 1])
        let new = try await issuer.token(key: 1)
        #expect(try await trusted.refusal(of: new) == .unknownKey)
        #expect(issuer.fetches == 2)
        issuer.pass(IssuerKeys.pause)
        #expect(try await trusted.refusal(of: new) == nil)
        #expect(issuer.fetches == 4)
        for number in 0..<50 {
            let invented = try await issuer.token(header: ["kid": .string("invented-\(number)")])
            #expect(try await trusted.refusal(of: invented) == .unknownKey)
        }
        #expect(issuer.fetches == 4)
    }

    @Test func `that were taken back are believed no longer, also not with tokens that were checked before`()
        async throws
    {
        let trusted = try issuer.trusted()
        let token = try await issuer.token()
        #expect(try await trusted.refusal(of: token) == nil)
        #expect(trusted.remembered(TokenMark(token)) != nil)
        issuer.publish([1])
        issuer.pass(IssuerKeys.pause)
        #expect(try await trusted.refusal(of: try await issuer.token(key: 1)) == nil)
        #expect(trusted.remembered(TokenMark(token)) == nil)
        #expect(try await trusted.refusal(of: token) == .unknownKey)
    }

    @Test func `are fetched at once when their file has changed`() async throws {
        let trusted = try issuer.trusted()
        #expect(try await trusted.refusal(of: try await issuer.token()) == nil)
        issuer.publish([1])
        await trusted.keys.reload()
        #expect(try await trusted.refusal(of: try await issuer.token(key: 1)) == nil)
        #expect(try await trusted.refusal(of: try await issuer.token()) == .unknownKey)
    }

    @Test func `come from where the configuration says, without another document`() async throws {
        issuer.put("/etc/keys.json", ["keys": [issuer.jwk(1)]])
        let trusted = try issuer.trusted { $0.keys = "/etc/keys.json" }
        #expect(try await trusted.refusal(of: try await issuer.token(key: 1)) == nil)
        #expect(try await trusted.refusal(of: try await issuer.token()) == .unknownKey)
        #expect(issuer.fetched.withLock { $0 } == ["/etc/keys.json"])
    }

    @Test func `stay for a day when the issuer cannot be reached`() async throws {
        let trusted = try issuer.trusted()
        let token = try await issuer.token { $0["exp"] = .integer(Int64.max / 2) }
        #expect(try await trusted.refusal(of: token) == nil)
        issuer.put("\(Issuer.url)/keys", nil)
        issuer.pass(.seconds(23 * 3600))
        let unknown = try await issuer.token(key: 1)
        #expect(try await trusted.refusal(of: unknown) == .unknownKey)
        #expect(try await trusted.refusal(of: token) == nil)
        #expect(trusted.remembered(TokenMark(token)) != nil)
        issuer.pass(.seconds(2 * 3600))
        #expect(trusted.remembered(TokenMark(token)) == nil)
        #expect(try await trusted.refusal(of: token) == .keysUnavailable)
        issuer.publish([0])
        issuer.pass(IssuerKeys.pause)
        #expect(try await trusted.refusal(of: token) == nil)
        // The same failure is said once, and that it is over.
        #expect(
            issuer.events.withLock { $0 } == [.changed(1), .failed("unreachable"), .expired, .recovered])
    }

    @Test func `are not there when documents say something else`() async throws {
        let discovery = "\(Issuer.url)/.well-known/openid-configuration"
        let big = JSONValue.array(Array(repeating: 0, count: 20_000))
        let cases: [(String, JSONValue, KeyDocumentError)] = [
            (
                discovery, ["issuer": "https://other.example.com", "jwks_uri": "https://ci.example.com/keys"],
                .otherIssuer
            ),
            (discovery, ["issuer": .string(Issuer.url), "jwks_uri": "http://ci.example.com/keys"], .noLocation),
            (discovery, ["issuer": .string(Issuer.url)], .noLocation), (discovery, [], .notJSON),
            ("\(Issuer.url)/keys", ["keys": []], .noKeys), ("\(Issuer.url)/keys", ["keys": 1], .noKeys),
            ("\(Issuer.url)/keys", big, .notJSON), ("\(Issuer.url)/keys", ["keys": big], .notJSON),
        ]
        for (url, document, error) in cases {
            let issuer = Issuer()
            issuer.put(url, document)
            #expect(try await issuer.trusted().refusal(of: try await issuer.token()) == .keysUnavailable)
            #expect(issuer.events.withLock { $0 } == [.failed("\(error)")])
        }
    }

    @Test func `are only those that signatures of tokens can be checked with`() async throws {
        let point = issuer.jwk(0)
        let useless: [JSONObject] = [
            ["use": "enc"], ["key_ops": ["sign"]], ["alg": "ES384"], ["alg": "HS256"], ["alg": "none"],
            ["crv": "P-384"],
            ["kty": "oct"], ["kty": "RSA"], ["x": .string(String(repeating: "A", count: 2000))], ["y": "AAAA"],
            ["x": .null],
        ]
        for change in useless {
            await #expect(throws: KeyDocumentError.noKeys, "\(JSONValue.object(change))") {
                try await TokenKeySet(document: set([issuer.jwk(0, change)]))
            }
        }
        let mixed = set([issuer.jwk(0, ["use": "enc"]), 7, point, issuer.jwk(1, ["crv": "P-1"])])
        #expect(try await TokenKeySet(document: mixed).count == 1)
        var silent = try #require(issuer.jwk(1).object)
        silent["alg"] = nil
        silent["use"] = nil
        let keys = try await TokenKeySet(document: set([.object(silent)]))
        let token = try CompactToken(parsing: try await issuer.token(key: 1))
        #expect(throws: Never.self) { try keys.verify(token) }
    }

    @Test func `of RSA have the algorithm that they name, or RS256`() async throws {
        let modulus = Base64.encodeForURL([0xC1] + [UInt8](repeating: 0x5B, count: 255))
        func keys(_ algorithm: JSONValue?, _ modulus: String) async throws -> TokenKeySet {
            var key: JSONObject = ["kty": "RSA", "kid": "r", "n": .string(modulus), "e": "AQAB"]
            key["alg"] = algorithm
            return try await TokenKeySet(document: set([.object(key)]))
        }
        for (named, header, expected) in [
            (nil, "RS256", TokenError.wrongSignature), (nil, "PS256", .wrongAlgorithm),
            ("PS384", "PS384", .wrongSignature), ("PS384", "RS256", .wrongAlgorithm),
        ] as [(JSONValue?, JSONValue, TokenError)] {
            let token = try CompactToken(parsing: try await issuer.token(header: ["alg": header, "kid": "r"]))
            let keys = try await keys(named, modulus)
            #expect(throws: expected) { try keys.verify(token) }
        }
        let small = Base64.encodeForURL([UInt8](repeating: 0xC1, count: 128))
        await #expect(throws: KeyDocumentError.noKeys) { try await keys("RS256", small) }
        let huge = Base64.encodeForURL([UInt8](repeating: 0xC1, count: 2048))
        await #expect(throws: KeyDocumentError.noKeys) { try await keys("RS256", huge) }
    }
}
