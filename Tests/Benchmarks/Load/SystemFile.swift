import Glibc

/// A short file in which the kernel tells something.
package struct SystemFile {
    let path: String

    package init(_ path: String) {
        self.path = path
    }

    /// What is in it; nothing when it cannot be read.
    package var text: String {
        guard let file = fopen(path, "r") else { return "" }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 64 * 1024)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }

    /// What stands behind `name` and a colon.
    package func value(of name: String) -> String? {
        let line = text.split(separator: "\n").first { $0.hasPrefix(name) }
        return line?.split(separator: ":", maxSplits: 1).last.map { String($0.drop { $0 == " " || $0 == "\t" }) }
    }
}
