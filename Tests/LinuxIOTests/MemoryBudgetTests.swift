import LinuxIO
import Testing

@Suite struct `A budget of memory` {
    private let budget = MemoryBudget(limit: 100)

    /// Whether so much is granted; it is given back at once.
    private func grants(_ bytes: Int) -> Bool {
        switch budget.grant(bytes) {
        case .none: false
        case .some: true
        }
    }

    @Test func `grants what it has, and no more`() {
        #expect(grants(100) && !grants(101) && !grants(.max))
        var grant = budget.grant(60)
        let grows = [grant?.grow(by: 41), grant?.grow(by: 40), grant?.grow(by: 1)]
        #expect(grows == [false, true, false])
        #expect(budget.used == 100 && !grants(1))
        grant = nil
        #expect(budget.used == 0 && grants(100))
    }

    @Test func `is the same for many threads`() async {
        let budget = budget
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<1000 {
                        var grant = budget.grant(10)
                        _ = grant?.grow(by: 20)
                    }
                }
            }
        }
        #expect(budget.used == 0 && grants(100))
    }
}
