import RegistryCore
import Testing

@Suite struct `A watch over the clock` {
    private let hour: Int64 = 3_600_000
    private var watch = ClockWatch(promise: 24 * 3_600_000, wall: 1_000_000_000, steady: 5)

    /// What is said after a time, by a clock that was set by `jump` before.
    private mutating func look(at hours: Int64, set jump: Int64 = 0) -> ClockWatch.Verdict {
        watch.look(wall: 1_000_000_000 + hours * hour + jump, steady: 5 + hours * hour)
    }

    @Test mutating func `is content with one that goes as it should, or is put right a little`() {
        for hours in 1...100 { #expect(look(at: Int64(hours), set: Int64(hours) * 1000) == .steady) }
    }

    @Test mutating func `holds what was promised when it jumps ahead, for as long as that was for`() {
        #expect(look(at: 1) == .steady)
        #expect(look(at: 2, set: 48 * hour) == .wasSet(by: 48 * hour))
        for hours in 3..<26 { #expect(look(at: Int64(hours), set: 48 * hour) == .held) }
        #expect(look(at: 26, set: 48 * hour) == .steady)
    }

    @Test mutating func `begins anew with each jump`() {
        #expect(look(at: 1, set: hour) == .wasSet(by: hour))
        #expect(look(at: 20, set: 3 * hour) == .wasSet(by: 2 * hour))
        #expect(look(at: 43, set: 3 * hour) == .held)
        #expect(look(at: 44, set: 3 * hour) == .steady)
    }

    @Test mutating func `says that it was set back, which lets every promise last longer`() {
        #expect(look(at: 1, set: -48 * hour) == .wasSet(by: -48 * hour))
        #expect(look(at: 2, set: -48 * hour) == .steady)
    }

    @Test mutating func `does not hold for long what was set ahead and back`() {
        #expect(look(at: 1, set: 1000 * hour) == .wasSet(by: 1000 * hour))
        #expect(look(at: 2) == .wasSet(by: -1000 * hour))
        #expect(look(at: 24) == .held)
        #expect(look(at: 25) == .steady)
    }
}
