import Glibc
import LinuxIO
import OCI

/// The plain files in a tar archive, found once and read where they are.
///
/// A name that stands there twice means the later file, as for every reader of tar. Names are compared and never used as paths.
struct TarFiles: LayoutFiles {
    private struct Item {
        let kind: TarReader.Member.Kind
        let start: Int64
        let size: Int64
        /// Whether the archive ends before it does.
        let isCutOff: Bool
        /// Whether the name stands there more than once.
        let isRepeated: Bool
    }

    /// Files of an archive.
    private static let mostFiles = 1_000_000

    private let file: SharedDescriptor
    private var items: [String: Item] = [:]

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
        guard let item = items[path] else { throw .absent(path) }
        switch item.kind {
        case .symbolicLink: throw .symbolicLink(path)
        case .other: throw .notAFile(path)
        case .plain:
            guard !item.isCutOff else {
                throw .malformed(path, reason: "it is damaged: the archive ends before it does")
            }
            return SourceFile(file, path: path, start: item.start, size: item.size)
        }
    }

    func link(at path: String) -> String? {
        if case .symbolicLink(let target)? = items[path]?.kind { target } else { nil }
    }

    func isRepeated(_ path: String) -> Bool { items[path]?.isRepeated ?? false }

    private mutating func readHeaders(_ archive: SourceFile, _ path: String) throws(SourceError) {
        var reader = TarReader()
        while let (offset, count) = reader.wanted, offset < archive.size {
            let bytes = try archive.read(count, from: offset)
            let member: TarReader.Member?
            do { member = try reader.receive(bytes) } catch { throw .malformed(path, reason: "\(error)") }
            guard let member else { continue }
            let name = Self.plain(member.name)
            items[name] = Item(
                kind: member.kind, start: member.start, size: member.size,
                isCutOff: member.size > archive.size - member.start, isRepeated: items[name] != nil)
            guard items.count <= Self.mostFiles else {
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
