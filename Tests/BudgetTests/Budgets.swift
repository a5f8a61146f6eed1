import Testing

/// What one request may take of something.
///
/// Whoever makes it take more changes the limit and says why; whoever makes it take less lowers both.
struct Budget: Sendable, CustomTestStringConvertible {
    let asking: Asking
    /// What it took when the limit was set. For the reader: only the limit is compared.
    let today: Double
    let limit: Double

    init(_ asking: Asking, today: Double, limit: Double) {
        self.asking = asking
        self.today = today
        self.limit = limit
    }

    var testDescription: String { asking.rawValue }
}

/// All budgets. There is about 5 % of room where a figure differs a little between machines, and none where it does not.
extension Budget {
    /// Instructions of the loop, from the system call that receives to the one that waits.
    static let instructions = [
        Budget(.head, today: 27_200, limit: 28_500),
        Budget(.ping, today: 48_500, limit: 51_000),
        Budget(.manifestByTag, today: 92_500, limit: 97_000),
        Budget(.manifestByDigest, today: 102_400, limit: 107_500),
        Budget(.headOfManifest, today: 89_500, limit: 94_000),
        Budget(.headOfBlob, today: 97_000, limit: 102_000),
        Budget(.smallBlob, today: 99_800, limit: 105_000),
    ]

    /// Calls of malloc and its relatives on the loop.
    static let allocations = [
        Budget(.head, today: 10, limit: 10),
        Budget(.ping, today: 23, limit: 24),
        Budget(.manifestByTag, today: 46, limit: 48),
        Budget(.manifestByDigest, today: 50, limit: 52),
        Budget(.headOfManifest, today: 42, limit: 44),
        Budget(.headOfBlob, today: 45, limit: 47),
        Budget(.smallBlob, today: 48, limit: 50),
    ]

    /// System calls of the loop: receiving, sending, and waiting.
    static let systemCalls = [
        Budget(.ping, today: 3, limit: 3),
        Budget(.manifestByTag, today: 3, limit: 3),
        Budget(.manifestByDigest, today: 3, limit: 3),
        Budget(.headOfManifest, today: 3, limit: 3),
        Budget(.headOfBlob, today: 3, limit: 3),
        Budget(.smallBlob, today: 3, limit: 3),
        // To open, read and close, and two that send.
        Budget(.fileBlob, today: 7, limit: 7),
    ]

    /// Futexes and eventfds of the loop: each way to another thread or back is one, and so is a lock that it waits for. A way
    /// back is none when the other thread was done before the loop began to wait for it, so these can be fewer.
    static let hops = [
        Budget(.ping, today: 0, limit: 0),
        Budget(.manifestByTag, today: 0, limit: 0),
        Budget(.manifestByDigest, today: 0, limit: 0),
        Budget(.headOfManifest, today: 0, limit: 0),
        Budget(.headOfBlob, today: 0, limit: 0),
        Budget(.smallBlob, today: 0, limit: 0),
        // What the kernel has in its caches is opened and sent by the loop.
        Budget(.fileBlob, today: 0, limit: 0),
        Budget(.largeBlob, today: 0, limit: 0),
        // To the writer and back.
        Budget(.push, today: 2, limit: 2),
    ]

    /// Calls of sendfile for 16 MiB: one for each 256 KiB, and one more whenever the socket is full before the client has read.
    static let sendfile = Budget(.largeBlob, today: 64, limit: 72)

    /// Calls of fdatasync: that of the write-ahead log.
    static let flushes = Budget(.push, today: 1, limit: 1)
}
