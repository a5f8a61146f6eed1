import Glibc
package import LinuxIO
import OCI

/// Why something in a folder of somebody else's could not be read. A path is relative to that folder.
package enum SourceError: Error, Equatable {
    /// There is nothing of that name.
    case absent(String)
    /// It is a symbolic link, or behind one, and could lead anywhere.
    case symbolicLink(String)
    case notAFolder(String)
    /// It is a folder, a device, a pipe or a socket.
    case notAFile(String)
    case tooLarge(String, limit: Int)
    /// It should say where something is, and says something else.
    case malformed(String, reason: String)
    case failed(String, SystemError)
}

extension SourceError: CustomStringConvertible {
    /// One sentence, safe to show whatever the folder holds.
    package var description: String {
        switch self {
        case .absent(let path): "there is no \(Self.shown(path))"
        case .symbolicLink(let path): "\(Self.shown(path)) is a symbolic link, and those are not followed"
        case .notAFolder(let path): "\(Self.shown(path)) is not a folder"
        case .notAFile(let path): "\(Self.shown(path)) is not a plain file"
        case .tooLarge(let path, let limit): "\(Self.shown(path)) has more than \(limit) bytes"
        case .malformed(let path, let reason): "\(Self.shown(path)): \(reason)"
        case .failed(let path, let error): "\(Self.shown(path)) cannot be read: \(error)"
        }
    }

    /// Whether there is simply nothing.
    var isAbsence: Bool { if case .absent = self { true } else { false } }

    private static func shown(_ path: String) -> String { path.quoted(limit: 400) }
}

/// A folder that another program has written, and perhaps somebody who means harm: whatever is in it, only plain files
/// in plain folders below it are read.
///
/// Every part of a path is opened by itself and without following symbolic links. Only the folder itself may be behind one:
/// its path comes from the operator. All calls block.
package struct SourceFolder: Sendable {
    /// What a name in a folder stands for.
    enum Kind {
        case file, folder, symbolicLink, other
    }

    private let root: SharedDescriptor

    /// Opens the folder at `path`.
    package init(_ path: String) throws(SourceError) {
        do throws(SystemError) {
            let flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC
            root = SharedDescriptor(FileDescriptor(owning: try systemCall("open") { Glibc.open(path, flags) }))
        } catch {
            throw error.code == ENOENT
                ? .absent(path) : error.code == ENOTDIR ? .notAFolder(path) : .failed(path, error)
        }
    }

    /// Opens a plain file.
    func open(_ path: String) throws(SourceError) -> SourceFile {
        // A pipe without a writer would keep us waiting.
        let file = try descend(to: path, O_RDONLY | O_NONBLOCK)
        var status = stat()
        let number = file.number
        do throws(SystemError) { _ = try systemCall("fstat") { fstat(number, &status) } } catch {
            throw .failed(path, error)
        }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .notAFile(path) }
        return SourceFile(file, path: path, size: Int64(status.st_size))
    }

    /// All of a file that has at most `limit` bytes.
    func read(_ path: String, atMost limit: Int) throws(SourceError) -> [UInt8] {
        try open(path).read(atMost: limit)
    }

    /// The names in a folder, sorted, without `.` and `..`. A name that is not UTF-8 comes repaired, and so is none that we use.
    func names(in path: String) throws(SourceError) -> [String] {
        let file = try descend(to: path, O_RDONLY | O_DIRECTORY)
        do throws(SystemError) {
            let number = file.number
            let copy = try systemCall("fcntl") { fcntl(number, F_DUPFD_CLOEXEC, 0) }
            guard let folder = fdopendir(copy) else {
                let error = SystemError.last("fdopendir")
                close(copy)
                throw error
            }
            defer { closedir(folder) }
            return try Self.names(in: folder).sorted()
        } catch { throw .failed(path, error) }
    }

    private static func names(in folder: OpaquePointer) throws(SystemError) -> [String] {
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = readdir(folder) else {
                guard errno == 0 else { throw .last("readdir") }
                return names
            }
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
    }

    /// What is at `path`; nil when there is nothing.
    func kind(of path: String) throws(SourceError) -> Kind? {
        let (parent, name) = Self.split(path)
        let folder: SharedDescriptor
        do { folder = try parent.isEmpty ? root : descend(to: parent, O_RDONLY | O_DIRECTORY) } catch {
            guard error.isAbsence else { throw error }
            return nil
        }
        return try Self.kind(of: name, in: folder, path)
    }

    /// What stands for a symbolic link, which is not followed; nil where there is none.
    func link(at path: String) throws(SourceError) -> String? {
        guard try kind(of: path) == .symbolicLink else { return nil }
        let (parent, name) = Self.split(path)
        let folder = try parent.isEmpty ? root : descend(to: parent, O_RDONLY | O_DIRECTORY)
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let (number, size) = (folder.number, buffer.count)
        do throws(SystemError) {
            let count = try systemCall("readlinkat") { readlinkat(number, name, &buffer, size) }
            return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        } catch { throw .failed(path, error) }
    }

    private func descend(to path: String, _ flags: CInt) throws(SourceError) -> SharedDescriptor {
        var folder = root
        let parts = path.split(separator: "/")
        for (index, part) in parts.enumerated() {
            let (number, name) = (folder.number, String(part))
            let flags = (index == parts.count - 1 ? flags : O_RDONLY | O_DIRECTORY) | O_NOFOLLOW | O_CLOEXEC
            do throws(SystemError) {
                folder = SharedDescriptor(
                    FileDescriptor(owning: try systemCall("openat") { openat(number, name, flags) }))
            } catch {
                let place = parts[...index].joined(separator: "/")
                switch error.code {
                case ENOENT: throw .absent(path)
                case ELOOP: throw .symbolicLink(place)
                // What a link is when a folder is wanted.
                case ENOTDIR where try Self.kind(of: name, in: folder, place) == .symbolicLink:
                    throw .symbolicLink(place)
                case ENOTDIR: throw .notAFolder(place)
                case ENXIO: throw .notAFile(place)
                default: throw .failed(place, error)
                }
            }
        }
        return folder
    }

    private static func kind(
        of name: String, in folder: SharedDescriptor, _ path: String
    ) throws(SourceError) -> Kind? {
        var status = stat()
        let number = folder.number
        do throws(SystemError) {
            _ = try systemCall("fstatat") { fstatat(number, name, &status, AT_SYMLINK_NOFOLLOW) }
        } catch {
            if error.code == ENOENT { return nil }
            throw .failed(path, error)
        }
        switch status.st_mode & S_IFMT {
        case S_IFREG: return .file
        case S_IFDIR: return .folder
        case S_IFLNK: return .symbolicLink
        default: return .other
        }
    }

    private static func split(_ path: String) -> (parent: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return ("", path) }
        return (String(path[..<slash]), String(path[path.index(after: slash)...]))
    }
}
