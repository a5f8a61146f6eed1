import Glibc

/// What the layer has written down, in the order in which it happened. The numbers are those of faults.c.
struct DiskHistory {
    enum Kind: UInt64 {
        case create = 1
        case folder, data, truncate, syncBegin, syncEnd, rename, link, unlink
    }

    struct Entry {
        let sequence: UInt64
        let kind: Kind
        let step: Step
        let node: UInt64
        /// Of `data` where it is, of `truncate` the size, of `syncEnd` the errno.
        let offset: UInt64
        /// Of `syncEnd` the number of its `syncBegin`.
        let begin: UInt64
        let bytes: ArraySlice<UInt8>

        var path: String { String(decoding: bytes, as: UTF8.self) }
        /// The two paths of a rename or a link.
        var paths: (old: String, new: String) {
            let parts = bytes.split(separator: 0, omittingEmptySubsequences: false)
            return (String(decoding: parts[0], as: UTF8.self), String(decoding: parts[1], as: UTF8.self))
        }
    }

    let entries: [Entry]

    /// Reads a log. What was not written to its end is left out: the process died there.
    init(reading log: [UInt8]) {
        var (entries, position) = ([Entry](), 0)
        let head = 7 * 8
        while position + head <= log.count {
            let words = (0..<7).map { index in
                (0..<8).reduce(UInt64(0)) { $0 | UInt64(log[position + index * 8 + $1]) << (8 * UInt64($1)) }
            }
            let end = position + head + Int(words[6])
            guard end <= log.count, let kind = Kind(rawValue: words[1]) else { break }
            entries.append(
                Entry(
                    sequence: words[0], kind: kind, step: Step(rawValue: words[2]) ?? .start, node: words[3],
                    offset: words[4], begin: words[5], bytes: log[(position + head)..<end]))
            position = end
        }
        self.entries = entries
    }

    /// What each flush was of, in their order, by its path.
    var flushes: [(path: String, step: Step)] {
        var paths: [UInt64: String] = [:]
        var flushes: [(path: String, step: Step)] = []
        for entry in entries {
            switch entry.kind {
            case .create: paths[entry.node] = entry.path
            case .rename:
                let (old, new) = entry.paths
                for (node, path) in paths where path == old { paths[node] = new }
            case .syncBegin: flushes.append((entry.node == 0 ? entry.path : paths[entry.node] ?? "", entry.step))
            default: break
            }
        }
        return flushes
    }

    /// The moments just before something became durable: between two of them the disk holds the same after a power cut, and
    /// the later the moment, the more has been promised. So a cut at each of these stands for a cut at any moment.
    var cuts: [Int] {
        entries.indices.filter { entries[$0].kind == .syncEnd && entries[$0].offset == 0 } + [entries.count]
    }
}

/// A folder as the disk holds it: what was made durable, and what waits for that.
///
/// A file has what was written before its last fsync or fdatasync began, and a folder the names it had before its last fsync
/// began; nothing is assumed of the order in which a file system writes the rest. When a flush fails, what it was for is lost for
/// good, since Linux takes those pages for clean, also when a later flush succeeds.
final class DiskImage {
    final class File {
        enum Change {
            case data(Int, ArraySlice<UInt8>)
            case truncate(Int)
        }

        var path: String
        var durable: [UInt8]
        var pending: [(sequence: UInt64, change: Change)] = []

        init(_ path: String, _ bytes: [UInt8]) {
            self.path = path
            durable = bytes
        }
    }

    final class Folder {
        /// The names as the program sees them.
        var names: [String: Item] = [:]
        var durable: [String: Item] = [:]
        /// Names that were given and taken; both at once for a rename in one folder.
        var pending: [(sequence: UInt64, names: [(String, Item?)])] = []
    }

    enum Item {
        case file(File)
        case folder(Folder)
    }

    private var files: [UInt64: File] = [:]
    private let root = Folder()
    private let lies: (String) -> Bool

    /// A folder as it is before anything happens: its files with their inodes, and its folders.
    struct Snapshot: Sendable {
        fileprivate var entries: [(path: String, file: (node: UInt64, bytes: [UInt8])?)] = []

        init(of root: String) { read(root, "") }

        private mutating func read(_ path: String, _ relative: String) {
            for name in DiskImage.names(in: path) where !name.hasSuffix("-shm") {
                var status = stat()
                guard stat("\(path)/\(name)", &status) == 0 else { continue }
                let place = relative.isEmpty ? name : "\(relative)/\(name)"
                let isFolder = status.st_mode & S_IFMT == S_IFDIR
                let node = UInt64(status.st_ino)
                entries.append((place, isFolder ? nil : (node, DiskImage.bytes(of: "\(path)/\(name)"))))
                if isFolder { read("\(path)/\(name)", place) }
            }
        }
    }

    /// - Parameters:
    ///   - before: what is durable before anything happens.
    ///   - lies: files and folders of which the disk says that they are flushed, and does nothing.
    init(_ before: Snapshot, lies: @escaping (String) -> Bool = { _ in false }) {
        self.lies = lies
        for (path, content) in before.entries {
            guard let (folder, name) = parent(path) else { continue }
            let file = content.map { File(path, $0.bytes) }
            if let file, let node = content?.node { files[node] = file }
            folder.names[name] = file.map { .file($0) } ?? .folder(Folder())
            folder.durable = folder.names
        }
    }

    // MARK: - What happens

    /// Lets happen what is written down.
    func apply(_ entry: DiskHistory.Entry) {
        switch entry.kind {
        case .create:
            let file = File(entry.path, [])
            files[entry.node] = file
            give(entry.path, .file(file), entry.sequence)
        case .folder: give(entry.path, .folder(Folder()), entry.sequence)
        case .data: files[entry.node]?.pending.append((entry.sequence, .data(Int(entry.offset), entry.bytes)))
        case .truncate: files[entry.node]?.pending.append((entry.sequence, .truncate(Int(entry.offset))))
        case .syncBegin: break
        case .syncEnd: synchronize(entry)
        case .rename: rename(entry.paths.old, to: entry.paths.new, entry.sequence)
        case .link: if let item = item(entry.paths.old) { give(entry.paths.new, item, entry.sequence) }
        case .unlink: give(entry.path, nil, entry.sequence)
        }
    }

    private func synchronize(_ entry: DiskHistory.Entry) {
        let failed = entry.offset != 0
        if entry.node == 0 {
            guard !failed, !lies(entry.path), case .folder(let folder)? = item(entry.path) else { return }
            for (_, names) in folder.pending.prefix(while: { $0.sequence < entry.begin }) {
                for (name, item) in names { folder.durable[name] = item }
            }
            folder.pending.removeAll { $0.sequence < entry.begin }
        } else if let file = files[entry.node] {
            guard failed || !lies(file.path) else { return }
            let flushed = file.pending.filter { $0.sequence < entry.begin }
            file.pending.removeAll { $0.sequence < entry.begin }
            if !failed { for (_, change) in flushed { Self.perform(change, on: &file.durable) } }
        }
    }

    private static func perform(_ change: File.Change, on bytes: inout [UInt8]) {
        switch change {
        case .truncate(let size):
            if size < bytes.count { bytes.removeLast(bytes.count - size) }
            if size > bytes.count { bytes += [UInt8](repeating: 0, count: size - bytes.count) }
        case .data(let offset, let new):
            if offset + new.count > bytes.count {
                bytes += [UInt8](repeating: 0, count: offset + new.count - bytes.count)
            }
            bytes.replaceSubrange(offset..<(offset + new.count), with: new)
        }
    }

    private func rename(_ old: String, to new: String, _ sequence: UInt64) {
        guard let moved = item(old), let (from, oldName) = parent(old), let (to, newName) = parent(new) else { return }
        from.names[oldName] = nil
        to.names[newName] = moved
        if case .file(let file) = moved { file.path = new }
        if from === to {
            to.pending.append((sequence, [(oldName, nil), (newName, moved)]))
        } else {
            from.pending.append((sequence, [(oldName, nil)]))
            to.pending.append((sequence, [(newName, moved)]))
        }
    }

    private func give(_ path: String, _ item: Item?, _ sequence: UInt64) {
        guard let (folder, name) = parent(path) else { return }
        folder.names[name] = item
        folder.pending.append((sequence, [(name, item)]))
    }

    private func item(_ path: String) -> Item? {
        path.isEmpty ? .folder(root) : parent(path).flatMap { $0.0.names[$0.1] }
    }

    private func parent(_ path: String) -> (Folder, String)? {
        var (folder, parts) = (root, path.split(separator: "/").map(String.init))
        guard let name = parts.popLast() else { return nil }
        for part in parts {
            guard case .folder(let inner)? = folder.names[part] else { return nil }
            folder = inner
        }
        return (folder, name)
    }

    // MARK: - After the cut

    /// Writes what the disk holds to `path`, which is made.
    ///
    /// - Parameter some: lets some of what waits survive: of each file any of its changes, whole or in half, and of each
    ///   folder the first few. nil is the disk that has done nothing of its own accord.
    func write(to path: String, some seed: UInt64? = nil) {
        var random = SeededNumbers(seed ?? 0)
        write(root, to: path, some: seed != nil, &random)
    }

    private func write(_ folder: Folder, to path: String, some: Bool, _ random: inout SeededNumbers) {
        mkdir(path, 0o700)
        var names = folder.durable
        if some {
            let count = Int.random(in: 0...folder.pending.count, using: &random)
            for (_, changes) in folder.pending.prefix(count) { for (name, item) in changes { names[name] = item } }
        }
        for (name, item) in names.sorted(by: { $0.key < $1.key }) where !name.hasSuffix("-shm") {
            switch item {
            case .folder(let inner): write(inner, to: "\(path)/\(name)", some: some, &random)
            case .file(let file):
                Self.write(some ? Self.content(of: file, &random) : file.durable, to: "\(path)/\(name)")
            }
        }
    }

    private static func content(of file: File, _ random: inout SeededNumbers) -> [UInt8] {
        var bytes = file.durable
        for (_, change) in file.pending {
            switch (UInt8.random(in: 0..<4, using: &random), change) {
            case (0, .data(let offset, let new)):
                perform(.data(offset, new.prefix(new.count / 2)), on: &bytes)
            case (2..., _): perform(change, on: &bytes)
            default: break
            }
        }
        return bytes
    }

    private static func write(_ bytes: [UInt8], to path: String) {
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        defer { close(file) }
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.write(file, $0.baseAddress.map { $0 + written }, bytes.count - written)
            }
            precondition(count > 0, "the test itself has no room on its disk")
            written += count
        }
    }

    /// All of a file; nothing when there is none.
    static func bytes(of path: String) -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return [] }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { return [] }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        let count = read(file, &bytes, bytes.count)
        return Array(bytes.prefix(max(0, count)))
    }

    fileprivate static func names(in path: String) -> [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }
}

/// Numbers that come again with their seed.
struct SeededNumbers: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    // SplitMix64.
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = (state ^ (state >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
