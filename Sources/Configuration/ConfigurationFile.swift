internal import Glibc

/// The bytes of a configuration file.
enum ConfigurationFile {
    /// Bytes of the largest file; ours is about 12 KiB with all its comments.
    static let largest = 1 << 20

    /// Why a file was not read.
    enum Failure: Error, Equatable {
        case system(CInt)
        case tooLarge
    }

    /// The bytes of the file at `path`.
    static func read(_ path: String) throws(Failure) -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw .system(errno) }
        defer { close(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65536)
        while bytes.count <= largest {
            let count = Glibc.read(file, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .system(errno) }
            guard count > 0 else { return bytes }
            bytes += chunk[..<count]
        }
        throw .tooLarge
    }

    /// The text of `bytes` without its byte order mark; nil, and a problem in the report, when it is not UTF-8.
    static func text(_ bytes: [UInt8], _ report: inout Report) -> String? {
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let body = bytes.starts(with: mark) ? bytes[mark.count...] : bytes[...]
        if let text = String(validating: body, as: UTF8.self) { return text }
        report.refuse("is not UTF-8", at: firstInvalid(body))
        return nil
    }

    private static func firstInvalid(_ bytes: ArraySlice<UInt8>) -> Position {
        var (line, column) = (1, 1)
        var source = bytes.makeIterator()
        var parser = Unicode.UTF8.ForwardParser()
        while case .valid(let scalar) = parser.parseScalar(from: &source) {
            (line, column) = scalar.elementsEqual([UInt8(ascii: "\n")]) ? (line + 1, 1) : (line, column + 1)
        }
        return Position(line: line, column: column)
    }
}

extension ConfigurationFile.Failure {
    /// Completes "waybill.yaml: …".
    var sentence: String {
        switch self {
        case .system(let number): "cannot be read: \(String(cString: strerror(number)))"
        case .tooLarge: "is larger than \(Quantity.text(ConfigurationFile.largest, Quantity.bytes))"
        }
    }
}
