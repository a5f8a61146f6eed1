import Dispatch
import Glibc
import Synchronization

/// A program that runs beside the test, and is gone when the last reference to it goes.
///
/// Its input is empty; what it writes is kept and can be waited for. The ends of its pipes and the sockets of the test
/// are not handed on to it.
package final class Program: Sendable {
    /// How a program ended.
    package struct Result: Sendable {
        /// The exit code; for a signal its number, negative.
        package let status: Int32
        package let output: String
        package let errors: String

        /// Everything that it wrote.
        package var text: String { output + errors }
    }

    /// The program could not be started.
    package struct CannotStart: Error {
        let path: String
        let code: Int32
    }

    /// The program ended before it wrote what was waited for.
    package struct EndedEarly: Error {
        let result: Result
    }

    private struct State {
        var output: [UInt8] = []
        var errors: [UInt8] = []
        var result: Result?
        var waiters: [(text: String?, continuation: CheckedContinuation<Result?, Never>)] = []
    }

    private let process: pid_t
    private let state = Mutex(State())
    /// Descriptors that are open while one program is started must not be seen by another.
    private static let starting = Mutex(())

    /// Starts `path`, with the environment of the test but for variables of ours.
    package init(_ path: String, _ arguments: [String], environment: [String: String] = [:]) throws {
        var pipes: [CInt] = []
        process = try Self.starting.withLock { _ in
            pipes = try Self.pipe() + Self.pipe()
            defer { for end in [pipes[1], pipes[3]] { close(end) } }
            do {
                return try Self.spawn(path, arguments, environment, output: pipes[1], errors: pipes[3])
            } catch {
                for end in [pipes[0], pipes[2]] { close(end) }
                throw error
            }
        }
        let follower = Follower(process: process, output: pipes[0], errors: pipes[2])
        let state = WeakState(self)
        DispatchQueue(label: "test.program").async { follower.run(state) }
    }

    deinit { if state.withLock({ $0.result == nil }) { Glibc.kill(process, SIGKILL) } }

    /// Runs a program to its end.
    package static func run(
        _ path: String, _ arguments: [String], environment: [String: String] = [:]
    ) async throws -> Result {
        let program = try Program(path, arguments, environment: environment)
        return await program.end()
    }

    /// Where the program `name` is on the path; nil when it is not there.
    package static func find(_ name: String) -> String? {
        let path = getenv("PATH").map { String(cString: $0) } ?? ""
        let folders: [Substring] = path.split(separator: ":") + ["/usr/local/sbin", "/usr/sbin", "/sbin"]
        return folders.map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
    }

    /// Its process, for as long as it runs.
    package var identifier: Int32 { process }

    /// Everything that it has written to its standard error so far.
    package var errors: String { state.withLock { String(decoding: $0.errors, as: UTF8.self) } }

    /// Sends a signal, unless the program has ended.
    package func signal(_ number: Int32) {
        state.withLock { state in
            if state.result == nil { _ = Glibc.kill(process, number) }
        }
    }

    /// Waits for the end.
    package func end() async -> Result {
        await wait(for: nil) ?? Result(status: 0, output: "", errors: "")
    }

    /// Waits until a whole line of its standard error contains `text`; gives the first that does.
    package func line(containing text: String) async throws -> String {
        if let result = await wait(for: text) { throw EndedEarly(result: result) }
        return Self.line(in: state.withLock { $0.errors }, containing: text) ?? ""
    }

    // MARK: - Waiting

    private func wait(for text: String?) async -> Result? {
        await withCheckedContinuation { continuation in
            state.withLock { state in
                if let text, Self.line(in: state.errors, containing: text) != nil {
                    return continuation.resume(returning: nil)
                }
                if let result = state.result { return continuation.resume(returning: result) }
                state.waiters.append((text, continuation))
            }
        }
    }

    private static func line(in bytes: [UInt8], containing text: String) -> String? {
        let whole = bytes.prefix((bytes.lastIndex(of: 0x0a) ?? -1) + 1)
        return String(decoding: whole, as: UTF8.self).split(separator: "\n").first { $0.contains(text) }.map(
            String.init)
    }

    fileprivate func receive(_ bytes: ArraySlice<UInt8>, isError: Bool) {
        state.withLock { state in
            guard isError else { return state.output += bytes }
            state.errors += bytes
            let errors = state.errors
            let done = state.waiters.partition { waiter in
                waiter.text.map { Self.line(in: errors, containing: $0) != nil } ?? false
            }
            for waiter in state.waiters[done...] { waiter.continuation.resume(returning: nil) }
            state.waiters.removeSubrange(done...)
        }
    }

    /// The kernel keeps the number of the process until this has taken its status, so no signal can reach another.
    fileprivate func reap() {
        state.withLock { state in
            var status: Int32 = 0
            waitpid(process, &status, 0)
            let signal = status & 0x7f
            let result = Result(
                status: signal == 0 ? (status >> 8) & 0xff : -signal,
                output: String(decoding: state.output, as: UTF8.self),
                errors: String(decoding: state.errors, as: UTF8.self))
            state.result = result
            for waiter in state.waiters { waiter.continuation.resume(returning: result) }
            state.waiters = []
        }
    }

    // MARK: - Starting

    private static func pipe() throws -> [CInt] {
        var ends: [CInt] = [-1, -1]
        guard Glibc.pipe(&ends) == 0 else { throw CannotStart(path: "pipe", code: errno) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return ends
    }

    private static func spawn(
        _ path: String, _ arguments: [String], _ environment: [String: String], output: CInt, errors: CInt
    ) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_adddup2(&actions, errors, 2)
        try closeOthers(&actions)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var every = sigset_t()
        sigfillset(&every)
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigdefault(&attributes, &every)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
        var process: pid_t = 0
        let code = withStrings([path] + arguments) { arguments in
            withStrings(variables(environment)) { variables in
                posix_spawn(&process, path, &actions, &attributes, arguments, variables)
            }
        }
        guard code == 0 else { throw CannotStart(path: path, code: code) }
        return process
    }

    /// Lets the program start without the descriptors of the test. The Glibc module does not show the function that does this.
    private static func closeOthers(_ actions: inout posix_spawn_file_actions_t) throws {
        typealias CloseFrom = @convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, CInt) -> CInt
        let name = "posix_spawn_file_actions_addclosefrom_np"
        guard let symbol = dlsym(nil, name) else { throw CannotStart(path: name, code: ENOSYS) }
        _ = unsafeBitCast(symbol, to: CloseFrom.self)(&actions, 3)
    }

    private static func variables(_ added: [String: String]) -> [String] {
        var variables: [String] = []
        var next = environ
        while let entry = next.pointee {
            let text = String(cString: entry)
            let name = String(text.prefix { $0 != "=" })
            if !name.hasPrefix("WAYBILL_"), added[name] == nil { variables.append(text) }
            next += 1
        }
        return variables + added.map { "\($0.key)=\($0.value)" }
    }

    private static func withStrings<Value>(
        _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Value
    ) -> Value {
        let copies = strings.map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        return body(copies + [nil])
    }
}

/// Keeps a program from being kept alive by the thread that follows it.
private final class WeakState: Sendable {
    private let program: Mutex<WeakProgram>

    init(_ program: Program) {
        self.program = Mutex(WeakProgram(value: program))
    }

    var value: Program? { program.withLock { $0.value } }
}

private struct WeakProgram {
    weak var value: Program?
}

/// Reads what a program writes until both pipes are closed, and then takes its status.
private struct Follower {
    let process: pid_t
    let output: CInt
    let errors: CInt

    func run(_ program: WeakState) {
        var watched = [output, errors].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        while watched.contains(where: { $0.fd >= 0 }) {
            guard poll(&watched, nfds_t(watched.count), -1) > 0 else { continue }
            for index in watched.indices where watched[index].fd >= 0 && watched[index].revents != 0 {
                let count = read(watched[index].fd, &buffer, buffer.count)
                if count > 0 {
                    program.value?.receive(buffer[..<count], isError: index == 1)
                } else {
                    close(watched[index].fd)
                    watched[index].fd = -1
                }
            }
        }
        if let program = program.value {
            var information = siginfo_t()
            waitid(P_PID, id_t(process), &information, WEXITED | WNOWAIT)
            program.reap()
        } else {
            // Nobody waits any more: it was killed with the last reference.
            var status: Int32 = 0
            waitpid(process, &status, 0)
        }
    }
}
