internal import CLinux
import Glibc
import Synchronization

/// Owns one open file descriptor and closes it exactly once.
package struct FileDescriptor: ~Copyable, Sendable {
    /// The kernel's number, valid for as long as this value lives.
    package let number: CInt

    /// Takes over a descriptor that nobody else will close.
    package init(owning number: CInt) {
        precondition(number >= 0, "a descriptor is never negative")
        self.number = number
    }

    /// Closes now, and says if the kernel reports a write that failed earlier.
    package consuming func close() throws(SystemError) {
        let result = Glibc.close(number)
        discard self
        guard result == 0 else { throw SystemError.last("close") }
    }

    deinit { _ = Glibc.close(number) }
}

/// A descriptor that several owners share: closed when the last of them lets go.
package final class SharedDescriptor: Sendable {
    private let descriptor: FileDescriptor

    /// The kernel's number, valid for as long as this object lives.
    package var number: CInt { descriptor.number }

    /// Takes over `descriptor`.
    package init(_ descriptor: consuming FileDescriptor) {
        self.descriptor = descriptor
    }

    /// Whether all of a part of a file is in the page cache, so that reading it waits for no disk. False where the kernel cannot
    /// say. It may go out again before it is read, under great pressure; then the reader waits once.
    package func isCached(from start: Int64, count: Int) -> Bool {
        let page = Self.pageSize
        let first = start / page
        let pages = (start + Int64(count) + page - 1) / page - first
        return clinux_cached_pages(number, first * page, pages * page) == pages
    }

    /// Sends a part of the file to a socket, until all is out or the socket is full; less than all without a full socket is the
    /// end of the file.
    package func send(to socket: CInt, from start: Int64, count: Int) throws(SystemError) -> (sent: Int, isFull: Bool) {
        var offset = off_t(start)
        let end = start + Int64(count)
        while Int64(offset) < end {
            let (input, left) = (number, Int(end - Int64(offset)))
            let sent = try nonBlockingCall("sendfile") { sendfile(socket, input, &offset, left) }
            guard let sent else { return (Int(Int64(offset) - start), true) }
            if sent == 0 { break }
        }
        return (Int(Int64(offset) - start), false)
    }

    private static let pageSize = Int64(sysconf(Int32(_SC_PAGESIZE)))
}

/// Carries a descriptor to the one owner that takes it: through an array, or into a task.
package final class FileDescriptorBox: Sendable {
    private let descriptor: Mutex<FileDescriptor?>

    /// Puts `descriptor` in.
    package init(_ descriptor: consuming FileDescriptor) {
        self.descriptor = Mutex(consume descriptor)
    }

    /// The address that a socket in here is bound to; nil for anything else, or when it has been taken.
    package var localAddress: SocketAddress? {
        descriptor.withLock { content in
            guard let number = content?.number else { return nil }
            return try? Listening.localAddress(of: number)
        }
    }

    /// Takes the descriptor out; the second call finds nothing.
    package func take() -> FileDescriptor? {
        descriptor.withLock { content in
            var taken: FileDescriptor?
            swap(&taken, &content)
            return taken
        }
    }
}
