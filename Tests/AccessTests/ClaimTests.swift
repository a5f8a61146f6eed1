import OCI
import Testing

@testable import Access

private let claims: JSONObject = [
    "sub": "repo:acme/app:ref:refs/heads/main", "ref_protected": "true", "run_attempt": 2, "enabled": true,
    "groups": ["dev", "ops", 7, ["deep"], "a\nb"], "ratio": JSONNumber(0.5).map { .number($0) } ?? .null,
    "nothing": .null,
    "kubernetes.io": ["namespace": "ci", "pod": ["name": "runner-1"]], "a": ["b": "inner"], "a.b": "outer",
    "evil": "x\u{1B}[2J", "https://example.com/team": "red", "padded": " x ",
]

@Suite struct `Text with claims` {
    @Test(arguments: [
        ("{sub}", "repo:acme/app:ref:refs/heads/main"), ("https://ci/{run_attempt}/{enabled}", "https://ci/2/true"),
        ("{kubernetes.io.namespace}/{kubernetes.io.pod.name}", "ci/runner-1"), ("{a.b}", "outer"),
        ("{https://example.com/team}", "red"), ("no claim", "no claim"), ("x{padded}x", "x x x"),
    ])
    func `is filled in`(_ template: String, _ text: String) throws {
        #expect(try #require(ClaimTemplate(parsing: template)).text(of: claims) == text)
    }

    @Test(arguments: ["{missing}", "{groups}", "{ratio}", "{nothing}", "{kubernetes.io}", "{evil}", "{padded}", ""])
    func `comes to nothing without a claim that can stand in a record`(_ template: String) throws {
        #expect(try #require(ClaimTemplate(parsing: template)).text(of: claims) == nil)
    }

    @Test(arguments: ["{", "}", "{}", "{a", "a}", "{a{b}}", "{a}}", "a\nb", String(repeating: "a", count: 1025)])
    func `is refused when its braces do not fit`(_ template: String) {
        #expect(ClaimTemplate(parsing: template) == nil)
    }

    @Test func `comes to several texts where the claim has several values`() throws {
        let groups = try #require(ClaimTemplate(parsing: "{groups}"))
        #expect(groups.texts(of: claims) == ["dev", "ops", "7"])
        #expect(try #require(ClaimTemplate(parsing: "g-{groups}")).texts(of: claims) == [])
        #expect(try #require(ClaimTemplate(parsing: "g-{enabled}")).texts(of: claims) == ["g-true"])
    }

    @Test func `is never longer than a record allows`() throws {
        let template = try #require(ClaimTemplate(parsing: "{long}{long}"))
        #expect(template.text(of: ["long": .string(String(repeating: "a", count: 512))])?.utf8.count == 1024)
        #expect(template.text(of: ["long": .string(String(repeating: "a", count: 513))]) == nil)
    }
}

@Suite struct `A claim that a token must have` {
    @Test(arguments: [
        "sub=repo:acme/app:ref:refs/heads/main", "sub=repo:acme/*", "sub=*", "sub=*:refs/heads/*", "sub=repo:*main",
        "ref_protected=true", "enabled=true", "run_attempt=2", "groups=ops", "kubernetes.io.namespace=ci",
    ])
    func `holds`(_ text: String) throws {
        #expect(try #require(ClaimRequirement(parsing: text)).holds(for: claims))
    }

    @Test(arguments: [
        "sub=repo:acme/app", "sub=repo:acme2/*", "sub=*:refs/heads/mainx", "sub=", "sub=repo:*main*x", "missing=*",
        "nothing=*", "groups=deep", "enabled=True", "ratio=*", "sub=*app*app*",
    ])
    func `does not hold`(_ text: String) throws {
        #expect(try !#require(ClaimRequirement(parsing: text)).holds(for: claims))
    }

    @Test(arguments: ["", "=x", "sub", "sub=a\u{0}"])
    func `is refused when it says nothing`(_ text: String) {
        #expect(ClaimRequirement(parsing: text) == nil)
    }

    @Test func `is compared piece by piece`() {
        #expect(TextPattern("a*b*c").matches("abc") && TextPattern("a*b*c").matches("a--b--b--c"))
        #expect(!TextPattern("a*b*c").matches("ac") && !TextPattern("ab*ba").matches("aba"))
        #expect(TextPattern("**").matches("") && TextPattern("").matches("") && !TextPattern("").matches("a"))
    }
}
