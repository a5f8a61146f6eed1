import BenchmarkLoad
import Testing

@Suite(.timeLimit(.minutes(20)), .enabled(if: Tools.callgrind, Tools.missing))
struct `A request under callgrind` {
    @Test(arguments: Budget.instructions)
    func `takes no more instructions than its budget`(_ budget: Budget) async throws {
        let cost = try #require(try await Callgrind.costs.value[budget.asking])
        budget.expect(cost.instructions, "instructions", closer: budget.callgrind)
    }

    @Test(arguments: Budget.allocations)
    func `takes no more allocations than its budget`(_ budget: Budget) async throws {
        let cost = try #require(try await Callgrind.costs.value[budget.asking])
        budget.expect(cost.allocations, "allocations", closer: budget.callgrind)
    }
}

@Suite(.timeLimit(.minutes(20)), .enabled(if: Tools.strace, Tools.missing))
struct `A request under strace` {
    @Test(arguments: Budget.systemCalls)
    func `makes no more system calls than its budget`(_ budget: Budget) async throws {
        let calls = try #require(try await Strace.calls.value[budget.asking])
        budget.expect(calls.onLoop, "system calls (\(calls.description))", closer: budget.strace)
    }

    @Test(arguments: Budget.hops)
    func `goes to other threads and back no oftener than its budget`(_ budget: Budget) async throws {
        let calls = try #require(try await Strace.calls.value[budget.asking])
        budget.expect(calls.hops, "wakes of threads (\(calls.description))", closer: budget.strace)
    }

    @Test func `for a large blob calls sendfile no oftener than its budget`() async throws {
        let calls = try #require(try await Strace.calls.value[Budget.sendfile.asking])
        Budget.sendfile.expect(calls.named("sendfile"), "calls of sendfile", closer: Budget.sendfile.strace)
    }

    @Test func `for a small push flushes no oftener than its budget`() async throws {
        let calls = try #require(try await Strace.calls.value[Budget.flushes.asking])
        Budget.flushes.expect(calls.named("fdatasync"), "flushes", closer: Budget.flushes.strace)
    }
}

/// What has to be there for a suite to run.
private enum Tools {
    static let callgrind = ReleaseBuild.has(["waybill", "ParserBenchmark"], ["valgrind", "vgdb"])
    static let strace = ReleaseBuild.has(["waybill"], ["strace"])
    static let missing: Comment = "this needs a release build, valgrind and strace: make test-budgets sees to them"
}

extension Budget {
    fileprivate var callgrind: String {
        "callgrind_annotate '\(Callgrind.file(of: asking))', with names after make test-budgets SYMBOLS=-S"
    }

    fileprivate var strace: String { "'\(Strace.file(of: asking))'" }

    fileprivate func expect(_ measured: Double, _ unit: String, closer: String) {
        let figure = "\(asking.rawValue): \(measured.text(places: 1)) \(unit), budget \(limit.text(places: 0))"
        announce(figure)
        #expect(
            measured <= limit,
            "\(figure). Look closer: \(closer). If it is worth that, change Tests/BudgetTests/Budgets.swift")
    }
}
