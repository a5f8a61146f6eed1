import Glibc
package import LinuxIO
import OCI
import RegistryCore

/// Why a layout cannot be written.
package enum LayoutWriteError: Error, CustomStringConvertible {
    case notEmpty(String)
    case isThere(String)
    case failed(String, SystemError)

    /// One sentence for whoever named the place.
    package var description: String {
        switch self {
        case .notEmpty(let path): "\(path) is not empty: name a folder that is, or that is not there yet"
        case .isThere(let path): "\(path) is there already: name a file that is not"
        case .failed(let path, let error): "cannot write \(path): \(error)"
        }
    }
}

/// Where an image layout is written, file by file. What is there already is never written over.
protocol LayoutWriter {
    /// Writes a file.
    func write(_ name: String, _ content: [UInt8]) throws

    /// Copies a file whose content should hash to `digest`; leaves nothing behind when it does not.
    ///
    /// - Parameter size: bytes that it should have.
    /// - Throws: `ContentError` when the source is at fault, `LayoutWriteError` otherwise.
    func copy(_ digest: Digest, size: Int64, from source: SharedDescriptor) throws

    /// Makes everything that was written survive a power failure.
    func synchronize() throws

    /// Takes away what was written, where that is one file; called when no layout comes of it.
    func abandon()
}

extension LayoutWriter {
    /// Writes the content of a digest, which hashes to it.
    func write(_ digest: Digest, _ content: [UInt8]) throws { try write(ImageLayout.path(of: digest), content) }

    static func synchronizeFileSystem(of path: String) throws {
        do throws(SystemError) {
            let file = FileDescriptor(owning: try systemCall("open") { open(path, O_RDONLY | O_CLOEXEC) })
            try file.synchronizeFileSystem()
        } catch { throw LayoutWriteError.failed(path, error) }
    }
}

/// What is wrong with the content of a data folder.
enum ContentError: Error, CustomStringConvertible {
    case damaged
    case unreadable(SystemError)

    var description: String {
        switch self {
        case .damaged: "it is damaged"
        case .unreadable(let error): "it cannot be read: \(error)"
        }
    }
}

extension SharedDescriptor {
    /// Bytes that are copied at a time.
    private static var bufferSize: Int { 256 * 1024 }

    /// Hands on everything from the beginning; gives the hash of it.
    ///
    /// - Throws: `ContentError` when it cannot be read, and what `body` throws.
    func hash(
        _ algorithm: Digest.Algorithm, handingOn body: (UnsafeRawBufferPointer) throws -> Void
    ) throws -> Digest {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.bufferSize, alignment: 64)
        defer { buffer.deallocate() }
        var hasher = ContentHasher(algorithm)
        while true {
            let count: Int
            do throws(SystemError) {
                count = try systemCall("read") { Glibc.read(number, buffer.baseAddress, buffer.count) }
            } catch { throw ContentError.unreadable(error) }
            guard count > 0 else { return hasher.digest }
            let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
            hasher.update(bytes)
            try body(bytes)
        }
    }

    /// Writes all of it where the file stands.
    func write(_ bytes: UnsafeRawBufferPointer) throws(SystemError) {
        var written = 0
        while written < bytes.count {
            let start = written
            written += try systemCall("write") {
                Glibc.write(number, bytes.baseAddress.map { $0 + start }, bytes.count - start)
            }
        }
    }

    func write(_ bytes: [UInt8]) throws(SystemError) {
        try bytes.withUnsafeBytes { bytes in
            Result { () throws(SystemError) in try write(bytes) }
        }.get()
    }

    /// A new file for writing.
    static func make(_ path: String) throws(SystemError) -> SharedDescriptor {
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        return SharedDescriptor(FileDescriptor(owning: try systemCall("open") { open(path, flags, 0o644) }))
    }
}
