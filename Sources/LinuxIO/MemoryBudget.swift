import Synchronization

/// How much memory clients may make the program hold for them, all together.
///
/// What a connection itself takes is bounded by the number of connections; this is for what can be large: bodies that are received
/// into memory, and answers that wait in memory for somebody to take them.
package final class MemoryBudget: Sendable {
    /// Bytes in all.
    package let limit: Int
    private let granted = Atomic<Int>(0)

    /// A budget of so many bytes.
    package init(limit: Int = .max) {
        self.limit = limit
    }

    /// Bytes that are granted now.
    package var used: Int { granted.load(ordering: .relaxed) }

    /// Grants `bytes` more; nil when they would be more than the limit.
    package func grant(_ bytes: Int) -> MemoryGrant? {
        take(bytes) ? MemoryGrant(of: self, bytes: bytes) : nil
    }

    fileprivate func take(_ bytes: Int) -> Bool {
        let (before, after) = granted.wrappingAdd(bytes, ordering: .relaxed)
        if after >= before, after <= limit { return true }
        granted.wrappingSubtract(bytes, ordering: .relaxed)
        return false
    }

    fileprivate func giveBack(_ bytes: Int) {
        granted.wrappingSubtract(bytes, ordering: .relaxed)
    }
}

/// A part of a budget, given back when this ends.
package struct MemoryGrant: ~Copyable {
    private let budget: MemoryBudget
    private var bytes: Int

    fileprivate init(of budget: MemoryBudget, bytes: Int) {
        self.budget = budget
        self.bytes = bytes
    }

    /// Makes it larger; false, and nothing has changed, when the budget has not as much left.
    package mutating func grow(by more: Int) -> Bool {
        guard budget.take(more) else { return false }
        bytes += more
        return true
    }

    deinit { budget.giveBack(bytes) }
}
