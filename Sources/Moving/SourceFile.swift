import Glibc
import LinuxIO
import OCI
package import RegistryCore

/// An open file of a source. What it holds is not known before it is hashed.
package struct SourceFile: Sendable {
    private enum Content {
        case file(SharedDescriptor)
        case bytes([UInt8])
    }

    private let content: Content
    private let path: String
    /// Where it begins: it may be a part of another.
    private let start: Int64
    /// Bytes in it when it was opened. What is written behind them is not read.
    package let size: Int64

    init(_ file: SharedDescriptor, path: String, start: Int64 = 0, size: Int64) {
        content = .file(file)
        self.path = path
        self.start = start
        self.size = size
    }

    /// What the source does not have as a file, and is made from what it has.
    init(_ bytes: [UInt8], path: String) {
        content = .bytes(bytes)
        self.path = path
        start = 0
        size = Int64(bytes.count)
    }

    /// All of it. Blocks.
    ///
    /// - Throws: `.tooLarge` when it has more than `limit` bytes.
    func read(atMost limit: Int) throws(SourceError) -> [UInt8] {
        guard size <= Int64(limit) else { throw .tooLarge(path, limit: limit) }
        return try read(Int(size), from: 0)
    }

    /// So many bytes from `offset` on, or fewer where the file ends. Blocks.
    func read(_ count: Int, from offset: Int64) throws(SourceError) -> [UInt8] {
        var failure: SourceError?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            do throws(SourceError) {
                filled = try fill(UnsafeMutableRawBufferPointer(buffer), from: offset)
            } catch { failure = error }
        }
        if let failure { throw failure }
        return bytes
    }

    /// Its content as that of an upload, from the beginning.
    package func bytes() -> some ByteSource { FileBytes(self) }

    /// Puts bytes from `offset` on into `buffer`, until it is full or the file ends; says how many. Blocks.
    func fill(_ buffer: UnsafeMutableRawBufferPointer, from offset: Int64) throws(SourceError) -> Int {
        let wanted = Int(min(Int64(buffer.count), max(0, size - offset)))
        let file: SharedDescriptor
        switch content {
        case .file(let descriptor): file = descriptor
        case .bytes(let bytes):
            buffer.copyBytes(from: bytes[Int(min(offset, size))...].prefix(wanted))
            return wanted
        }
        var count = 0
        do throws(SystemError) {
            while count < wanted {
                let (number, done) = (file.number, count)
                let read = try systemCall("pread") {
                    pread(number, buffer.baseAddress.map { $0 + done }, wanted - done, off_t(start + offset) + done)
                }
                guard read > 0 else { break }
                count += read
            }
        } catch { throw .failed(path, error) }
        return count
    }
}

/// Reads where it is called: a command has no loop that would wait for the disk meanwhile.
private final class FileBytes: ByteSource {
    private let file: SourceFile
    private var offset: Int64 = 0

    init(_ file: SourceFile) {
        self.file = file
    }

    var length: Int64? { file.size }

    func fill(_ buffer: UnsafeMutableRawBufferPointer) async throws -> Int {
        let count = try file.fill(buffer, from: offset)
        offset += Int64(count)
        return count
    }
}
