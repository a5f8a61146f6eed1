import Glibc
import LinuxIO
import RegistryTesting
import Testing

@Suite struct `A system error` {
    @Test func `names the call, the reason and the number`() {
        #expect(SystemError(code: ENOENT, call: "open").description == "open: No such file or directory (2)")
        #expect(SystemError(code: ENOSPC, call: "write").description == "write: No space left on device (28)")
    }

    @Test func `has a text for a number that no kernel gives`() {
        #expect(SystemError(code: 9999, call: "dance").description == "dance: Unknown error 9999 (9999)")
    }

    @Test(arguments: [(ENOSPC, true), (EDQUOT, true), (EFBIG, true), (EIO, false), (EMFILE, false)])
    func `knows when there is no room`(_ code: CInt, _ expected: Bool) {
        #expect(SystemError(code: code, call: "write").isOutOfSpace == expected)
    }

    @Test(arguments: [(EMFILE, true), (ENFILE, true), (ENOSPC, false)])
    func `knows when there are no descriptors`(_ code: CInt, _ expected: Bool) {
        #expect(SystemError(code: code, call: "accept4").isOutOfDescriptors == expected)
    }

    @Test func `comes out of a call that fails`() {
        let error = #expect(throws: SystemError.self) { try systemCall("open") { open("/no/such/file", O_RDONLY) } }
        #expect(error == SystemError(code: ENOENT, call: "open"))
    }

    @Test func `does not come out of a call that was interrupted, which is repeated`() throws {
        var attempts = 0
        let result = try systemCall("read") { () -> Int in
            attempts += 1
            errno = EINTR
            return attempts < 4 ? -1 : 12
        }
        #expect(result == 12)
        #expect(attempts == 4)
    }

    @Test func `does not come out of a call that would have to wait`() throws {
        let pair = try SocketPair()
        var byte: UInt8 = 0
        let number = pair.far.number
        #expect(try nonBlockingCall("recv") { recv(number, &byte, 1, 0) } == nil)
    }
}

@Suite struct `A file that is in the kernel's caches` {
    @Test func `is opened and read without waiting`() throws {
        let file = try File(pattern(100_000))
        let descriptor = try file.openCached()
        #expect(descriptor.readCached(100_000) == file.bytes)
        #expect(descriptor.readCached(10, from: 99_990) == file.bytes.suffix(10))
        #expect(descriptor.readCached(0) == [])
    }

    @Test func `has no more than it has`() throws {
        let file = try File(pattern(1000))
        let descriptor = try file.openCached()
        #expect(descriptor.readCached(1001) == nil)
        #expect(descriptor.readCached(1, from: 1000) == nil)
    }

    @Test(arguments: ["/no/such/file", "", "/dev/null/x", String(repeating: "a", count: 5000)])
    func `is none where there is no file`(_ path: String) {
        // An optional without a copy cannot be compared.
        if FileDescriptor.openCached(path) != nil { Issue.record("something was opened") }
    }

    @Test func `is not read when the disk has it`() throws {
        let file = try File(pattern(100_000))
        let descriptor = try file.openCached()
        let number = descriptor.number
        _ = try systemCall("fdatasync") { fdatasync(number) }
        _ = posix_fadvise(number, 0, 100_000, POSIX_FADV_DONTNEED)
        let cached = SharedDescriptor(try file.openCached()).isCached(
            from: 0, count: 100_000)
        #expect((descriptor.readCached(100_000) == nil) == !cached)
    }

    private func pattern(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) } }

    private struct File {
        let bytes: [UInt8]
        private let folder = TemporaryFolder()
        var path: String { "\(folder.path)/content" }

        init(_ bytes: [UInt8]) throws {
            self.bytes = bytes
            let path = path
            let file = FileDescriptor(owning: try systemCall("creat") { creat(path, 0o600) })
            let number = file.number
            #expect(try systemCall("write") { write(number, bytes, bytes.count) } == bytes.count)
        }

        func openCached() throws -> FileDescriptor {
            guard let descriptor = FileDescriptor.openCached(path) else { throw NotCached() }
            return descriptor
        }

        struct NotCached: Error {}
    }
}

@Suite struct `An owned descriptor` {
    @Test func `closes when it goes out of scope`() throws {
        let pipe = try Pipe()
        do { _ = try pipe.takeWriting() }
        #expect(pipe.isClosed)
    }

    @Test func `closes once when it is told to`() throws {
        let pipe = try Pipe()
        let writing = try pipe.takeWriting()
        try writing.close()
        #expect(pipe.isClosed)
    }

    @Test func `stays open in a box until it is taken out`() throws {
        let pipe = try Pipe()
        let box = FileDescriptorBox(try pipe.takeWriting())
        #expect(!pipe.isClosed)
        do {
            let taken = box.take()
            let isThere = taken != nil
            #expect(isThere)
            #expect(!pipe.isClosed)
        }
        #expect(pipe.isClosed)
        let isThereAgain = box.take() != nil
        #expect(!isThereAgain)
    }

    @Test func `closes with a box that nobody opened`() throws {
        let pipe = try Pipe()
        do { _ = FileDescriptorBox(try pipe.takeWriting()) }
        #expect(pipe.isClosed)
    }

    @Test func `closes when the last of several owners lets go`() throws {
        let pipe = try Pipe()
        var first: SharedDescriptor? = SharedDescriptor(try pipe.takeWriting())
        var second = first
        #expect(first?.number == second?.number)
        first = nil
        #expect(!pipe.isClosed)
        second = nil
        #expect(pipe.isClosed)
        _ = (first, second)
    }

    @Test func `in a box has an address only if it is a socket`() throws {
        let pipe = try Pipe()
        #expect(FileDescriptorBox(try pipe.takeWriting()).localAddress == nil)
        let box = try #require(Listening.open(host: "127.0.0.1", port: 0).first)
        #expect(box.localAddress?.host == "127.0.0.1")
        do { _ = box.take() }
        #expect(box.localAddress == nil)
    }
}

@Suite struct `Reading from a file` {
    let folder = TemporaryFolder()

    func file(_ content: String) throws -> FileDescriptor {
        let path = "\(folder.path)/content"
        let number = try systemCall("creat") { creat(path, 0o600) }
        let writer = FileDescriptor(owning: number)
        let bytes = Array(content.utf8)
        _ = try systemCall("write") { write(number, bytes, bytes.count) }
        try writer.close()
        return FileDescriptor(owning: try systemCall("open") { open(path, O_RDONLY | O_CLOEXEC) })
    }

    @Test func `gives exactly the bytes asked for`() throws {
        let file = try file("0123456789")
        #expect(try file.read(10) == Array("0123456789".utf8))
        #expect(try file.read(3, from: 4) == Array("456".utf8))
        #expect(try file.read(1, from: 9) == Array("9".utf8))
        #expect(try file.read(0, from: 9).isEmpty)
    }

    @Test(arguments: [(11, Int64(0)), (2, 9), (1, 10), (1, 1 << 40)])
    func `fails when the file ends before`(_ count: Int, _ offset: Int64) throws {
        let file = try file("0123456789")
        var failure: SystemError?
        do { _ = try file.read(count, from: offset) } catch { failure = error }
        #expect(failure == SystemError(code: EIO, call: "pread"))
    }

    @Test func `fails for a folder`() throws {
        let path = folder.path
        let file = FileDescriptor(owning: try systemCall("open") { open(path, O_RDONLY | O_CLOEXEC) })
        var failure: SystemError?
        do { _ = try file.read(1) } catch { failure = error }
        #expect(failure?.code == EISDIR)
    }
}

@Suite struct `A file that is shared` {
    private let folder = TemporaryFolder()

    /// The kernel can say what is in the page cache since Linux 6.5.
    private static let isTold: Bool = {
        var name = utsname()
        uname(&name)
        let release = withUnsafeBytes(of: &name.release) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        let numbers = release.split { !$0.isNumber }.prefix(2).compactMap { Int($0) }
        return numbers.count == 2 && (numbers[0], numbers[1]) >= (6, 5)
    }()

    @Test func `knows which of its parts are in memory`() throws {
        let size = 16 << 20
        let path = folder.write([UInt8](repeating: 7, count: size), to: "file")
        let file = SharedDescriptor(FileDescriptor(owning: try systemCall("open") { open(path, O_RDWR | O_CLOEXEC) }))
        for (start, count) in [(Int64(0), size), (5, 1), (4095, 2), (Int64(size) - 1, 1)] {
            #expect(file.isCached(from: start, count: count) == Self.isTold)
        }
        #expect(!file.isCached(from: Int64(size), count: 1), "behind the end there is nothing")
        #expect(!file.isCached(from: 1 << 40, count: 1 << 20))
        let number = file.number
        _ = try systemCall("fdatasync") { fdatasync(number) }
        // The kernel keeps pages in groups, and forgets whole groups only.
        #expect(posix_fadvise(number, off_t(size / 2), off_t(size / 2), POSIX_FADV_DONTNEED) == 0)
        #expect(!file.isCached(from: 0, count: size) && !file.isCached(from: Int64(size) - 1, count: 1))
        #expect(file.isCached(from: 0, count: 1 << 20) == Self.isTold)
    }

    @Test func `goes into a socket until that is full, or the file ends`() throws {
        let path = folder.write([UInt8](repeating: 7, count: 3 << 20), to: "file")
        let file = SharedDescriptor(FileDescriptor(owning: try systemCall("open") { open(path, O_RDONLY | O_CLOEXEC) }))
        let pair = try SocketPair()
        guard let near = pair.near.take() else { throw SocketPair.Taken() }
        let first = try file.send(to: near.number, from: 0, count: 3 << 20)
        #expect(first.isFull && (1..<3 << 20).contains(first.sent))
        #expect(try pair.hear() == first.sent)
        let end = try file.send(to: near.number, from: (3 << 20) - 10, count: 100)
        #expect(end.sent == 10 && !end.isFull)
    }
}
