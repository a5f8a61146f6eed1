import CLinux
import Dispatch
import Glibc
import Synchronization

/// One core's worth of connections: a serial queue whose one long item waits on `epoll`, and which runs the tasks of its
/// connections between two waits.
///
/// Everything that belongs to a loop (its sources, its scratch memory) is touched only by tasks that run on it. A loop
/// never blocks: files, durable commits and other slow work go to `Lanes`.
///
/// `@unchecked Sendable`: the inbox is behind a lock, `thread` is atomic, and the rest is read and written only on the
/// loop's own thread, which `preconditionOnLoop` checks.
package final class EventLoop: TaskExecutor, @unchecked Sendable {
    private struct Inbox {
        var jobs: [UnownedJob] = []
        var isWoken = false
        var isStopping = false
    }

    private let queue: DispatchQueue
    private let poll: FileDescriptor
    private let wakeUp: FileDescriptor
    private let inbox = Mutex(Inbox())
    private let thread = Atomic<UInt>(0)

    /// How often jobs that other jobs made ready run before the loop looks for events again: enough for a request that is answered
    /// from memory to go its whole way from the event to the next wait.
    private static let roundsInTurn = 4

    private var ready: [UnownedJob] = []
    private var round: [UnownedJob] = []
    private var waitingForTurn: [UnsafeContinuation<Void, Never>] = []
    private var sources: [EventSource?] = []
    private var generations: [UInt32] = []
    private var freeSlots: [Int] = []
    private var deadlines = DeadlineHeap()

    /// The time when this turn of the loop began: good to a few milliseconds, and free.
    package private(set) var now = Instant.now

    /// Memory for one receive or one small send; used between two suspensions only, so all connections share it.
    package let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 * 1024, alignment: 64)

    /// Makes a loop; `start` sets it going.
    package init(label: String) throws(SystemError) {
        queue = DispatchQueue(label: label)
        poll = FileDescriptor(owning: try systemCall("epoll_create") { clinux_epoll_create() })
        wakeUp = FileDescriptor(
            owning: try systemCall("eventfd") { clinux_eventfd() })
        let (waiter, waker) = (poll.number, wakeUp.number)
        _ = try systemCall("epoll_ctl") {
            clinux_epoll_add(waiter, waker, clinux_epoll_in | clinux_epoll_et, SourceKey.wakeUp.packed)
        }
    }

    deinit { scratch.deallocate() }

    /// Begins to run jobs and to watch sources, on a thread of its own.
    package func start() {
        queue.async { self.run() }
    }

    /// Ends the loop once its jobs have run. Nothing may be enqueued afterwards.
    package func stop() {
        inbox.withLock { $0.isStopping = true }
        wake()
    }

    /// Whether the caller runs on this loop.
    package var isCurrent: Bool { thread.load(ordering: .relaxed) == UInt(pthread_self()) }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        guard !isCurrent else { return ready.append(job) }
        let mustWake = inbox.withLock { inbox in
            inbox.jobs.append(job)
            defer { inbox.isWoken = true }
            return !inbox.isWoken
        }
        if mustWake { wake() }
    }

    private func wake() {
        var one: UInt64 = 1
        // A full counter means that the loop is already due to wake.
        _ = Glibc.write(wakeUp.number, &one, 8)
    }

    /// Suspends the task until the loop has looked at all its sources once more, for a task that always has something to do.
    package func turn() async {
        preconditionOnLoop()
        await withUnsafeContinuation { waitingForTurn.append($0) }
    }

    // MARK: - The loop itself

    private func run() {
        thread.store(UInt(pthread_self()), ordering: .relaxed)
        let capacity = 256
        let events = UnsafeMutablePointer<clinux_event>.allocate(capacity: capacity)
        defer { events.deallocate() }
        while runJobs() {
            let count = clinux_epoll_wait(poll.number, events, CInt(capacity), millisecondsToWait())
            now = Instant.now
            guard count >= 0 else {
                precondition(errno == EINTR, "epoll_wait failed: \(SystemError.last("epoll_wait"))")
                continue
            }
            // Deadlines first: a task that an event has just woken has not run yet, and would look like one that does
            // something else while its deadline passes.
            expireDeadlines()
            for index in 0..<Int(count) { deliver(events[index]) }
            endTurn()
        }
        // The thread goes back to Dispatch and will be other queues' thread.
        thread.store(0, ordering: .relaxed)
    }

    /// Runs what is ready and what that makes ready, for some rounds; says whether the loop goes on.
    private func runJobs() -> Bool {
        for _ in 0..<Self.roundsInTurn {
            guard !ready.isEmpty else { break }
            swap(&round, &ready)
            for job in round { job.runSynchronously(on: asUnownedTaskExecutor()) }
            round.removeAll(keepingCapacity: round.capacity <= 1024)
        }
        guard ready.isEmpty, waitingForTurn.isEmpty else { return true }
        return !inbox.withLock { $0.isStopping && $0.jobs.isEmpty }
    }

    /// Those that have waited for it go on, behind the tasks that an event has woken.
    private func endTurn() {
        guard !waitingForTurn.isEmpty else { return }
        let continuations = waitingForTurn
        waitingForTurn = []
        for continuation in continuations { continuation.resume() }
    }

    private func millisecondsToWait() -> CInt {
        guard ready.isEmpty, waitingForTurn.isEmpty else { return 0 }
        guard let nearest = deadlines.nearest else { return -1 }
        let nanoseconds = nearest.nanoseconds - Instant.now.nanoseconds
        return CInt(clamping: max(0, (nanoseconds + 999_999) / 1_000_000))
    }

    private func deliver(_ event: clinux_event) {
        let key = SourceKey(packed: event.key)
        guard key != .wakeUp else { return takeInbox() }
        // A descriptor that was closed in this same turn has another generation by now.
        guard let source = source(at: key) else { return }
        source.receive(events: event.events)
    }

    private func takeInbox() {
        var count: UInt64 = 0
        _ = Glibc.read(wakeUp.number, &count, 8)
        inbox.withLock { inbox in
            inbox.isWoken = false
            ready.append(contentsOf: inbox.jobs)
            inbox.jobs.removeAll(keepingCapacity: inbox.jobs.capacity <= 1024)
        }
    }

    private func expireDeadlines() {
        while let entry = deadlines.removeNearest(ifNotAfter: now) {
            // Of the entries of one source only the nearest counts; it was put in when the deadline came nearer than the
            // others, and whoever takes it out schedules anew. Without this each of the others would live on for ever.
            guard let source = source(at: entry.key), source.scheduled == entry.instant else { continue }
            source.scheduled = .distantFuture
            if source.deadline <= now { source.expire() } else { schedule(source) }
        }
    }

    // MARK: - Sources

    /// Watches `descriptor` until the source is closed.
    ///
    /// - Throws: when the kernel has no room for another watch (`ENOSPC`, `ENOMEM`).
    package func watch(_ descriptor: consuming FileDescriptor) throws(SystemError) -> EventSource {
        preconditionOnLoop()
        let slot = freeSlots.popLast() ?? newSlot()
        let key = SourceKey(slot: UInt32(slot), generation: generations[slot])
        let (waiter, number) = (poll.number, descriptor.number)
        do {
            _ = try systemCall("epoll_ctl") {
                clinux_epoll_add(
                    waiter, number, clinux_epoll_in | clinux_epoll_out | clinux_epoll_rdhup | clinux_epoll_et,
                    key.packed)
            }
        } catch {
            freeSlots.append(slot)
            throw error
        }
        let source = EventSource(descriptor, loop: self, key: key)
        sources[slot] = source
        return source
    }

    func forget(_ source: EventSource) {
        preconditionOnLoop()
        let slot = Int(source.key.slot)
        guard sources[slot] === source else { return }
        _ = clinux_epoll_remove(poll.number, source.number)
        sources[slot] = nil
        generations[slot] &+= 1
        freeSlots.append(slot)
    }

    /// Ends the waits of all idle sources: the server drains. On the loop only.
    package func interruptIdleSources() {
        preconditionOnLoop()
        for source in sources where source?.isIdle == true { source?.interrupt() }
    }

    /// The nearest deadline of an idle source, if it comes before `limit`. On the loop only.
    package func firstIdleDeadline(before limit: Instant) -> Instant? {
        preconditionOnLoop()
        return idleSources(before: limit).map(\.deadline).min()
    }

    /// Ends the waits of the idle sources whose deadlines come first, and before `limit`: at most so many. On the loop only.
    package func interruptIdle(before limit: Instant, atMost count: Int) {
        preconditionOnLoop()
        let longest = idleSources(before: limit).sorted { $0.deadline < $1.deadline }.prefix(count)
        for source in longest { source.interrupt() }
    }

    private func idleSources(before limit: Instant) -> [EventSource] {
        sources.compactMap(\.self).filter { $0.isIdle && $0.isWaiting && $0.deadline < limit }
    }

    /// Shuts every socket down: what is still in flight fails at once. On the loop only.
    package func shutDownAllSources() {
        preconditionOnLoop()
        for source in sources { source?.shutDown() }
    }

    /// How many deadlines the loop has to look at.
    var deadlineCount: Int { deadlines.count }

    func schedule(_ source: EventSource) {
        guard source.deadline < source.scheduled else { return }
        source.scheduled = source.deadline
        deadlines.insert(.init(instant: source.deadline, key: source.key))
    }

    private func source(at key: SourceKey) -> EventSource? {
        let slot = Int(key.slot)
        guard slot < sources.count, generations[slot] == key.generation else { return nil }
        return sources[slot]
    }

    private func newSlot() -> Int {
        sources.append(nil)
        generations.append(0)
        return sources.count - 1
    }

    func preconditionOnLoop() {
        precondition(isCurrent, "what belongs to a loop is touched on that loop only")
    }
}

/// Which source an event is for; the generation tells a reused slot from the one the event was meant for.
struct SourceKey: Hashable {
    var slot: UInt32
    var generation: UInt32

    static let wakeUp = SourceKey(slot: .max, generation: .max)

    init(slot: UInt32, generation: UInt32) {
        self.slot = slot
        self.generation = generation
    }

    init(packed: UInt64) {
        self.init(slot: UInt32(truncatingIfNeeded: packed), generation: UInt32(truncatingIfNeeded: packed >> 32))
    }

    var packed: UInt64 { UInt64(generation) << 32 | UInt64(slot) }
}
