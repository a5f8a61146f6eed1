import Glibc
package import LinuxIO
import OCI
import RegistryCore

/// Why a layout cannot be written into a folder.
package enum LayoutFolderError: Error, CustomStringConvertible {
    case notEmpty(String)
    case failed(String, SystemError)

    /// One sentence for whoever named the folder.
    package var description: String {
        switch self {
        case .notEmpty(let path): "\(path) is not empty: name a folder that is, or that is not there yet"
        case .failed(let path, let error): "cannot write \(path): \(error)"
        }
    }
}

/// A folder that an image layout is written into. What is there already is never written over.
enum LayoutFolder {
    /// Bytes that are copied at a time.
    private static let bufferSize = 256 * 1024

    /// Makes the folder with those of the layout in it.
    static func make(_ path: String) throws {
        try makeFolder(path)
        let names: [String]
        do { names = try SourceFolder(path).names(in: "") } catch { throw error }
        guard names.isEmpty else { throw LayoutFolderError.notEmpty(path) }
        try makeFolder("\(path)/blobs")
        for algorithm in Digest.Algorithm.allCases { try makeFolder("\(path)/blobs/\(algorithm.rawValue)") }
    }

    private static func makeFolder(_ path: String) throws(LayoutFolderError) {
        do throws(SystemError) { _ = try systemCall("mkdir") { mkdir(path, 0o755) } } catch {
            guard error.code == EEXIST else { throw .failed(path, error) }
        }
    }

    /// Writes the content of a digest, which hashes to it.
    static func write(_ digest: Digest, _ content: [UInt8], in path: String) throws(LayoutFolderError) {
        try write(ImageLayout.path(of: digest), content, in: path)
    }

    /// Writes a file.
    static func write(_ name: String, _ content: [UInt8], in path: String) throws(LayoutFolderError) {
        let path = "\(path)/\(name)"
        do throws(SystemError) {
            let file = try make(file: path)
            try content.withUnsafeBytes { bytes in
                Result { () throws(SystemError) in try write(bytes, to: file) }
            }.get()
        } catch { throw .failed(path, error) }
    }

    /// Copies a file whose content should hash to `digest`; leaves nothing behind when it does not.
    ///
    /// - Throws: `ContentError` when the source is at fault, `LayoutFolderError` otherwise.
    static func copy(_ digest: Digest, from source: SharedDescriptor, in folder: String) throws {
        let path = "\(folder)/\(ImageLayout.path(of: digest))"
        let file: SharedDescriptor
        do throws(SystemError) { file = try make(file: path) } catch { throw LayoutFolderError.failed(path, error) }
        do {
            guard try hash(of: source, digest.algorithm, copiedTo: file, path) == digest else {
                throw ContentError.damaged
            }
        } catch {
            unlink(path)
            throw error
        }
    }

    private static func hash(
        of source: SharedDescriptor, _ algorithm: Digest.Algorithm, copiedTo file: SharedDescriptor, _ path: String
    ) throws -> Digest {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bufferSize, alignment: 64)
        defer { buffer.deallocate() }
        var hasher = ContentHasher(algorithm)
        while true {
            let count: Int
            do throws(SystemError) {
                count = try systemCall("read") { read(source.number, buffer.baseAddress, buffer.count) }
            } catch { throw ContentError.unreadable(error) }
            guard count > 0 else { return hasher.digest }
            let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
            hasher.update(bytes)
            do throws(SystemError) { try write(bytes, to: file) } catch { throw LayoutFolderError.failed(path, error) }
        }
    }

    /// Makes everything on the file system of the folder survive a power failure.
    static func synchronize(_ path: String) throws(LayoutFolderError) {
        do throws(SystemError) {
            let flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC
            let folder = FileDescriptor(owning: try systemCall("open") { open(path, flags) })
            try folder.synchronizeFileSystem()
        } catch { throw .failed(path, error) }
    }

    private static func make(file path: String) throws(SystemError) -> SharedDescriptor {
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        return SharedDescriptor(FileDescriptor(owning: try systemCall("open") { open(path, flags, 0o644) }))
    }

    private static func write(_ bytes: UnsafeRawBufferPointer, to file: SharedDescriptor) throws(SystemError) {
        var written = 0
        while written < bytes.count {
            let start = written
            written += try systemCall("write") {
                Glibc.write(file.number, bytes.baseAddress.map { $0 + start }, bytes.count - start)
            }
        }
    }
}
