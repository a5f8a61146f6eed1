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
