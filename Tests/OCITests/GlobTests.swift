import OCI
import Testing

@Suite struct `A pattern of repository names` {
    @Test(arguments: [
        ("team/app", "team/app"), ("team/*", "team/app"), ("*", "app"), ("t*m/a*p", "team/app"),
        ("**", "a/b/c"), ("team/**", "team/a/b"), ("**/base", "base"), ("**/base", "a/b/base"),
        ("a/**/z", "a/z"), ("a/**/z", "a/b/c/z"), ("a**z", "a/b/z"), ("a*", "a"), ("**/*-dev", "x/app-dev"),
        ("**/**/base", "base"), ("**/**/base", "a/base"), ("a/**/**/z", "a/z"), ("**/**/**/z", "a/b/z"),
    ])
    func `matches`(_ pattern: String, _ name: String) throws {
        #expect(try Glob(parsing: pattern).matches(name))
    }

    @Test(arguments: [
        ("team/app", "team/apps"), ("team/*", "team"), ("team/*", "team/a/b"), ("*", "a/b"), ("*", "team/"),
        ("team/**", "team"), ("team/**", "teams/a"), ("**/base", "database"), ("**/base", "a/database"),
        ("a/**/z", "a/bz"), ("**/a", "b"), ("app", ""),
        ("**/**/base", "database"), ("a/**/**/z", "a/bz"),
    ])
    func `does not match`(_ pattern: String, _ name: String) throws {
        #expect(try !Glob(parsing: pattern).matches(name))
    }

    @Test(
        arguments: [
            ("", .empty), ("A", .forbiddenCharacter("A")), ("a b", .forbiddenCharacter(" ")),
            ("é", .forbiddenCharacter("é")), ("/a", .emptyComponent), ("a/", .emptyComponent),
            ("a//b", .emptyComponent),
            ("a***", .tooManyStars), (String(repeating: "a", count: 256), .tooLong(256)),
        ] as [(String, GlobError)])
    func `is refused when no name could match it`(_ text: String, _ error: GlobError) {
        #expect(throws: error) { try Glob(parsing: text) }
    }

    @Test(.timeLimit(.minutes(20)), arguments: ["*a", "**a", "**/", "a*"])
    func `needs no more time for a hostile pattern`(_ part: String) throws {
        let pattern = try Glob(parsing: String(repeating: part, count: 60) + "b")
        #expect(!pattern.matches(String(repeating: "a", count: 255)))
    }

    @Test func `agrees with trying every way`() throws {
        let names = words(Array("ab/"), upTo: 4)
        for pattern in words(Array("ab/*"), upTo: 5) {
            guard let glob = try? Glob(parsing: pattern) else { continue }
            #expect(names.filter(glob.matches) == names.filter { matches(pattern[...], $0[...]) }, "\(pattern)")
        }
    }

    private func words(_ alphabet: [Character], upTo longest: Int) -> [String] {
        var all = [""]
        var last = [""]
        for _ in 0..<longest {
            last = last.flatMap { word in alphabet.map { word + String($0) } }
            all += last
        }
        return all
    }

    /// What the documentation says, word for word, in exponential time.
    private func matches(_ pattern: Substring, _ name: Substring, startsComponent: Bool = true) -> Bool {
        guard let first = pattern.first else { return name.isEmpty }
        if startsComponent, pattern.hasPrefix("**/") {
            let rest = pattern.dropFirst(3)
            let starts = [name.startIndex] + name.indices.filter { name[$0] == "/" }.map { name.index(after: $0) }
            return starts.contains { matches(rest, name[$0...]) }
        }
        if first == "*" {
            let isDouble = pattern.hasPrefix("**")
            let rest = pattern.dropFirst(isDouble ? 2 : 1)
            return (0...name.count).contains { count in
                (isDouble || !name.prefix(count).contains("/"))
                    && matches(rest, name.dropFirst(count), startsComponent: false)
            }
        }
        return name.first == first && matches(pattern.dropFirst(), name.dropFirst(), startsComponent: first == "/")
    }
}
