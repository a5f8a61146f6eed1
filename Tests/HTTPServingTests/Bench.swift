import Dispatch
import Glibc
import HTTPServing
import HTTPTypes
import HTTPWire
import LinuxIO
import Logging
import RegistryTesting
import Synchronization
import TLS
import Testing

/// The engine with a handler of the test's own, on a loopback port.
final class Bench: Sendable {
    let port: UInt16
    let lanes: Lanes
    let server: HTTPServer
    let log = RecordedLog()
    private let loops: [EventLoop]
    private let running: Task<Void, Never>

    init(
        _ limits: ServingLimits, memory: MemoryBudget = MemoryBudget(), loops loopCount: Int, lanes: Lanes,
        tls: TLSKeeper? = nil, handler: @escaping Handler
    ) throws {
        let loops = try (0..<loopCount).map { try EventLoop(label: "test.loop.\($0)") }
        for loop in loops { loop.start() }
        self.loops = loops
        self.lanes = lanes
        let log = log
        let logger = Logger(label: "test") { _ in log }
        let server = HTTPServer(
            limits: limits, memory: memory, loops: loops, lanes: lanes, wallClock: WallClock { 784_111_777_000 },
            tls: tls,
            logger: logger, problem: problem, handler: handler)
        self.server = server
        let listeners = try Listening.open(host: "127.0.0.1", port: 0)
        guard let address = listeners.first?.localAddress else { throw SystemError(code: 22, call: "getsockname") }
        port = address.port
        // On a loop from the start, so that a test that blocks the cooperative pool cannot hold it up.
        running = Task(executorPreference: loops[0]) { await server.run(on: listeners) }
    }

    var connectionCount: Int { server.connectionCount }

    func connect(receiveBuffer: Int32? = nil) throws -> TestConnection {
        try TestConnection(port: port, receiveBuffer: receiveBuffer)
    }

    /// One request on a connection of its own.
    func request(
        _ method: String, _ path: String, _ fields: [(String, String)] = [], body: [UInt8]? = nil
    ) throws -> TestResponse {
        try connect().request(method, path, fields, body: body)
    }

    /// Asks the server to drain, and does not wait for it.
    func beginToStop() {
        Task(executorPreference: loops[0]) { [server] in await server.drain() }
    }

    /// Returns when the server has ended, with all its connections.
    func stop() async {
        await server.drain()
        await running.value
        for loop in loops { loop.stop() }
    }

    /// Waits on the client's own thread until the server has no more connections than `count`.
    func waitForConnections(_ count: Int) -> Bool {
        wait { server.connectionCount == count }
    }

    /// Waits on the client's own thread until something is so.
    func wait(until condition: () throws -> Bool) rethrows -> Bool {
        let limit = DispatchTime.now() + 120
        while try !condition() {
            guard DispatchTime.now() < limit else { return false }
            spare.wait(milliseconds: 2)
        }
        return true
    }

    private let spare = Event()
}

/// Serves with `handler` while `client` runs, on a thread of its own because clients block, and demands that no
/// connection is left when both are done.
func serving(
    _ limits: ServingLimits = .short, memory: MemoryBudget = MemoryBudget(), loops: Int = 2,
    lanes: Lanes = Lanes(count: 4), handler: @escaping Handler, client: @escaping @Sendable (Bench) throws -> Void
) async throws {
    let bench = try Bench(limits, memory: memory, loops: loops, lanes: lanes, handler: handler)
    let result = await onThread { Result { try client(bench) } }
    await bench.stop()
    #expect(bench.connectionCount == 0)
    try result.get()
}

/// Runs blocking code on a thread that is not of the cooperative pool, as part of the calling task: an expectation that
/// fails there belongs to the test.
func onThread<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
    await withTaskExecutorPreference(ClientThread()) { await perform(body) }
}

@concurrent private func perform<Value: Sendable>(_ body: @Sendable () -> Value) async -> Value { body() }

private final class ClientThread: TaskExecutor {
    private let queue = DispatchQueue(label: "test.client")

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}

/// Runs `body` once for each of `0..<count`, each on a thread of its own, and gives what they gave.
func onThreads<Value: Sendable>(_ count: Int, _ body: @escaping @Sendable (Int) -> Value) -> [Value] {
    let results = Mutex<[Int: Value]>([:])
    let group = DispatchGroup()
    for index in 0..<count {
        DispatchQueue(label: "test.client.\(index)").async(group: group) {
            let value = body(index)
            results.withLock { $0[index] = value }
        }
    }
    group.wait()
    return results.withLock { found in (0..<count).compactMap { found[$0] } }
}

extension ServingLimits {
    /// The defaults, with an end to what would make a failing test slow.
    static var short: ServingLimits {
        var limits = ServingLimits()
        limits.drainTimeout = .seconds(10)
        return limits
    }

    static func with(_ change: (inout ServingLimits) -> Void) -> ServingLimits {
        var limits = short
        change(&limits)
        return limits
    }
}

/// The engine's own answers, in a form that tests recognise.
let problem: ProblemWriter = { status, reason, path in
    var fields: HTTPFields = [.contentType: "application/problem+json"]
    if status == 503 { fields[.retryAfter] = "1" }
    let text = "{\"status\":\(status),\"reason\":\"\(reason)\",\"path\":\"\(path ?? "")\"}"
    return Response(HTTPResponse.Status(code: status), fields, body: .bytes(Array(text.utf8)))
}

/// Something that happens once: the handler waits for it on its loop, the client on its thread.
final class Event: Sendable {
    private struct State {
        var hasHappened = false
        var tasks: [UnsafeContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())
    private let semaphore = DispatchSemaphore(value: 0)

    func happen() {
        let tasks = state.withLock { state in
            state.hasHappened = true
            defer { state.tasks = [] }
            return state.tasks
        }
        for task in tasks { task.resume() }
        semaphore.signal()
    }

    /// For tasks.
    func wait() async {
        await withUnsafeContinuation { continuation in
            let hasHappened = state.withLock { state in
                if !state.hasHappened { state.tasks.append(continuation) }
                return state.hasHappened
            }
            if hasHappened { continuation.resume() }
        }
    }

    /// For threads; whether it happened in time.
    @discardableResult
    func wait(milliseconds: Int = 20_000) -> Bool {
        guard semaphore.wait(timeout: .now() + .milliseconds(milliseconds)) == .success else { return false }
        semaphore.signal()  // for whoever else waits
        return true
    }
}

/// What the engine wrote to its log.
final class RecordedLog: LogHandler, Sendable {
    private let lines = Mutex<[String]>([])

    func log(event: LogEvent) {
        lines.withLock { $0.append("\(event.level): \(event.message)") }
    }

    func count(_ line: String) -> Int { lines.withLock { all in all.filter { $0 == line }.count } }

    var all: [String] { lines.withLock { $0 } }

    var logLevel: Logger.Level {
        get { .info }
        set {}
    }

    var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }
}

/// Bytes of which none can be out of place unnoticed: they repeat after a prime number.
func pattern(_ count: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + tile.count)
    while bytes.count < count { bytes += tile }
    bytes.removeLast(bytes.count - count)
    return bytes
}

private let tile = (0..<65_537).map { UInt8(truncatingIfNeeded: ($0 &* 0x9E37_79B1) >> 13) }

extension Response {
    static func text(_ text: String, _ status: HTTPResponse.Status = .ok) -> Response {
        Response(status, [.contentType: "text/plain"], body: .bytes(Array(text.utf8)))
    }
}

/// An open file of this size that takes no room on the disk; -1 when there is none.
func sparseFile(_ size: Int64) -> CInt {
    var path = Array("/tmp/waybill-sparse-XXXXXX".utf8CString)
    let number = mkstemp(&path)
    guard number >= 0 else { return -1 }
    unlink(path)
    return ftruncate(number, off_t(size)) == 0 ? number : -1
}

/// Another descriptor of the same file.
func duplicate(_ file: SharedDescriptor) -> CInt { dup(file.number) }

/// The memory that the process has for itself, in pages.
func residentPages() -> Int {
    guard let file = fopen("/proc/self/statm", "r") else { return 0 }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 200)
    guard fgets(&line, 200, file) != nil else { return 0 }
    let numbers = line.prefix { $0 != 0 }.split(separator: 32).compactMap { part in
        Int(String(decoding: part.map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }
    // Resident, without what is shared with files.
    return numbers.count > 2 ? numbers[1] - numbers[2] : 0
}
