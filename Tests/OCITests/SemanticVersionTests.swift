import OCI
import Testing

@Suite struct `A tag that is a semantic version` {
    private func version(_ text: String) -> SemanticVersion? {
        (try? OCI.Tag(parsing: text)).flatMap { SemanticVersion($0) }
    }

    /// The example of §11.4.4, and more around it.
    @Test func `comes in the order of precedence`() {
        let ordered = [
            "0.0.0", "0.9.10", "v1.0.0-0", "1.0.0-2", "1.0.0-10", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta",
            "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0-rc.1-x", "1.0.0", "v1.0.1", "1.2.0",
            "1.10.0", "2.0.0", "18446744073709551615.0.0",
        ]
        let versions = ordered.compactMap { version($0) }
        #expect(versions.count == ordered.count)
        for (place, version) in versions.enumerated() {
            for (other, later) in versions.enumerated() {
                #expect((version < later) == (place < other), "\(ordered[place]) \(ordered[other])")
            }
        }
    }

    @Test func `is the same with a v`() {
        #expect(version("v1.2.3") == version("1.2.3"))
    }

    @Test(
        arguments: [
            "latest", "1", "1.2", "1.2.3.4", "01.2.3", "1.02.3", "1.2.03", "1.2.x", "v", "vv1.2.3", "1..3", "1.2.3-",
            "1.2.3-a..b", "1.2.3-01", "1.2.3_1", "1.2.3-a_b", "18446744073709551616.0.0", "1.2.3-18446744073709551616",
            "sha256-1.2.3",
        ])
    func `is no other`(_ text: String) throws {
        #expect(SemanticVersion(try OCI.Tag(parsing: text)) == nil)
    }
}
