import Glibc
import RegistryTesting

/// System calls of a number of requests, as strace saw them.
struct SystemCalls: Sendable {
    /// How often each thread made each call.
    private var counts: [Substring: [Substring: Int]] = [:]
    private let requests: Int

    /// Reads lines such as "2483  recvfrom(22, …"; the end of a call that was interrupted in the log has no name in front.
    init(parsing lines: [Substring], requests: Int) {
        self.requests = requests
        for line in lines {
            let thread = line.prefix { $0.isNumber }
            let call = line[thread.endIndex...].drop { $0 == " " }
            let name = call.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
            guard !thread.isEmpty, !name.isEmpty, call[name.endIndex...].hasPrefix("(") else { continue }
            counts[thread, default: [:]][name, default: 0] += 1
        }
    }

    /// All that the loop makes for one request.
    var onLoop: Double { each(loop.values.reduce(0, +)) }

    /// One of the calls, on whatever thread.
    func named(_ name: Substring) -> Double { each(counts.values.reduce(0) { $0 + ($1[name] ?? 0) }) }

    /// What goes from the loop to other threads and comes back, for one request. It wakes another thread with a futex, is
    /// woken with the eventfd that it reads, and a lock that it has to wait for is a futex, too. What other threads do
    /// begins with one of these.
    var hops: Double { each(["futex", "read", "write"].reduce(0) { $0 + (loop[$1] ?? 0) }) }

    /// How often each of the loop's calls was made, for a message.
    var description: String {
        loop.sorted { $0.key < $1.key }.map { "\($0) \(each($1))" }.joined(separator: ", ")
    }

    /// Only the loop receives.
    private var loop: [Substring: Int] {
        counts.values.max { ($0["recvfrom"] ?? 0) < ($1["recvfrom"] ?? 0) } ?? [:]
    }

    /// To a tenth: what a timer does once or twice meanwhile is not one request's.
    private func each(_ count: Int) -> Double { (Double(count) * 10 / Double(requests)).rounded() / 10 }
}

/// Counts system calls.
enum Strace {
    /// What each kind of request takes. Measured once for all tests.
    static let calls = Task { try await measure() }

    /// Where the calls for a kind of request are kept.
    static func file(of asking: Asking) -> String { "\(ReleaseBuild.results)/\(asking).strace" }

    private static func measure() async throws -> [Asking: SystemCalls] {
        let log = "\(ReleaseBuild.results)/strace.log"
        // -D: the server is the child that this test knows, and strace a grandchild.
        let measured = try await MeasuredServer(under: "strace -D -f -o '\(log)'")
        var calls: [Asking: SystemCalls] = [:]
        for asking in Asking.requests {
            let count = Asking.onLoop.contains(asking) ? 200 : asking == .largeBlob ? 20 : 50
            try measured.ask(asking, times: count)
            let before = TextFile(log).bytes.count
            try measured.ask(asking, times: count)
            let text = TextFile(log, from: before)
            calls[asking] = SystemCalls(parsing: text.lines, requests: count)
            text.write(to: file(of: asking))
        }
        await measured.stop()
        return calls
    }
}
