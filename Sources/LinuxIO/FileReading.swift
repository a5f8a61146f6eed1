import Glibc

extension FileDescriptor {
    /// Reads exactly `count` bytes from `offset` on. Blocks.
    ///
    /// - Throws: `EIO` when the file ends before.
    package borrowing func read(_ count: Int, from offset: Int64 = 0) throws(SystemError) -> [UInt8] {
        let number = number
        var failure: SystemError?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            do throws(SystemError) {
                while filled < count {
                    let start = filled
                    let read = try systemCall("pread") {
                        pread(number, buffer.baseAddress.map { $0 + start }, count - start, off_t(offset) + start)
                    }
                    guard read > 0 else { throw SystemError(code: EIO, call: "pread") }
                    filled += read
                }
            } catch { failure = error }
        }
        if let failure { throw failure }
        return bytes
    }
}
