import Glibc
import LinuxIO
import OCI

/// The plain files in a tar archive, found once and read where they are.
///
/// A name that stands there twice means the later file, as for every reader of tar. Links and what else is not plain are not
/// there. Names are compared and never used as paths.
struct TarFiles: LayoutFiles {
    private struct Place {
        let start: Int64
        let size: Int64
    }

    /// Files of an archive.
    private static let mostFiles = 1_000_000

    private let file: SharedDescriptor
    private var places: [String: Place] = [:]

    /// Reads the headers of the archive at `path`. Blocks.
    init(_ path: String) throws(SourceError) {
        let size: Int64
        do throws(SystemError) {
            // A pipe without a writer would keep us waiting.
            let flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK
            file = SharedDescriptor(FileDescriptor(owning: try systemCall("open") { Glibc.open(path, flags) }))
            var status = stat()
            let number = file.number
            _ = try systemCall("fstat") { fstat(number, &status) }
            size = status.st_mode & S_IFMT == S_IFREG ? Int64(status.st_size) : -1
        } catch { throw .failed(path, error) }
        guard size >= 0 else { throw .notAFile(path) }
        try readHeaders(SourceFile(file, path: path, size: size), path)
    }

    func open(_ path: String) throws(SourceError) -> SourceFile {
        guard let place = places[path] else { throw .absent(path) }
        return SourceFile(file, path: path, start: place.start, size: place.size)
    }

    private mutating func readHeaders(_ archive: SourceFile, _ path: String) throws(SourceError) {
        var reader = TarReader()
        while let (offset, count) = reader.wanted, offset < archive.size {
            let bytes = try archive.read(count, from: offset)
            let member: TarReader.Member?
            do { member = try reader.receive(bytes) } catch { throw .malformed(path, reason: "\(error)") }
            guard let member else { continue }
            // One that the end of the archive cuts off is found out when it is hashed.
            let size = min(member.size, max(0, archive.size - member.start))
            places[Self.plain(member.name)] = member.isPlain ? Place(start: member.start, size: size) : nil
            guard places.count <= Self.mostFiles else {
                throw .malformed(path, reason: "it has more than \(Self.mostFiles) files")
            }
        }
    }

    /// Some tools write `./` in front.
    private static func plain(_ name: String) -> String {
        var name = name[...]
        while name.hasPrefix("./") { name = name.dropFirst(2) }
        return String(name)
    }
}
