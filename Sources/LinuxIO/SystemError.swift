import CLinux
import Glibc

/// A system call that failed: which one, and the number the kernel gave.
package struct SystemError: Error, Equatable, CustomStringConvertible {
    /// The value of `errno`, for example `ENOSPC`.
    package let code: CInt
    /// The name of the call, for example `fsync`.
    package let call: String

    /// Names a failure that was not read from `errno`.
    package init(code: CInt, call: String) {
        self.code = code
        self.call = call
    }

    /// The failure of the call that has just returned on this thread.
    package static func last(_ call: String) -> SystemError {
        SystemError(code: errno, call: call)
    }

    /// Whether the disk, the quota or the file-size limit is exhausted: the client may try again when there is room.
    package var isOutOfSpace: Bool { code == ENOSPC || code == EDQUOT || code == EFBIG }

    /// Whether the process or the machine has no descriptor left.
    package var isOutOfDescriptors: Bool { code == EMFILE || code == ENFILE }

    package var description: String {
        let text = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer -> String in
            guard let base = buffer.baseAddress, let text = clinux_error_text(code, base, Int64(buffer.count)) else {
                return "error"
            }
            return String(cString: text)
        }
        return "\(call): \(text) (\(code))"
    }
}

/// The one door to system calls: repeats a call that a signal interrupted, and turns `-1` into an error with a name.
///
/// `EBADF` and `EFAULT` end the process: they mean that a descriptor or an address of ours is wrong, and going on could
/// read or write another connection's data.
@inline(__always)
package func systemCall<Result: FixedWidthInteger & SignedInteger>(
    _ name: StaticString, _ body: () -> Result
) throws(SystemError) -> Result {
    while true {
        let result = body()
        if result != -1 { return result }
        let code = errno
        if code == EINTR { continue }
        precondition(code != EBADF && code != EFAULT, "\(name) was given a descriptor or an address that is not ours")
        throw SystemError(code: code, call: "\(name)")
    }
}

/// Like `systemCall`, for calls on non-blocking descriptors: nil says that the call would have to wait.
@inline(__always)
package func nonBlockingCall<Result: FixedWidthInteger & SignedInteger>(
    _ name: StaticString, _ body: () -> Result
) throws(SystemError) -> Result? {
    while true {
        let result = body()
        if result != -1 { return result }
        let code = errno
        if code == EAGAIN { return nil }
        if code == EINTR { continue }
        precondition(code != EBADF && code != EFAULT, "\(name) was given a descriptor or an address that is not ours")
        throw SystemError(code: code, call: "\(name)")
    }
}
