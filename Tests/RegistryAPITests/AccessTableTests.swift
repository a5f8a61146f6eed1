import Access
import Glibc
import HTTPServing
import HTTPTypes
import HTTPWire
import LinuxIO
import OCI
import RegistryCore
import Testing
import TransparencyLog

@testable import RegistryAPI

/// Every route, with every method, asked by every kind of caller. The table says which permission it takes, apart from the
/// program; rules and callers say who has it.
@Suite struct `Who may make which request` {
    /// What a request takes, as this table has it.
    private enum Takes: Equatable {
        case nothing
        case login
        case inRepository(Permission)
        case inRegistry(Permission)
        case somewhere(Permission)
        case everywhere(Permission)
    }

    private static let digest = "sha256:\(String(repeating: "ab", count: 32))"
    private static let upload =
        "01234567-89ab-4cde-8f01-23456789abcd.1767225600000.sha256." + String(repeating: "0a", count: 32)

    /// The row of a route. Without `default`: a route that has no row does not compile.
    private static func row(_ route: Route, _ method: HTTPRequest.Method) -> Takes {
        switch route {
        case .ping: .login
        case .catalog: .somewhere(.pull)
        case .tags, .referrers: .inRepository(.pull)
        case .manifest: .inRepository(method == .put ? .push : method == .delete ? .delete : .pull)
        case .blob: .inRepository(method == .delete ? .delete : .pull)
        case .uploads, .upload: .inRepository(.push)
        case .provenanceList: .somewhere(method == .post ? .provenanceWrite : .provenanceRead)
        case .provenance, .record, .proof, .archive, .attestations: .somewhere(.provenanceRead)
        case .facets, .archivistaDownload: .everywhere(.provenanceRead)
        case .export, .tile(.entries): .inRegistry(.ledger)
        case .robots, .robot: .inRegistry(.admin)
        case .archivistaUpload, .rekorEntries: .somewhere(.provenanceWrite)
        case .checkpoint, .timestamp, .stampedCheckpoint, .tile(.hashes), .logKeys, .consistency: .nothing
        case .token, .health, .readiness: .nothing
        }
    }

    /// A path of each route. A route that has none fails `knows every route`.
    private static let paths = [
        "/v2/", "/v2/_catalog", "/v2/team/app/tags/list", "/v2/team/app/manifests/v1",
        "/v2/team/app/manifests/\(digest)",
        "/v2/team/app/blobs/\(digest)", "/v2/team/app/blobs/uploads/", "/v2/team/app/blobs/uploads/\(upload)",
        "/v2/team/app/referrers/\(digest)", "/provenance", "/provenance/\(digest)", "/provenance/records/1",
        "/provenance/records/1/proof", "/provenance/_facets", "/provenance/export", "/provenance/\(digest)/archive",
        "/attestations/\(digest)", "/checkpoint", "/checkpoint/tsr", "/checkpoint/stamped", "/tile/0/000",
        "/tile/entries/000", "/log/keys", "/log/consistency", "/upload", "/v1/upload",
        "/download/\(String(repeating: "ab", count: 32))", "/api/v2/log/entries", "/token", "/robots", "/robots/ci",
        "/healthz", "/readyz",
    ]

    /// The names of all routes that there are, so that none is without a path here.
    private static let names: Set = [
        "ping", "catalog", "tags", "manifest", "blob", "uploads", "upload", "referrers", "provenance-list",
        "provenance",
        "record", "proof", "facets", "export", "archive", "attestations", "checkpoint", "timestamp",
        "stamped-checkpoint", "tile", "log-keys", "consistency", "archivista-upload", "archivista-download",
        "rekor-entries", "token", "robots", "robot", "healthz", "readyz",
    ]

    private struct Asker {
        let name: String
        let credentials: String?
        /// What the rules give in `team/app`.
        var inRepository: Set<Permission> = []
        /// What they give in another repository.
        var elsewhere: Set<Permission> = []
        /// What they give for the whole registry.
        var inRegistry: Set<Permission> = []
        /// What they give in every repository.
        var everywhere: Set<Permission> = []
        var isKnown = true
        var isRefused = false
    }

    private static let all: Set<Permission> = Set(Permission.allCases)
    private static let ofRepositories = all.filter { !$0.isRegistryWide }

    private static func gate() async throws -> (Gate, TokenService) {
        var lines = ""
        for name in ["reader", "pusher", "deleter", "attester", "auditor", "stranger", "admin"] {
            lines += "\(name):\(try #require(Bcrypt.hash(Array("pw".utf8), cost: 4)))\n"
        }
        let passwords = PasswordChecker(try PasswordFile(parsing: Array(lines.utf8)), lanes: Lanes(count: 2))
        let tokens = TokenService(
            TokenService.Options(service: "registry"), keys: [try await TokenKey.signing(pem: TokenKey.makePEM())])
        func rule(_ match: String, _ user: String, _ allow: Set<Permission>) throws -> AccessRule {
            AccessRule(match: try Glob(parsing: match), who: [.principal(Principal(.user, user))], allow: allow)
        }
        let policy = AccessPolicy([
            try rule("team/**", "reader", [.pull, .provenanceRead]), try rule("team/**", "pusher", [.pull, .push]),
            try rule("team/**", "deleter", [.delete]), try rule("team/**", "attester", [.provenanceWrite]),
            try rule("team/**", "auditor", [.provenanceRead]), try rule("**", "auditor", [.provenanceRead, .ledger]),
            try rule("**", "admin", [.admin]),
            AccessRule(match: try Glob(parsing: "team/**"), who: [.group("ci:acme")], allow: [.pull, .push]),
            AccessRule(
                match: try Glob(parsing: "team/**"), who: [.principal(Principal(.robot, "ruled"))], allow: [.delete]),
        ])
        var options = TrustedIssuer.Options()
        options.name = "ci"
        let issuer = TrustedIssuer(options, keys: IssuerKeys(of: "https://ci.example.com") { _ in [] })
        let authenticator = Authenticator(passwords: passwords, tokens: tokens, issuers: [issuer], robots: Robots())
        return (Gate(policy, authenticator: authenticator), tokens)
    }

    /// Robots whose secrets are made of their names.
    private struct Robots: RobotDirectory {
        private static let robots = ["puller": ["team/**:pull"], "roamer": ["**:pull,ledger"], "ruled": []]

        static func secret(of name: String) -> String {
            "wbr_" + Base64.encodeForURL(Digest(.sha256, of: Array(name.utf8)).hash)
        }

        func robot(secretHash: [UInt8]) throws -> Robot? {
            try Self.robots.keys.first { RobotSecret.hash(of: Self.secret(of: $0)) == secretHash }.flatMap {
                try robot(named: $0)
            }
        }

        func robot(named name: String) throws -> Robot? {
            try Self.robots[name].map { Robot(name: name, grants: try $0.map { try Grant(parsing: $0) }, version: "1") }
        }

        func noteUse(of name: String) {}
    }

    private static func basic(_ name: String, _ password: String = "pw") -> String {
        "Basic " + Base64.encode(Array("\(name):\(password)".utf8))
    }

    private static func askers(_ tokens: TokenService) throws -> [Asker] {
        let pull = try #require(Scope(parsing: "repository:team/app:pull"))
        let pusher = Caller(Principal(.user, "pusher"))
        let token = try tokens.issue(to: pusher, [pull]).token
        let nothing = try tokens.issue(to: .anonymous, []).token
        let whole = try ["repository:team/app:pull,push,delete", "registry:catalog:*"].map {
            try #require(Scope(parsing: $0))
        }
        let jobs = try ["ci", "gone"].map { issuer in
            let job = Caller(Principal(.workload, "\(issuer):acme/app"), groups: ["ci:acme"])
            return try tokens.issue(to: job, whole).token
        }
        let revoked = try tokens.issue(to: Caller(Principal(.robot, "revoked")), whole).token
        let old = try tokens.issue(to: Caller(Principal(.robot, "puller")), whole).token
        return [
            Asker(name: "nobody", credentials: nil, isKnown: false),
            Asker(name: "nobody with a token", credentials: "Bearer \(nothing)", isKnown: false),
            Asker(name: "stranger", credentials: basic("stranger")),
            Asker(name: "reader", credentials: basic("reader"), inRepository: [.pull, .provenanceRead]),
            Asker(name: "pusher", credentials: basic("pusher"), inRepository: [.pull, .push]),
            Asker(name: "deleter", credentials: basic("deleter"), inRepository: [.delete]),
            Asker(name: "attester", credentials: basic("attester"), inRepository: [.provenanceWrite]),
            Asker(
                name: "auditor", credentials: basic("auditor"), inRepository: [.provenanceRead],
                inRegistry: [.ledger], everywhere: [.provenanceRead]),
            Asker(
                name: "admin", credentials: basic("admin"), inRepository: all, inRegistry: all,
                everywhere: ofRepositories),
            Asker(name: "wrong password", credentials: basic("reader", "x"), isRefused: true),
            Asker(name: "unknown name", credentials: basic("nobody", "pw"), isRefused: true),
            Asker(name: "nonsense", credentials: "Bearer nonsense", isRefused: true),
            Asker(name: "another scheme", credentials: "Digest x", isRefused: true),
            Asker(name: "puller", credentials: basic("puller", Robots.secret(of: "puller")), inRepository: [.pull]),
            Asker(
                name: "puller's key alone", credentials: "Bearer " + Robots.secret(of: "puller"), inRepository: [.pull]),
            Asker(name: "puller's token of an older key", credentials: "Bearer \(old)", isRefused: true),
            // A rule for team/** has a longer pattern than its scope, and gives it nothing there.
            Asker(
                name: "roamer", credentials: basic("roamer", Robots.secret(of: "roamer")), elsewhere: [.pull],
                inRegistry: [.ledger]),
            Asker(
                name: "ruled", credentials: basic("ruled", Robots.secret(of: "ruled")),
                inRepository: [.delete]),
            Asker(
                name: "another robot's key", credentials: basic("ruled", Robots.secret(of: "puller")), isRefused: true),
            Asker(name: "unknown key", credentials: basic("ci", Robots.secret(of: "ci")), isRefused: true),
            Asker(name: "revoked robot's token", credentials: "Bearer \(revoked)", isRefused: true),
            Asker(name: "ci:acme/app's job", credentials: "Bearer \(jobs[0])", inRepository: [.pull, .push]),
            Asker(name: "job of an issuer of old", credentials: "Bearer \(jobs[1])", isRefused: true),
            Asker(name: "pusher's token for pulling", credentials: "Bearer \(token)", inRepository: [.pull]),
        ]
    }

    private static func expected(_ asker: Asker, _ takes: Takes) -> Int {
        if takes == .nothing { return 200 }
        if asker.isRefused { return 401 }
        let isAllowed =
            switch takes {
            case .nothing: true
            case .login: asker.isKnown || asker.credentials != nil
            case .inRepository(let permission): asker.inRepository.contains(permission)
            case .somewhere(let permission): asker.inRepository.union(asker.elsewhere).contains(permission)
            case .inRegistry(let permission): asker.inRegistry.contains(permission)
            case .everywhere(let permission): asker.everywhere.contains(permission)
            }
        if isAllowed { return 200 }
        // The owner of the token may push; that token is not for it.
        if asker.name == "pusher's token for pulling", takes == .inRepository(.push) { return 401 }
        return asker.isKnown ? 403 : 401
    }

    @Test func `knows every route`() throws {
        let found = try Set(Self.paths.map { try Route(RequestTarget(parsing: $0)).name })
        #expect(found == Self.names)
    }

    @Test func `is as the table says`() async throws {
        let (gate, tokens) = try await Self.gate()
        for asker in try Self.askers(tokens) {
            for path in Self.paths {
                let target = try RequestTarget(parsing: path)
                let route = try Route(target)
                for method in route.methods {
                    var fields: HTTPFields = [:]
                    fields[.authorization] = asker.credentials
                    let request = Request(
                        head: RequestHead(method: method, target: target, fields: fields),
                        peer: SocketAddress(sockaddr_storage()), body: NoBody())
                    let status: Int
                    do {
                        let admitted = try await gate.admit(request, at: route)
                        status = 200
                        let name = asker.isKnown && !asker.isRefused ? asker.name.prefix { $0 != "'" } : nil
                        if Self.row(route, method) != .nothing {
                            #expect(admitted.caller.principal?.name == name.map(String.init), "\(asker.name) \(path)")
                        }
                    } catch let problem as Problem {
                        status = problem.status
                    } catch let refusal as Gate.Refusal { status = refusal.problem.status }
                    let expected = Self.expected(asker, Self.row(route, method))
                    // Whoever fails often has to wait.
                    let isSlowedDown = asker.isRefused && status == 429
                    #expect(status == expected || isSlowedDown, "\(asker.name): \(method.rawValue) \(path)")
                }
            }
        }
    }

    @Test func `is everything where nobody is asked`() async throws {
        for path in Self.paths {
            let target = try RequestTarget(parsing: path)
            let route = try Route(target)
            for method in route.methods {
                let request = Request(
                    head: RequestHead(method: method, target: target),
                    peer: SocketAddress(sockaddr_storage()), body: NoBody())
                let admitted = try await Gate.open.admit(request, at: route)
                #expect(admitted.caller.principal == nil && admitted.pullable.isAll && admitted.traceable.isAll)
            }
        }
    }
}

/// A body that nobody may read before it is known who sends it.
private final class NoBody: RequestBody {
    func keep(_ bytes: Int) -> Bool { true }
    var length: Int64? { 0 }

    func read(into buffer: UnsafeMutableRawBufferPointer) async throws(BodyError) -> Int {
        Issue.record("a body was read before it was allowed")
        return 0
    }
}
