import Glibc

/// A folder of its own for one test, removed with everything in it when the last reference goes.
package final class TemporaryFolder: Sendable {
    package let path: String

    /// Makes the folder in another.
    package init(in parent: String = "/tmp") {
        var template = Array("\(parent)/waybill-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { preconditionFailure("cannot make a temporary folder") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { remove() }

    /// Removes the folder now, for a program that ends without letting go of its references.
    package func remove() { Self.remove(path) }

    /// Writes a file and says where it is.
    @discardableResult
    package func write(_ bytes: [UInt8], to name: String) -> String {
        let path = "\(path)/\(name)"
        guard let file = fopen(path, "w") else { preconditionFailure("cannot write \(path)") }
        fwrite(bytes, 1, bytes.count, file)
        fclose(file)
        return path
    }

    /// What is in a file; nothing when there is none.
    package func read(_ name: String) -> [UInt8] {
        guard let file = fopen("\(path)/\(name)", "r") else { return [] }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { bytes += buffer[..<count] }
        return bytes
    }

    /// What is in a folder within it; nothing when there is none.
    package func names(in folder: String) -> Set<String> {
        Set((Self.entries(of: "\(path)/\(folder)") ?? []).map(\.name))
    }

    /// nil when it is no folder.
    private static func entries(of path: String) -> [(name: String, isFolder: Bool)]? {
        guard let folder = opendir(path) else { return nil }
        defer { closedir(folder) }
        var entries: [(String, Bool)] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { entries.append((name, entry.pointee.d_type == DT_DIR)) }
        }
        return entries
    }

    private static func remove(_ path: String) {
        guard let entries = entries(of: path) else {
            unlink(path)
            return
        }
        for entry in entries {
            if entry.isFolder { remove("\(path)/\(entry.name)") } else { unlink("\(path)/\(entry.name)") }
        }
        rmdir(path)
    }
}
