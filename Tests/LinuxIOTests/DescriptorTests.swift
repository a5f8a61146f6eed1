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
