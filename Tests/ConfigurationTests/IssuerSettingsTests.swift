import Access
import Configuration
import Testing

private let item = """
    auth:
      issuers:
        - name: github
          url: https://token.actions.githubusercontent.com
          audience: registry.example.com
          require: ["repository_owner=acme", "ref=refs/heads/*"]
          principal: "{repository}"
          groups: ["{repository_owner}"]
          builder: "https://github.com/{job_workflow_ref}"
    access:
      - {match: "**", who: ["issuer:github", "workload:github:acme/app", "group:github:acme"], allow: [push]}

    """

@Suite struct `A trusted issuer in the configuration` {
    @Test func `is read, and shown so that it can be read again`() throws {
        let settings = try settings(item)
        let issuer = try #require(settings.auth.issuers.first)
        #expect(issuer.name == "github" && issuer.audience == ["registry.example.com"] && issuer.keys.isEmpty)
        #expect(issuer.require.map(\.description) == ["repository_owner=acme", "ref=refs/heads/*"])
        #expect(
            issuer.principal?.description == "{repository}"
                && issuer.groups.map(\.description) == ["{repository_owner}"])
        #expect(issuer.builder?.description == "https://github.com/{job_workflow_ref}")
        #expect(try ConfigurationTests.settings(settings.rendered()) == settings)
        #expect(!settings.isOpen)
    }

    @Test func `needs no more than a name, a URL, an audience and what must hold`() throws {
        let settings = try settings(
            "auth: {issuers: [{name: a, url: https://a.example, audience: r, require: [sub=x]}]}\n")
        let issuer = try #require(settings.auth.issuers.first)
        #expect(issuer.principal?.description == "{sub}" && issuer.builder == nil && issuer.groups.isEmpty)
    }

    @Test(arguments: [
        ("{name: a, url: https://a.example, audience: r}", "believes whoever the issuer gives a token"),
        ("{name: a, url: https://a.example, audience: r, require: []}", "require needs at least one"),
        ("{name: a, url: https://a.example, require: [a=b]}", "names no audience"),
        ("{name: a, url: https://a.example, audience: [], require: [a=b]}", "audience needs at least one"),
        ("{name: a, url: http://a.example, audience: r, require: [a=b]}", "url is not an https URL"),
        ("{name: \"a:b\", url: https://a.example, audience: r, require: [a=b]}", "name is not a name"),
        ("{name: A, url: https://a.example, audience: r, require: [a=b]}", "name is not a name"),
        ("{name: a, url: https://a.example, audience: r, require: [ab]}", "require is not a claim with its value"),
        ("{name: a, url: https://a.example, audience: r, require: [a=b], principal: all}", "principal has no claim"),
        (
            "{name: a, url: https://a.example, audience: r, require: [a=b], builder: \"{a\"}",
            "builder is not text with claims"
        ),
        ("{name: a, url: https://a.example, audience: r, require: [a=b], keys: keys.json}", "keys is not an https URL"),
    ])
    func `is refused when it cannot be meant`(_ item: String, _ expected: String) throws {
        let found = problems("auth: {issuers: [\(item)]}\n")
        #expect(found.count == 1 && found.first?.contains(expected) == true, "\(found)")
    }

    @Test func `is needed where clients are sent to somebody else's token service`() {
        let realm = "token_realm: https://auth.example/token"
        let item = "{name: a, url: https://a.example, audience: r, require: [a=b]}"
        #expect(problems("auth: {tokens: false, \(realm)}\n").first?.contains("not one of auth.issuers") == true)
        #expect(problems("auth: {tokens: false, \(realm), issuers: [\(item)]}\n") == [])
        #expect(problems("auth: {\(realm)}\n") == [])
    }

    @Test func `is refused twice, and when only rules know it`() {
        let one = "{name: a, url: https://a.example, audience: r, require: [a=b]}"
        #expect(problems("auth: {issuers: [\(one), \(one)]}\n").first?.contains("earlier issuer already") == true)
        let other = one.replacing("name: a", with: "name: b")
        #expect(problems("auth: {issuers: [\(one), \(other)]}\n").first?.contains("two with the same url") == true)
        for who in ["issuer:b", "workload:b:x", "\"group:b:x\""] {
            let found = problems("auth: {issuers: [\(one)]}\naccess: [{match: x, who: [\(who)], allow: [pull]}]\n")
            #expect(found.count == 1 && found.first?.contains("the issuer \"b\", who is not one") == true, "\(found)")
        }
    }
}
