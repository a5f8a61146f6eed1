import Glibc
import LinuxIO
import OCI

/// A folder that an image layout is written into.
struct LayoutFolder: LayoutWriter {
    private let path: String

    /// Makes the folder with those of the layout in it, unless it is there and empty.
    init(_ path: String) throws {
        self.path = path
        try Self.makeFolder(path)
        let names = try SourceFolder(path).names(in: "")
        guard names.isEmpty else { throw LayoutWriteError.notEmpty(path) }
        try Self.makeFolder("\(path)/blobs")
        for algorithm in Digest.Algorithm.allCases { try Self.makeFolder("\(path)/blobs/\(algorithm.rawValue)") }
    }

    private static func makeFolder(_ path: String) throws(LayoutWriteError) {
        do throws(SystemError) { _ = try systemCall("mkdir") { mkdir(path, 0o755) } } catch {
            guard error.code == EEXIST else { throw .failed(path, error) }
        }
    }

    func write(_ name: String, _ content: [UInt8]) throws {
        var folder = path
        for part in name.split(separator: "/").dropLast() {
            folder += "/\(part)"
            try Self.makeFolder(folder)
        }
        let path = "\(path)/\(name)"
        do throws(SystemError) { try SharedDescriptor.make(path).write(content) } catch {
            throw LayoutWriteError.failed(path, error)
        }
    }

    func copy(_ digest: Digest, size: Int64, from source: SharedDescriptor) throws {
        let path = "\(path)/\(ImageLayout.path(of: digest))"
        let file: SharedDescriptor
        do throws(SystemError) { file = try .make(path) } catch { throw LayoutWriteError.failed(path, error) }
        do {
            let computed = try source.hash(digest.algorithm) { bytes in
                do throws(SystemError) { try file.write(bytes) } catch { throw LayoutWriteError.failed(path, error) }
            }
            guard computed == digest else { throw ContentError.damaged }
        } catch {
            unlink(path)
            throw error
        }
    }

    func synchronize() throws { try Self.synchronizeFileSystem(of: path) }

    func abandon() {}
}
