import Testing

@testable import LinuxIO

@Suite struct `A point in time` {
    @Test(
        arguments: [
            (0, .seconds(1), 1_000_000_000), (5, .nanoseconds(7), 12), (5, .zero, 5),
            (10_000_000_000, .milliseconds(-1), 9_999_000_000), (0, .seconds(-3), -3_000_000_000),
        ] as [(Int64, Duration, Int64)])
    func `moves by a duration`(_ start: Int64, _ duration: Duration, _ end: Int64) {
        #expect(Instant(nanoseconds: start).advanced(by: duration) == Instant(nanoseconds: end))
    }

    @Test(
        arguments: [
            (1, .seconds(Int64.max)), (1, .seconds(9_223_372_037)), (.max, .nanoseconds(1)), (.max, .seconds(1)),
            (.max - 1_000_000_000, .milliseconds(1001)), (.max, .zero), (.max - 5, .nanoseconds(6)),
        ] as [(Int64, Duration)])
    func `stops at the distant future`(_ start: Int64, _ duration: Duration) {
        #expect(Instant(nanoseconds: start).advanced(by: duration) == .distantFuture)
    }

    @Test(
        arguments: [
            (0, .seconds(Int64.min)), (.min, .nanoseconds(-1)), (.min + 5, .seconds(-1)),
            (-2, .seconds(-9_223_372_037)),
        ] as [(Int64, Duration)])
    func `stops at the distant past`(_ start: Int64, _ duration: Duration) {
        #expect(Instant(nanoseconds: start).advanced(by: duration) == Instant(nanoseconds: .min))
    }

    @Test func `never runs backwards`() {
        var last = Instant.now
        for _ in 0..<10_000 {
            let next = Instant.now
            #expect(last <= next)
            last = next
        }
        #expect(last < .distantFuture)
    }

    @Test func `on the wall clock is what it is told to be`() {
        #expect(WallClock { 12 }.milliseconds == 12)
        #expect(WallClock.system.milliseconds > 1_700_000_000_000)
    }
}

@Suite struct `A heap of deadlines` {
    func entry(_ nanoseconds: Int64, _ slot: Int = 0) -> DeadlineHeap.Entry {
        .init(instant: Instant(nanoseconds: nanoseconds), key: SourceKey(slot: UInt32(slot), generation: 1))
    }

    @Test func `is empty at first`() {
        var heap = DeadlineHeap()
        #expect(heap.count == 0)
        #expect(heap.nearest == nil)
        #expect(heap.removeNearest(ifNotAfter: .distantFuture) == nil)
    }

    @Test func `gives nothing before its time`() {
        var heap = DeadlineHeap()
        heap.insert(entry(10))
        #expect(heap.removeNearest(ifNotAfter: Instant(nanoseconds: 9)) == nil)
        #expect(heap.count == 1)
        #expect(heap.removeNearest(ifNotAfter: Instant(nanoseconds: 10))?.instant.nanoseconds == 10)
        #expect(heap.count == 0)
    }

    @Test(arguments: 0..<50)
    func `agrees with a sorted list, whatever is put in and taken out`(_ round: Int) {
        var heap = DeadlineHeap()
        var list: [(instant: Int64, slot: UInt32)] = []
        // Few different instants in some rounds, so that equal ones meet.
        let span = Int64(round % 3 == 0 ? 5 : 1_000_000)
        for step in 0..<400 {
            if Int.random(in: 0..<5) < 3 {
                let instant = Int64.random(in: 0..<span)
                heap.insert(entry(instant, step))
                list.append((instant, UInt32(step)))
            } else {
                let now = Int64.random(in: 0..<span)
                let taken = heap.removeNearest(ifNotAfter: Instant(nanoseconds: now))
                let nearest = list.map(\.instant).min().flatMap { $0 <= now ? $0 : nil }
                #expect(taken?.instant.nanoseconds == nearest)
                if let taken { list.removeAll { $0.slot == taken.key.slot } }
            }
            #expect(heap.count == list.count)
            #expect(heap.nearest?.nanoseconds == list.map(\.instant).min())
        }
        var rest: [Int64] = []
        while let taken = heap.removeNearest(ifNotAfter: .distantFuture) { rest.append(taken.instant.nanoseconds) }
        #expect(rest == list.map(\.instant).sorted())
    }
}

@Suite struct `The key of a source` {
    @Test(arguments: [(0, 0), (1, 0), (0, 1), (.max, 7), (7, .max), (.max, .max)] as [(UInt32, UInt32)])
    func `survives the kernel`(_ slot: UInt32, _ generation: UInt32) {
        let key = SourceKey(slot: slot, generation: generation)
        #expect(SourceKey(packed: key.packed) == key)
    }

    @Test func `tells two generations of a slot apart`() {
        #expect(SourceKey(slot: 3, generation: 1).packed != SourceKey(slot: 3, generation: 2).packed)
        #expect(SourceKey(packed: .max) == .wakeUp)
    }
}
