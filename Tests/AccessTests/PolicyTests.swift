import OCI
import Testing

@testable import Access

@Suite struct `Who may do what` {
    private let alice = Caller(Principal(.user, "alice"))
    private let bob = Caller(Principal(.user, "bob"), groups: ["team"])

    private func repository(_ name: String) throws -> RepositoryName { try RepositoryName(parsing: name) }

    private func rule(_ match: String, _ who: [Grantee], _ allow: Set<Permission>) throws -> AccessRule {
        AccessRule(match: try Glob(parsing: match), who: who, allow: allow)
    }

    @Test func `is nothing where no rule says so`() throws {
        let policy = AccessPolicy([try rule("team/**", [.anonymous], [.pull])])
        let decision = policy.decide(.pull, in: try repository("other/app"), by: alice)
        #expect(decision == AccessDecision(isAllowed: false, ground: .noRule))
        #expect(!policy.allows(.push, in: try repository("team/app"), to: alice))
    }

    @Test func `is what the longest pattern says, also when that is less`() throws {
        let policy = AccessPolicy([
            try rule("**", [.anonymous], [.pull]), try rule("team/secret", [.group("team")], [.pull, .push]),
            try rule("team/*", [.principal(Principal(.user, "alice"))], [.push]),
        ])
        #expect(policy.allows(.pull, in: try repository("free/app"), to: .anonymous))
        #expect(!policy.allows(.pull, in: try repository("team/app"), to: .anonymous), "the rule for team/* decides")
        #expect(policy.allows(.push, in: try repository("team/app"), to: alice))
        #expect(!policy.allows(.push, in: try repository("team/secret"), to: alice))
        #expect(policy.decide(.push, in: try repository("team/secret"), by: bob).ground == .rule(1))
    }

    @Test func `adds up over rules with patterns of the same length`() throws {
        let policy = AccessPolicy([
            try rule("team/**", [.anonymous], [.pull]), try rule("team/**", [.authenticated], [.push]),
        ])
        #expect(policy.allows(.pull, in: try repository("team/app"), to: bob))
        #expect(policy.allows(.push, in: try repository("team/app"), to: bob))
        #expect(!policy.allows(.push, in: try repository("team/app"), to: .anonymous))
    }

    @Test func `prefers one star to two`() throws {
        let policy = AccessPolicy([
            try rule("team/**", [.anonymous], [.pull]), try rule("team/*", [.anonymous], [.push]),
        ])
        #expect(!policy.allows(.pull, in: try repository("team/app"), to: .anonymous))
        #expect(policy.allows(.pull, in: try repository("team/a/b"), to: .anonymous))
    }

    @Test func `is everything for an administrator, wherever other rules say less`() throws {
        let policy = AccessPolicy([
            try rule("**", [.principal(Principal(.user, "alice"))], [.admin]),
            try rule("team/**", [.group("team")], [.pull]),
        ])
        for permission in Permission.allCases {
            #expect(policy.allows(permission, in: try repository("team/app"), to: alice))
        }
        #expect(policy.allowsEverywhere(.pull, to: alice) && policy.allows(.ledger, in: nil, to: alice))
        #expect(policy.decide(.push, in: try repository("a"), by: alice).ground == .administrator(0))
    }

    @Test func `is not administration by a rule for some repositories`() throws {
        let policy = AccessPolicy([try rule("team/**", [.authenticated], [.admin, .ledger])])
        #expect(!policy.allows(.push, in: try repository("team/app"), to: alice))
        #expect(!policy.allows(.ledger, in: nil, to: alice))
        #expect(!policy.allows(.admin, in: nil, to: alice))
    }

    @Test func `holds everywhere only when no longer pattern takes it away`() throws {
        let all = try rule("**", [.authenticated], [.pull])
        #expect(AccessPolicy([all]).allowsEverywhere(.pull, to: alice))
        let narrowed = AccessPolicy([all, try rule("team/**", [.group("team")], [.pull])])
        #expect(!narrowed.allowsEverywhere(.pull, to: alice))
        #expect(narrowed.allowsEverywhere(.pull, to: bob))
        #expect(narrowed.allowsSomewhere(.pull, to: alice) && !narrowed.allowsSomewhere(.push, to: alice))
    }

    @Test func `is no more than a token was made for`() throws {
        let policy = AccessPolicy([try rule("**", [.authenticated], [.pull, .push])])
        let limited = bob.limited(to: [try #require(Scope(parsing: "repository:team/app:pull"))])
        #expect(policy.allows(.pull, in: try repository("team/app"), to: limited))
        #expect(policy.decide(.push, in: try repository("team/app"), by: limited).ground == .tokenScope)
        #expect(!policy.allows(.pull, in: try repository("team/other"), to: limited))
        #expect(!policy.allowsEverywhere(.pull, to: limited))
        let catalogue = bob.limited(to: [Scope(.catalog, ["*"])])
        #expect(!policy.allows(.pull, in: try repository("team/app"), to: catalogue))
    }

    @Test func `is never what a token says and no rule does`() throws {
        let limited = alice.limited(to: [try #require(Scope(parsing: "repository:team/app:pull,push"))])
        #expect(!AccessPolicy([]).allows(.pull, in: try repository("team/app"), to: limited))
    }

    @Test func `is everything for everybody in an open registry`() throws {
        for permission in Permission.allCases {
            #expect(AccessPolicy.open.allows(permission, in: try repository("a/b"), to: .anonymous))
        }
    }

    @Test(arguments: [
        "anonymous", "authenticated", "user:alice", "group:team", "robot:ci", "issuer:github", "user:a:b",
    ])
    func `is written as it is shown`(_ text: String) {
        #expect(Grantee(parsing: text)?.description == text)
    }

    @Test(arguments: [
        "", "alice", "user:", "nobody:alice", "user: a", "group:b ", "issuer:", "group:", "issuer:\u{7f}",
    ])
    func `is not for somebody who cannot be`(_ text: String) {
        #expect(Grantee(parsing: text) == nil)
    }

    @Test func `is for an issuer's own subjects only`() throws {
        let policy = AccessPolicy([try rule("**", [.issuer("ci")], [.pull])])
        let name = try repository("a")
        #expect(policy.allows(.pull, in: name, to: Caller(Principal(.workload, "ci:repo:app"))))
        #expect(!policy.allows(.pull, in: name, to: Caller(Principal(.workload, "cibuild:repo:app"))))
        #expect(!policy.allows(.pull, in: name, to: Caller(Principal(.user, "ci:repo:app"))))
    }
}

@Suite struct `A scope` {
    @Test(arguments: [
        ("repository:team/app:pull,push", "repository:team/app:pull,push"),
        ("repository(plugin):team/app:pull", "repository:team/app:pull"),
        ("registry:catalog:*", "registry:catalog:*"), ("repository:a:pull,pull,push", "repository:a:pull,push"),
        ("repository:a:", "repository:a:"),
    ])
    func `is read`(_ text: String, _ written: String) {
        #expect(Scope(parsing: text)?.description == written)
    }

    @Test(arguments: [
        "", "repository", "repository:a", "repository:A:pull", "repository:../a:pull", "repository:a/../b:pull",
        "repository:host:5000/a:pull", "registry:catalogue:*", "repository:a%2fb:pull", "repository:a b:pull",
        "repository:a:pull,\u{e9}", "repository:\u{0}:pull", "volume:a:pull", "repository::pull",
        "repository:a:" + (0...16).map { "a\($0)" }.joined(separator: ","),
    ])
    func `that can mean nothing here is none`(_ text: String) {
        #expect(Scope(parsing: text) == nil)
    }
}
