import LinuxIO
import RegistryTesting
import Testing

@testable import Access

/// `secret`, with the cheapest hash there is, so that tests are quick.
private let hash = "$2b$04$/7wAyMYqRlkQgFOgWhlQ5ec1yOHkD0t3xBf0t3Cw4b9CZ7M0sM6Hu"

@Suite struct `A password file` {
    private func parse(_ text: String) throws(PasswordFile.Errors) -> PasswordFile {
        try PasswordFile(parsing: Array(text.utf8))
    }

    @Test func `has names with bcrypt hashes`() throws {
        let file = try parse("# people\n\nalice:\(hash)\r\nb\u{f6}b:\(hash.replacing("$2b$", with: "$2y$"))\n")
        #expect(file.count == 2)
        #expect(file.hash(of: "alice")?.cost == 4)
        #expect(file.hash(of: "b\u{f6}b") != nil && file.hash(of: "carol") == nil)
    }

    @Test(arguments: [
        "$apr1$abcdefgh$0123456789012345678901", "{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", "secret", "",
        "$5$rounds=5000$salt$hash", hash + "x", String(hash.dropLast()), "$2x$" + hash.dropFirst(4),
        hash.replacing("ec1y", with: "ec1:"),
    ])
    func `takes no hash that is guessed fast`(_ other: String) {
        #expect(throws: PasswordFile.Errors.self) { try parse("alice:\(other)") }
    }

    @Test func `says every line that is wrong`() {
        do throws(PasswordFile.Errors) {
            _ = try parse(
                "alice:\(hash)\nnonsense\n:\(hash)\nalice:\(hash)\nbob:$2b$03\(hash.dropFirst(6))\na\tb:\(hash)")
            Issue.record("it was taken")
        } catch {
            #expect(error.lines.map(\.line) == [2, 3, 4, 5, 6])
            #expect(error.description.hasPrefix("line 2: a line is <name>:<hash>; line 3: a name is"))
            #expect(!error.description.contains(hash))
        }
    }
}

@Suite struct `Passwords` {
    private func checker(_ names: [String: String]) throws -> PasswordChecker {
        let lines = try names.map { name, password in
            "\(name):\(try #require(Bcrypt.hash(Array(password.utf8), cost: 4)))\n"
        }
        return PasswordChecker(
            try PasswordFile(parsing: Array(lines.joined().utf8)), lanes: Lanes(count: 2))
    }

    @Test func `are right or wrong, also the second time`() async throws {
        let checker = try checker(["alice": "secret", "bob": "hunter2"])
        for _ in 0..<2 {
            #expect(try await checker.isRight(Array("secret".utf8), of: "alice"))
            #expect(try await !checker.isRight(Array("secret".utf8), of: "bob"))
            #expect(try await !checker.isRight(Array("Secret".utf8), of: "alice"))
            #expect(try await !checker.isRight([], of: "alice"))
            #expect(try await !checker.isRight(Array("secret".utf8), of: "carol"))
        }
    }

    @Test func `that were right are asked again when the file changes`() async throws {
        let checker = try checker(["alice": "secret"])
        #expect(try await checker.isRight(Array("secret".utf8), of: "alice"))
        let version = checker.version(of: "alice")
        let new = try #require(Bcrypt.hash(Array("another".utf8), cost: 4))
        checker.replace(with: try PasswordFile(parsing: Array("alice:\(new)".utf8)))
        #expect(try await !checker.isRight(Array("secret".utf8), of: "alice"))
        #expect(try await checker.isRight(Array("another".utf8), of: "alice"))
        #expect(checker.version(of: "alice") != version && checker.version(of: "bob") == nil)
    }

    @Test func `with a NUL or beyond what bcrypt reads are never right`() async throws {
        let long = String(repeating: "a", count: 72)
        #expect(Bcrypt.hash(Array((long + "b").utf8), cost: 4) == nil)
        #expect(Bcrypt.hash([1, 0, 2], cost: 4) == nil && Bcrypt.hash([], cost: 4) == nil)
        let checker = try checker(["alice": long])
        #expect(try await checker.isRight(Array(long.utf8), of: "alice"))
        #expect(try await !checker.isRight(Array((long + "b").utf8), of: "alice"))
        #expect(try await !checker.isRight(Array(long.utf8) + [0], of: "alice"))
    }

    @Test func `that wait are bounded in number`() async throws {
        let hash = try #require(Bcrypt.hash(Array("secret".utf8), cost: 8))
        let checker = PasswordChecker(
            try PasswordFile(parsing: Array("alice:\(hash)".utf8)), lanes: Lanes(count: 1))
        let busy = await withTaskGroup(of: Bool.self) { group in
            for number in 0..<PasswordChecker.mostWaiting * 3 {
                group.addTask {
                    do throws(PasswordChecker.Busy) {
                        _ = try await checker.isRight(Array("\(number)".utf8), of: "nobody")
                        return false
                    } catch { return true }
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(busy > 0 && busy < PasswordChecker.mostWaiting * 3)
        #expect(try await checker.isRight(Array("secret".utf8), of: "alice"), "it goes on afterwards")
    }
}

@Suite struct `Whoever guesses` {
    private let start = Instant(nanoseconds: 1_000_000_000_000)

    @Test func `waits longer each time, up to a minute`() {
        let brake = FailureBrake(freeFailures: 5)
        var now = start
        for _ in 0..<5 {
            #expect(brake.wait(of: "a", at: now) == nil)
            brake.failed("a", at: now)
        }
        #expect(brake.wait(of: "a", at: now) == nil)
        for expected in [1, 2, 4, 8, 16, 32, 60, 60] {
            brake.failed("a", at: now)
            #expect(brake.wait(of: "a", at: now) == .seconds(expected))
            now = now.advanced(by: .seconds(expected))
            #expect(brake.wait(of: "a", at: now) == nil)
        }
    }

    @Test func `begins anew after a right password, or after a minute of peace`() {
        let brake = FailureBrake(freeFailures: 1)
        for _ in 0..<3 { brake.failed("a", at: start) }
        #expect(brake.wait(of: "a", at: start) != nil && brake.wait(of: "b", at: start) == nil)
        brake.succeeded("a")
        #expect(brake.wait(of: "a", at: start) == nil)
        for _ in 0..<3 { brake.failed("a", at: start) }
        let later = start.advanced(by: .seconds(200))
        brake.failed("a", at: later)
        #expect(brake.wait(of: "a", at: later) == nil)
    }

    @Test func `from many addresses takes no more memory than the limit`() {
        let brake = FailureBrake(freeFailures: 0)
        for number in 0..<70_000 { brake.failed("\(number)", at: start) }
        #expect(brake.wait(of: "69999", at: start) == .seconds(1))
    }
}

@Suite struct `A name in several spellings of Unicode` {
    @Test func `is one name in a file, and logs in only as it stands there`() throws {
        let hash = try #require(Bcrypt.hash(Array("secret".utf8), cost: 4))
        let file = try PasswordFile(parsing: Array("Kat\u{E9}:\(hash)\n".utf8))
        #expect(file.hash(of: "Kat\u{E9}") != nil)
        #expect(file.hash(of: "Kate\u{301}") == nil && file.hash(of: "\u{212A}at\u{E9}") == nil)
        #expect(throws: PasswordFile.Errors.self) {
            try PasswordFile(parsing: Array("Kat\u{E9}:\(hash)\nKate\u{301}:\(hash)\n".utf8))
        }
    }

    @Test func `is not somebody else in a rule`() {
        let (one, other) = (Principal(.workload, "ci:caf\u{E9}"), Principal(.workload, "ci:cafe\u{301}"))
        #expect(
            one != other && Grantee.principal(one).includes(Caller(one))
                && !Grantee.principal(one).includes(Caller(other)))
        let group = Grantee.group("ci:caf\u{E9}")
        #expect(
            group.includes(Caller(one, groups: ["ci:caf\u{E9}"]))
                && !group.includes(Caller(one, groups: ["ci:cafe\u{301}"])))
    }
}
