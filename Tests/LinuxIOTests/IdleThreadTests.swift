import Glibc
import LinuxIO
import Testing

@Suite("A thread for what nobody waits for")
struct IdleThreadTests {
    /// `SCHED_IDLE` and `SCHED_OTHER` of sched(7), which the Glibc module does not show.
    private let (idle, other): (CInt, CInt) = (5, 0)

    @Test("runs in the class that gets only what nobody else wants, and leaves its caller alone")
    func runsInIdleClass() async throws {
        let inside = try await IdleThread.run { sched_getscheduler(0) }
        #expect(inside == idle)
        #expect(sched_getscheduler(0) == other)
    }

    @Test("gives back what the work throws")
    func givesErrorsBack() async {
        struct Broken: Error {}
        await #expect(throws: Broken.self) { try await IdleThread.run { throw Broken() } }
    }
}
