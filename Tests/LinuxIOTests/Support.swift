import Glibc
import LinuxIO
import Testing

/// Runs `body` on a loop of its own, which ends with it.
func withLoop<Value: Sendable>(
    _ body: @escaping @Sendable (EventLoop) async throws -> Value
) async throws -> Value {
    let loop = try EventLoop(label: "test.loop")
    loop.start()
    defer { loop.stop() }
    return try await Task(executorPreference: loop) { try await body(loop) }.value
}

/// Two connected stream sockets that never block.
final class SocketPair: Sendable {
    /// The end that a loop watches.
    let near: FileDescriptorBox
    let far: FileDescriptor

    init() throws {
        var numbers: [CInt] = [0, 0]
        let type = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_NONBLOCK.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
        _ = try systemCall("socketpair") { socketpair(AF_UNIX, type, 0, &numbers) }
        near = FileDescriptorBox(FileDescriptor(owning: numbers[0]))
        far = FileDescriptor(owning: numbers[1])
    }

    /// Hands the near end to `loop`, once.
    func watch(on loop: EventLoop) throws -> EventSource {
        guard let descriptor = near.take() else { throw Taken() }
        return try loop.watch(descriptor)
    }

    /// Makes the near end readable.
    func tell(_ text: String = "x") throws {
        let (number, bytes) = (far.number, Array(text.utf8))
        _ = try systemCall("send") { send(number, bytes, bytes.count, CInt(MSG_NOSIGNAL)) }
    }

    /// Takes everything that the near end has sent.
    func hear() throws -> Int {
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        var total = 0
        let number = far.number
        while let count = try nonBlockingCall("recv", { recv(number, &buffer, buffer.count, 0) }), count > 0 {
            total += count
        }
        return total
    }

    struct Taken: Error {}
}

extension EventSource {
    /// Receives until there is nothing more: what a task must do before it waits.
    func receiveEverything() throws -> [UInt8] {
        var bytes: [UInt8] = []
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1024, alignment: 1)
        defer { buffer.deallocate() }
        while let count = try receive(into: buffer), count > 0 { bytes += buffer[..<count] }
        return bytes
    }

    /// Sends until the socket is full, and says how much that was.
    func sendUntilFull() throws -> Int {
        let bytes = [UInt8](repeating: 7, count: 64 * 1024)
        var total = 0
        while let count = try bytes.withUnsafeBytes({ try send($0, more: false) }) { total += count }
        return total
    }
}

extension Instant {
    /// A little while from now: only ever waited for where the deadline itself is what is tested.
    static func soon(_ milliseconds: Int = 30) -> Instant { now.advanced(by: .milliseconds(milliseconds)) }
}

/// A pipe tells whether its writing end has been closed, which the number alone cannot: another thread may have it by then.
final class Pipe: Sendable {
    let reading: FileDescriptor
    private let writing: FileDescriptorBox

    init() throws {
        var numbers: [CInt] = [0, 0]
        _ = try systemCall("pipe") { pipe(&numbers) }
        for number in numbers { _ = try systemCall("fcntl") { fcntl(number, F_SETFL, O_NONBLOCK) } }
        reading = FileDescriptor(owning: numbers[0])
        writing = FileDescriptorBox(FileDescriptor(owning: numbers[1]))
    }

    /// The writing end, once.
    func takeWriting() throws -> FileDescriptor {
        guard let descriptor = writing.take() else { throw SocketPair.Taken() }
        return descriptor
    }

    /// Whether the writing end has been closed: the kernel then gives the end of the stream.
    var isClosed: Bool {
        var byte: UInt8 = 0
        return read(reading.number, &byte, 1) == 0
    }
}

/// Carries what belongs to a loop into another task of that loop.
///
/// `@unchecked Sendable`: all the tasks that see it run on the one loop, one at a time.
final class Confined<Value>: @unchecked Sendable {
    var value: Value

    init(_ value: Value) { self.value = value }
}
