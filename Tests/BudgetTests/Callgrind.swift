import Glibc
import RegistryTesting

/// What callgrind has counted.
struct Profile {
    private(set) var instructions = 0
    /// Calls of malloc and its relatives. Everything that is allocated is allocated by these.
    private(set) var allocations = 0

    static let allocators: Set<Substring> = ["malloc", "calloc", "realloc", "posix_memalign", "aligned_alloc"]

    init() {}

    /// Reads a file in callgrind's format: "totals: 123", and "calls=5 …" below "cfn=(7) malloc", whose name stands there
    /// the first time only.
    init(parsing lines: [Substring]) {
        var allocators: Set<Substring> = []
        var callsAllocator = false
        for line in lines {
            if line.hasPrefix("fn=(") || line.hasPrefix("cfn=(") {
                let parts = line.split(separator: "=", maxSplits: 1)[1].split(separator: " ", maxSplits: 1)
                if parts.count == 2, Self.allocators.contains(parts[1]) { allocators.insert(parts[0]) }
                if line.hasPrefix("c") { callsAllocator = allocators.contains(parts[0]) }
            } else if callsAllocator, line.hasPrefix("calls=") {
                allocations += Int(line.dropFirst(6).prefix { $0 != " " }) ?? 0
            } else if line.hasPrefix("totals: ") {
                instructions = Int(line.dropFirst(8)) ?? 0
            }
        }
    }

    /// What one of `count` took that were done more than in the other profile.
    func cost(of count: Int, beyond other: Profile = Profile()) -> Cost {
        Cost(
            instructions: Double(instructions - other.instructions) / Double(count),
            allocations: Double(allocations - other.allocations) / Double(count))
    }
}

/// What one of something takes.
struct Cost: Sendable {
    let instructions: Double
    let allocations: Double
}

/// valgrind's counter of instructions and calls.
enum Callgrind {
    /// Requests that are counted of each kind.
    private static let requests = 100
    /// Requests before that, which fill caches and make the threads.
    private static let warmUp = 300

    /// What a head takes in the parser, and what the requests take that are answered on the loop alone. Measured once for
    /// all tests.
    static let costs = Task {
        var costs = try await measureRequests()
        costs[.head] = try await measureParser()
        return costs
    }

    /// Where the counts for a kind of request are kept.
    static func file(of asking: Asking) -> String { "\(ReleaseBuild.results)/\(asking).callgrind" }

    private static let out = "\(ReleaseBuild.results)/callgrind.out"

    private static func measureRequests() async throws -> [Asking: Cost] {
        for file in dumps() { unlink(file) }  // of a run that was broken off
        let measured = try await MeasuredServer(
            under: """
                valgrind --tool=callgrind --instr-atstart=no --separate-threads=yes \
                --callgrind-out-file='\(out)' --log-file='\(out).log'
                """)
        for asking in Asking.onLoop { try measured.ask(asking, times: warmUp) }
        try await tell(measured, "instrumentation", "on")
        for asking in Asking.onLoop { try measured.ask(asking, times: 10) }
        var costs: [Asking: Cost] = [:]
        for asking in Asking.onLoop {
            try await tell(measured, "zero")
            try measured.ask(asking, times: requests)
            try await tell(measured, "dump")
            costs[asking] = takeProfile(for: asking).cost(of: requests)
        }
        await measured.stop()
        return costs
    }

    private static func tell(_ measured: MeasuredServer, _ command: String...) async throws {
        let result = try await Program.run(
            Program.find("vgdb") ?? "vgdb", ["--pid=\(measured.process)"] + command)
        guard result.status == 0 else { throw CannotMeasure(reason: result.text) }
    }

    /// Of the threads, which have a file each, the loop's is the one that did most: the others have their timers only.
    private static func takeProfile(for asking: Asking) -> Profile {
        var busiest = Profile()
        for file in dumps() {
            let profile = Profile(parsing: TextFile(file).lines)
            if profile.instructions > busiest.instructions {
                busiest = profile
                rename(file, self.file(of: asking))
            } else {
                unlink(file)
            }
        }
        return busiest
    }

    private static func dumps() -> [String] {
        var found = glob_t()
        defer { globfree(&found) }
        guard glob("\(out).*-*", 0, nil, &found) == 0 else { return [] }
        return (0..<Int(found.gl_pathc)).compactMap { found.gl_pathv[$0].map { String(cString: $0) } }
    }

    /// Twice, so that what the start of the process takes is no part of it.
    private static func measureParser() async throws -> Cost {
        let few = try await parse(times: 1_000)
        return try await parse(times: 3_000).cost(of: 2_000, beyond: few)
    }

    private static func parse(times count: Int) async throws -> Profile {
        let result = try await Program.run(
            Program.find("valgrind") ?? "valgrind",
            [
                "--tool=callgrind", "--callgrind-out-file=\(file(of: .head))", ReleaseBuild.path("ParserBenchmark"),
                "\(count)",
            ], environment: ["SWIFT_DETERMINISTIC_HASHING": "1"])
        guard result.status == 0 else { throw CannotMeasure(reason: result.text) }
        return Profile(parsing: TextFile(file(of: .head)).lines)
    }
}

/// An instrument did not do what it was told.
struct CannotMeasure: Error {
    let reason: String
}
