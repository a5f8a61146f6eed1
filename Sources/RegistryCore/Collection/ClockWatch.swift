/// Notices that the wall clock was set while the process ran, so that what was promised by the clock before is kept.
///
/// A clock that jumps ahead by a day would end every lease, upload and term at once, and with them what clients count on. After a jump nothing
/// is judged by the clock for as long as the longest promise lasts; by then each has been kept in full.
package struct ClockWatch: Sendable {
    /// Clocks are adjusted by less all the time, in milliseconds.
    private static let tolerance: Int64 = 5 * 60 * 1000

    private let promise: Int64
    /// The wall clock less the steady one, when they were last looked at.
    private var difference: Int64
    private var heldUntil = Int64.min

    /// Begins to watch.
    ///
    /// - Parameters:
    ///   - promise: how long the longest promise lasts, in milliseconds.
    ///   - wall: the wall clock now, in milliseconds.
    ///   - steady: a clock now that nobody sets, in milliseconds since whenever.
    package init(promise: Int64, wall: Int64, steady: Int64) {
        self.promise = promise
        difference = wall - steady
    }

    /// What the clocks say.
    package enum Verdict: Equatable, Sendable {
        /// The wall clock can be gone by.
        case steady
        /// It was set by so many milliseconds since it was last asked about.
        case wasSet(by: Int64)
        /// It was set not long ago.
        case held
    }

    /// Compares the clocks again.
    package mutating func look(wall: Int64, steady: Int64) -> Verdict {
        let (now, before) = (wall - steady, difference)
        difference = now
        // Behind, promises only last longer.
        if now - before > Self.tolerance { heldUntil = steady + promise }
        if abs(now - before) > Self.tolerance { return .wasSet(by: now - before) }
        return steady < heldUntil ? .held : .steady
    }
}
