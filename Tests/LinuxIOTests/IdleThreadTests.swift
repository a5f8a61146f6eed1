import Glibc
import LinuxIO
import Testing

@Suite struct `A thread for what nobody waits for` {
    /// `SCHED_IDLE` of sched(7), which the Glibc module does not show.
    private static let idle: CInt = 5

    @Test func `gets only what nobody else wants, and leaves its caller alone`() async throws {
        let inside = try await IdleThread.run { _ in sched_getscheduler(0) }
        #expect(inside == Self.idle)
        #expect(sched_getscheduler(0) == SCHED_OTHER)
    }

    @Test func `gives back what the work throws`() async {
        struct Broken: Error {}
        await #expect(throws: Broken.self) { try await IdleThread.run { _ in throw Broken() } }
    }

    @Test func `tells the work that its caller was cancelled`() async throws {
        let waiting = Task {
            try await IdleThread.run { isCancelled in
                while !isCancelled() { usleep(1000) }
                return true
            }
        }
        waiting.cancel()
        #expect(try await waiting.value)
    }
}
