import Access
import ArgumentParser
import Configuration
import OCI

/// `waybill check-access`
struct CheckAccess: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check-access",
        abstract: "Say whether somebody may do something, and which rule decides.",
        discussion: """
            Reads the configuration only, so it also answers for rules that no server uses yet. Ends with 0 when it is allowed and with 1 \
            when it is not.
            """)

    @OptionGroup var options: ConfigurationOptions
    @Option(
        name: .customLong("as"),
        help: "Who: anonymous, user:NAME, robot:NAME, workload:ISSUER:NAME or certificate:NAME.")
    var principal: String
    @Option(help: "What: \(Permission.allCases.map(\.rawValue).joined(separator: ", ")).") var action: Permission
    @Option(
        name: .customLong("group"), help: "A group that an issuer says it is in, as rules name it. May be repeated.")
    var groups: [String] = []
    @Option(
        name: .customLong("scope"),
        help: "What the key of a robot is limited to, such as 'team/**:pull,push'. May be repeated.",
        transform: Grant.init(argument:))
    var scopes: [Grant] = []
    @Flag(help: "Print the answer as JSON.") var json = false
    @Argument(help: "The repository; without one, the whole registry is meant.") var repository: String?

    func run() throws {
        let settings = try options.settings()
        let policy = settings.accessPolicy
        let decision = policy.decide(action, in: try name(), by: try caller(settings))
        let rule = decision.rule.map { policy.rules[$0] }
        if json {
            var document: JSONObject = [
                "allowed": .bool(decision.isAllowed), "principal": .string(principal),
                "action": .string(action.rawValue),
            ]
            document["repository"] = repository.map { .string($0) }
            document["reason"] = .string(reason(decision))
            if let index = decision.rule, let rule {
                document["rule"] = [
                    "number": .integer(Int64(index)), "match": .string("\(rule.match)"),
                    "who": .array(rule.who.map { .string("\($0)") }),
                    "allow": .array(Permission.allCases.filter(rule.allow.contains).map { .string($0.rawValue) }),
                ]
            }
            print(String(decoding: JSONValue.object(document).serialized(), as: UTF8.self))
        } else {
            print("\(decision.isAllowed ? "allowed" : "denied"): \(reason(decision))")
            if let rule {
                let who = rule.who.map(\.description).joined(separator: ", ")
                let allow = Permission.allCases.filter(rule.allow.contains).map(\.rawValue).joined(separator: ", ")
                print("  match: \(rule.match)  who: \(who)  allow: \(allow)")
            }
        }
        if !decision.isAllowed { throw ExitCode(1) }
    }

    private func name() throws -> RepositoryName? {
        do { return try repository.map { try RepositoryName(parsing: $0) } } catch { throw ValidationError("\(error)") }
    }

    private func caller(_ settings: Settings) throws -> Caller {
        if principal == "anonymous" { return .anonymous }
        guard let principal = Principal(principal) else {
            throw ValidationError("--as is anonymous, user:NAME, robot:NAME, workload:ISSUER:NAME or certificate:NAME")
        }
        let known = settings.auth.groups.filter { principal.kind == .user && $0.members.contains(principal.name) }
        return Caller(
            principal, groups: Set(known.map(\.name) + groups), grants: scopes.isEmpty ? nil : scopes)
    }

    private func reason(_ decision: AccessDecision) -> String {
        switch decision.ground {
        case .rule(let index) where decision.isAllowed: "rule \(index) of access allows it"
        case .rule(let index): "rule \(index) of access has the longest pattern, and neither it nor its equals allow it"
        case .administrator(let index): "rule \(index) of access makes an administrator"
        case .noRule: "no rule of access is for it"
        case .tokenScope: "the token is not for it"
        case .grant(let grant): "the key of the robot is for \(grant)"
        case .noGrant: "the key of the robot is not for it"
        }
    }
}

extension AccessDecision {
    /// The rule that decided.
    fileprivate var rule: Int? {
        switch ground {
        case .rule(let index), .administrator(let index): index
        case .noRule, .tokenScope, .grant, .noGrant: nil
        }
    }
}

extension Permission: ExpressibleByArgument {}
