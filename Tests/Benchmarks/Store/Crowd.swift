import BenchmarkLoad
import Synchronization

/// Many who work at the same time, each on the next number that nobody has taken, as clients would who send at the same time.
package enum Crowd {
    /// As many as fit into two commits, one that is flushed and one that runs.
    private static let size = 512

    /// What the work came to.
    package struct Outcome: Sendable {
        package let time: Duration
        /// Numbers a second in the slowest ten seconds.
        package let slowest: Double
    }

    /// Does `body` for each number, and says every ten seconds how far it is; takes no more numbers after `deadline`.
    package static func run(
        _ numbers: Range<Int>, of what: String, deadline: Duration = .seconds(3600),
        _ body: @escaping @Sendable (Int) async throws -> Void
    ) async throws -> Outcome {
        let counter = Counter(numbers)
        let clock = ContinuousClock()
        let begin = clock.now
        let slowest = try await withThrowingTaskGroup(of: Double?.self) { group in
            for _ in 0..<size {
                group.addTask {
                    while let number = counter.take(), begin.duration(to: clock.now) < deadline {
                        try await body(number)
                        counter.finish()
                    }
                    return nil
                }
            }
            group.addTask { try await watch(counter, of: what) }
            for try await _ in group.prefix(size) {}
            counter.stop()
            return try await group.next() ?? nil
        }
        return Outcome(time: begin.duration(to: clock.now), slowest: slowest ?? 0)
    }

    /// Gives the least that was done in a second of ten.
    private static func watch(_ counter: Counter, of what: String) async throws -> Double? {
        let clock = ContinuousClock()
        var slowest: Double?
        while !counter.isOver {
            let (before, begin) = (counter.finished, clock.now)
            while !counter.isOver, begin.duration(to: clock.now) < .seconds(10) {
                try await Task.sleep(for: .milliseconds(50))
            }
            let time = begin.duration(to: clock.now)
            let rate = Double(counter.finished - before) / time.seconds
            if time > .seconds(9) || slowest == nil { slowest = min(rate, slowest ?? rate) }
            announce("  \(counter.finished) of \(counter.end) \(what), \(Int(rate)) a second")
        }
        return slowest
    }
}

/// Numbers that several tasks take in turn.
private final class Counter: Sendable {
    let end: Int
    private let next: Atomic<Int>
    private let done: Atomic<Int>
    private let over = Atomic(false)

    init(_ numbers: Range<Int>) {
        end = numbers.upperBound
        next = Atomic(numbers.lowerBound)
        done = Atomic(numbers.lowerBound)
    }

    func take() -> Int? {
        let number = next.wrappingAdd(1, ordering: .relaxed).oldValue
        return number < end ? number : nil
    }

    func finish() { done.wrappingAdd(1, ordering: .relaxed) }

    func stop() { over.store(true, ordering: .relaxed) }

    var finished: Int { done.load(ordering: .relaxed) }

    var isOver: Bool { over.load(ordering: .relaxed) }
}
