import BenchmarkLoad
import Glibc

/// Memory of the machine that nobody uses.
///
/// A host may give a virtual machine a page only when it is first written to, which took forty times as long as writing to it
/// again. Whoever is measured first would pay for that: a push of 32 MiB took 104 ms of processor time instead of 40.
struct FreeMemory: Sendable {
    /// GiB that were written to.
    let touched: Double
    /// MiB a second of the first write, and of another.
    let first: Double
    let again: Double

    /// Writes to most of the free memory once, or to as much as `most` bytes, and gives it back.
    init(touching most: Int) throws {
        let free = SystemFile("/proc/meminfo").value(of: "MemAvailable").flatMap { Int($0.filter(\.isNumber)) } ?? 0
        let count = max(1 << 28, min(most, (free << 10) / 10 * 7))
        guard let memory = mmap(nil, count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            memory != MAP_FAILED
        else { throw NoMemory() }
        defer { munmap(memory, count) }
        touched = Double(count) / Double(1 << 30)
        first = Self.rate(of: count) { memset(memory, 1, count) }
        let part = 1 << 28
        again = Self.rate(of: part) { memset(memory, 2, part) }
    }

    private static func rate(of count: Int, _ body: () -> Void) -> Double {
        let clock = ContinuousClock()
        let begin = clock.now
        body()
        return Double(count >> 20) / begin.duration(to: clock.now).seconds
    }

    /// The machine gave none.
    struct NoMemory: Error {}
}
