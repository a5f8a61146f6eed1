import Glibc
import LinuxIO
import OCI

/// A tar archive that an image layout is written into, and whose end is written again after each part of it: it is an archive
/// whenever the writer is not at work.
struct LayoutTar: LayoutWriter {
    private let path: String
    private let file: SharedDescriptor

    /// Makes the file.
    init(_ path: String) throws {
        self.path = path
        do throws(SystemError) {
            file = try .make(path)
            try file.write(TarHeader.archiveEnd)
        } catch {
            throw error.code == EEXIST ? LayoutWriteError.isThere(path) : LayoutWriteError.failed(path, error)
        }
    }

    func write(_ name: String, _ content: [UInt8]) throws {
        try append(name, size: Int64(content.count)) { try put(content) }
    }

    func copy(_ digest: Digest, size: Int64, from source: SharedDescriptor) throws {
        try append(ImageLayout.path(of: digest), size: size) {
            var count: Int64 = 0
            let computed = try source.hash(digest.algorithm) { bytes in
                count += Int64(bytes.count)
                // What the header says cannot be said otherwise any more.
                guard count <= size else { throw ContentError.damaged }
                try put(bytes)
            }
            guard computed == digest, count == size else { throw ContentError.damaged }
        }
    }

    func synchronize() throws { try Self.synchronizeFileSystem(of: path) }

    func abandon() { unlink(path) }

    /// Writes a file in front of the end of the archive; when that fails, the archive is as it was.
    private func append(_ name: String, size: Int64, _ content: () throws -> Void) throws {
        let start = try seek(Int64(-TarHeader.archiveEnd.count), SEEK_CUR)
        do {
            try put(TarHeader.bytes(name: name, size: size))
            try content()
            try put(TarHeader.padding(after: size) + TarHeader.archiveEnd)
        } catch {
            _ = try seek(start, SEEK_SET)
            try run { () throws(SystemError) in
                _ = try systemCall("ftruncate") { ftruncate(file.number, off_t(start)) }
            }
            try put(TarHeader.archiveEnd)
            throw error
        }
    }

    private func seek(_ offset: Int64, _ origin: CInt) throws -> Int64 {
        var position: Int64 = 0
        try run { () throws(SystemError) in
            position = Int64(try systemCall("lseek") { lseek(file.number, off_t(offset), origin) })
        }
        return position
    }

    private func put(_ bytes: [UInt8]) throws { try run { () throws(SystemError) in try file.write(bytes) } }

    private func put(_ bytes: UnsafeRawBufferPointer) throws {
        try run { () throws(SystemError) in try file.write(bytes) }
    }

    private func run(_ body: () throws(SystemError) -> Void) throws {
        do { try body() } catch { throw LayoutWriteError.failed(path, error) }
    }
}
