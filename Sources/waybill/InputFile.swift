import Glibc

/// A file that an operator named, on the command line or in the configuration.
enum InputFile {
    /// All of a file.
    ///
    /// - Throws: `Failure` with `.usage` when it cannot be read or is longer than `limit`: a device may be without end.
    static func read(_ path: String, atMost limit: Int) throws -> [UInt8] {
        guard let file = fopen(path, "re") else { throw failure(path) }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = fread(&buffer, 1, buffer.count, file)
            bytes += buffer[..<count]
            guard bytes.count <= limit else { throw Failure(.usage, "\(path) has more than \(limit) bytes") }
            guard count < buffer.count else { continue }
            guard ferror(file) == 0 else { throw failure(path) }
            return bytes
        }
    }

    /// Whether there is something of that name.
    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    private static func failure(_ path: String) -> Failure {
        Failure(.usage, "cannot read \(path): \(String(cString: strerror(errno)))")
    }
}
