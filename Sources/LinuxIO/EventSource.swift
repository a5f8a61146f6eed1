import CLinux
import Glibc

/// A non-blocking descriptor that a loop watches, and the one task that may wait for it.
///
/// Edge-triggered: the kernel tells once that there is something to read or room to write, and the answer is kept until
/// a call says `EAGAIN`. So a caller always tries first and waits only after that. Confined to its loop.
package final class EventSource {
    /// What to wait for.
    package enum Direction {
        case readable, writable
        /// Neither: only the deadline or `interrupt` ends the wait.
        case nothing
    }

    /// Why a wait ended.
    package enum Outcome: Sendable {
        /// Try the call again.
        case ready
        /// The deadline came first.
        case expired
        /// Somebody called `interrupt`, for example because the server drains.
        case interrupted
    }

    private let descriptor: SharedDescriptor
    private unowned let loop: EventLoop
    let key: SourceKey

    private var mayRead = true
    /// Whether the other side sends no more, or nobody does: what is left is read up to its end.
    private var peerHasEnded = false
    private var mayWrite = true
    /// What lies between the socket and the task; nil for bytes in the clear.
    package private(set) var channel: (any SecureChannel)?
    /// What reading and writing wait for: under TLS, each may need the other.
    private var readingNeeds = Direction.readable
    private var writingNeeds = Direction.writable
    private var waiter: (direction: Direction, continuation: UnsafeContinuation<Outcome, Never>)?
    private var isClosed = false

    /// When `expire` is called, unless it is moved; for a task that waits, or for `onExpiry`.
    package private(set) var deadline = Instant.distantFuture
    var scheduled = Instant.distantFuture

    /// Whether the task waits for something that may never come (a next request), so that a drain may end the wait.
    package var isIdle = false
    /// Whether a task waits, and has not been woken.
    var isWaiting: Bool { waiter != nil }

    /// Called when the deadline passes while nobody waits: a handler that takes too long.
    package var onExpiry: (() -> Void)?

    /// Whether both directions have ended: the peer reset the connection, or somebody shut it down.
    package private(set) var isBroken = false

    /// Called when the connection breaks, also while nobody waits: there is nobody left to work for.
    package var onBreak: (() -> Void)?

    /// Whether an end of the connection must not look like an orderly one, which the peer would take for the end of the
    /// content. While this is set every end is a reset, the one that the kernel makes when the process dies included.
    package var endsWithReset = false {
        didSet {
            var option = linger(l_onoff: endsWithReset ? 1 : 0, l_linger: 0)
            setsockopt(number, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        }
    }

    init(_ descriptor: consuming FileDescriptor, loop: EventLoop, key: SourceKey) {
        self.descriptor = SharedDescriptor(descriptor)
        self.loop = loop
        self.key = key
    }

    /// The kernel's number.
    package var number: CInt { descriptor.number }

    /// A handle that keeps the descriptor open while a lane uses it.
    package var shared: SharedDescriptor { descriptor }

    // MARK: - For the task

    /// Moves the deadline; it stays until it is moved again.
    package func setDeadline(_ instant: Instant) {
        deadline = instant
        loop.schedule(self)
    }

    /// Suspends until the direction is worth another try, the deadline passes, or `interrupt` is called.
    package func wait(_ direction: Direction) async -> Outcome {
        loop.preconditionOnLoop()
        precondition(waiter == nil, "one task waits for a source at a time")
        if take(direction) { return .ready }
        return await withUnsafeContinuation { waiter = (direction, $0) }
    }

    /// From now on everything goes through the channel.
    package func secure(with channel: any SecureChannel) {
        self.channel = channel
    }

    /// Reads what is there, at most `buffer.count` bytes; nil when it would have to wait, 0 at the end of the stream.
    ///
    /// A stream that gave less than there was room for has no more, and tells when more comes (epoll(7)), except of an end that it has
    /// told of already: until then no call is made.
    package func receive(into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> Int? {
        if let channel { return note(try channel.receive(into: buffer), waiting: &readingNeeds) }
        guard mayRead else { return nil }
        let number = number
        let count = try nonBlockingCall("recv") { recv(number, buffer.baseAddress, buffer.count, 0) }
        if (count ?? 0) < buffer.count { mayRead = peerHasEnded && count != nil }
        return count
    }

    /// Sends what fits; nil when it would have to wait. With `more`, the kernel may hold the bytes back for the next call.
    package func send(_ bytes: UnsafeRawBufferPointer, more: Bool) throws(SystemError) -> Int? {
        if let channel { return note(try channel.send(bytes), waiting: &writingNeeds) }
        let number = number
        let flags = CInt(MSG_NOSIGNAL) | (more ? CInt(MSG_MORE) : 0)
        let count = try nonBlockingCall("send") { Glibc.send(number, bytes.baseAddress, bytes.count, flags) }
        if count == nil { mayWrite = false }
        return count
    }

    /// Whether files go to the socket without coming through this process.
    package var sendsFiles: Bool { channel?.sendsFiles ?? true }

    /// Sends a part of a file that is in the page cache; gives how much went out, and whether the socket is full now. Only where
    /// `sendsFiles`.
    package func sendFile(
        _ file: SharedDescriptor, from start: Int64, count: Int
    ) throws(SystemError) -> (sent: Int, isFull: Bool) {
        let result =
            if let channel {
                try channel.send(file, from: start, count: count)
            } else {
                try file.send(to: number, from: start, count: count)
            }
        if result.isFull { forgetWritable() }
        return result
    }

    /// Notes what a try through the channel has to wait for.
    private func note(_ progress: ChannelProgress, waiting needs: inout Direction) -> Int? {
        switch progress {
        case .moved(let count): return count
        case .needsReadable:
            mayRead = false
            needs = .readable
        case .needsWritable:
            mayWrite = false
            needs = .writable
        }
        return nil
    }

    /// Notes what a handshake has to wait for, and waits.
    package func waitForHandshake(_ direction: Direction) async -> Outcome {
        if direction == .readable { mayRead = false } else { mayWrite = false }
        return await wait(direction)
    }

    /// Bytes that were sent and that the other side has not taken yet.
    package var pendingBytes: Int {
        var count: CInt = 0
        return ioctl(number, UInt(TIOCOUTQ), &count) == 0 ? Int(count) : 0
    }

    /// Says that a call elsewhere (a slice of `sendfile` on a lane) is about to find out whether there is room.
    package func forgetWritable() {
        mayWrite = false
        writingNeeds = .writable
    }

    /// Accepts one connection; nil when there is none.
    package func accept() throws(SystemError) -> AcceptedConnection? {
        var storage = sockaddr_storage()
        let number = number
        var length = UInt32(MemoryLayout<sockaddr_storage>.size)
        let accepted = try nonBlockingCall("accept4") { clinux_accept(number, &storage, &length) }
        guard let accepted else {
            mayRead = false
            return nil
        }
        return AcceptedConnection(
            descriptor: FileDescriptorBox(FileDescriptor(owning: accepted)), peer: SocketAddress(storage))
    }

    /// Ends both directions, or only ours, at once; a peer that still sends is told so, and a task that waits is woken.
    package func shutDown(sendingOnly: Bool = false) {
        guard !endsWithReset else { return reset() }
        channel?.sayGoodbye()
        _ = Glibc.shutdown(number, CInt(sendingOnly ? SHUT_WR : SHUT_RDWR))
    }

    /// Resets the connection at once, not only when the descriptor closes: that is what connecting to nowhere does.
    private func reset() {
        var nowhere = sockaddr(sa_family: sa_family_t(AF_UNSPEC), sa_data: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))
        _ = connect(number, &nowhere, socklen_t(MemoryLayout<sockaddr>.size))
    }

    /// Stops watching. The descriptor closes when the last lane that uses it is done.
    package func close() {
        guard !isClosed else { return }
        isClosed = true
        onExpiry = nil
        onBreak = nil
        loop.forget(self)
        resume(.interrupted)
    }

    // MARK: - For the loop

    func receive(events: UInt32) {
        let failed = events & (clinux_epoll_err | clinux_epoll_hup) != 0
        if failed || events & clinux_epoll_rdhup != 0 { peerHasEnded = true }
        if failed || events & (clinux_epoll_in | clinux_epoll_rdhup) != 0 { mayRead = true }
        if failed || events & clinux_epoll_out != 0 { mayWrite = true }
        if failed {
            isBroken = true
            onBreak?()
        }
        guard let waiter, take(waiter.direction) else { return }
        resume(.ready)
    }

    func expire() {
        deadline = .distantFuture
        if waiter != nil { resume(.expired) } else { onExpiry?() }
    }

    /// Wakes the task that waits, if one does. On the loop only.
    package func interrupt() {
        resume(.interrupted)
    }

    private func take(_ direction: Direction) -> Bool {
        switch direction {
        case .readable: readingNeeds == .readable ? mayRead : mayWrite
        case .writable: writingNeeds == .writable ? mayWrite : mayRead
        case .nothing: false
        }
    }

    private func resume(_ outcome: Outcome) {
        guard let continuation = waiter?.continuation else { return }
        waiter = nil
        continuation.resume(returning: outcome)
    }
}

/// A connection that a listening socket gave out.
package struct AcceptedConnection: Sendable {
    /// For the task that serves it.
    package let descriptor: FileDescriptorBox
    /// The other end.
    package let peer: SocketAddress
}
